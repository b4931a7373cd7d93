package msal_test

import (
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/emulator"
)

func find(t *testing.T, c *msal.TokenCache, q msal.CacheQuery) []msal.CacheEntry {
	t.Helper()
	found, err := c.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCacheIsSearchedByTypeAndFields(t *testing.T) {
	for name, store := range map[string]cache.Store{"memory": nil, "store": new(cache.Memory)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tokens := msal.NewTokenCache(msal.CacheOptions{Store: store})
			with := func(o *msal.Options) { o.Cache = tokens }
			web := w.web(t, with)
			res := w.signIn(t, web, alice)
			other := w.signIn(t, web, bob)
			app, err := w.daemon(t, with).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.tasks(t, with).AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: res.AccessToken, Scopes: graphScopes}); err != nil {
				t.Fatal(err)
			}
			if store != nil { // as another process
				tokens = msal.NewTokenCache(msal.CacheOptions{Store: store})
			}
			if got := find(t, tokens, msal.CacheQuery{Type: msal.CacheAccessToken}); len(got) != 3 {
				t.Errorf("access tokens: %v; want three, and none on behalf of anybody", got)
			}
			got := find(t, tokens, msal.CacheQuery{Type: msal.CacheAccessToken, OfApplication: true, ClientID: emulator.DaemonClientID})
			if len(got) != 1 || got[0].Secret != app.AccessToken || got[0].Target != app.Scope || !got[0].ExpiresOn.Equal(app.ExpiresOn) || got[0].TokenType != "Bearer" {
				t.Errorf("the application's token: %v", got)
			}
			q := msal.CacheQuery{Type: msal.CacheAccessToken, HomeAccountID: res.Account.HomeAccountID, Target: []string{emulator.TasksReadScope}}
			if got := find(t, tokens, q); len(got) != 1 || got[0].Secret != res.AccessToken {
				t.Errorf("alice's token: %v", got)
			}
			got = find(t, tokens, msal.CacheQuery{Type: msal.CacheAccount, Username: strings.ToUpper(bob)})
			if len(got) != 1 || got[0].HomeAccountID != other.Account.HomeAccountID || got[0].LocalAccountID != other.Account.LocalAccountID || got[0].AccountSource != "authorization_code" {
				t.Errorf("bob's account: %v", got)
			}
			for _, kind := range []msal.CacheEntryType{msal.CacheRefreshToken, msal.CacheIDToken} {
				if got := find(t, tokens, msal.CacheQuery{Type: kind, ClientID: emulator.WebClientID}); len(got) != 2 || got[0].Secret == "" {
					t.Errorf("%ss: %v", kind, got)
				}
			}
			if got := find(t, tokens, msal.CacheQuery{Type: msal.CacheAppMetadata, ClientID: emulator.WebClientID}); len(got) == 0 {
				t.Error("no app metadata")
			}
		})
	}
}

func TestBadQueriesAreRefused(t *testing.T) {
	tokens, unchanged := newCache(t)
	for _, tt := range []struct {
		q    msal.CacheQuery
		hint string
	}{
		{msal.CacheQuery{}, "set Type to one of"},
		{msal.CacheQuery{Type: "accesstoken"}, "set Type to one of"},
		{msal.CacheQuery{Type: msal.CacheAccessToken, Target: []string{"a b"}}, "a string of its own"},
		{msal.CacheQuery{Type: msal.CacheAccessToken, HomeAccountID: "a.b", OfApplication: true}, "give one of them"},
	} {
		got, err := tokens.Find(t.Context(), tt.q)
		wantError(t, err, msal.ErrConfiguration)
		wantHint(t, err, tt.hint)
		if got != nil {
			t.Errorf("found %v all the same", got)
		}
	}
	unchanged()
}
