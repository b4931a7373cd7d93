package msal_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
	"github.com/msal-go/msal/msaltest"
)

const (
	alice      = emulator.DefaultUser
	bob        = emulator.SecondUser
	authority  = "https://login.microsoftonline.com/" + emulator.DefaultTenantID
	tasksScope = "api://tasks/.default"
)

// wire is the road to the emulator with its own memory of what passed, so that
// tests count requests as the network sees them.
type wire struct {
	rt http.RoundTripper

	mu       sync.Mutex
	requests []string // "METHOD host/path"
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.requests = append(w.requests, r.Method+" "+r.URL.Host+r.URL.Path)
	w.mu.Unlock()
	return w.rt.RoundTrip(r)
}

// tokens counts token requests.
func (w *wire) tokens() int { return w.count("/token") }

func (w *wire) count(suffix string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, r := range w.requests {
		if strings.HasSuffix(r, suffix) {
			n++
		}
	}
	return n
}

// world is an emulator, the wire to it, and a log that must stay free of
// secrets.
type world struct {
	*msaltest.Server
	wire *wire
	log  *safeBuffer
}

// safeBuffer is a buffer for a logger that goroutines share.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newWorld(t *testing.T, cfg ...emulator.Config) *world {
	t.Helper()
	srv := msaltest.New(t, cfg...)
	w := &world{Server: srv, wire: &wire{rt: srv.HTTPClient().Transport}, log: &safeBuffer{}}
	t.Cleanup(func() { assertNoSecrets(t, "the log", w.log.String()) })
	return w
}

func (w *world) options(change ...func(*msal.Options)) msal.Options {
	o := msal.Options{
		Authority:    authority,
		HTTPClient:   &http.Client{Transport: w.wire},
		Logger:       slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		EnablePIILog: true, // even then no secret
	}
	for _, f := range change {
		f(&o)
	}
	return o
}

func (w *world) public(t *testing.T, change ...func(*msal.Options)) *msal.PublicClient {
	t.Helper()
	c, err := msal.NewPublicClient(emulator.DesktopClientID, w.options(change...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) daemon(t *testing.T, change ...func(*msal.Options)) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), w.options(change...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) web(t *testing.T, change ...func(*msal.Options)) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.WebClientID, msal.Secret(emulator.WebSecret), w.options(change...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const callback = "https://web.contoso.test/callback"

// begin starts a web sign-in and lets a person answer it.
func (w *world) begin(t *testing.T, c *msal.ConfidentialClient, upn string, r msal.AuthCodeFlowRequest) (msal.AuthCodeFlow, url.Values) {
	t.Helper()
	if r.RedirectURI == "" {
		r.RedirectURI = callback
	}
	if r.Scopes == nil {
		r.Scopes = []string{emulator.TasksReadScope}
	}
	flow, err := c.InitiateAuthCodeFlow(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return flow, w.answer(t, upn, flow.URL)
}

// signIn completes a web sign-in.
func (w *world) signIn(t *testing.T, c *msal.ConfidentialClient, upn string) msal.Result {
	t.Helper()
	flow, answer := w.begin(t, c, upn, msal.AuthCodeFlowRequest{})
	res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// testKey is made once: RSA keys take long under the race detector.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// newCertificate is self-signed and valid from an hour ago until life from now.
func newCertificate(t *testing.T, key crypto.Signer, life time.Duration) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "daemon"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(life), KeyUsage: x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func pemCertificate(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

// assertNoSecrets fails if text has one of the emulator's well-known secrets or
// anything that looks like a token.
func assertNoSecrets(t *testing.T, where, text string) {
	t.Helper()
	for _, secret := range []string{emulator.DefaultPassword, emulator.WebSecret, emulator.DaemonSecret, "eyJ", "code_verifier=", "client_assertion="} {
		if strings.Contains(text, secret) {
			t.Errorf("%s contains a secret (%.3s...)", where, secret)
		}
	}
}

// wantError fails unless err answers to every decision, and checks its text.
func wantError(t *testing.T, err error, decisions ...error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, d := range decisions {
		if !errors.Is(err, d) {
			t.Errorf("got %v, want an error that is: %v", err, d)
		}
	}
	assertNoSecrets(t, "the error", err.Error())
}

// wantErrorIn is for goroutines: it does not end the test.
func wantErrorIn(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want an error that is: %v", err, target)
	}
}

func asError(t *testing.T, err error) *msal.Error {
	t.Helper()
	var e *msal.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T (%v), want *msal.Error", err, err)
	}
	return e
}

// answer lets a person sign in at page and returns what the redirect URI gets.
func (w *world) answer(t *testing.T, upn, page string) url.Values {
	t.Helper()
	got, err := w.Emulator().UserAgent(upn, emulator.DefaultPassword).Visit(t.Context(), page)
	if err != nil {
		t.Fatal(err)
	}
	return got.Values
}
