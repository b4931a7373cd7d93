package msal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// The environment decides in these tests, so that they do not run in parallel.

const shellEndpoint = "POST localhost:50342/oauth2/token"

func inShell(scopes ...string) msal.InteractiveRequest {
	return msal.InteractiveRequest{Scopes: scopes, Prompt: msal.PromptNone, OpenURL: func(context.Context, string) error { panic("Cloud Shell shows nothing") },
		OnBeforeLaunchingUI: func(string) { panic("Cloud Shell shows nothing") }}
}

// tokensAskedFor are the requests to Cloud Shell and to token endpoints.
func (w *world) tokensAskedFor() []string {
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.wire.requests), func(r string) bool { return !strings.HasSuffix(r, "/token") })
}

func TestCloudShellAnswersForItsPerson(t *testing.T) {
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "cloud-shell/1.0")
	synctest.Test(t, func(t *testing.T) {
		cfg := emulator.Defaults()
		cfg.CloudShellUser = bob
		w := newWorld(t, cfg)
		cache := msal.NewTokenCache(msal.CacheOptions{})
		c := w.public(t, func(o *msal.Options) { o.Cache = cache })
		res, err := c.AcquireTokenInteractive(t.Context(), inShell("https://graph.microsoft.com/.default"))
		if err != nil {
			t.Fatal(err)
		}
		if res.Source != msal.FromBroker || res.Account.AuthorityType != "CLOUDSHELL" || res.Account.Username != bob || res.TokenType != "Bearer" || time.Until(res.ExpiresOn) < 50*time.Minute {
			t.Errorf("got %v for %+v", res, res.Account)
		}
		accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{Username: bob})
		if err != nil || len(accounts) != 1 || accounts[0] != res.Account {
			t.Errorf("got %+v, %v; want the account", accounts, err)
		}
		quiet := msal.SilentRequest{Account: res.Account, Scopes: []string{"https://graph.microsoft.com/.default"}}
		if hit, err := c.AcquireTokenSilent(t.Context(), quiet); err != nil || hit.Source != msal.FromCache || hit.AccessToken != res.AccessToken {
			t.Errorf("got %v, %v; want the cached token", hit, err)
		}
		time.Sleep(time.Hour)
		quiet.Account = msal.Account{HomeAccountID: res.Account.HomeAccountID}
		fresh, err := c.AcquireTokenSilent(t.Context(), quiet)
		if err != nil || fresh.Source != msal.FromBroker || fresh.AccessToken == res.AccessToken {
			t.Errorf("got %v, %v; want a fresh token", fresh, err)
		}
		quiet.Scopes, quiet.Account = []string{"https://management.azure.com/.default"}, res.Account
		if other, err := c.AcquireTokenSilent(t.Context(), quiet); err != nil || other.AccessToken == fresh.AccessToken {
			t.Errorf("got %v, %v; want a token for the other resource", other, err)
		}
		if got := w.tokensAskedFor(); !slices.Equal(got, []string{shellEndpoint, shellEndpoint, shellEndpoint}) {
			t.Errorf("asked %q", got)
		}
		if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: res.Account}); err != nil {
			t.Error(err)
		}
		if left, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(left) != 0 {
			t.Errorf("got %v, %v", left, err)
		}
	})
}

// az ssh does so in Cloud Shell.
func TestCloudShellBindsTokensToKeys(t *testing.T) {
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "cloud-shell/1.0")
	w := newWorld(t)
	cache, _ := newCache(t)
	c := w.public(t, func(o *msal.Options) { o.Cache = cache })
	const graph = "https://graph.microsoft.com/.default"
	key := func(id string) map[string]string {
		return map[string]string{"token_type": "ssh-cert", "key_id": id, "req_cnf": "jwk-" + id}
	}
	res, err := c.AcquireTokenInteractive(t.Context(), inShell(graph))
	if err != nil {
		t.Fatal(err)
	}
	quiet := msal.SilentRequest{Account: res.Account, Scopes: []string{graph}, ExtraParameters: key("k1")}
	if got, err := c.AcquireTokenSilent(t.Context(), quiet); !errors.Is(err, msal.ErrProtocol) {
		t.Errorf("got %v, %v; want no bearer token for a certificate", got, err)
	}
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointCloudShell}, ContentType: "application/json",
		Body: `{"access_token":"certificate-1","token_type":"ssh-cert","expires_in":"3600"}`})
	bound, err := c.AcquireTokenSilent(t.Context(), quiet)
	if err != nil || bound.AccessToken != "certificate-1" || bound.TokenType != "ssh-cert" || bound.Account != res.Account {
		t.Fatalf("got %v for %+v, %v", bound, bound.Account, err)
	}
	if hit, err := c.AcquireTokenSilent(t.Context(), quiet); err != nil || hit.Source != msal.FromCache || hit.AccessToken != "certificate-1" {
		t.Errorf("got %v, %v; want the certificate of the cache", hit, err)
	}
	quiet.ExtraParameters = nil
	if hit, err := c.AcquireTokenSilent(t.Context(), quiet); err != nil || hit.AccessToken != res.AccessToken {
		t.Errorf("got %v, %v; want the bearer token of the cache", hit, err)
	}
	asked := w.Emulator().Requests(emulator.EndpointCloudShell)
	if last := asked[len(asked)-1].Form; last.Get("token_type") != "ssh-cert" || last.Get("key_id") != "k1" || last.Get("resource") != "https://graph.microsoft.com" {
		t.Errorf("asked with %v", last)
	}
	request := inShell(graph)
	request.ExtraParameters = key("k2")
	_, err = c.AcquireTokenInteractive(t.Context(), request)
	wantError(t, err, msal.ErrProtocol)
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 1 {
		t.Errorf("got %v, %v; want one account", accounts, err)
	}
}

