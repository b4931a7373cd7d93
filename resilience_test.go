package msal_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/emulator"
)

func tokenFault(f emulator.Fault) emulator.Fault {
	f.Match.Endpoint = emulator.EndpointToken
	return f
}

func TestOutageOfTheKeysDoesNotCostASignIn(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointKeys}, Status: 503})
	redeem := func() error {
		_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
		return err
	}
	wantError(t, redeem(), msal.ErrTransient)
	if err := redeem(); err != nil {
		t.Errorf("trying again: %v", err)
	}
}

func TestLostRequestDoesNotBurnTheFlow(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
	w.Emulator().Inject(tokenFault(emulator.Fault{Reset: true}))
	redeem := func() error {
		_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
		return err
	}
	wantError(t, redeem(), msal.ErrTransient)
	if err := redeem(); err != nil {
		t.Errorf("trying again: %v", err)
	}
}

func TestPeopleMayShareAState(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	for _, upn := range []string{alice, bob} {
		flow, answer := w.begin(t, c, upn, msal.AuthCodeFlowRequest{State: "/return/path"})
		if _, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer}); err != nil {
			t.Errorf("%s: %v", upn, err)
		}
	}
}

func TestFlowsBelongToTheClientThatBeganThem(t *testing.T) {
	w := newWorld(t)
	flow, answer := w.begin(t, w.web(t), alice, msal.AuthCodeFlowRequest{})
	device, err := w.public(t).InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{"User.Read"}})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := func(o *msal.Options) { o.Authority = "https://login.microsoftonline.us/" + emulator.DefaultTenantID }
	before := w.wire.tokens()
	_, err = w.web(t, elsewhere).AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	wantError(t, err, msal.ErrConfiguration)
	_, err = w.public(t, elsewhere).AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: device})
	wantError(t, err, msal.ErrConfiguration)
	if n := w.wire.tokens() - before; n != 0 {
		t.Errorf("a code went to another cloud in %d requests", n)
	}
}

func TestAnswerOfAnotherIssuerIsRefusedAtCommon(t *testing.T) {
	w := newWorld(t)
	common := func(o *msal.Options) { o.Authority = "https://login.microsoftonline.com/common" }
	for iss, want := range map[string]error{
		"https://evil.example": msal.ErrProtocol,
		"https://login.microsoftonline.com.evil.example/" + emulator.DefaultTenantID + "/v2.0": msal.ErrProtocol,
		"https://login.microsoftonline.com/x/../" + emulator.DefaultTenantID + "/v2.0":         msal.ErrProtocol,
		"https://login.microsoftonline.com/" + emulator.DefaultTenantID + "/v2.0":              nil,
	} {
		c := w.web(t, common)
		flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
		answer.Set("iss", iss)
		if _, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", iss, err, want)
		}
	}
}

func TestTokensOfNobodyAreRefused(t *testing.T) {
	t.Run("an ID token without subject", func(t *testing.T) {
		w := newWorld(t)
		c := w.web(t)
		flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
		w.Emulator().Inject(tokenFault(emulator.Fault{Tamper: emulator.Tamper{Claims: map[string]any{"sub": nil}, Drop: []string{"client_info"}}}))
		_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
		wantError(t, err, msal.ErrProtocol)
	})
	t.Run("a device sign-in without ID token", func(t *testing.T) {
		device(t, emulator.Defaults(), func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
			if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
				t.Fatal(err)
			}
			w.Emulator().Inject(tokenFault(emulator.Fault{Tamper: emulator.Tamper{Drop: []string{"id_token"}}}))
			_, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
			wantError(t, err, msal.ErrProtocol)
			if n := w.wire.tokens(); n != 1 {
				t.Errorf("%d polls, want 1: the code is spent", n)
			}
		})
	})
}

// brokenStore fails once it is told to.
type brokenStore struct {
	cache.Memory
	mu     sync.Mutex
	broken bool
}

var errDown = errors.New("the store is down")

func (s *brokenStore) down() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errDown
	}
	return nil
}

func (s *brokenStore) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if err := s.down(); err != nil {
		return nil, "", err
	}
	return s.Memory.Load(ctx, key, have)
}

func (s *brokenStore) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	if err := s.down(); err != nil {
		return "", err
	}
	return s.Memory.Update(ctx, key, f)
}

