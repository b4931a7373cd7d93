package msal_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestWebSignInBringsTokensAndAnAccount(t *testing.T) {
	for _, mode := range []msal.ResponseMode{msal.ResponseModeFormPost, msal.ResponseModeQuery} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t)
			c := w.web(t)
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{ResponseMode: mode, LoginHint: alice})
			res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
			if err != nil {
				t.Fatal(err)
			}
			if res.Account.Username != alice || res.Account.AccountSource != "authorization_code" || res.Account.Realm != emulator.DefaultTenantID {
				t.Errorf("got account %+v", res.Account)
			}
			if res.IDTokenClaims["preferred_username"] != alice || res.IDToken == "" {
				t.Errorf("got claims %v", res.IDTokenClaims)
			}
			accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{})
			if err != nil || len(accounts) != 1 || accounts[0] != res.Account {
				t.Errorf("got accounts %+v, %v; want the one that signed in", accounts, err)
			}
		})
	}
}

func TestAuthorizeURLHasWhatTheFamilySends(t *testing.T) {
	w := newWorld(t)
	c := w.web(t, func(o *msal.Options) { o.ClientCapabilities = []string{"CP1"} })
	flow, err := c.InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{
		Scopes: []string{"User.Read"}, RedirectURI: callback, State: "ST", LoginHint: "j@c.com", Prompt: msal.PromptSelectAccount,
		DomainHint: "organizations", MaxAge: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	base, query, _ := strings.Cut(flow.URL, "?")
	if want := authority + "/oauth2/v2.0/authorize"; base != want {
		t.Errorf("got %s, want %s", base, want)
	}
	var names []string
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	want := "client_id response_type redirect_uri scope state code_challenge code_challenge_method nonce client_info login_hint prompt domain_hint claims max_age response_mode X-AnchorMailbox"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("parameters in order:\n got %s\nwant %s", got, want)
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"scope": "User.Read offline_access openid profile", "state": "ST", "code_challenge_method": "S256",
		"max_age": "60", "response_mode": "form_post", "X-AnchorMailbox": "UPN:j@c.com", "claims": `{"access_token":{"xms_cc":{"values":["CP1"]}}}`} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if len(q.Get("code_challenge")) != 43 || len(q.Get("nonce")) != 64 || strings.Contains(flow.URL, flow.Nonce) || strings.Contains(flow.URL, flow.CodeVerifier) {
		t.Error("challenge or nonce are not digests of what the flow keeps")
	}
}

func TestConsentIsAskedForMoreThanTheTokenIsFor(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{ExtraScopesToConsent: []string{"https://graph.microsoft.com/Mail.Read", "openid"}})
	u, err := url.Parse(flow.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := u.Query().Get("scope"), "api://tasks/Tasks.Read https://graph.microsoft.com/Mail.Read offline_access openid profile"; got != want {
		t.Errorf("asked for %q, want %q", got, want)
	}
	res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	if err != nil || strings.Contains(res.Scope, "Mail.Read") {
		t.Errorf("got %v for %q, %v; want a token for the tasks alone", res, res.Scope, err)
	}
	_, err = c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer, Scopes: []string{"https://graph.microsoft.com/Mail.Read"}})
	wantError(t, err, msal.ErrConfiguration)
	more, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Account: res.Account, Scopes: []string{"https://graph.microsoft.com/Mail.Read"}})
	if err != nil || !strings.Contains(more.Scope, "Mail.Read") {
		t.Errorf("got %v, %v; want the other token without asking", more, err)
	}
}

func TestSignInLongerAgoThanAskedForIsRefusedBeforeAnythingIsCached(t *testing.T) {
	for name, when := range map[string]any{"missing": nil, "too old": time.Now().Add(-2 * time.Hour).Unix()} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			c := w.web(t, func(o *msal.Options) { o.Cache = cache })
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{MaxAge: time.Hour})
			w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Tamper: emulator.Tamper{Claims: map[string]any{"auth_time": when}}})
			_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
			var refused *msal.IDTokenError
			if !errors.As(err, &refused) || refused.Reason != msal.IDTokenAuthTime {
				t.Errorf("got %v", err)
			}
			unchanged()
		})
	}
}

