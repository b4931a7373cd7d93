package tokencache

import "github.com/msal-go/msal/internal/schema"

// ExtendedKey is the Query.ExtKey of a request with the given form parameters,
// or "" when they hold nothing that sets it apart.
func ExtendedKey(params map[string]string) string { return schema.ExtendedKey(params) }

// ExtendedDigest is the Query.ExtDigest that belongs to ExtendedKey.
func ExtendedDigest(params map[string]string) string { return schema.ExtendedDigest(params) }

// Bound reports whether tokens of a type are bound to a key, which Query.KeyID
// names.
func Bound(tokenType string) bool { return schema.Bound(tokenType) }
