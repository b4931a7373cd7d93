package loginstate

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// issuedAt reads when an ID token was issued, in seconds since 1970, without
// verifying it; zero if nobody can tell.
func issuedAt(jwt string) int64 {
	_, rest, _ := strings.Cut(jwt, ".")
	body, _, _ := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return 0
	}
	var claims struct {
		IssuedAt float64 `json:"iat"`
	}
	if json.Unmarshal(data, &claims) != nil {
		return 0
	}
	return int64(claims.IssuedAt)
}
