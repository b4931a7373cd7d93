package msal_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

const tokenEndpoint = authority + "/oauth2/v2.0/token"

// vault signs assertions with testKey by other code than the library's.
type vault struct {
	t    *testing.T
	cert *x509.Certificate
}

func newVault(t *testing.T) (vault, *world) {
	t.Helper()
	v := vault{t, newCertificate(t, testKey(), 24*time.Hour)}
	return v, newWorld(t, withCertificate(v.cert))
}

func (v vault) sign(clientID, audience, id string) string {
	v.t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": clientID, "sub": clientID, "aud": audience, "jti": id, "exp": time.Now().Add(5 * time.Minute).Unix(), "nbf": time.Now().Unix(),
	})
	list, err := msal.ExtractCerts([]byte(pemCertificate(v.cert)))
	if err != nil {
		v.t.Fatal(err)
	}
	token.Header["x5c"] = list
	signed, err := token.SignedString(testKey())
	if err != nil {
		v.t.Fatal(err)
	}
	return signed
}

func (v vault) signed(id string) string {
	return v.sign(emulator.DaemonClientID, tokenEndpoint, id)
}

// sent collects the token requests that pass.
type sent struct {
	rt http.RoundTripper

	mu    sync.Mutex
	forms []url.Values
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.forms = append(s.forms, form)
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	return s.rt.RoundTrip(r)
}

// assertions are the client assertions that were sent.
func (s *sent) assertions() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.forms {
		list = append(list, f.Get("client_assertion"))
	}
	return list
}

func (w *world) watch() (*sent, func(*msal.Options)) {
	s := &sent{rt: w.wire}
	return s, func(o *msal.Options) { o.HTTPClient = &http.Client{Transport: s} }
}

// ask gets a token past the cache.
func ask(t *testing.T, c *msal.ConfidentialClient) error {
	t.Helper()
	_, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Claims: `{"access_token":{}}`})
	return err
}

func newDaemon(t *testing.T, credential msal.Credential, o msal.Options) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadyAssertionBringsAToken(t *testing.T) {
	v, w := newVault(t)
	watch, change := w.watch()
	jwt := v.signed("ready")
	if err := ask(t, newDaemon(t, msal.Assertion(jwt), w.options(change))); err != nil {
		t.Fatal(err)
	}
	f := watch.forms[0]
	if f.Get("client_assertion") != jwt || f.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || f.Has("client_secret") {
		t.Error("the assertion was not sent as it was given, or something else with it")
	}
}

func TestAssertionFileIsReadAnewForEachRequest(t *testing.T) {
	v, w := newVault(t)
	watch, change := w.watch()
	// Kubernetes' way: the path is a link to a link that is swapped.
	dir := t.TempDir()
	write := func(version, jwt string) {
		t.Helper()
		path := filepath.Join(dir, version)
		if err := errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "token"), []byte(jwt+"\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
		next := filepath.Join(dir, "..next")
		if err := errors.Join(os.Symlink(path, next), os.Rename(next, filepath.Join(dir, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "token")
	if err := os.Symlink(filepath.Join("..data", "token"), link); err != nil {
		t.Fatal(err)
	}
	c := newDaemon(t, msal.AssertionFile(link), w.options(change)) // nothing is there yet
	wantReason(t, ask(t, c), msal.CredentialFile)
	first, second := v.signed("first"), v.signed("second")
	for i, jwt := range []string{first, second} {
		write([]string{"v1", "v2"}[i], jwt)
		if err := ask(t, c); err != nil {
			t.Fatal(err)
		}
	}
	if got := watch.assertions(); len(got) != 2 || got[0] != first || got[1] != second {
		t.Errorf("%d assertions were sent, or not those of the file", len(got))
	}
}

func TestAssertionFuncIsToldWhatForAndAskedEachTime(t *testing.T) {
	v, w := newVault(t)
	watch, change := w.watch()
	var asked []msal.AssertionRequest
	c := newDaemon(t, msal.AssertionFunc(func(ctx context.Context, r msal.AssertionRequest) (string, error) {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("the function may take forever")
		}
		asked = append(asked, r)
		return v.sign(r.ClientID, r.TokenEndpoint, r.ClientID), nil
	}), w.options(change))
	for range 2 {
		if err := ask(t, c); err != nil {
			t.Fatal(err)
		}
	}
	want := msal.AssertionRequest{ClientID: emulator.DaemonClientID, TokenEndpoint: tokenEndpoint, TenantID: emulator.DefaultTenantID}
	if len(asked) != 2 || asked[0] != want || asked[1] != want || len(watch.assertions()) != 2 {
		t.Errorf("asked for %+v, want twice %+v", asked, want)
	}
}

func TestFailingAssertionFuncReachesTheCaller(t *testing.T) {
	_, w := newVault(t)
	down := errors.New("the vault is down")
	c := newDaemon(t, msal.AssertionFunc(func(context.Context, msal.AssertionRequest) (string, error) { return "", down }), w.options())
	wantError(t, ask(t, c), down)
	if len(w.wire.requests) != 0 {
		t.Errorf("requests were sent: %q", w.wire.requests)
	}
}

func TestHangingAssertionFuncIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := newDaemon(t, msal.AssertionFunc(func(ctx context.Context, _ msal.AssertionRequest) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}), w.options())
		start := time.Now()
		wantError(t, ask(t, c), context.DeadlineExceeded)
		if took := time.Since(start); took != 30*time.Second {
			t.Errorf("it took %v, want 30s", took)
		}
	})
}

