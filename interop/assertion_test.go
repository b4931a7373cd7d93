package interop

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// assertionCase is a certificate credential and what its assertions look like.
type assertionCase struct {
	name       string
	credential msal.Certificate
	alg        string
	thumbprint string // name of the header
	digest     string // OpenSSL's name of the thumbprint's hash
	x5c        int    // certificates in the header
	bare       bool   // the client is given the thumbprint instead of the certificates
}

func assertionCases(t *testing.T) []assertionCase {
	t.Helper()
	caKey, leafKey, ecKey := newECKey(t), appKey(), newECKey(t)
	ca := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "interop issuer"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign},
		nil, caKey.Public(), caKey)
	leaf := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "interop daemon"}, KeyUsage: x509.KeyUsageDigitalSignature},
		ca, leafKey.Public(), caKey)
	ec := sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "interop daemon with P-256"}, KeyUsage: x509.KeyUsageDigitalSignature},
		nil, ecKey.Public(), ecKey)
	chain := []*x509.Certificate{leaf, ca}
	return []assertionCase{
		{"PS256", msal.Certificate{Key: leafKey, Chain: chain}, "PS256", "x5t#S256", "sha256", 0, false},
		{"PS256 with x5c leaf", msal.Certificate{Key: leafKey, Chain: chain, SendX5C: msal.X5CLeaf}, "PS256", "x5t#S256", "sha256", 1, false},
		{"PS256 with x5c chain", msal.Certificate{Key: leafKey, Chain: chain, SendX5C: msal.X5CChain}, "PS256", "x5t#S256", "sha256", 2, false},
		{"RS256", msal.Certificate{Key: leafKey, Chain: chain, SHA1: true}, "RS256", "x5t", "sha1", 0, false},
		{"RS256 with x5c chain", msal.Certificate{Key: leafKey, Chain: chain, SHA1: true, SendX5C: msal.X5CChain}, "RS256", "x5t", "sha1", 2, false},
		{"ES256", msal.Certificate{Key: ecKey, Chain: []*x509.Certificate{ec}}, "ES256", "x5t#S256", "sha256", 0, false},
		{"PS256 by a thumbprint alone", msal.Certificate{Key: leafKey, Chain: chain, Thumbprint: asOpenSSL(sha256.Sum256(leaf.Raw))}, "PS256", "x5t#S256", "sha256", 0, true},
		{"RS256 by a thumbprint alone", msal.Certificate{Key: leafKey, Chain: chain, Thumbprint: asOpenSSL(sha1.Sum(leaf.Raw))}, "RS256", "x5t", "sha1", 0, true},
	}
}

// asOpenSSL shows a digest as "openssl x509 -fingerprint" does.
func asOpenSSL(sum any) string { return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":") }

// assertion asks the emulator for a token and returns the client assertion
// that went over the wire.
func (tc assertionCase) assertion(t *testing.T) string {
	t.Helper()
	p := startPlatform(t, ours, withCertificate(pemOf("CERTIFICATE", tc.credential.Chain[0].Raw)))
	if tc.bare {
		tc.credential.Chain = nil
	}
	tap := &tap{next: p.client.Transport}
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, tc.credential, msal.Options{Authority: tenantURL, HTTPClient: &http.Client{Transport: tap}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Fatal(err)
	}
	jwt := tap.last.Get("client_assertion")
	if strings.Count(jwt, ".") != 2 {
		t.Fatal("no client assertion went over the wire")
	}
	return jwt
}

// tap listens in on the forms that a client posts, one after the other.
type tap struct {
	next http.RoundTripper
	last url.Values
}

func (w *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if w.last, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return w.next.RoundTrip(r)
}

func TestOpenSSLVerifiesOurAssertions(t *testing.T) {
	openssl := program(t, "openssl")
	for _, tc := range assertionCases(t) {
		t.Run(tc.name, func(t *testing.T) {
			jwt := tc.assertion(t)
			leaf := tc.credential.Chain[0]
			signed, signature := jwt[:strings.LastIndex(jwt, ".")], decoded(t, jwt[strings.LastIndex(jwt, ".")+1:])
			dir := t.TempDir()
			certFile := write(t, dir, "cert.pem", []byte(pemOf("CERTIFICATE", leaf.Raw)))
			keyFile := write(t, dir, "key.pem", run(t, nil, openssl, "x509", "-in", certFile, "-noout", "-pubkey"))
			args := []string{"dgst", "-sha256", "-verify", keyFile}
			switch tc.alg {
			case "PS256": // RFC 7518 section 3.5: the salt is as long as the hash
				args = append(args, "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", "-sigopt", "rsa_mgf1_md:sha256")
			case "ES256":
				signature = asDER(t, signature)
			}
			args = append(args, "-signature", write(t, dir, "signature", signature))
			if out := run(t, []byte(signed), openssl, args...); !bytes.Contains(out, []byte("Verified OK")) {
				t.Errorf("OpenSSL says %q", out)
			}
			header := map[string]any{}
			if err := json.Unmarshal(decoded(t, jwt[:strings.Index(jwt, ".")]), &header); err != nil {
				t.Fatal(err)
			}
			if header["alg"] != tc.alg {
				t.Errorf("the algorithm is %v", header["alg"])
			}
			tc.checkThumbprint(t, openssl, certFile, header)
			tc.checkChain(t, openssl, dir, header)
		})
	}
}

