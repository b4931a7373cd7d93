package interop

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider is panva's oidc-provider, in a process of its own.
type provider struct {
	issuer string
	client *http.Client // trusts the provider's certificate authority and no other
	cert   *x509.Certificate
}

// providerSecret is the secret of the provider's clients web and secret.
const providerSecret = "s3cr+t/=&%"

// webApplication is where the provider's client web runs, unless a test runs
// it.
const webApplication = "https://web.example.test/callback"

// startProvider starts a provider that knows appKey as the key of its clients
// prover-*, and webRedirect as the place of its client web. It ends with the
// test.
func startProvider(t *testing.T, webRedirect string) *provider {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := node(t, ctx, "provider.mjs")
	ca, cert := newServerCertificate(t)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := new(lockedBuffer)
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close() // the provider ends with it
		if err := cmd.Wait(); err != nil {
			t.Errorf("oidc-provider: %v", err)
		}
		if t.Failed() {
			t.Logf("oidc-provider says:\n%s", log)
		}
	})
	settings := map[string]any{"cert": pemOf("CERTIFICATE", cert.Certificate[0]), "key": pemOfKey(t, cert.PrivateKey), "assertionKey": jwkOf(&appKey().PublicKey), "webRedirect": webRedirect}
	if err := json.NewEncoder(input).Encode(settings); err != nil {
		t.Fatal(err)
	}
	issuer, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("oidc-provider does not start: %v\n%s", err, log)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &provider{
		issuer: strings.TrimSpace(issuer),
		client: &http.Client{Transport: transport},
		cert:   cert.Leaf,
	}
}

// newServerCertificate makes a certificate authority and a certificate of
// 127.0.0.1 that it signed.
func newServerCertificate(t *testing.T) (ca *x509.Certificate, server tls.Certificate) {
	t.Helper()
	key := newECKey(t)
	ca = sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "msal interop test - do not trust"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}, nil, key.Public(), key)
	leafKey := newECKey(t)
	leaf := sign(t, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, leafKey.Public(), key)
	return ca, tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leafKey, Leaf: leaf}
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate that is valid for a day. Without an issuer it signs
// itself.
func sign(t *testing.T, template, issuer *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// appKey is the key of applications that prove themselves by assertions. It is
// made once: RSA keys take long under the race detector.
var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return key
})

// appCertificate is self-signed, as most client certificates are.
func appCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "interop daemon"}, KeyUsage: x509.KeyUsageDigitalSignature}
	return sign(t, template, nil, appKey().Public(), appKey())
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pemOfKey(t *testing.T, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("PRIVATE KEY", der)
}

// jwkOf is a public key as RFC 7517 has it.
func jwkOf(key *rsa.PublicKey) map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kty": "RSA", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
}

// lockedBuffer is a buffer that a process writes while a test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

var _ io.Writer = (*lockedBuffer)(nil)

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
