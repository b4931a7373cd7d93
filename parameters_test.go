package msal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// exchangeScopes are for tokens that are client assertions.
var exchangeScopes = []string{"api://AzureADTokenExchange/.default"}

func (w *world) blueprint(t *testing.T, change ...func(*msal.Options)) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.BlueprintClientID, msal.Secret(emulator.BlueprintSecret), w.options(change...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// last is the last token request.
func (w *world) last(t *testing.T) emulator.Exchange {
	t.Helper()
	all := w.tokenRequests()
	if len(all) == 0 {
		t.Fatal("no token request")
	}
	return all[len(all)-1]
}

// accessTokens are the entries of a cache, by their keys.
func accessTokens(t *testing.T, cache *msal.TokenCache) map[string]map[string]any {
	t.Helper()
	data, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ AccessToken map[string]map[string]any }
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	return content.AccessToken
}

func TestTokensOfFMIPathsAreKeptApart(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	c := w.blueprint(t, func(o *msal.Options) { o.Cache = cache })
	const path = "SomeFmiPath/FmiCredentialPath"
	tokens := map[string]string{}
	for i, p := range []string{path, "other", ""} {
		request := msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: p}
		first, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil || first.Source != msal.FromIdentityProvider || w.wire.tokens() != i+1 {
			t.Fatalf("path %q: got %v, %v after %d requests; want a token of its own", p, first, err, w.wire.tokens())
		}
		if got := w.last(t).Form.Get("fmi_path"); got != p {
			t.Errorf("the path %q was sent as %q", p, got)
		}
		tokens[p] = first.AccessToken
	}
	for p, want := range tokens {
		hit, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: p})
		if err != nil || hit.Source != msal.FromCache || hit.AccessToken != want {
			t.Errorf("path %q: got %v, %v; want its token from the cache", p, hit, err)
		}
	}
	key := strings.ToLower("-login.microsoftonline.com-atext-" + emulator.BlueprintClientID + "-" + emulator.DefaultTenantID +
		"-" + exchangeScopes[0] + "-zm2n0e62zwtsnnsozptlsooob_c7i-gfpxhyqqinjuw") // as MSAL Python computes it
	if e := accessTokens(t, cache)[key]; e["ext_cache_key"] != "zm2n0e62zwtsnnsozptlsooob_c7i-gfpxhyqqinjuw" || e["credential_type"] != "AccessToken" {
		t.Errorf("no entry %s of that kind among %v", key, slices.Collect(maps.Keys(accessTokens(t, cache))))
	}
	if err := c.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
		t.Fatal(err)
	}
	if left := accessTokens(t, cache); len(left) != 0 {
		t.Errorf("%d tokens are left", len(left))
	}
}

