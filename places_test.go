package msal_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

const fabrikam = "22222222-2222-4222-8222-222222222222"

// twoTenants has a second tenant, in which the daemon is known.
func twoTenants() emulator.Config {
	cfg := emulator.Defaults()
	for i := range cfg.Tenants[0].Apps {
		cfg.Tenants[0].Apps[i].MultiTenant = true
	}
	cfg.Tenants = append(cfg.Tenants, emulator.Tenant{ID: fabrikam, Name: "Fabrikam", Domains: []string{"fabrikam.test"}})
	return cfg
}

func TestDaemonActsInAnotherTenantPerRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoTenants())
	client := w.daemon(t)
	ask := func(tenant string) msal.Result {
		t.Helper()
		res, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	own, other := ask(""), ask(fabrikam)
	if own.AccessToken == other.AccessToken || other.Source != msal.FromIdentityProvider {
		t.Error("two tenants got one token")
	}
	if got := ask(fabrikam); got.Source != msal.FromCache || got.AccessToken != other.AccessToken {
		t.Errorf("the second time: %v", got)
	}
	if got := ask("fabrikam.test"); got.Source != msal.FromCache || got.AccessToken != other.AccessToken {
		t.Errorf("by its domain: %v", got)
	}
	if got := ask(""); got.Source != msal.FromCache || got.AccessToken != own.AccessToken {
		t.Errorf("the client's own tenant changed: %v", got)
	}
	if got := w.wire.count("/" + fabrikam + "/oauth2/v2.0/token"); got != 1 || w.wire.tokens() != 2 {
		t.Errorf("%d token requests, %d of them in the other tenant", w.wire.tokens(), got)
	}
}

func TestTokensOfAnotherTenantAreForgottenByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoTenants())
	client := w.daemon(t)
	source := func(tenant string) msal.ResultSource {
		t.Helper()
		res, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		return res.Source
	}
	source("")
	source(fabrikam)
	if err := client.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{Tenant: "fabrikam.test"}); err != nil {
		t.Fatal(err)
	}
	if source("") != msal.FromCache || source(fabrikam) != msal.FromIdentityProvider {
		t.Error("want the other tenant's token forgotten, and only that")
	}
	if err := client.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
		t.Fatal(err)
	}
	if source(fabrikam) != msal.FromCache || source("") != msal.FromIdentityProvider {
		t.Error("want the own tenant's token forgotten, and only that")
	}
	err := client.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{Tenant: "a/../b"})
	wantError(t, err, msal.ErrConfiguration)
}

func TestSilentActsInAnotherTenantPerRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.web(t, at("https://login.microsoftonline.com/common"))
	account := w.signIn(t, client, alice).Account
	ask := func(tenant string) msal.Result {
		t.Helper()
		res, err := client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: account, Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if got := ask(""); got.Source != msal.FromCache {
		t.Errorf("in the client's own tenant: %v", got)
	}
	first := ask(emulator.DefaultTenantID)
	if first.Source != msal.FromIdentityProvider || w.wire.count("/"+emulator.DefaultTenantID+"/oauth2/v2.0/token") != 1 {
		t.Errorf("in the other tenant: %v", first)
	}
	if got := ask(emulator.DefaultTenantID); got.Source != msal.FromCache || got.AccessToken != first.AccessToken {
		t.Errorf("the second time: %v", got)
	}
	accounts, err := client.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != account.HomeAccountID {
		t.Errorf("accounts %v, %v; want the one", accounts, err)
	}
}

func TestTenantOfARequestNeverLeadsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, relatives())
	client := w.daemon(t)
	for _, tenant := range []string{"..", "a/b", "common?x=y", "x#y", "@evil.example", ":443", "a%2fb", `..\x`, "a b", "ä", strings.Repeat("a", 300), "adfs", "//evil.example"} {
		_, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Tenant: tenant})
		wantError(t, err, msal.ErrConfiguration)
		_, err = client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{tasksScope}, Account: msal.Account{HomeAccountID: "a.b"}, Tenant: tenant})
		wantError(t, err, msal.ErrConfiguration)
	}
	for _, authority := range []string{"https://adfs.contoso.test/adfs", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in"} {
		_, err := w.daemon(t, at(authority)).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Tenant: fabrikam})
		wantError(t, err, msal.ErrConfiguration)
	}
	if asked := w.asked(); len(asked) != 0 {
		t.Errorf("requests %q", asked)
	}
}

// A service acts in the tenants of all its customers at once.
func TestManyTenantsAtOnceKeepTheirTokensApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, twoTenants())
	client := w.daemon(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	tokens := map[string]string{}
	for i := range 40 {
		tenant := []string{"", fabrikam, "fabrikam.test", "contoso.test"}[i%4]
		realm := []string{"contoso", "fabrikam", "fabrikam", "contoso"}[i%4]
		wg.Go(func() {
			res, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Tenant: tenant})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if have, ok := tokens[realm]; ok && have != res.AccessToken {
				t.Errorf("%s got two tokens", realm)
			}
			tokens[realm] = res.AccessToken
		})
	}
	wg.Wait()
	if tokens["contoso"] == tokens["fabrikam"] || w.wire.tokens() != 2 {
		t.Errorf("%d token requests for two tenants", w.wire.tokens())
	}
}

func TestHitInAnotherTenantAllocatesNothing(t *testing.T) {
	w := newWorld(t, twoTenants())
	client := w.daemon(t)
	request := msal.ForClientRequest{Scopes: []string{tasksScope}, Tenant: fabrikam}
	ctx := t.Context()
	if _, err := client.AcquireTokenForClient(ctx, request); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if r, err := client.AcquireTokenForClient(ctx, request); err != nil || r.Source != msal.FromCache {
			t.Error("no hit")
		}
	}); n > 0 {
		t.Errorf("a hit allocates %v times, want 0", n)
	}
}
