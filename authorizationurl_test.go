package msal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

const (
	ownState    = "own-state"
	ownNonce    = "own-nonce"
	ownVerifier = "0123456789-0123456789.0123456789_0123456789~abc"
)

// hybrid is a world whose web application has a page, and gets ID tokens through
// the browser.
func hybrid(t *testing.T) *world {
	t.Helper()
	cfg := emulator.Defaults()
	for i, a := range cfg.Tenants[0].Apps {
		if a.ClientID == emulator.WebClientID {
			cfg.Tenants[0].Apps[i].RedirectURIs.SPA = []string{"https://web.contoso.test/"}
			cfg.Tenants[0].Apps[i].IssueIDTokens = true
		}
	}
	return newWorld(t, cfg)
}

func TestOwnStateNonceAndPKCE(t *testing.T) {
	for _, verifier := range []string{"", ownVerifier} {
		w := newWorld(t)
		c := w.web(t)
		page, err := c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{emulator.TasksReadScope}, RedirectURI: callback,
			State: ownState, Nonce: ownNonce, CodeVerifier: verifier, LoginHint: alice, DomainHint: "organizations", Prompt: msal.PromptLogin})
		if err != nil {
			t.Fatal(err)
		}
		answer := w.answer(t, alice, page)
		if answer.Get("state") != ownState {
			t.Errorf("the answer has the state %q", answer.Get("state"))
		}
		request := msal.AuthorizationCodeRequest{Code: answer.Get("code"), Scopes: []string{emulator.TasksReadScope}, RedirectURI: callback, Nonce: ownNonce, CodeVerifier: verifier,
			ExtraParameters: map[string]string{"slice": "test"}}
		res, err := c.AcquireTokenByAuthorizationCode(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if sent := w.Emulator().Requests(emulator.EndpointToken); len(sent) != 1 || !sent[0].Form.Has("slice") { // the journal hides what it does not know
			t.Error("the extra parameter was not sent")
		}
		if res.Account.Username != alice || res.Account.AccountSource != "authorization_code" || res.SPACode != "" {
			t.Errorf("got %v for %+v", res, res.Account)
		}
		again := silent(res.Account)
		again.ExtraParameters = request.ExtraParameters
		if hit, err := c.AcquireTokenSilent(t.Context(), again); err != nil || hit.Source != msal.FromCache {
			t.Errorf("got %v, %v; want the cached token", hit, err)
		}
		_, err = c.AcquireTokenByAuthorizationCode(t.Context(), request)
		wantError(t, err, msal.ErrInteractionRequired)
		w.AllowViolations("code-reuse")
	}
}

func TestAuthorizationURLHasWhatTheFamilySends(t *testing.T) {
	c := newWorld(t).web(t)
	page, err := c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{"User.Read"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := authority + "/oauth2/v2.0/authorize?client_id=" + emulator.WebClientID + "&response_type=code&scope=User.Read+offline_access+openid+profile"; page != want {
		t.Errorf("got  %s\nwant %s", page, want)
	}
	page, err = c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{"User.Read"}, RedirectURI: callback, State: "s", Nonce: "n", CodeVerifier: ownVerifier,
		ResponseType: "code id_token", ResponseMode: msal.ResponseModeFormPost, Prompt: "whatever comes next", LoginHint: "l", DomainHint: "d", Claims: `{"a":{}}`})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code id_token", "state": "s", "nonce": "n", "prompt": "whatever comes next", "login_hint": "l",
		"domain_hint": "d", "claims": `{"a":{}}`, "response_mode": "form_post", "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if strings.Contains(page, ownVerifier) || len(q.Get("code_challenge")) != 43 {
		t.Error("the challenge is not the digest of the verifier")
	}
}

func TestOwnNonceThatDiffersIsRefusedBeforeAnythingIsCached(t *testing.T) {
	w := newWorld(t)
	cache, unchanged := newCache(t)
	c := w.web(t, func(o *msal.Options) { o.Cache = cache })
	page, err := c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{"User.Read"}, RedirectURI: callback, State: ownState, Nonce: ownNonce})
	if err != nil {
		t.Fatal(err)
	}
	answer := w.answer(t, alice, page)
	res, err := c.AcquireTokenByAuthorizationCode(t.Context(), msal.AuthorizationCodeRequest{Code: answer.Get("code"), Scopes: []string{"User.Read"}, RedirectURI: callback, Nonce: "another"})
	wantError(t, err, msal.ErrProtocol)
	var refused *msal.IDTokenError
	if !errors.As(err, &refused) || refused.Reason != msal.IDTokenNonce || !res.IsZero() {
		t.Errorf("got %v, %v", res, err)
	}
	unchanged()
}

