package endpoint

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"

	"github.com/msal-go/msal/emulator/internal/mint"
)

// The types of tokens that are bound to a key of the client.
const (
	typePoP = "pop"
	typeSSH = "ssh-cert"
)

// binding is how the client wants its access token bound.
type binding struct {
	kind  string         // empty: a bearer token
	keyID string         // pop: the cnf claim
	key   *rsa.PublicKey // ssh-cert: the certified key
}

// readBinding reads token_type and req_cnf: for pop base64url of {"kid":...}
// (RFC 7800 section 3.4, as MSAL sends it), for ssh-cert a JWK (RFC 7517). The
// numbers of the refusals are unverified.
func (p *Platform) readBinding(c *Call) *Error {
	kind, cnf := c.Form.Get("token_type"), c.Form.Get("req_cnf")
	switch {
	case kind == "" && cnf == "", strings.EqualFold(kind, "bearer") && cnf == "":
		return nil
	case kind == "":
		return p.fail("ParameterMissing", "name", "token_type")
	case kind != typePoP && kind != typeSSH:
		return p.fail("ParameterBad", "name", "token_type")
	case cnf == "":
		return p.fail("ParameterMissing", "name", "req_cnf")
	}
	b, ok := binding{kind: kind}, false
	if kind == typePoP {
		b.keyID, ok = confirmation(cnf)
	} else {
		b.key, ok = confirmedKey(cnf)
	}
	if !ok {
		return p.fail("ParameterBad", "name", "req_cnf")
	}
	c.binding = b
	return nil
}

// confirmation reads the req_cnf of pop.
func confirmation(cnf string) (keyID string, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(cnf)
	if err != nil {
		return "", false
	}
	// xms_ksl says where the key is kept: "sw".
	got, ok := strictTexts(text, "kid", "xms_ksl")
	return got["kid"], ok && got["kid"] != ""
}

// strictTexts reads a JSON object whose members are texts of the given names,
// each once and written exactly so. Thereby a private key is none.
func strictTexts(object []byte, names ...string) (map[string]string, bool) {
	raw, err := members(object)
	got := make(map[string]string, len(raw))
	for name, value := range raw {
		var text string
		if !slices.Contains(names, name) || json.Unmarshal(value, &text) != nil {
			return nil, false
		}
		got[name] = text
	}
	return got, err == nil
}

// confirmedKey reads the req_cnf of ssh-cert.
func confirmedKey(cnf string) (*rsa.PublicKey, bool) {
	jwk, ok := strictTexts([]byte(cnf), "kty", "n", "e", "kid", "alg", "use")
	if !ok || jwk["kty"] != "RSA" {
		return nil, false
	}
	n, err := base64.RawURLEncoding.DecodeString(jwk["n"])
	if err != nil {
		return nil, false
	}
	e, err := base64.RawURLEncoding.DecodeString(jwk["e"])
	if err != nil || len(e) == 0 || len(e) > 4 {
		return nil, false
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	return key, key.N.BitLen() >= 2048 && key.N.BitLen() <= 8192 && key.E > 1
}

// bind makes the access token as the client wants it.
func (p *Platform) bind(c *Call, t mint.Token) (access, kind string, err error) {
	switch c.binding.kind {
	case typePoP:
		t.KeyID = c.binding.keyID
		access, err = p.keys.Sign(t.AccessClaims(), mint.Tamper{})
		return access, typePoP, err
	case typeSSH:
		principal := t.Client.ClientID
		if t.User != nil {
			principal = t.User.UPN
		}
		access, err = p.keys.CertifySSH(c.binding.key, mint.SSHCertificate{Principal: principal, From: t.Now, Until: t.Now.Add(t.Lifetime)})
		return access, typeSSH, err
	}
	access, err = p.keys.Sign(t.AccessClaims(), mint.Tamper{})
	return access, "Bearer", err
}
