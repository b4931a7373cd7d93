package msal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// reservedScopes are added to every request for a user: they bring the ID token
// and the refresh token. Callers do not name them, as MSAL has it.
var reservedScopes = [...]string{"offline_access", "openid", "profile"}

var errReservedScope = errors.New("openid, profile and offline_access are asked for by themselves")

// checkScopes refuses what cannot be a scope-token of RFC 6749 section 3.3.
func checkScopes(scopes []string) error {
	for i, s := range scopes {
		if s == "" {
			return configError("read the scopes", "leave it out", fmt.Errorf("scope %d is empty", i))
		}
		for j := 0; j < len(s); j++ {
			if b := s[j]; b <= ' ' || b >= 0x7f || b == '"' || b == '\\' {
				return configError("read the scopes", "give each scope as a string of its own, without blanks or quotes",
					fmt.Errorf("scope %d has the character %q", i, rune(b)))
			}
		}
	}
	return nil
}

// refuseReserved finds reserved scopes without allocating: a cached token has
// them, so that a question with them would be answered until the token expires
// and refused from then on.
func refuseReserved(scopes []string) error {
	for _, s := range scopes {
		for _, r := range reservedScopes {
			if s == r {
				return configError("read the scopes", "do not name reserved scopes", errReservedScope)
			}
		}
	}
	return nil
}

// reservedWithout is the reserved scopes but for those that a client excludes.
func reservedWithout(excluded []string) ([]string, error) {
	for _, s := range excluded {
		var err error
		switch {
		case s == "openid":
			err = errExcludedOpenID
		case !slices.Contains(reservedScopes[:], s):
			err = fmt.Errorf("%q is not a scope that is asked for by itself", s)
		default:
			continue
		}
		return nil, configError("read ExcludeScopes", "name profile or offline_access, or leave it empty", err)
	}
	return slices.DeleteFunc(slices.Clone(reservedScopes[:]), func(s string) bool { return slices.Contains(excluded, s) }), nil
}

var errExcludedOpenID = errors.New("openid cannot be excluded: the ID token says who has signed in")

// decorate is what a request for a user asks for: the caller's scopes and the
// reserved ones that this client wants, sorted as the family sends them.
func (c *core) decorate(scopes []string) ([]string, error) {
	if err := checkScopes(scopes); err != nil {
		return nil, err
	}
	if err := refuseReserved(scopes); err != nil {
		return nil, err
	}
	all := slices.Concat(c.reserved, scopes)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// fetchKey identifies requests that one answer serves. Parts are
// length-prefixed, so that no two lists make the same key.
func fetchKey(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%d:%s", len(p), p)
	}
	return b.String()
}

// sortedScopes is scopes as one part of a key: order and letter case do not
// make a different token.
func sortedScopes(scopes []string) string {
	folded := make([]string, len(scopes))
	for i, s := range scopes {
		folded[i] = strings.ToLower(s)
	}
	slices.Sort(folded)
	return strings.Join(slices.Compact(folded), " ")
}

// sortedForWire is the scope parameter of a request whose scopes are sent as
// they are.
func sortedForWire(scopes []string) string {
	sorted := slices.Clone(scopes)
	slices.Sort(sorted)
	return scopeParam(slices.Compact(sorted))
}
