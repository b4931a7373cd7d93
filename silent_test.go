package msal_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func silent(account msal.Account) msal.SilentRequest {
	return msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: account}
}

func TestSilentServesTheCachedTokenThenRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.web(t)
		signedIn := w.signIn(t, c, alice)
		before := w.wire.tokens()
		hit, err := c.AcquireTokenSilent(t.Context(), silent(signedIn.Account))
		if err != nil || hit.Source != msal.FromCache || hit.AccessToken != signedIn.AccessToken || hit.Account != signedIn.Account {
			t.Errorf("got %v, %v; want the token of the sign-in", hit, err)
		}
		if n := w.wire.tokens() - before; n != 0 {
			t.Errorf("%d token requests for a hit", n)
		}
		time.Sleep(time.Until(signedIn.ExpiresOn) - 4*time.Minute)
		fresh, err := c.AcquireTokenSilent(t.Context(), silent(signedIn.Account))
		if err != nil || fresh.Source != msal.FromIdentityProvider || fresh.AccessToken == signedIn.AccessToken || fresh.Account != signedIn.Account {
			t.Errorf("got %v, %v; want a new token", fresh, err)
		}
		if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 1 || accounts[0].AccountSource != "authorization_code" {
			t.Errorf("got accounts %+v, %v; want the one account as it was", accounts, err)
		}
	})
}

func TestSilentUserHitAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	request := silent(w.signIn(t, c, alice).Account)
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if r, err := c.AcquireTokenSilent(ctx, request); err != nil || r.Source != msal.FromCache {
			t.Error("no hit")
		}
	}); n != 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}

func TestSilentAsksForThePerson(t *testing.T) {
	t.Run("when no account is given", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.public(t).AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"User.Read"}})
		wantError(t, err, msal.ErrNoToken, msal.ErrInteractionRequired)
	})
	t.Run("when the cache has nothing for the account", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.public(t).AcquireTokenSilent(t.Context(), silent(msal.Account{HomeAccountID: "a.b"}))
		wantError(t, err, msal.ErrNoToken, msal.ErrInteractionRequired)
		if len(w.wire.requests) != 0 {
			t.Errorf("requests were sent: %q", w.wire.requests)
		}
	})
	t.Run("when the service has revoked the session", func(t *testing.T) {
		w := newWorld(t)
		c := w.web(t)
		res := w.signIn(t, c, alice)
		if err := w.Emulator().Revoke(alice); err != nil {
			t.Fatal(err)
		}
		request := silent(res.Account)
		request.ForceRefresh = true
		_, err := c.AcquireTokenSilent(t.Context(), request)
		wantError(t, err, msal.ErrInteractionRequired)
		if e := asError(t, err); e.Code != "invalid_grant" || len(e.AADSTS) == 0 {
			t.Errorf("got %+v", e)
		}
		// The access token is still good for those who do not insist.
		if hit, err := c.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil || hit.Source != msal.FromCache {
			t.Errorf("got %v, %v", hit, err)
		}
	})
}

func TestSilentBringsTokensForOtherResources(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	res := w.signIn(t, c, alice)
	other, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"https://graph.microsoft.com/User.Read"}, Account: res.Account})
	if err != nil || other.Source != msal.FromIdentityProvider || other.AccessToken == res.AccessToken {
		t.Errorf("got %v, %v", other, err)
	}
}

func TestUsersDoNotGetEachOthersTokens(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	a, b := w.signIn(t, c, alice), w.signIn(t, c, bob)
	if a.Account.HomeAccountID == b.Account.HomeAccountID || a.AccessToken == b.AccessToken {
		t.Fatal("two users are one")
	}
	for _, res := range []msal.Result{a, b} {
		if hit, err := c.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil || hit.AccessToken != res.AccessToken {
			t.Errorf("got %v, %v; want the user's own token", hit, err)
		}
	}
	bobs, err := c.Accounts(t.Context(), msal.AccountsRequest{Username: "BOB@contoso.test"})
	if err != nil || len(bobs) != 1 || bobs[0].Username != bob {
		t.Errorf("got %+v, %v; want bob alone", bobs, err)
	}
}

func TestRemovedAccountIsGone(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	res, other := w.signIn(t, c, alice), w.signIn(t, c, bob)
	if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: res.Account}); err != nil {
		t.Fatal(err)
	}
	_, err := c.AcquireTokenSilent(t.Context(), silent(res.Account))
	wantError(t, err, msal.ErrNoToken)
	accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 || accounts[0] != other.Account {
		t.Errorf("got %+v, %v; want bob alone", accounts, err)
	}
	if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: res.Account}); err != nil {
		t.Errorf("removing again: %v", err)
	}
	wantError(t, c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{}), msal.ErrConfiguration)
}

func TestCacheTravelsBetweenProcesses(t *testing.T) {
	w := newWorld(t)
	first := msal.NewTokenCache(msal.CacheOptions{})
	res := w.signIn(t, w.web(t, func(o *msal.Options) { o.Cache = first }), alice)
	data, err := first.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	second := msal.NewTokenCache(msal.CacheOptions{})
	if err := second.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	c := w.web(t, func(o *msal.Options) { o.Cache = second })
	if hit, err := c.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil || hit.AccessToken != res.AccessToken {
		t.Errorf("got %v, %v; want the first process's token", hit, err)
	}
	request := silent(res.Account)
	request.ForceRefresh = true
	if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
		t.Errorf("the refresh token did not survive: %v", err)
	}
}

func TestCorruptCacheChangesNothing(t *testing.T) {
	w := newWorld(t)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	res := w.signIn(t, w.web(t, func(o *msal.Options) { o.Cache = cache }), alice)
	before, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"{", "[]", `"x"`, string(before[:len(before)/2]), "\x00", `{"AccessToken":[]}`} {
		wantError(t, cache.Unmarshal([]byte(bad)), msal.ErrCache)
		after, err := cache.Marshal()
		if err != nil || string(after) != string(before) {
			t.Errorf("%.10q changed the cache (%v)", bad, err)
		}
	}
	if hit, err := w.web(t, func(o *msal.Options) { o.Cache = cache }).AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil || hit.Source != msal.FromCache {
		t.Errorf("got %v, %v", hit, err)
	}
}

func TestRefreshThatAnswersForSomebodyElseIsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	res := w.signIn(t, c, alice)
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Tamper: emulator.Tamper{
		Set: map[string]any{"client_info": "eyJ1aWQiOiJib2IiLCJ1dGlkIjoidCJ9"}}}) // {"uid":"bob","utid":"t"}
	request := silent(res.Account)
	request.ForceRefresh = true
	other, err := c.AcquireTokenSilent(t.Context(), request)
	var refused *msal.IDTokenError
	if !errors.As(err, &refused) || refused.Reason != msal.IDTokenSubject || !other.IsZero() {
		t.Errorf("got %v, %v; want an ID token error for the subject", other, err)
	}
}