func TestHybridSignInBringsAnIDTokenAndACode(t *testing.T) {
	w := hybrid(t)
	c := w.web(t)
	page, err := c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{emulator.TasksReadScope}, RedirectURI: callback, State: ownState, Nonce: ownNonce,
		ResponseType: "code id_token", ResponseMode: msal.ResponseModeFormPost})
	if err != nil {
		t.Fatal(err)
	}
	answer := w.answer(t, alice, page)
	if answer.Get("id_token") == "" {
		t.Error("the answer has no ID token")
	}
	res, err := c.AcquireTokenByAuthorizationCode(t.Context(), msal.AuthorizationCodeRequest{Code: answer.Get("code"), Scopes: []string{emulator.TasksReadScope}, RedirectURI: callback, Nonce: ownNonce})
	if err != nil || res.Account.Username != alice {
		t.Errorf("got %v, %v", res, err)
	}
}

func TestPageRedeemsTheSecondCode(t *testing.T) {
	for name, redeem := range map[string]func(*testing.T, *world, *msal.ConfidentialClient) (msal.Result, error){
		"flow": func(t *testing.T, w *world, c *msal.ConfidentialClient) (msal.Result, error) {
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
			return c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer, ReturnSPACode: true})
		},
		"legacy": func(t *testing.T, w *world, c *msal.ConfidentialClient) (msal.Result, error) {
			page, err := c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{emulator.TasksReadScope}, RedirectURI: callback, State: ownState})
			if err != nil {
				return msal.Result{}, err
			}
			return c.AcquireTokenByAuthorizationCode(t.Context(), msal.AuthorizationCodeRequest{Code: w.answer(t, alice, page).Get("code"),
				Scopes: []string{emulator.TasksReadScope}, RedirectURI: callback, ReturnSPACode: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := hybrid(t)
			cache := msal.NewTokenCache(msal.CacheOptions{})
			res, err := redeem(t, w, w.web(t, func(o *msal.Options) { o.Cache = cache }))
			if err != nil || res.SPACode == "" {
				t.Fatalf("got %v, %v; want a code for the page", res, err)
			}
			kept, err := cache.Marshal()
			if err != nil || strings.Contains(string(kept), res.SPACode) {
				t.Errorf("the code is in the cache (%v)", err)
			}
			form := url.Values{"client_id": {emulator.WebClientID}, "grant_type": {"authorization_code"}, "code": {res.SPACode}, "scope": {emulator.TasksReadScope + " openid offline_access"}}
			post := func(origin string) int {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, authority+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				if origin != "" {
					r.Header.Set("Origin", origin)
				}
				resp, err := w.wire.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp.StatusCode
			}
			if got := post(""); got == http.StatusOK {
				t.Error("the code was redeemed without a page")
			}
			if got := post("https://web.contoso.test"); got != http.StatusOK {
				t.Errorf("the page's redemption was answered %d", got)
			}
		})
	}
}

func TestPublicClientGetsNoCodeForAPage(t *testing.T) {
	w := newWorld(t)
	_, err := w.public(t).AcquireTokenByAuthorizationCode(t.Context(), msal.AuthorizationCodeRequest{Code: "x", Scopes: []string{"User.Read"}, RedirectURI: "http://localhost", ReturnSPACode: true})
	wantError(t, err, msal.ErrConfiguration)
	wantHint(t, err, "ConfidentialClient")
	_, err = w.public(t).AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{ReturnSPACode: true})
	wantHint(t, err, "ConfidentialClient")
	if n := w.wire.tokens(); n != 0 {
		t.Errorf("%d token requests, want none", n)
	}
}

func TestPublicClientRedeemsAnOwnCode(t *testing.T) {
	w := newWorld(t)
	c := w.public(t)
	own := httptest.NewServer(http.NotFoundHandler()) // the program's own listener
	defer own.Close()
	redirect := strings.Replace(own.URL, "127.0.0.1", "localhost", 1)
	page, err := c.AuthorizationURL(t.Context(), msal.AuthorizationURLRequest{Scopes: []string{"User.Read"}, RedirectURI: redirect, State: ownState, CodeVerifier: ownVerifier})
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.AcquireTokenByAuthorizationCode(t.Context(), msal.AuthorizationCodeRequest{Code: w.answer(t, alice, page).Get("code"), Scopes: []string{"User.Read"},
		RedirectURI: redirect, CodeVerifier: ownVerifier})
	if err != nil || res.Account.Username != alice {
		t.Errorf("got %v, %v", res, err)
	}
}

