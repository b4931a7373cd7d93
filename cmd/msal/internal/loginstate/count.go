package loginstate

import (
	"fmt"
	"strings"
)

// Count is how many entries of each kind there are.
type Count struct {
	AccessTokens  int `json:"accessTokens"`
	RefreshTokens int `json:"refreshTokens"`
	IDTokens      int `json:"idTokens"`
	Accounts      int `json:"accounts"`
	AppMetadata   int `json:"appMetadata"`
}

// Total is how many entries there are.
func (c Count) Total() int {
	return c.AccessTokens + c.RefreshTokens + c.IDTokens + c.Accounts + c.AppMetadata
}

func (c Count) String() string {
	var parts []string
	for _, p := range [...]struct {
		n         int
		one, many string
	}{
		{c.Accounts, "account", "accounts"},
		{c.RefreshTokens, "refresh token", "refresh tokens"},
		{c.AccessTokens, "access token", "access tokens"},
		{c.IDTokens, "ID token", "ID tokens"},
		{c.AppMetadata, "application", "applications"},
	} {
		switch p.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.many))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