func TestBadAssertionsAreNotSent(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "token")
	for name, tt := range map[string]struct{ assertion, hint string }{
		"empty":             {"", "it is empty"},
		"no JWT":            {planted, "not a JWT"},
		"two parts":         {planted + ".b", "not a JWT"},
		"four parts":        {planted + ".b.c.d", "not a JWT"},
		"with a prefix":     {"Bearer " + planted + ".b.c", "not a JWT"},
		"quoted":            {`"` + planted + `.b.c"`, "not a JWT"},
		"no header":         {"." + planted + ".c", "not a JWT"},
		"with a line break": {planted + ".b\n.c", "not a JWT"},
		"other base64":      {planted + ".b+.c/", "not a JWT"},
		"much too long":     {strings.Repeat("a", 65<<10) + ".b.c", "64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Assertion(tt.assertion), w.options())
			wantReason(t, err, msal.CredentialMalformed)
			wantHint(t, err, tt.hint)
			f := msal.AssertionFunc(func(context.Context, msal.AssertionRequest) (string, error) { return tt.assertion, nil })
			err = ask(t, newDaemon(t, f, w.options()))
			wantReason(t, err, msal.CredentialMalformed)
			wantHint(t, err, tt.hint)
			if err := os.WriteFile(file, []byte(tt.assertion), 0o600); err != nil {
				t.Fatal(err)
			}
			err = ask(t, newDaemon(t, msal.AssertionFile(file), w.options()))
			if len(tt.assertion) > 64<<10 {
				wantReason(t, err, msal.CredentialFile)
			} else {
				wantReason(t, err, msal.CredentialMalformed)
				wantHint(t, err, tt.hint)
			}
		})
	}
	wantReason(t, ask(t, newDaemon(t, msal.AssertionFile(filepath.Dir(file)), w.options())), msal.CredentialFile)
	if len(w.wire.requests) != 0 {
		t.Errorf("requests were sent: %q", w.wire.requests)
	}
}

func TestEmptyCallbacksAreRefused(t *testing.T) {
	for name, credential := range map[string]msal.Credential{
		"assertion file":   msal.AssertionFile(""),
		"assertion func":   msal.AssertionFunc(nil),
		"certificate func": msal.CertificateFunc(nil),
		"token provider":   msal.TokenProvider(nil),
	} {
		_, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, msal.Options{})
		if !errors.Is(err, msal.ErrConfiguration) {
			t.Errorf("%s: %v, want ErrConfiguration", name, err)
		}
	}
}

func TestExtraClaimsAreSignedAndOverride(t *testing.T) {
	v, w := newVault(t)
	watch, change := w.watch()
	claims := map[string]any{"client_ip": "192.0.2.1", "jti": "chosen"}
	credential := msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{v.cert}, Claims: claims}
	c := newDaemon(t, credential, w.options(change))
	claims["client_ip"] = "changed too late"
	if err := ask(t, c); err != nil {
		t.Fatal(err)
	}
	got := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(watch.assertions()[0], got, func(*jwt.Token) (any, error) { return &testKey().PublicKey, nil }); err != nil {
		t.Fatal(err)
	}
	if got["client_ip"] != "192.0.2.1" || got["jti"] != "chosen" || got["iss"] != emulator.DaemonClientID {
		t.Errorf("client_ip %v, jti %v, iss %v", got["client_ip"], got["jti"], got["iss"])
	}
	credential.Claims = map[string]any{"aud": "https://elsewhere.example"}
	if e := asError(t, ask(t, newDaemon(t, credential, w.options()))); e.Code != "invalid_client" {
		t.Errorf("got %v, want the wrong audience refused", e)
	}
	credential.Claims = map[string]any{"f": func() {}}
	_, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, w.options())
	wantError(t, err, msal.ErrConfiguration)
}
