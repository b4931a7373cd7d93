package emulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// FederatedCredential lets an application prove itself by a token of an issuer
// instead of a key of its own, as workloads elsewhere and managed identities do
// (workload identity federation). Issuer, subject and audience of the token are
// compared to the letter.
type FederatedCredential struct {
	// Issuer is the token's iss. Empty means the application's own tenant, as
	// the emulator names it in tokens of version 2.
	Issuer string `json:"issuer,omitempty"`
	// Subject is the token's sub. Required. For a token that another
	// application got for an FMI path it is [FMISubject].
	Subject string `json:"subject"`
	// Audience is the token's aud. Empty means api://AzureADTokenExchange.
	Audience string `json:"audience,omitempty"`
	// JWKS is the issuer's key set (RFC 7517) as JSON text, with RSA or P-256
	// keys. Empty means that the emulator itself issues the tokens.
	JWKS string `json:"jwks,omitempty"`
}

// FMISubject is the subject of the token that the application clientID gets with
// an FMI path: its form is that of tokens of the real service (unverified beyond
// examples).
func FMISubject(tenantID, clientID, path string) string {
	return directory.FMISubject(tenantID, clientID, path)
}

// workload makes the federated credentials of an application with the given id.
func (b *builder) workload(path, tenantID, clientID string, a App) ([]directory.FederatedCredential, error) {
	var out []directory.FederatedCredential
	for i, f := range a.FederatedCredentials {
		at := fmt.Sprintf("%s.federated_credentials[%d]", path, i)
		if f.Subject == "" {
			return nil, wrong(at+".subject", "is missing")
		}
		keys, problem := parseKeySet(f.JWKS)
		if problem != "" {
			return nil, wrong(at+".jwks", "%s", problem)
		}
		if len(keys) > 0 && f.Issuer == "" {
			return nil, wrong(at+".issuer", "is missing; the tenant has the emulator's keys")
		}
		out = append(out, directory.FederatedCredential{
			Issuer: f.Issuer, Subject: f.Subject, Audience: either(f.Audience, directory.ExchangeURI), Keys: keys,
		})
	}
	if a.Blueprint != "" {
		if !directory.IsID(a.Blueprint) {
			return nil, wrong(path+".blueprint", "is not a GUID: %q", a.Blueprint)
		}
		out = append(out, directory.FederatedCredential{
			Subject: directory.FMISubject(tenantID, a.Blueprint, clientID), Audience: directory.ExchangeURI,
		})
	}
	return out, nil
}

// parseKeySet reads a JWKS. Keys for encryption are left out.
func parseKeySet(text string) (keys []directory.PublicKey, problem string) {
	if text == "" {
		return nil, ""
	}
	var set struct{ Keys []jwk }
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return nil, `is not JSON such as {"keys":[...]}`
	}
	for i, k := range set.Keys {
		if k.Use == "enc" {
			continue
		}
		key, ok := k.public()
		if !ok {
			return nil, fmt.Sprintf("has a key (number %d) that is no usable RSA or P-256 key", i)
		}
		keys = append(keys, directory.PublicKey{ID: k.Kid, Key: key})
	}
	if len(keys) == 0 {
		return nil, "has no key for signatures"
	}
	return keys, ""
}

type jwk struct{ Kty, Kid, Use, N, E, Crv, X, Y string }

func (k jwk) public() (crypto.PublicKey, bool) {
	switch {
	case k.Kty == "RSA":
		n, ok1 := number(k.N)
		e, ok2 := number(k.E)
		if !ok1 || !ok2 || n.BitLen() < 2048 || n.BitLen() > 8192 || e.BitLen() > 31 || e.Int64() < 3 {
			return nil, false
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, true
	case k.Kty == "EC" && k.Crv == "P-256":
		x, err1 := base64.RawURLEncoding.DecodeString(k.X)
		y, err2 := base64.RawURLEncoding.DecodeString(k.Y)
		if err1 != nil || err2 != nil || len(x) != 32 { // RFC 7518 section 6.2.1.2: leading zeros stay
			return nil, false
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		return key, err == nil
	}
	return nil, false
}

func number(text string) (*big.Int, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(b), err == nil && len(b) > 0
}