func TestThrottledFMIPathHoldsUpNoOther(t *testing.T) {
	w := newWorld(t)
	c := w.blueprint(t)
	w.fail(emulator.Fault{Status: 429, RetryAfter: time.Minute})
	_, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: "one"})
	wantError(t, err, msal.ErrThrottled)
	if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: "two"}); err != nil {
		t.Error(err)
	}
	_, err = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: "one"})
	wantError(t, err, msal.ErrThrottled)
	if n := w.wire.tokens(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// slice is what a developer of the service might send.
var slice = map[string]string{"dc": "ESTS-PUB-WUS2-AZ1-TEST1", "empty": ""}

// Each flow sends the extra parameters, and keeps its token for them alone.
func TestExtraParametersGoWithEveryFlow(t *testing.T) {
	for _, tt := range []struct {
		name string
		ask  func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error)
	}{
		{"client credentials", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			return w.daemon(t, shared(cache)).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, ExtraParameters: slice})
		}},
		{"authorization code", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			c := w.web(t, shared(cache))
			flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
			return c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer, ExtraParameters: slice})
		}},
		{"interactive", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			r := interactive(w, alice)
			r.ExtraParameters = slice
			return w.public(t, shared(cache)).AcquireTokenInteractive(t.Context(), r)
		}},
		{"device code", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			c := w.public(t, shared(cache))
			if err := w.Emulator().SetLifetimes(emulator.Lifetimes{DeviceInterval: time.Second}); err != nil {
				t.Fatal(err)
			}
			flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{emulator.TasksReadScope}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
				t.Fatal(err)
			}
			return c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow, ExtraParameters: slice})
		}},
		{"password", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			r := password(alice)
			r.ExtraParameters = slice
			return w.public(t, shared(cache)).AcquireTokenByUsernamePassword(t.Context(), r)
		}},
		{"on behalf of", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			caller := w.signIn(t, w.web(t), alice)
			return w.tasks(t, shared(cache)).AcquireTokenOnBehalfOf(t.Context(),
				msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes, ExtraParameters: slice})
		}},
		{"refresh token", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			old := msal.NewTokenCache(msal.CacheOptions{})
			w.signIn(t, w.web(t, shared(old)), alice)
			return w.web(t, shared(cache)).AcquireTokenByRefreshToken(t.Context(),
				msal.RefreshTokenRequest{RefreshToken: refreshTokenOf(t, old), Scopes: []string{emulator.TasksReadScope}, ExtraParameters: slice})
		}},
		{"user federated identity credential", func(t *testing.T, w *world, cache *msal.TokenCache) (msal.Result, error) {
			c, r := w.agentUser(t, shared(cache))
			if err := c.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
				t.Fatal(err)
			}
			r.ExtraParameters = slice
			return c.AcquireTokenByUserFederatedIdentityCredential(t.Context(), r)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache := msal.NewTokenCache(msal.CacheOptions{})
			res, err := tt.ask(t, w, cache)
			if err != nil || res.Source != msal.FromIdentityProvider {
				t.Fatalf("got %v, %v", res, err)
			}
			if last := w.last(t); !last.Sent("dc", slice["dc"]) || last.Form.Has("empty") {
				t.Errorf("%v was not sent as it should", slice)
			}
			if tt.name == "on behalf of" { // whose tokens are in no file
				return
			}
			for key, e := range accessTokens(t, cache) {
				if e["ext_cache_key"] == nil || !strings.Contains(key, "-atext-") {
					t.Errorf("the token is kept for everybody, as %s", key)
				}
			}
			if n := len(accessTokens(t, cache)); n != 1 {
				t.Errorf("%d tokens are kept, want 1", n)
			}
		})
	}
}

func shared(cache *msal.TokenCache) func(*msal.Options) {
	return func(o *msal.Options) { o.Cache = cache }
}

func TestSilentTokensAreKeptForTheirParametersAndGoWithTheAccount(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	c := w.web(t, shared(cache))
	account := w.signIn(t, c, alice).Account
	tokens := map[string]bool{}
	for _, params := range []map[string]string{nil, {"dc": "1"}, {"dc": "2"}, {"dc": "1", "slice": "s"}} {
		request := silent(account)
		request.ExtraParameters = params
		before := w.wire.tokens()
		first, err := c.AcquireTokenSilent(t.Context(), request)
		if err != nil || tokens[first.AccessToken] || (w.wire.tokens() > before) != (params != nil) {
			t.Fatalf("%v: got %v, %v", params, first, err)
		}
		tokens[first.AccessToken] = true
		again, err := c.AcquireTokenSilent(t.Context(), request)
		if err != nil || again.AccessToken != first.AccessToken || again.Source != msal.FromCache {
			t.Errorf("%v: got %v, %v; want it from the cache", params, again, err)
		}
	}
	if n := len(accessTokens(t, cache)); n != 4 {
		t.Errorf("%d tokens are kept, want 4", n)
	}
	if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: account}); err != nil {
		t.Fatal(err)
	}
	if left := accessTokens(t, cache); len(left) != 0 {
		t.Errorf("%d tokens of the account are left", len(left))
	}
}

// MSAL Python sends them with the first one only.
func TestEveryRefreshTokenThatIsTriedGoesWithTheParameters(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	account := w.signIn(t, c, alice).Account
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{Scopes: graphScopes})
	if _, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer}); err != nil {
		t.Fatal(err)
	}
	before := len(w.tokenRequests())
	w.fail(emulator.Fault{AADSTS: 70000})
	request := silent(account)
	request.ExtraParameters = slice
	if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	tried := w.tokenRequests()[before:]
	if len(tried) != 2 {
		t.Fatalf("%d refresh tokens were tried, want 2", len(tried))
	}
	for i, x := range tried {
		if !x.Sent("dc", slice["dc"]) {
			t.Errorf("request %d lacks the parameters", i)
		}
	}
}

