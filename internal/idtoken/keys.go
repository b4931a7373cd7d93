package idtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those of signatures that anyone can verify and only the issuer
// can make: neither "none" nor HMAC is among them.
var algorithms = [...]jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512,
	jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512,
}

const (
	// maxKeys bounds a key set. Entra's have about a dozen.
	maxKeys = 256
	// minRSABits refuses RSA keys that can be broken (RFC 7518, section 3.3).
	minRSABits = 2048
)

// key is one public signing key.
type key struct {
	id        string
	algorithm string // empty: any that suits the key
	issuer    string // Entra's extension: whose tokens it signs; empty: any
	public    any    // *rsa.PublicKey or *ecdsa.PublicKey
}

// parseKeys reads a JWK set (RFC 7517). Keys that are not for verifying
// signatures, or not understood, are left out, as section 5 has it. Certificates
// in the set are ignored: a key is trusted because the issuer serves it.
func parseKeys(body []byte) ([]key, bool) {
	var set struct {
		Keys []map[string]json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil || len(set.Keys) > maxKeys {
		return nil, false
	}
	var keys []key
	for _, members := range set.Keys {
		if k, ok := parseKey(members); ok {
			keys = append(keys, k)
		}
	}
	return keys, len(keys) > 0
}

func parseKey(members map[string]json.RawMessage) (key, bool) {
	for _, private := range [...]string{"d", "k", "p", "q"} {
		if _, ok := members[private]; ok {
			return key{}, false // whoever reads this set can sign with it
		}
	}
	plain := make(map[string]json.RawMessage)
	for _, name := range [...]string{"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"} {
		if value, ok := members[name]; ok {
			plain[name] = value
		}
	}
	data, err := json.Marshal(plain)
	if err != nil {
		return key{}, false
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(data) != nil || !jwk.Valid() || jwk.Use != "" && jwk.Use != "sig" {
		return key{}, false
	}
	k := key{id: jwk.KeyID, algorithm: jwk.Algorithm, public: jwk.Key}
	if raw, ok := members["issuer"]; ok && json.Unmarshal(raw, &k.issuer) != nil {
		return key{}, false
	}
	switch public := jwk.Key.(type) {
	case *rsa.PublicKey:
		return k, public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey:
		return k, true
	}
	return key{}, false
}

// fits reports whether k is a key for algorithm: the token's header must not
// choose how a key is used.
func (k key) fits(algorithm jose.SignatureAlgorithm) bool {
	if k.algorithm != "" && k.algorithm != string(algorithm) {
		return false
	}
	ec, isEC := k.public.(*ecdsa.PublicKey)
	switch algorithm {
	case jose.ES256:
		return isEC && ec.Curve == elliptic.P256()
	case jose.ES384:
		return isEC && ec.Curve == elliptic.P384()
	case jose.ES512:
		return isEC && ec.Curve == elliptic.P521()
	}
	return !isEC // the others are all RSA
}

// signsFor reports whether k may sign tokens of the issuer iss. Entra's shared
// key sets hold keys for all tenants, whose issuer is a template, and keys for
// one, which must not sign for others.
func (k key) signsFor(iss string) bool {
	return k.issuer == "" || strings.Contains(k.issuer, "{tenantid}") ||
		strings.TrimRight(k.issuer, "/") == strings.TrimRight(iss, "/")
}