func TestExtraQueryParametersComeLast(t *testing.T) {
	c := newWorld(t).web(t)
	flow, err := c.InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{Scopes: []string{"User.Read"}, RedirectURI: callback, LoginHint: "j@c.com",
		ExtraQueryParameters: map[string]string{"slice": "test slice", "dc": "ESTS&x=y"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := "&X-AnchorMailbox=UPN%3Aj%40c.com&dc=ESTS%26x%3Dy&slice=test+slice"; !strings.HasSuffix(flow.URL, want) {
		t.Errorf("got %s, want it to end in %s", flow.URL, want)
	}
}

func TestUnknownPromptIsForTheServiceToJudge(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{Prompt: "reticulate"})
	_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	if e := asError(t, err); e.Code != "invalid_request" {
		t.Errorf("got %v", err)
	}
}

// An authority that promises an issuer in its answers must not be impersonated
// by leaving it out (RFC 9207 section 2.4).
func TestAnswerWithoutThePromisedIssuerIsRefused(t *testing.T) {
	document := func(promise string) []byte {
		return []byte(`{"issuer":"` + authority + `/v2.0","authorization_endpoint":"` + authority + `/oauth2/v2.0/authorize","token_endpoint":"` + authority +
			`/oauth2/v2.0/token","jwks_uri":"` + authority + `/discovery/v2.0/keys"` + promise + `}`)
	}
	for _, tt := range []struct {
		name, promise, iss string
		refused            bool
	}{
		{"promised, missing", `,"authorization_response_iss_parameter_supported":true`, "", true},
		{"promised, there", `,"authorization_response_iss_parameter_supported":true`, authority + "/v2.0", false},
		{"promised, another", `,"authorization_response_iss_parameter_supported":true`, "https://evil.example", true},
		{"denied, missing", `,"authorization_response_iss_parameter_supported":false`, "", false},
		{"not mentioned, missing", "", "", false},
		{"not mentioned, another", "", "https://evil.example", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			c := w.web(t, func(o *msal.Options) {
				o.Cache, o.Metadata = cache, msal.AuthorityMetadata{OpenIDConfiguration: document(tt.promise)}
			})
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
			if tt.iss != "" {
				answer.Set("iss", tt.iss)
			}
			_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
			if !tt.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, msal.ErrProtocol)
			unchanged()
			if n := w.wire.tokens(); n != 0 {
				t.Errorf("%d token requests, want none", n)
			}
		})
	}
}

func TestFlowSurvivesASession(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{MaxAge: time.Hour})
	session, err := json.Marshal(flow)
	if err != nil {
		t.Fatal(err)
	}
	var back msal.AuthCodeFlow
	if err := json.Unmarshal(session, &back); err != nil {
		t.Fatal(err)
	}
	// Another process of the same web application redeems it.
	if _, err := w.web(t).AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: back, Response: answer}); err != nil {
		t.Error(err)
	}
}

// cacheOf is the cache of a client, and how it looked.
func newCache(t *testing.T) (cache *msal.TokenCache, unchanged func()) {
	t.Helper()
	cache = msal.NewTokenCache(msal.CacheOptions{})
	before, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return cache, func() {
		t.Helper()
		after, err := cache.Marshal()
		if err != nil || string(after) != string(before) {
			t.Errorf("the cache changed (error %v)", err)
		}
	}
}

func TestAnswersThatDoNotBelongToTheFlowAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*msal.AuthCodeFlow, url.Values)
		want   error
	}{
		{"another state", func(_ *msal.AuthCodeFlow, a url.Values) { a.Set("state", "x") }, msal.ErrProtocol},
		{"no state", func(_ *msal.AuthCodeFlow, a url.Values) { a.Del("state") }, msal.ErrProtocol},
		{"two states", func(_ *msal.AuthCodeFlow, a url.Values) { a.Add("state", a.Get("state")) }, msal.ErrProtocol},
		{"two codes", func(_ *msal.AuthCodeFlow, a url.Values) { a.Add("code", "x") }, msal.ErrProtocol},
		{"neither code nor error", func(_ *msal.AuthCodeFlow, a url.Values) { a.Del("code") }, msal.ErrProtocol},
		{"another issuer", func(_ *msal.AuthCodeFlow, a url.Values) { a.Set("iss", "https://evil.example") }, msal.ErrProtocol},
		{"an empty flow", func(f *msal.AuthCodeFlow, _ url.Values) { *f = msal.AuthCodeFlow{} }, msal.ErrConfiguration},
		{"an expired flow", func(f *msal.AuthCodeFlow, _ url.Values) { f.ExpiresAt = time.Now().Add(-time.Second) }, msal.ErrTimeout},
		{"consent refused", func(_ *msal.AuthCodeFlow, a url.Values) { a.Del("code"); a.Set("error", "access_denied") }, msal.ErrDeclined},
		{"interaction required", func(_ *msal.AuthCodeFlow, a url.Values) { a.Del("code"); a.Set("error", "login_required") }, msal.ErrInteractionRequired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			c := w.web(t, func(o *msal.Options) { o.Cache = cache })
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
			tt.change(&flow, answer)
			_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
			wantError(t, err, tt.want)
			unchanged()
			if n := w.wire.tokens(); n != 0 {
				t.Errorf("%d token requests, want none", n)
			}
		})
	}
}