// checkThumbprint compares with what OpenSSL calculates.
func (tc assertionCase) checkThumbprint(t *testing.T, openssl, certFile string, header map[string]any) {
	t.Helper()
	out := run(t, nil, openssl, "x509", "-in", certFile, "-noout", "-fingerprint", "-"+tc.digest)
	_, colons, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	want, err := hex.DecodeString(strings.ReplaceAll(colons, ":", ""))
	if err != nil || len(want) == 0 {
		t.Fatalf("OpenSSL says %q", out)
	}
	if got, _ := header[tc.thumbprint].(string); got != base64.RawURLEncoding.EncodeToString(want) {
		t.Errorf("%s is %q, and OpenSSL calculates %x", tc.thumbprint, got, want)
	}
	for _, other := range []string{"x5t", "x5t#S256"} {
		if _, there := header[other]; there && other != tc.thumbprint {
			t.Errorf("the header has %s as well", other)
		}
	}
}

// checkChain lets OpenSSL verify the certificates of the header.
func (tc assertionCase) checkChain(t *testing.T, openssl, dir string, header map[string]any) {
	t.Helper()
	list, _ := header["x5c"].([]any)
	if len(list) != tc.x5c {
		t.Fatalf("x5c has %d certificates, want %d", len(list), tc.x5c)
	}
	var files []string
	for i, item := range list {
		text, _ := item.(string)
		der, err := base64.StdEncoding.DecodeString(text) // RFC 7515 section 4.1.6: not base64url
		if err != nil || !bytes.Equal(der, tc.credential.Chain[i].Raw) {
			t.Errorf("x5c[%d] is another certificate (%v)", i, err)
		}
		files = append(files, write(t, dir, "x5c"+string(rune('0'+i))+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	}
	if len(files) == 2 {
		if out := run(t, nil, openssl, "verify", "-CAfile", files[1], files[0]); !bytes.Contains(out, []byte("OK")) {
			t.Errorf("OpenSSL says %q", out)
		}
	}
}

func TestJoseVerifiesOurAssertions(t *testing.T) {
	for _, tc := range assertionCases(t) {
		t.Run(tc.name, func(t *testing.T) {
			cmd := node(t, t.Context(), "verify.mjs") // first, for it may be missing
			jwt := tc.assertion(t)
			out := output(t, tc.question(t, jwt), cmd)
			var answer struct {
				Payload struct {
					Audience  string  `json:"aud"`
					JTI       string  `json:"jti"`
					NotBefore float64 `json:"nbf"`
					IssuedAt  float64 `json:"iat"`
					Expires   float64 `json:"exp"`
				} `json:"payload"`
			}
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatal(err)
			}
			a := answer.Payload
			if a.JTI == "" || a.NotBefore > a.IssuedAt || a.Expires <= a.IssuedAt || a.Expires != float64(int64(a.Expires)) {
				t.Errorf("jose reads %+v", a)
			}
		})
	}
	t.Run("and refuses a changed one", func(t *testing.T) {
		tc := assertionCases(t)[0]
		cmd := node(t, t.Context(), "verify.mjs")
		parts := strings.Split(tc.assertion(t), ".")
		parts[1] = base64.RawURLEncoding.EncodeToString(append([]byte(`{"added":1,`), decoded(t, parts[1])[1:]...))
		cmd.Stdin = bytes.NewReader(tc.question(t, strings.Join(parts, ".")))
		if _, err := cmd.Output(); err == nil {
			t.Error("jose accepts it")
		}
	})
}

// question is the input of verify.mjs.
func (tc assertionCase) question(t *testing.T, jwt string) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"jwt": jwt, "certificate": pemOf("CERTIFICATE", tc.credential.Chain[0].Raw), "algorithms": []string{tc.alg},
		"audience": tenantURL + "/oauth2/v2.0/token", "issuer": emulator.DaemonClientID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decoded(t *testing.T, part string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal("the assertion is not base64url without padding")
	}
	return raw
}

// asDER turns the signature of RFC 7518 section 3.4 into OpenSSL's.
func asDER(t *testing.T, signature []byte) []byte {
	t.Helper()
	if len(signature) != 64 {
		t.Fatalf("the signature has %d bytes", len(signature))
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