func TestHerdsWithDifferentParametersDoNotShareAnswers(t *testing.T) {
	for _, tt := range []struct {
		name string
		open func(t *testing.T, w *world) func(params map[string]string) (msal.Result, error)
	}{
		{"client credentials", func(t *testing.T, w *world) func(map[string]string) (msal.Result, error) {
			c := w.daemon(t)
			return func(params map[string]string) (msal.Result, error) {
				return c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, ExtraParameters: params})
			}
		}},
		{"silent", func(t *testing.T, w *world) func(map[string]string) (msal.Result, error) {
			c := w.web(t)
			request := silent(w.signIn(t, c, alice).Account)
			return func(params map[string]string) (msal.Result, error) {
				r := request
				r.ExtraParameters = params
				return c.AcquireTokenSilent(t.Context(), r)
			}
		}},
		{"on behalf of", func(t *testing.T, w *world) func(map[string]string) (msal.Result, error) {
			caller := w.signIn(t, w.web(t), alice)
			c := w.tasks(t)
			return func(params map[string]string) (msal.Result, error) {
				return c.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes, ExtraParameters: params})
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // a bubble: all are there before the first answer is
				w := newWorld(t)
				ask := tt.open(t, w)
				w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: -1, Delay: time.Second})
				before := w.wire.tokens()
				// MSAL Python has one key for both.
				sets := []map[string]string{{"dc": "bslicea"}, {"dc": "b", "slice": "a"}}
				var mu sync.Mutex
				tokens := []map[string]bool{{}, {}}
				herd := func(n int) {
					var wg sync.WaitGroup
					for i := range n {
						wg.Go(func() {
							res, err := ask(sets[i%2])
							if err != nil {
								t.Error(err)
							}
							mu.Lock()
							defer mu.Unlock()
							tokens[i%2][res.AccessToken] = true
						})
					}
					wg.Wait()
				}
				herd(20)
				herd(2) // from the cache
				if n := w.wire.tokens() - before; n != 2 || len(tokens[0]) != 1 || len(tokens[1]) != 1 || maps.Equal(tokens[0], tokens[1]) {
					t.Errorf("%d requests brought %d and %d tokens, want 2 with a token each", n, len(tokens[0]), len(tokens[1]))
				}
			})
		})
	}
}