func TestStoreThatIsDownTakesNothingElseDown(t *testing.T) {
	w := newWorld(t)
	store := &brokenStore{}
	share := func(o *msal.Options) { o.Cache = msal.NewTokenCache(msal.CacheOptions{Store: store}) }
	daemon, web := w.daemon(t, share), w.web(t, share)
	request := msal.ForClientRequest{Scopes: []string{tasksScope}}
	first, err := daemon.AcquireTokenForClient(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	user := w.signIn(t, web, alice)
	store.mu.Lock()
	store.broken = true
	store.mu.Unlock()
	if hit, err := daemon.AcquireTokenForClient(t.Context(), request); err != nil || hit.AccessToken != first.AccessToken {
		t.Errorf("got %v, %v; want the token in memory", hit, err)
	}
	if hit, err := web.AcquireTokenSilent(t.Context(), silent(user.Account)); err != nil || hit.AccessToken != user.AccessToken {
		t.Errorf("got %v, %v; want the user's token in memory", hit, err)
	}
	other, err := daemon.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err != nil || other.IsZero() || !errors.Is(other.CacheErr, msal.ErrCache) || !errors.Is(other.CacheErr, errDown) {
		t.Errorf("got %v, %v, cache error %v; want a good token and the reason that it was not kept", other, err, other.CacheErr)
	}
	_, err = w.web(t, share).AcquireTokenSilent(t.Context(), silent(user.Account))
	wantError(t, err, msal.ErrCache, errDown)
	if errors.Is(err, msal.ErrNoToken) {
		t.Error("nobody knows that there is no token")
	}
}

func TestThrottledServiceIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a bubble: waiting costs nothing
		w := newWorld(t)
		w.Emulator().Inject(tokenFault(emulator.Fault{Status: 429, RetryAfter: 2 * time.Minute}))
		c := w.daemon(t)
		for range 20 {
			_, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
			wantError(t, err, msal.ErrThrottled)
		}
		if n := w.wire.tokens(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
		time.Sleep(2 * time.Minute)
		if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestGatewayThatThrottlesInHTMLIsUnderstood(t *testing.T) {
	w := newWorld(t)
	w.Emulator().Inject(tokenFault(emulator.Fault{Status: 429, Body: "<html>slow down", RetryAfter: 9 * time.Second}))
	_, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrThrottled, msal.ErrTransient)
	var op *msal.OpError
	if !errors.As(err, &op) || op.RetryAfter != 9*time.Second {
		t.Errorf("got %#v, want 9s to wait", err)
	}
}

func TestFailuresAnswerToTheRightDecision(t *testing.T) {
	t.Run("request time-out", func(t *testing.T) {
		w := newWorld(t)
		w.Emulator().Inject(tokenFault(emulator.Fault{Status: 408, Body: "<html>"}))
		_, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		wantError(t, err, msal.ErrTransient)
	})
	t.Run("port out of range", func(t *testing.T) {
		w := newWorld(t)
		for _, port := range []int{-1, 70000} {
			request := interactive(w, alice)
			request.Port = port
			_, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
			wantError(t, err, msal.ErrConfiguration)
		}
	})
	t.Run("certificate of nobody", func(t *testing.T) {
		srv := httptest.NewTLSServer(http.NotFoundHandler())
		defer srv.Close()
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		c, err := msal.NewConfidentialClient("id", msal.Secret("s"), msal.Options{Authority: srv.URL + "/tenant", InstanceDiscovery: msal.InstanceDiscoveryOff})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		wantError(t, err, msal.ErrConfiguration)
	})
	t.Run("the caller says why", func(t *testing.T) {
		w := newWorld(t)
		why := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		_, err := w.daemon(t).AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: []string{tasksScope}})
		wantError(t, err, context.Canceled, why)
	})
	t.Run("a zero cache", func(t *testing.T) {
		_, err := msal.NewPublicClient("id", msal.Options{Cache: &msal.TokenCache{}})
		wantError(t, err, msal.ErrConfiguration)
	})
	t.Run("a negative time-out", func(t *testing.T) {
		_, err := newWorld(t).public(t).AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{Timeout: -1})
		wantError(t, err, msal.ErrConfiguration)
	})
	t.Run("a reserved scope, with a token in the cache", func(t *testing.T) {
		w := newWorld(t)
		c := w.web(t)
		request := silent(w.signIn(t, c, alice).Account)
		request.Scopes = append(request.Scopes, "openid")
		_, err := c.AcquireTokenSilent(t.Context(), request)
		wantError(t, err, msal.ErrConfiguration)
	})
}

func TestUnusableRedirectURIsAreRefused(t *testing.T) {
	c := newWorld(t).web(t)
	for uri, good := range map[string]bool{
		"localhost:8080/cb": false, "javascript:alert(1)": false, "http:cb": false, "https:///cb": false, "file:///etc/passwd": false,
		"https://user@host/cb": false, "data:text/html,x": false,
		"http://localhost": true, "https://web.contoso.test/callback": true, "com.contoso.app:/cb": true, "msauth://x/y": true,
		"urn:ietf:wg:oauth:2.0:oob": true,
	} {
		_, err := c.InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{Scopes: []string{"User.Read"}, RedirectURI: uri})
		if good != (err == nil) || err != nil && !errors.Is(err, msal.ErrConfiguration) {
			t.Errorf("%s: got %v", uri, err)
		}
	}
}

func TestErrorTextsStayOnOneShortLine(t *testing.T) {
	e := &msal.Error{Code: "invalid_grant\nlevel=ERROR msg=forged", SubError: "a\x1b[31m", Description: "x\ry" + strings.Repeat("z", 100_000), CorrelationID: "c\n"}
	if text := e.Error(); strings.ContainsAny(text, "\n\r\x1b") || len(text) > 2000 {
		t.Errorf("%d bytes, or control characters: %.200q", len(text), text)
	}
}

