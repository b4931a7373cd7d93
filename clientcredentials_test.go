package msal_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestClientSecretBringsAToken(t *testing.T) {
	w := newWorld(t)
	res, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil {
		t.Fatal(err)
	}
	if res.AccessToken == "" || res.TokenType != "Bearer" || res.Source != msal.FromIdentityProvider || !res.Account.IsZero() {
		t.Errorf("got %v", res)
	}
	if left := time.Until(res.ExpiresOn); left < 50*time.Minute || left > 2*time.Hour {
		t.Errorf("the token lives %v", left)
	}
	if want := []string{"POST login.microsoftonline.com/" + emulator.DefaultTenantID + "/oauth2/v2.0/token"}; strings.Join(w.wire.requests, ",") != strings.Join(want, ",") {
		t.Errorf("a known cloud and a tenant id take %q, want %q", w.wire.requests, want)
	}
}

func TestSecondCallIsServedFromTheCache(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t)
	first, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil || second.Source != msal.FromCache || second.AccessToken != first.AccessToken {
		t.Errorf("got %v, %v; want the first token from the cache", second, err)
	}
	if n := w.wire.tokens(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

func TestCacheHitAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t)
	request := msal.ForClientRequest{Scopes: []string{tasksScope}}
	ctx := t.Context()
	if _, err := c.AcquireTokenForClient(ctx, request); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if r, err := c.AcquireTokenForClient(ctx, request); err != nil || r.Source != msal.FromCache {
			t.Error("no hit")
		}
	}); n > 0 {
		t.Errorf("a hit allocates %v times, want 0", n)
	}
}

func TestColdHerdSendsOneRequest(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.wire.tokens(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

func TestClientsWithOneCacheShareTokens(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	share := func(o *msal.Options) { o.Cache = cache }
	for i := range 2 {
		if _, err := w.daemon(t, share).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
			t.Fatal(err)
		}
		if n := w.wire.tokens(); n != 1 {
			t.Errorf("%d token requests after client %d, want 1", n, i+1)
		}
	}
}

func TestClaimsChallengeSkipsTheCache(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t, func(o *msal.Options) { o.ClientCapabilities = []string{"CP1"} })
	request := msal.ForClientRequest{Scopes: []string{tasksScope}}
	if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	request.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	res, err := c.AcquireTokenForClient(t.Context(), request)
	if err != nil || res.Source != msal.FromIdentityProvider {
		t.Errorf("got %v, %v; want a new token", res, err)
	}
	last := w.Emulator().Journal()
	if got, want := last[len(last)-1].Form.Get("claims"), `{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["CP1"]}}}`; got != want {
		t.Errorf("claims were %s, want %s", got, want)
	}
}

func TestWrongSecretIsAConfigurationError(t *testing.T) {
	w := newWorld(t)
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret("wrong"), w.options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrConfiguration)
	e := asError(t, err)
	if e.Code != "invalid_client" || len(e.AADSTS) == 0 || e.AADSTS[0] != 7000215 || e.CorrelationID == "" || e.TraceID == "" || e.StatusCode != 401 {
		t.Errorf("got %+v", e)
	}
}

// countingSigner is a key outside this process, as far as the library can tell.
type countingSigner struct {
	crypto.Signer
	mu    sync.Mutex
	calls int
}

func (s *countingSigner) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	return s.Signer.Sign(r, digest, o)
}

// withCertificate is the emulator's configuration with one more certificate for
// the daemon.
func withCertificate(cert *x509.Certificate) emulator.Config {
	cfg := emulator.Defaults()
	for i, app := range cfg.Tenants[0].Apps {
		if app.ClientID == emulator.DaemonClientID {
			cfg.Tenants[0].Apps[i].Certificates = append(app.Certificates, pemCertificate(cert))
		}
	}
	return cfg
}