func TestUnusableParametersAreRefusedWithoutNetwork(t *testing.T) {
	const own, named = "use the field of the request", "use letters, digits"
	many := map[string]string{}
	for i := range 65 {
		many[fmt.Sprint("p", i)] = "v"
	}
	for _, tt := range []struct {
		name, hint string
		params     map[string]string
	}{
		{"ours", own, map[string]string{"grant_type": planted}},
		{"ours, another letter case", own, map[string]string{"Client_Secret": planted}},
		{"ours, though empty", own, map[string]string{"client_info": ""}},
		{"the scope", "use the Scopes", map[string]string{"scope": planted}},
		{"the claims", "use the Claims", map[string]string{"claims": planted}},
		{"the path", "use ForClientRequest.FMIPath", map[string]string{"fmi_path": planted}},
		{"no name", named, map[string]string{"": planted}},
		{"a blank in the name", named, map[string]string{"a b": planted}},
		{"a delimiter in the name", named, map[string]string{"a&b=c": planted}},
		{"a name of another alphabet", named, map[string]string{"ñ": planted}},
		{"a long name", named, map[string]string{strings.Repeat("n", 101): planted}},
		{"a control character", "printable text", map[string]string{"a": planted + "\x00"}},
		{"no UTF-8", "printable text", map[string]string{"a": planted + "\xff"}},
		{"a long value", "64 KiB", map[string]string{"a": strings.Repeat("v", 64<<10+1)}},
		{"too many", "more than 64", many},
		{"no key id", "parameter key_id", map[string]string{"token_type": "ssh-cert", "req_cnf": planted}},
		{"no key", "parameter req_cnf", map[string]string{"token_type": "ssh-cert", "key_id": "k"}},
		{"no key id, pop", "parameter key_id", map[string]string{"token_type": "pop", "req_cnf": planted}},
		{"no key, pop", "parameter req_cnf", map[string]string{"token_type": "PoP", "key_id": "k"}},
		{"no key id, of a future type", "parameter key_id", map[string]string{"token_type": "future"}},
		{"no token type", "give a token_type", map[string]string{"req_cnf": planted, "key_id": "k"}},
		{"a bearer token with a key", "give a token_type", map[string]string{"token_type": "Bearer", "key_id": "k"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			ctx := t.Context()
			public, web := w.public(t, shared(cache)), w.web(t, shared(cache))
			r := interactive(w, alice)
			r.ExtraParameters = tt.params
			upn := password(alice)
			upn.ExtraParameters = tt.params
			account := msal.Account{HomeAccountID: "a.b"}
			for flow, ask := range map[string]func() (msal.Result, error){
				"for client": func() (msal.Result, error) {
					return web.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: []string{tasksScope}, ExtraParameters: tt.params})
				},
				"silent": func() (msal.Result, error) {
					return web.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: graphScopes, Account: account, ExtraParameters: tt.params})
				},
				"interactive": func() (msal.Result, error) { return public.AcquireTokenInteractive(ctx, r) },
				"password":    func() (msal.Result, error) { return public.AcquireTokenByUsernamePassword(ctx, upn) },
				"code": func() (msal.Result, error) {
					return web.AcquireTokenByAuthCodeFlow(ctx, msal.AuthCodeRedemption{Flow: msal.AuthCodeFlow{Scopes: graphScopes}, ExtraParameters: tt.params})
				},
				"device": func() (msal.Result, error) {
					flow := msal.DeviceFlow{DeviceCode: "d", ClientID: emulator.DesktopClientID, Authority: authority}
					return public.AcquireTokenByDeviceFlow(ctx, msal.DeviceFlowRedemption{Flow: flow, ExtraParameters: tt.params})
				},
				"on behalf of": func() (msal.Result, error) {
					return web.AcquireTokenOnBehalfOf(ctx, msal.OnBehalfOfRequest{UserAssertion: "a", Scopes: graphScopes, ExtraParameters: tt.params})
				},
				"refresh token": func() (msal.Result, error) {
					return web.AcquireTokenByRefreshToken(ctx, msal.RefreshTokenRequest{RefreshToken: "r", Scopes: graphScopes, ExtraParameters: tt.params})
				},
				"user fic": func() (msal.Result, error) {
					return web.AcquireTokenByUserFederatedIdentityCredential(ctx, msal.UserFederatedIdentityCredentialRequest{
						Assertion: "a", Username: alice, Scopes: graphScopes, ExtraParameters: tt.params})
				},
			} {
				res, err := ask()
				if err == nil || !res.IsZero() {
					t.Fatalf("%s: got %v, %v; want an error", flow, res, err)
				}
				wantError(t, err, msal.ErrConfiguration)
				wantHint(t, err, tt.hint)
			}
			unchanged()
			if len(w.wire.requests) != 0 {
				t.Errorf("requests were sent: %q", w.wire.requests)
			}
		})
	}
	t.Run("an FMI path that is no text", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.blueprint(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: planted + "\x00"})
		wantError(t, err, msal.ErrConfiguration)
		wantHint(t, err, "give the path as text")
	})
}

// A provider is not told of them: its token would be kept for what it is not.
func TestTokenProviderTakesNoParameters(t *testing.T) {
	w := newWorld(t)
	provide := msal.TokenProvider(func(context.Context, msal.TokenProviderRequest) (msal.TokenProviderResult, error) {
		t.Error("the provider was asked")
		return msal.TokenProviderResult{}, nil
	})
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, provide, w.options())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []msal.ForClientRequest{{FMIPath: "a"}, {ExtraParameters: slice}} {
		r.Scopes = exchangeScopes
		_, err := c.AcquireTokenForClient(t.Context(), r)
		wantError(t, err, msal.ErrConfiguration)
		wantHint(t, err, "another credential")
	}
}

// proofOfPossession asks for a token that is bound to the key with this name.
func proofOfPossession(keyID string) map[string]string {
	cnf := base64.RawURLEncoding.EncodeToString([]byte(`{"kid":"` + keyID + `","xms_ksl":"sw"}`))
	return map[string]string{"token_type": "pop", "key_id": keyID, "req_cnf": cnf}
}

