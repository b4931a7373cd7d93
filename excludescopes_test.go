package msal_test

import (
	"testing"
	"testing/synctest"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func excluding(scopes ...string) func(*msal.Options) {
	return func(o *msal.Options) { o.ExcludeScopes = scopes }
}

func TestExcludedScopesAreInNoRequestForAUser(t *testing.T) {
	w := newWorld(t)
	c := w.web(t, excluding("profile"))
	res := w.signIn(t, c, alice)
	if _, err := c.AcquireTokenSilent(t.Context(), forced(res.Account)); err != nil {
		t.Fatal(err)
	}
	requests := w.Emulator().Requests(emulator.EndpointToken)
	if len(requests) != 2 {
		t.Fatalf("%d token requests, want one for the code and one for the refresh", len(requests))
	}
	for _, r := range requests {
		if want := emulator.TasksReadScope + " offline_access openid"; !r.Sent("scope", want) {
			t.Errorf("not sent: scope=%s in %v", want, r)
		}
	}
}

func TestSignInWithoutOfflineAccessLeavesNoRefreshToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.public(t, excluding("offline_access", "profile"))
		res := w.deviceSignIn(t, c)
		requests := w.Emulator().Requests(emulator.EndpointDeviceCode)
		if want := emulator.TasksReadScope + " openid"; len(requests) != 1 || !requests[0].Sent("scope", want) {
			t.Errorf("not sent: scope=%s in %v", want, requests)
		}
		if res.Account.HomeAccountID == "" || res.IDToken == "" {
			t.Errorf("nobody knows who has signed in: %v", res)
		}
		_, err := c.AcquireTokenSilent(t.Context(), forced(res.Account))
		wantError(t, err, msal.ErrNoToken, msal.ErrInteractionRequired)
	})
}

func TestOnlyScopesThatAreAskedForAnywayCanBeExcluded(t *testing.T) {
	for _, tt := range []struct {
		excluded []string
		hint     string
	}{
		{[]string{"openid"}, "openid cannot be excluded"},
		{[]string{"profile", "openid"}, "openid cannot be excluded"},
		{[]string{"User.Read"}, "name profile or offline_access"},
		{[]string{""}, "name profile or offline_access"},
		{[]string{"Profile"}, "name profile or offline_access"},
		{[]string{"profile offline_access"}, "name profile or offline_access"},
	} {
		_, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{ExcludeScopes: tt.excluded})
		wantError(t, err, msal.ErrConfiguration)
		wantHint(t, err, tt.hint)
	}
	// An application's own tokens have nothing to exclude.
	w := newWorld(t)
	if _, err := w.daemon(t, excluding("profile")).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Error(err)
	}
}