func TestCertificateBringsATokenInEveryForm(t *testing.T) {
	cert := newCertificate(t, testKey(), 24*time.Hour)
	for name, credential := range map[string]msal.Certificate{
		"thumbprint":       {},
		"SHA-1 thumbprint": {SHA1: true},
		"x5c leaf":         {SendX5C: msal.X5CLeaf},
		"x5c chain":        {SendX5C: msal.X5CChain},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withCertificate(cert))
			credential.Key, credential.Chain = testKey(), []*x509.Certificate{cert}
			c, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, w.options())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAssertionIsSignedOnceForManyTokens(t *testing.T) {
	cert := newCertificate(t, testKey(), 24*time.Hour)
	w := newWorld(t, withCertificate(cert))
	key := &countingSigner{Signer: testKey()}
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Certificate{Key: key, Chain: []*x509.Certificate{cert}}, w.options())
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []string{tasksScope, "https://graph.microsoft.com/.default"} {
		if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{scope}}); err != nil {
			t.Fatal(err)
		}
	}
	if key.calls != 1 {
		t.Errorf("the key signed %d times, want 1", key.calls)
	}
}

func TestExpiredCertificateIsAWarning(t *testing.T) {
	w := newWorld(t)
	cert := newCertificate(t, testKey(), -time.Hour)
	if _, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}}, w.options()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.log.String(), "level=WARN") || !strings.Contains(w.log.String(), "expired") {
		t.Errorf("no warning in the log: %s", w.log)
	}
}

func TestBadCredentialsAreRefusedWithoutNetwork(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	cert := newCertificate(t, testKey(), time.Hour)
	for name, credential := range map[string]msal.Credential{
		"none":            nil,
		"empty secret":    msal.Secret(""),
		"no key":          msal.Certificate{Chain: []*x509.Certificate{cert}},
		"no certificate":  msal.Certificate{Key: testKey()},
		"another's key":   msal.Certificate{Key: other, Chain: []*x509.Certificate{cert}},
		"unknown SendX5C": msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}, SendX5C: 99},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, w.options())
			wantError(t, err, msal.ErrConfiguration)
			if len(w.wire.requests) != 0 {
				t.Errorf("requests were sent: %q", w.wire.requests)
			}
		})
	}
}

func TestStaleTokenIsServedWhileItIsRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := emulator.Defaults()
		cfg.Lifetimes.RefreshIn = 20 * time.Minute
		w := newWorld(t, cfg)
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		first, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(21 * time.Minute)
		second, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil || second.AccessToken != first.AccessToken {
			t.Errorf("got %v, %v; want the first token at once", second, err)
		}
		synctest.Wait()
		third, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil || third.AccessToken == first.AccessToken || third.Source != msal.FromCache {
			t.Errorf("got %v, %v; want the refreshed token from the cache", third, err)
		}
		if n := w.wire.tokens(); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

func TestServiceFailureDoesNotCostAValidToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		first, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(first.ExpiresOn) - 3*time.Minute) // within the margin
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Status: 503})
		last, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil || last.AccessToken != first.AccessToken {
			t.Errorf("got %v, %v; want the token that still has three minutes", last, err)
		}
		time.Sleep(4 * time.Minute) // now it has expired
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Status: 503})
		_, err = c.AcquireTokenForClient(t.Context(), request)
		wantError(t, err, msal.ErrTransient)
	})
}

func TestThrottlingIsTyped(t *testing.T) {
	w := newWorld(t)
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Status: 429, RetryAfter: 7 * time.Second})
	_, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrThrottled, msal.ErrTransient)
	if e := asError(t, err); e.RetryAfter != 7*time.Second {
		t.Errorf("retry after %v, want 7s", e.RetryAfter)
	}
}

func TestCallerWhoGivesUpDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Delay: 10 * time.Second})
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.AcquireTokenForClient(ctx, request)
			wantErrorIn(t, err, context.DeadlineExceeded)
		})
		time.Sleep(time.Millisecond)
		if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if n := w.wire.tokens(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

func TestAuthoritiesOfNoTenantAreAWarningForApplications(t *testing.T) {
	for tenant, want := range map[string]bool{"common": true, "organizations": true, emulator.DefaultTenantID: false} {
		w := newWorld(t)
		c := w.daemon(t, func(o *msal.Options) { o.Authority = msal.AuthorityURL(msal.AzurePublic, tenant) })
		_, _ = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}) // what comes of it is the service's affair
		if warned := strings.Contains(w.log.String(), "should be asked of one tenant"); warned != want {
			t.Errorf("%s: warned = %v", tenant, warned)
		}
	}
}
