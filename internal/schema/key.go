package schema

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The keys of MSAL Python: parts joined by hyphens, then lower-cased. They are
// ambiguous when a part has a hyphen or differs in case only; the writer keeps
// such entries apart, and nobody may tell entries by their keys.

func (t *AccessToken) key() string {
	if t.ExtKey != "" {
		return lowerKey(t.HomeAccountID, t.Environment, "atext", t.ClientID, t.Realm, t.Target, t.ExtKey)
	}
	return lowerKey(t.HomeAccountID, t.Environment, "accesstoken", t.ClientID, t.Realm, t.Target)
}

func (t *RefreshToken) key() string {
	return lowerKey(t.HomeAccountID, t.Environment, "refreshtoken", t.ClientID, "", t.Target)
}

func (t *IDToken) key() string {
	return lowerKey(t.HomeAccountID, t.Environment, "idtoken", t.ClientID, t.Realm, "")
}

func (a *Account) key() string {
	return lowerKey(a.HomeAccountID, a.Environment, a.Realm)
}

// key of AppMetadata is the one that is not lower-cased.
func (m *AppMetadata) key() string {
	return "appmetadata-" + m.Environment + "-" + m.ClientID
}

func lowerKey(parts ...string) string { return strings.ToLower(strings.Join(parts, "-")) }

// ExtendedKey returns the ext_cache_key for a token request with the given form
// parameters, or "" when they hold nothing that sets the request apart, as MSAL
// Python and .NET compute it; parameters that every request has, and empty ones,
// do not count. The parts run into each other: {"a": "bc"} and {"ab": "c"} have
// the same key, which ExtendedDigest tells apart.
func ExtendedKey(params map[string]string) string {
	return extendedKey(params, func(in *strings.Builder, part string) { in.WriteString(part) })
}

// ExtendedDigest is ExtendedKey with the length before each part, so that
// different parameters never have the same. It is the ext_cache_key of MSAL Go
// since 1.10.
func ExtendedDigest(params map[string]string) string {
	return extendedKey(params, func(in *strings.Builder, part string) {
		in.WriteString(strconv.Itoa(len(part)))
		in.WriteByte(':')
		in.WriteString(part)
	})
}

func extendedKey(params map[string]string, add func(in *strings.Builder, part string)) string {
	var in strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if params[name] != "" && !ordinaryParameter(name) {
			add(&in, name)
			add(&in, params[name])
		}
	}
	if in.Len() == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(in.String()))
	return strings.ToLower(base64.RawURLEncoding.EncodeToString(sum[:]))
}

func ordinaryParameter(name string) bool {
	switch name {
	case "client_id", "grant_type", "scope", "claims", "username", "password", "refresh_token", "code",
		"redirect_uri", "code_verifier", "device_code", "assertion", "requested_token_use", "client_assertion",
		"client_assertion_type", "client_secret", "token_type", "req_cnf", "key_id",
		// Of the user_fic grant; that MSAL Python excludes them is inferred
		// from its tests (unverified).
		"user_id", "user_federated_identity_credential", "client_info":
		return true
	}
	return false
}
