package msal

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/msal-go/msal/internal/challenge"
)

// Challenge is what an API asks for in a WWW-Authenticate header before it
// serves a request (RFC 9110 section 11.6.1).
type Challenge struct {
	// Scheme is the kind of authentication, such as "Bearer" or "PoP", as it
	// was sent. Compare it with strings.EqualFold.
	Scheme string
	// Token68 is what follows the scheme in place of parameters, such as the
	// data of "Negotiate"; usually empty.
	Token68 string
	// Params are the parameters by lower-case name, such as "realm", "error",
	// "authorization_uri" or "nonce", without quotes and escapes. Of a parameter
	// that is sent twice the first counts. Nil if there are none.
	Params map[string]string
}

// ParseChallenges returns the challenges of the WWW-Authenticate headers of an
// answer, in their order. One header may hold several.
//
// Malformed parts are passed over, not reported: whatever can be read is
// returned. Beyond RFC 9110 it reads what Azure's services send: unquoted
// addresses, blanks instead of commas between parameters, JSON in quotes that
// are not escaped. More than 64 KiB of headers are not read to the end; nor are
// more than 64 challenges, or 64 parameters of one.
//
// The header comes from whoever answered. Do not send a token to an address
// that it names, nor ask an authority that it names for one, without checking
// that you trust it.
func ParseChallenges(h http.Header) []Challenge {
	var out []Challenge
	for _, c := range challenge.Parse(h.Values("WWW-Authenticate")) {
		out = append(out, Challenge{Scheme: c.Scheme, Token68: c.Token68, Params: c.Params})
	}
	return out
}

// ClaimsChallenge returns the claims that an API wants in a token before it
// serves a request: pass them as Claims to AcquireTokenSilent, and if that asks
// for interaction, to AcquireTokenInteractive. APIs send them with an answer of
// 401 when a token was revoked (continuous access evaluation) or is not strong
// enough (authentication context); some with 403.
//
// The claims are JSON, in the header as base64 of any alphabet, padded or not,
// or as they are. Of several challenges the first with the error
// insufficient_claims counts, or else the first that has claims. ok is false if
// there are none that can be read. Source:
// https://learn.microsoft.com/entra/identity-platform/claims-challenge
func ClaimsChallenge(h http.Header) (claims string, ok bool) {
	for _, c := range ParseChallenges(h) {
		decoded, readable := decodeClaims(c.Params["claims"])
		if !readable {
			continue
		}
		if strings.EqualFold(c.Params["error"], "insufficient_claims") {
			return decoded, true
		}
		if !ok {
			claims, ok = decoded, true
		}
	}
	return claims, ok
}

// decodeClaims reads the claims parameter of a challenge. What is no JSON object
// is nothing that could be passed on.
func decodeClaims(value string) (claims string, ok bool) {
	claims = strings.TrimSpace(value)
	if !strings.HasPrefix(claims, "{") {
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(claims, "="))
		data, err := base64.RawStdEncoding.DecodeString(plain)
		if err != nil {
			return "", false
		}
		claims = strings.TrimSpace(string(data))
	}
	if !utf8.ValidString(claims) || checkObject(claims) != nil {
		return "", false
	}
	return claims, true
}