func TestCloudShellOfSomebodyElseIsRefused(t *testing.T) {
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "cloud-shell/1.0")
	cache := msal.NewTokenCache(msal.CacheOptions{})
	share := func(o *msal.Options) { o.Cache = cache }
	const graph = "https://graph.microsoft.com/.default"
	res, err := newWorld(t).public(t, share).AcquireTokenInteractive(t.Context(), inShell(graph))
	if err != nil {
		t.Fatal(err)
	}
	cfg := emulator.Defaults()
	cfg.CloudShellUser = bob
	got, err := newWorld(t, cfg).public(t, share).AcquireTokenSilent(t.Context(), msal.SilentRequest{Account: res.Account, Scopes: []string{graph}, Claims: `{"access_token":{"nbf":{"essential":true}}}`})
	wantError(t, err, msal.ErrProtocol)
	wantHint(t, err, "somebody else")
	if !got.IsZero() {
		t.Errorf("got %v", got)
	}
}

func TestCloudShellIsForPromptNoneAlone(t *testing.T) {
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "cloud-shell/1.0")
	w := newWorld(t)
	c := w.public(t)
	res, err := c.AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil || res.Source != msal.FromIdentityProvider || res.Account.AuthorityType != "MSSTS" {
		t.Fatalf("got %v, %v", res, err)
	}
	again := silent(res.Account)
	again.ForceRefresh = true
	if _, err := c.AcquireTokenSilent(t.Context(), again); err != nil {
		t.Error(err)
	}
	if slices.Contains(w.tokensAskedFor(), shellEndpoint) {
		t.Error("Cloud Shell was asked for somebody who had signed in")
	}
}

func TestOutsideOfCloudShellNobodyAnswersForItsAccounts(t *testing.T) {
	cache := msal.NewTokenCache(msal.CacheOptions{})
	w := newWorld(t)
	share := func(o *msal.Options) { o.Cache = cache }
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "cloud-shell")
	res, err := w.public(t, share).AcquireTokenInteractive(t.Context(), inShell("https://graph.microsoft.com/.default"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "VSCode")
	c := w.public(t, share)
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 0 {
		t.Errorf("got %v, %v; want none", accounts, err)
	}
	_, err = c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Account: res.Account, Scopes: []string{"https://graph.microsoft.com/.default"}, ForceRefresh: true})
	wantError(t, err, msal.ErrNoToken, msal.ErrInteractionRequired)
	request := interactive(w, alice)
	request.Prompt = msal.PromptNone
	_, err = c.AcquireTokenInteractive(t.Context(), request) // asks the browser's session
	wantError(t, err, msal.ErrInteractionRequired)
}

func TestBadAnswersOfCloudShell(t *testing.T) {
	t.Setenv("AZUREPS_HOST_ENVIRONMENT", "cloud-shell/1.0")
	const graph = "https://graph.microsoft.com/.default"
	for _, tt := range []struct {
		name   string
		scopes []string
		fault  emulator.Fault
		want   error
		hint   string
	}{
		{"no scopes", nil, emulator.Fault{}, msal.ErrConfiguration, "one resource at a time"},
		{"two resources", []string{graph, "https://management.azure.com/.default"}, emulator.Fault{}, msal.ErrConfiguration, "one resource at a time"},
		{"reserved scope", []string{"openid"}, emulator.Fault{}, msal.ErrConfiguration, "reserved"},
		{"HTML", []string{graph}, emulator.Fault{Body: "<html>" + planted, ContentType: "text/html"}, msal.ErrProtocol, "is not the JSON object"},
		{"HTML and 502", []string{graph}, emulator.Fault{Status: 502, Body: "<html>" + planted}, msal.ErrTransient, "502"},
		{"another token type", []string{graph}, emulator.Fault{Body: `{"access_token":"` + planted + `","token_type":"pop"}`, ContentType: "application/json"}, msal.ErrProtocol, "token_type"},
		{"a broken connection", []string{graph}, emulator.Fault{Reset: true}, msal.ErrTransient, "localhost:50342"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			if tt.fault.Body != "" || tt.fault.Reset {
				tt.fault.Match = emulator.Match{Endpoint: emulator.EndpointCloudShell}
				w.Emulator().Inject(tt.fault)
			}
			_, err := w.public(t, func(o *msal.Options) { o.Cache = cache }).AcquireTokenInteractive(t.Context(), inShell(tt.scopes...))
			wantError(t, err, tt.want)
			wantHint(t, err, tt.hint)
			unchanged()
		})
	}
	w := newWorld(t)
	_, err := w.public(t).AcquireTokenInteractive(t.Context(), inShell("https://nothing.test/.default"))
	if e := asError(t, err); e.Code != "invalid_resource" || e.StatusCode != 400 {
		t.Errorf("got %+v", e)
	}
}