func TestBadAuthorizationURLRequestsAreRefused(t *testing.T) {
	c := newWorld(t).web(t)
	for name, tt := range map[string]struct {
		change func(*msal.AuthorizationURLRequest)
		hint   string
	}{
		"relative redirect URI":  {func(r *msal.AuthorizationURLRequest) { r.RedirectURI = "/callback" }, "absolute"},
		"script as redirect URI": {func(r *msal.AuthorizationURLRequest) { r.RedirectURI = "javascript:alert(1)" }, "absolute"},
		"unknown response type":  {func(r *msal.AuthorizationURLRequest) { r.ResponseType = "device" }, "code id_token"},
		"response type twice":    {func(r *msal.AuthorizationURLRequest) { r.ResponseType = "code code" }, "code id_token"},
		"two blanks":             {func(r *msal.AuthorizationURLRequest) { r.ResponseType = "code  id_token" }, "code id_token"},
		"ID token without nonce": {func(r *msal.AuthorizationURLRequest) { r.ResponseType = "code id_token" }, "random Nonce"},
		"ID token in the query": {func(r *msal.AuthorizationURLRequest) {
			r.ResponseType, r.Nonce, r.ResponseMode = "id_token", "n", msal.ResponseModeQuery
		}, "form_post"},
		"unknown response mode":     {func(r *msal.AuthorizationURLRequest) { r.ResponseMode = "web_message" }, "form_post"},
		"short verifier":            {func(r *msal.AuthorizationURLRequest) { r.CodeVerifier = "short" }, "32 random bytes"},
		"verifier with a blank":     {func(r *msal.AuthorizationURLRequest) { r.CodeVerifier = strings.Repeat("a ", 30) }, "32 random bytes"},
		"reserved scope":            {func(r *msal.AuthorizationURLRequest) { r.Scopes = []string{"openid"} }, "reserved"},
		"two scopes in one":         {func(r *msal.AuthorizationURLRequest) { r.Scopes = []string{"a b"} }, "string of its own"},
		"claims that are no JSON":   {func(r *msal.AuthorizationURLRequest) { r.Claims = "{" }, ""},
		"redirect URI with user":    {func(r *msal.AuthorizationURLRequest) { r.RedirectURI = "https://u:p@web.contoso.test/" }, "absolute"},
		"redirect URI and fragment": {func(r *msal.AuthorizationURLRequest) { r.RedirectURI += "#x" }, "fragment"},
	} {
		t.Run(name, func(t *testing.T) {
			r := msal.AuthorizationURLRequest{Scopes: []string{"User.Read"}, RedirectURI: callback}
			tt.change(&r)
			_, err := c.AuthorizationURL(t.Context(), r)
			wantError(t, err, msal.ErrConfiguration)
			wantHint(t, err, tt.hint)
		})
	}
}

func TestBadAuthorizationCodeRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	cache, unchanged := newCache(t)
	c := w.web(t, func(o *msal.Options) { o.Cache = cache })
	for name, tt := range map[string]struct {
		change func(*msal.AuthorizationCodeRequest)
		want   error
		hint   string
	}{
		"no code":               {func(r *msal.AuthorizationCodeRequest) { r.Code = "" }, msal.ErrConfiguration, "code of the answer"},
		"relative redirect URI": {func(r *msal.AuthorizationCodeRequest) { r.RedirectURI = "x" }, msal.ErrConfiguration, "of the sign-in"},
		"own parameter twice":   {func(r *msal.AuthorizationCodeRequest) { r.ExtraParameters = map[string]string{"code": "x"} }, msal.ErrConfiguration, "use the field"},
		"short verifier":        {func(r *msal.AuthorizationCodeRequest) { r.CodeVerifier = "x" }, msal.ErrConfiguration, "32 random bytes"},
		"reserved scope":        {func(r *msal.AuthorizationCodeRequest) { r.Scopes = []string{"profile"} }, msal.ErrConfiguration, "reserved"},
		"claims no JSON":        {func(r *msal.AuthorizationCodeRequest) { r.Claims = "x" }, msal.ErrConfiguration, ""},
	} {
		r := msal.AuthorizationCodeRequest{Code: "c0de-that-nobody-may-see", Scopes: []string{"User.Read"}, RedirectURI: callback}
		tt.change(&r)
		_, err := c.AcquireTokenByAuthorizationCode(t.Context(), r)
		wantError(t, err, tt.want)
		wantHint(t, err, tt.hint)
		if strings.Contains(err.Error(), "c0de-that") {
			t.Errorf("%s: the error shows the code", name)
		}
	}
	_, err := c.AcquireTokenByAuthorizationCode(t.Context(), msal.AuthorizationCodeRequest{Code: "c0de-that-nobody-may-see", Scopes: []string{"User.Read"}, RedirectURI: callback})
	if e := asError(t, err); e.Code != "invalid_grant" || strings.Contains(err.Error(), "c0de-that") {
		t.Errorf("got %v", err)
	}
	unchanged()
}

// A program that has kept state and nonce itself since before MSAL did can stay
// as it is for a while.
func ExampleConfidentialClient_AuthorizationURL() {
	svc, err := msal.NewConfidentialClient("client-id", msal.Secret("secret"), msal.Options{})
	if err != nil {
		log.Fatal(err)
	}
	page, err := svc.AuthorizationURL(context.Background(), msal.AuthorizationURLRequest{
		Scopes: []string{"User.Read"}, RedirectURI: "https://web.contoso.test/callback", State: "from-the-session", Nonce: "of-the-session",
	})
	if err != nil {
		log.Fatal(err)
	}
	before, _, _ := strings.Cut(page, "&scope=")
	fmt.Println(before)
	// Output: https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=client-id&response_type=code&redirect_uri=https%3A%2F%2Fweb.contoso.test%2Fcallback
}