func TestErrorAnswerCannotSmuggleATokenIn(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, _ := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
	res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow,
		Response: url.Values{"state": {flow.State}, "error": {"foo"}, "error_description": {"AADSTS50105: no."}, "access_token": {"fake"}}})
	if !res.IsZero() {
		t.Error("a token came out of an error answer")
	}
	if e := asError(t, err); e.Code != "foo" || len(e.AADSTS) != 1 || e.AADSTS[0] != 50105 {
		t.Errorf("got %+v", e)
	}
}

func TestFlowIsGoodOnce(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
	redeem := func() error {
		_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
		return err
	}
	if err := redeem(); err != nil {
		t.Fatal(err)
	}
	wantError(t, redeem(), msal.ErrProtocol)
	if n := w.wire.tokens(); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

func TestIDTokensThatDoNotFitAreRefusedBeforeAnythingIsCached(t *testing.T) {
	for _, tt := range []struct {
		name   string
		tamper emulator.Tamper
		want   msal.IDTokenReason
	}{
		{"issuer", emulator.Tamper{Issuer: "https://login.microsoftonline.com.evil.example/" + emulator.DefaultTenantID + "/v2.0"}, msal.IDTokenIssuer},
		{"issuer of another tenant", emulator.Tamper{Issuer: "https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0"}, msal.IDTokenIssuer},
		{"audience", emulator.Tamper{Audience: emulator.DesktopClientID}, msal.IDTokenAudience},
		{"nonce", emulator.Tamper{Nonce: "x"}, msal.IDTokenNonce},
		{"kid", emulator.Tamper{KeyID: "unknown"}, msal.IDTokenKey},
		{"signature", emulator.Tamper{BadSignature: true}, msal.IDTokenSignature},
		{"unsigned", emulator.Tamper{Algorithm: "none"}, msal.IDTokenAlgorithm},
		{"signed with the public key", emulator.Tamper{Algorithm: "HS256"}, msal.IDTokenAlgorithm},
		{"none at all", emulator.Tamper{Drop: []string{"id_token"}}, msal.IDTokenMissing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			c := w.web(t, func(o *msal.Options) { o.Cache = cache })
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
			w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Tamper: tt.tamper})
			res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
			wantError(t, err, msal.ErrProtocol)
			var refused *msal.IDTokenError
			if !errors.As(err, &refused) || refused.Reason != tt.want {
				t.Errorf("got %v, want an ID token error for %s", err, tt.want)
			}
			if !res.IsZero() {
				t.Error("the token was handed out")
			}
			unchanged()
		})
	}
}

func TestRedemptionTakesASubsetOfTheScopes(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	scopes := []string{"api://tasks/Tasks.Read", "api://tasks/Tasks.Write"}
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{Scopes: scopes})
	_, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer, Scopes: []string{"User.Read"}})
	wantError(t, err, msal.ErrConfiguration)
	res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer, Scopes: scopes[:1]})
	if err != nil || !strings.Contains(res.Scope, "Tasks.Read") {
		t.Errorf("got %v, %v", res, err)
	}
}

func TestBadSignInRequestsAreRefused(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	good := msal.AuthCodeFlowRequest{Scopes: []string{"User.Read"}, RedirectURI: callback}
	for name, change := range map[string]func(*msal.AuthCodeFlowRequest){
		"no redirect URI":            func(r *msal.AuthCodeFlowRequest) { r.RedirectURI = "" },
		"relative redirect URI":      func(r *msal.AuthCodeFlowRequest) { r.RedirectURI = "/callback" },
		"redirect URI with fragment": func(r *msal.AuthCodeFlowRequest) { r.RedirectURI += "#x" },
		"unknown response mode":      func(r *msal.AuthCodeFlowRequest) { r.ResponseMode = "fragment" },
		"negative age":               func(r *msal.AuthCodeFlowRequest) { r.MaxAge = -1 },
		"age in fractions":           func(r *msal.AuthCodeFlowRequest) { r.MaxAge = time.Millisecond },
		"reserved scope":             func(r *msal.AuthCodeFlowRequest) { r.Scopes = []string{"openid"} },
		"claims that are no JSON":    func(r *msal.AuthCodeFlowRequest) { r.Claims = "x" },
		"consent to two in one":      func(r *msal.AuthCodeFlowRequest) { r.ExtraScopesToConsent = []string{"a b"} },
		"own state as an extra":      func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"state": "x"} },
		"own state in capitals":      func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"STATE": "x"} },
		"a request object":           func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"request_uri": "x"} },
		"a secret in the URL":        func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"client_secret": "x"} },
		"an extra without name":      func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"": "x"} },
		"an extra without value":     func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"x": ""} },
		"an extra that is two":       func(r *msal.AuthCodeFlowRequest) { r.ExtraQueryParameters = map[string]string{"a&prompt": "x"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			_, err := c.InitiateAuthCodeFlow(t.Context(), r)
			wantError(t, err, msal.ErrConfiguration)
		})
	}
}
