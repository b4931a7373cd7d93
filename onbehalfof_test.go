package msal_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// tasks is the API in the middle: people call it with tokens for api://tasks.
func (w *world) tasks(t *testing.T, change ...func(*msal.Options)) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.TasksClientID, msal.Secret(emulator.TasksSecret), w.options(change...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var graphScopes = []string{"https://graph.microsoft.com/User.Read"}

func TestOnBehalfOfServesEachCallerItsOwnToken(t *testing.T) {
	w := newWorld(t)
	web, api := w.web(t), w.tasks(t)
	tokens := map[string]msal.Result{}
	for _, upn := range []string{alice, bob} {
		caller := w.signIn(t, web, upn)
		first, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes})
		if err != nil || first.Source != msal.FromIdentityProvider {
			t.Fatalf("got %v, %v", first, err)
		}
		if first.Account.Username != upn || first.Account.HomeAccountID != caller.Account.HomeAccountID || first.Account.AccountSource != "" {
			t.Errorf("got account %+v, want %s", first.Account, upn)
		}
		second, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes})
		if err != nil || second.Source != msal.FromCache || second.AccessToken != first.AccessToken {
			t.Errorf("got %v, %v; want the first token from the cache", second, err)
		}
		tokens[first.AccessToken] = first
	}
	if len(tokens) != 2 {
		t.Error("two callers share a token")
	}
	accounts, err := api.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 0 {
		t.Errorf("got accounts %+v, %v; want none", accounts, err)
	}
}

func TestOnBehalfOfHitAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	request := msal.OnBehalfOfRequest{UserAssertion: w.signIn(t, w.web(t), alice).AccessToken, Scopes: graphScopes}
	api, ctx := w.tasks(t), t.Context()
	if _, err := api.AcquireTokenOnBehalfOf(ctx, request); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if r, err := api.AcquireTokenOnBehalfOf(ctx, request); err != nil || r.Source != msal.FromCache {
			t.Error("no hit")
		}
	}); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}

func TestOnBehalfOfHerdSendsOneRequest(t *testing.T) {
	w := newWorld(t)
	caller := w.signIn(t, w.web(t), alice)
	api, before := w.tasks(t), w.wire.tokens()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.wire.tokens() - before; n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

func TestLongRunningWorkOutlivesTheAssertion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a bubble: the night takes no time
		w := newWorld(t)
		caller := w.signIn(t, w.web(t), alice)
		api := w.tasks(t)
		request := msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes, LongRunningKey: "job 1"}
		first, err := api.AcquireTokenOnBehalfOf(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Hour)
		request.UserAssertion = ""
		later, err := api.AcquireTokenOnBehalfOf(t.Context(), request)
		if err != nil || later.AccessToken == first.AccessToken {
			t.Errorf("got %v, %v; want a new token by refresh token", later, err)
		}
		request.LongRunningKey = "job 2"
		if _, err = api.AcquireTokenOnBehalfOf(t.Context(), request); !errors.Is(err, msal.ErrNoToken) {
			t.Errorf("another key: got %v, want ErrNoToken", err)
		}
	})
}

// A caller may present anything as a token; the name of a long-running process
// is not to be one.
func TestKeyOfALongRunningProcessIsNoAssertion(t *testing.T) {
	w := newWorld(t)
	caller := w.signIn(t, w.web(t), alice)
	api := w.tasks(t)
	if _, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes, LongRunningKey: "job 1"}); err != nil {
		t.Fatal(err)
	}
	res, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: "job 1", Scopes: graphScopes})
	if err == nil || !res.IsZero() {
		t.Errorf("got %v, %v; want the refusal of what is no token", res, err)
	}
}

func TestOnBehalfOfNeedsAnAssertion(t *testing.T) {
	w := newWorld(t)
	_, err := w.tasks(t).AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{Scopes: graphScopes})
	wantError(t, err, msal.ErrConfiguration)
	_, err = w.tasks(t).AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: "no token", Scopes: graphScopes})
	wantError(t, err, msal.ErrInteractionRequired)
}

func TestMigratedRefreshTokenSignsTheUserIn(t *testing.T) {
	w := newWorld(t)
	old := msal.NewTokenCache(msal.CacheOptions{})
	res := w.signIn(t, w.web(t, func(o *msal.Options) { o.Cache = old }), alice)
	c := w.web(t)
	migrated, err := c.AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{RefreshToken: refreshTokenOf(t, old), Scopes: []string{emulator.TasksReadScope}})
	if err != nil || migrated.Account.HomeAccountID != res.Account.HomeAccountID || migrated.Account.Username != alice {
		t.Fatalf("got %+v, %v", migrated.Account, err)
	}
	if hit, err := c.AcquireTokenSilent(t.Context(), silent(migrated.Account)); err != nil || hit.Source != msal.FromCache {
		t.Errorf("got %v, %v", hit, err)
	}
	_, err = c.AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{RefreshToken: "made up", Scopes: []string{emulator.TasksReadScope}})
	wantError(t, err, msal.ErrInteractionRequired)
	_, err = c.AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{Scopes: []string{emulator.TasksReadScope}})
	wantError(t, err, msal.ErrConfiguration)
}

func TestRemovedApplicationTokensAreAskedForAgain(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	share := func(o *msal.Options) { o.Cache = cache }
	user := w.signIn(t, w.web(t, share), alice)
	c := w.daemon(t, share)
	request := msal.ForClientRequest{Scopes: []string{tasksScope}}
	if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
		t.Fatal(err)
	}
	if again, err := c.AcquireTokenForClient(t.Context(), request); err != nil || again.Source != msal.FromIdentityProvider {
		t.Errorf("got %v, %v; want a new token", again, err)
	}
	if hit, err := w.web(t, share).AcquireTokenSilent(t.Context(), silent(user.Account)); err != nil || hit.Source != msal.FromCache {
		t.Errorf("the user's token is gone: %v, %v", hit, err)
	}
}

// refreshTokenOf takes the one refresh token out of a cache.
func refreshTokenOf(t *testing.T, cache *msal.TokenCache) string {
	t.Helper()
	data, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		RefreshToken map[string]struct{ Secret string }
	}
	if err := json.Unmarshal(data, &content); err != nil {
		t.Fatal(err)
	}
	for _, rt := range content.RefreshToken {
		return rt.Secret
	}
	t.Fatal("no refresh token")
	return ""
}

func TestOnBehalfOfRefusesReservedScopesHitOrNot(t *testing.T) {
	w := newWorld(t)
	api := w.tasks(t)
	request := msal.OnBehalfOfRequest{UserAssertion: w.signIn(t, w.web(t), alice).AccessToken, Scopes: graphScopes}
	if res, err := api.AcquireTokenOnBehalfOf(t.Context(), request); err != nil || !strings.Contains(res.Scope, "openid") {
		t.Fatalf("got %v, %v; want a token with openid", res, err)
	}
	request.Scopes = []string{"openid"}
	_, err := api.AcquireTokenOnBehalfOf(t.Context(), request)
	wantError(t, err, msal.ErrConfiguration)
}
