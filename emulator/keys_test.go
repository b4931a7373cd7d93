package emulator_test

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"testing"

	"github.com/msal-go/msal/emulator"
)

// publicKey turns a JWK into a key.
func publicKey(jwk map[string]any) (*rsa.PublicKey, error) {
	n, ok1 := jwk["n"].(string)
	e, ok2 := jwk["e"].(string)
	if !ok1 || !ok2 || jwk["kty"] != "RSA" {
		return nil, errors.New("not an RSA key")
	}
	modulus, err1 := base64.RawURLEncoding.DecodeString(n)
	exponent, err2 := base64.RawURLEncoding.DecodeString(e)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}, nil
}

func TestKeySetDescribesOneKeyThreeWays(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.get(authority + "/discovery/v2.0/keys")
	list, _ := a.Body["keys"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d keys published, want 1", len(list))
	}
	jwk, _ := list[0].(map[string]any)
	key, err := publicKey(jwk)
	if err != nil {
		t.Fatal(err)
	}
	chain, _ := jwk["x5c"].([]any)
	leaf, _ := chain[0].(string)
	der, err := base64.StdEncoding.DecodeString(leaf)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if !key.Equal(cert.PublicKey) {
		t.Error("x5c certifies another key than n and e")
	}
	sum := sha1.Sum(der)
	if want := base64.RawURLEncoding.EncodeToString(sum[:]); jwk["x5t"] != want || jwk["kid"] != want {
		t.Errorf("x5t %v and kid %v, want the thumbprint %s", jwk["x5t"], jwk["kid"], want)
	}
	if want := authority + "/v2.0"; jwk["issuer"] != want {
		t.Errorf("issuer %v, want %s", jwk["issuer"], want)
	}
	if jwk["use"] != "sig" {
		t.Errorf("use %v, want sig", jwk["use"])
	}
}

func TestRotatedKeysStayPublishedReplacedOnesDoNot(t *testing.T) {
	t.Parallel()
	f := start(t)
	old := f.token(daemon()).text("access_token")
	_, header := f.verify(old)
	if err := f.emu.RotateKeys(); err != nil {
		t.Fatal(err)
	}
	fresh := f.token(daemon()).text("access_token")
	_, next := f.verify(fresh)
	if header["kid"] == next["kid"] {
		t.Error("the key did not change")
	}
	f.verify(old) // still published
	if err := f.emu.ReplaceKeys(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.tryVerify(old); err == nil {
		t.Error("a token of a withdrawn key still verifies")
	}
	for range 4 {
		if err := f.emu.RotateKeys(); err != nil {
			t.Fatal(err)
		}
	}
	if list, _ := f.get(loginHost + "/common/discovery/v2.0/keys").Body["keys"].([]any); len(list) != 3 {
		t.Errorf("%d keys published after five rotations, want 3", len(list))
	}
}

func TestSigningKeyIsMadeWhenNeeded(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.SigningKey = nil })
	f.verify(f.token(daemon()).text("access_token"))
}
