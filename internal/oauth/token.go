package oauth

import (
	"net/http"
	"time"

	"github.com/msal-go/msal/internal/httpx"
)

// TokenResponse is a successful answer of a token endpoint (RFC 6749, section
// 5.1, OpenID Connect Core section 3.1.3.3) with Entra's members.
type TokenResponse struct {
	AccessToken  string
	TokenType    string // as the service spells it; "Bearer" when absent
	RefreshToken string // may be empty
	IDToken      string // may be empty
	Scope        string // space-separated; see HasScope
	HasScope     bool   // whether the service named the granted scopes at all
	ClientInfo   string // encoded, see ParseClientInfo; may be empty
	FamilyID     string // "foci": the family of applications that may share the refresh token
	SPACode      string // "spa_code": a second authorization code for the page in the browser

	// ExpiresIn is the rest of the token's life, in whole seconds. Without
	// expires_in it follows from expires_on, and without both it is 600 s.
	ExpiresIn time.Duration
	// ExtExpiresIn is how long the token may be used while the service is
	// down; ExpiresIn when absent.
	ExtExpiresIn time.Duration
	// RefreshIn is when to renew although the token is good; zero when absent.
	RefreshIn time.Duration
}

// defaultLifetime is assumed of a token whose lifetime is not told.
const defaultLifetime = 600 * time.Second

// token decodes the answer of a token endpoint.
func (a *answer) token() (*TokenResponse, error) {
	m, err := a.object()
	if err != nil {
		return nil, err
	}
	t, err := a.tokens(m)
	if err != nil {
		return nil, err
	}
	if t.AccessToken == "" {
		return nil, a.refuse(ReasonNoToken, "")
	}
	return t, nil
}

// DecodeToken reads the body of a successful answer that another program got,
// with the rules of Token. It needs not have an access token. It fails with
// *Error if it is a refusal, and else with *ResponseError, of which only Reason
// and Member are set.
func DecodeToken(body []byte) (*TokenResponse, error) {
	a := &answer{Response: &httpx.Response{Status: http.StatusOK, Body: body}}
	m, err := a.object()
	if err != nil {
		return nil, err
	}
	return a.tokens(m)
}

// tokens picks the members of a successful answer.
func (a *answer) tokens(m members) (*TokenResponse, error) {
	t := &TokenResponse{
		HasScope: m.has("scope"),
		FamilyID: m.text("foci"),
	}
	for _, field := range []struct {
		name string
		to   *string
	}{
		{"access_token", &t.AccessToken},
		{"token_type", &t.TokenType},
		{"refresh_token", &t.RefreshToken},
		{"id_token", &t.IDToken},
		{"scope", &t.Scope},
		{"client_info", &t.ClientInfo},
		{"spa_code", &t.SPACode},
	} {
		value, ok := m.str(field.name)
		if !ok {
			return nil, a.refuse(ReasonMember, field.name)
		}
		*field.to = value
	}
	if t.TokenType == "" {
		t.TokenType = "Bearer"
	}
	if name := t.readLifetimes(m, time.Now()); name != "" {
		return nil, a.refuse(ReasonMember, name)
	}
	return t, nil
}

// readLifetimes returns the name of a member that is not a number, or "".
func (t *TokenResponse) readLifetimes(m members, now time.Time) (bad string) {
	expires, present, ok := m.seconds("expires_in")
	if !ok {
		return "expires_in"
	}
	if !present {
		var on time.Duration
		if on, present, ok = m.seconds("expires_on"); !ok {
			return "expires_on"
		}
		expires = on - time.Duration(now.Unix())*time.Second
	}
	if !present {
		expires = defaultLifetime
	}
	t.ExpiresIn = expires
	if t.ExtExpiresIn, present, ok = m.seconds("ext_expires_in"); !ok {
		return "ext_expires_in"
	}
	if !present {
		t.ExtExpiresIn = t.ExpiresIn
	}
	if t.RefreshIn, _, ok = m.seconds("refresh_in"); !ok {
		return "refresh_in"
	}
	return ""
}