// sshCertificate is what Azure's command line asks with.
func sshCertificate(keyID string) map[string]string {
	key := testKey()
	jwk, err := json.Marshal(map[string]string{"kty": "RSA", "kid": keyID,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB"})
	if err != nil {
		panic(err)
	}
	return map[string]string{"token_type": "ssh-cert", "key_id": keyID, "req_cnf": string(jwk)}
}

const sshScope = "https://pas.windows.net/CheckMyAccess/Linux/user_impersonation"

func TestTokensOfKeysLiveSideBySide(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	c := w.public(t, shared(cache))
	r := interactive(w, alice)
	r.Scopes = []string{sshScope}
	res, err := c.AcquireTokenInteractive(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	asks := []map[string]string{nil, proofOfPossession("k1"), proofOfPossession("k2"), sshCertificate("k1"), sshCertificate("k2")}
	seen := map[string]string{}
	for range 2 {
		for i, params := range asks {
			got, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: r.Scopes, Account: res.Account, ExtraParameters: params})
			if err != nil {
				t.Fatal(err)
			}
			want := "Bearer"
			if params != nil {
				want = params["token_type"]
			}
			name := fmt.Sprint(i)
			if got.TokenType != want || seen[name] != "" && seen[name] != got.AccessToken {
				t.Errorf("%v: got %v", params, got)
			}
			seen[name] = got.AccessToken
		}
	}
	if n := w.wire.tokens(); n != 1+4 {
		t.Errorf("%d token requests, want one for the sign-in and one for each of four", n)
	}
	distinct := map[string]bool{}
	for _, token := range seen {
		distinct[token] = true
	}
	entries := accessTokens(t, cache)
	if len(distinct) != len(asks) || len(entries) != len(asks) {
		t.Errorf("%d tokens in %d entries, want %d", len(distinct), len(entries), len(asks))
	}
	for _, e := range entries {
		if (e["token_type"] == "Bearer") != (e["key_id"] == nil) || e["ext_cache_key"] != nil {
			t.Errorf("an entry of type %v has the key %v and the extended key %v", e["token_type"], e["key_id"], e["ext_cache_key"])
		}
	}
	if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: res.Account}); err != nil {
		t.Fatal(err)
	}
	if left := accessTokens(t, cache); len(left) != 0 {
		t.Errorf("%d tokens are left", len(left))
	}
}

func TestTokensOfAnotherTypeAreRefusedAndNotKept(t *testing.T) {
	for _, tt := range []struct {
		name, answered string
		params         map[string]string
	}{
		{"bearer for pop", "Bearer", proofOfPossession("k")},
		{"none for pop", "", proofOfPossession("k")},
		{"pop for ssh-cert", "pop", sshCertificate("k")},
		{"pop for bearer", "pop", nil},
		{"ssh-cert for bearer", "SSH-cert", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			body, err := json.Marshal(map[string]any{"access_token": planted, "token_type": tt.answered, "expires_in": 3600})
			if err != nil {
				t.Fatal(err)
			}
			w.fail(emulator.Fault{Status: 200, ContentType: "application/json", Body: string(body)})
			res, err := w.daemon(t, shared(cache)).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, ExtraParameters: tt.params})
			wantError(t, err, msal.ErrProtocol)
			wantHint(t, err, "does the service know the token_type")
			if !res.IsZero() {
				t.Error("the token got out")
			}
			unchanged()
		})
	}
}

func TestRefreshTokenBesideATokenOfAnotherTypeIsKept(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	c := w.web(t, shared(cache))
	res := w.signIn(t, c, alice)
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken},
		Tamper: emulator.Tamper{Set: map[string]any{"token_type": "pop", "refresh_token": "rotated"}}})
	request := silent(res.Account)
	request.ForceRefresh = true
	_, err := c.AcquireTokenSilent(t.Context(), request)
	wantError(t, err, msal.ErrProtocol)
	found := find(t, cache, msal.CacheQuery{Type: msal.CacheRefreshToken})
	if len(found) != 1 || found[0].Secret != "rotated" {
		t.Error("the refresh token that the service rotated is lost")
	}
	request.ForceRefresh = false
	if hit, err := c.AcquireTokenSilent(t.Context(), request); err != nil || hit.AccessToken != res.AccessToken {
		t.Errorf("got %v, %v; want the token that was there", hit, err)
	}
}

func TestHitWithoutParametersAllocatesNothingBesideTokensThatHaveThem(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t)
	request := msal.ForClientRequest{Scopes: []string{tasksScope}}
	for _, params := range []map[string]string{slice, proofOfPossession("k"), nil} {
		request.ExtraParameters = params
		if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.AcquireTokenForClient(ctx, request); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