func TestPeopleAreNamedInTheLogOnlyIfWanted(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		w := newWorld(t)
		c := w.web(t, func(o *msal.Options) { o.EnablePIILog = wanted })
		res := w.signIn(t, c, alice)
		w.Emulator().Inject(tokenFault(emulator.Fault{Status: 400, ContentType: "application/json",
			Body: `{"error":"invalid_grant","error_description":"AADSTS50020: User account '` + alice + `' does not exist."}`}))
		request := silent(res.Account)
		request.ForceRefresh = true
		if _, err := c.AcquireTokenSilent(t.Context(), request); err == nil {
			t.Fatal("no error")
		}
		if named := strings.Contains(w.log.String(), alice); named != wanted {
			t.Errorf("named %v, wanted %v: %s", named, wanted, w.log)
		}
	}
}

func TestPageOpenerMayBlockUntilThePageIsClosed(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	person := request.OpenURL
	request.OpenURL = func(ctx context.Context, page string) error {
		if err := person(ctx, page); err != nil {
			return err
		}
		<-ctx.Done() // the page stays open
		return nil
	}
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), request); err != nil {
		t.Error(err)
	}
	request.OpenURL = func(ctx context.Context, _ string) error { <-ctx.Done(); return nil }
	request.Timeout = 20 * time.Millisecond
	_, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
	wantError(t, err, msal.ErrTimeout)
}

func TestListenerIsClosedAfterTheSignIn(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	person := request.OpenURL
	var redirect string
	request.OpenURL = func(ctx context.Context, page string) error {
		u, err := url.Parse(page)
		if err != nil {
			return err
		}
		redirect = u.Query().Get("redirect_uri")
		return person(ctx, page)
	}
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Get(redirect); err == nil {
		resp.Body.Close()
		t.Error("somebody still listens")
	}
}

func TestClaimsSkipTheCacheInSilentCalls(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	request := silent(w.signIn(t, c, alice).Account)
	request.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	if res, err := c.AcquireTokenSilent(t.Context(), request); err != nil || res.Source != msal.FromIdentityProvider {
		t.Errorf("got %v, %v; want a new token", res, err)
	}
}

func TestPeopleWhoAskAtOnceGetTheirOwnTokens(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	results := map[string]msal.Result{}
	for _, upn := range []string{alice, bob} {
		results[upn] = w.signIn(t, c, upn)
	}
	before := w.wire.tokens()
	w.Emulator().Inject(tokenFault(emulator.Fault{Times: 2, Delay: 20 * time.Millisecond}))
	got := make(chan msal.Result, 2)
	for _, upn := range []string{alice, bob} {
		request := silent(results[upn].Account)
		request.ForceRefresh = true
		go func() {
			res, err := c.AcquireTokenSilent(t.Context(), request)
			if err != nil {
				t.Error(err)
			}
			got <- res
		}()
	}
	a, b := <-got, <-got
	if a.AccessToken == b.AccessToken || w.wire.tokens()-before != 2 {
		t.Error("two people share a token")
	}
}

func TestRoutingHintsGoWhereTheFamilySendsThem(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	request := silent(w.signIn(t, c, alice).Account)
	request.ForceRefresh = true
	if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	want := "Oid:" + strings.ReplaceAll(request.Account.HomeAccountID, ".", "@")
	for _, x := range w.Emulator().Requests(emulator.EndpointToken) {
		if got := x.Header.Get("X-AnchorMailbox"); got != want {
			t.Errorf("%s: X-AnchorMailbox is %q, want %q", x.Grant, got, want)
		}
	}
}

func TestAgeOfTheSignInIsEnforced(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{MaxAge: time.Minute})
	w.Emulator().Inject(tokenFault(emulator.Fault{Tamper: emulator.Tamper{Claims: map[string]any{"auth_time": time.Now().Add(-time.Hour).Unix()}}}))
	_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	var refused *msal.IDTokenError
	if !errors.As(err, &refused) || refused.Reason != msal.IDTokenAuthTime {
		t.Errorf("got %v, want an ID token error for auth_time", err)
	}
}

func TestFamilyTokensServeAClientThatHasNone(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	member := func(id string) *msal.PublicClient {
		c, err := msal.NewPublicClient(id, w.options(func(o *msal.Options) { o.Cache = cache }))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	res, err := member(emulator.FamilyClientID).AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil {
		t.Fatal(err)
	}
	if other, err := member(emulator.SecondFamilyClientID).AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil || other.Source != msal.FromIdentityProvider {
		t.Errorf("got %v, %v; want a token by the family's refresh token", other, err)
	}
	_, err = member(emulator.DesktopClientID).AcquireTokenSilent(t.Context(), silent(res.Account))
	wantError(t, err, msal.ErrInteractionRequired) // a stranger to the family
}
