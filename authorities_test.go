package msal_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// relatives is a tenant that has everything besides Entra.
func relatives() emulator.Config {
	cfg := emulator.Defaults()
	cfg.Tenants[0].Policies = []string{"B2C_1_in"}
	cfg.Tenants[0].ADFS = []string{"adfs.contoso.test"}
	cfg.Hosts = []string{"login.contoso.test"}
	return cfg
}

func at(url string) func(*msal.Options) {
	return func(o *msal.Options) { o.Authority, o.OIDCAuthority = url, "" }
}

func atOIDC(url string) func(*msal.Options) {
	return func(o *msal.Options) { o.Authority, o.OIDCAuthority = "", url }
}

// asked lists the requests of the client, without those of the person's browser.
func (w *world) asked() []string {
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	return slices.Clone(w.wire.requests)
}

func TestEveryKindOfAuthoritySignsInAndRefreshes(t *testing.T) {
	t.Parallel()
	const id = emulator.DefaultTenantID
	for _, c := range []struct {
		name                            string
		use                             func(*msal.Options)
		environment, realm, accountType string
		configuration                   string
	}{
		{"AD FS", at("https://adfs.contoso.test/adfs"), "adfs.contoso.test", "adfs", "ADFS", "adfs.contoso.test/adfs/.well-known/openid-configuration"},
		{"AD FS as it is typed in its console", at("https://ADFS.contoso.test/ADFS/"), "adfs.contoso.test", "adfs", "ADFS", "adfs.contoso.test/ADFS/.well-known/openid-configuration"},
		{"AD FS as OIDC", atOIDC("https://adfs.contoso.test/adfs"), "adfs.contoso.test", "adfs", "ADFS", "adfs.contoso.test/adfs/.well-known/openid-configuration"},
		{"B2C", at("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in"), "contoso.b2clogin.com", "contoso.onmicrosoft.com", "MSSTS",
			"contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in/v2.0/.well-known/openid-configuration"},
		{"B2C on a custom domain", at("https://login.contoso.test/contoso.onmicrosoft.com/b2c_1_in"), "login.contoso.test", "contoso.onmicrosoft.com", "MSSTS",
			"login.contoso.test/contoso.onmicrosoft.com/b2c_1_in/v2.0/.well-known/openid-configuration"},
		{"External ID", at("https://contoso.ciamlogin.com"), "contoso.ciamlogin.com", id, "MSSTS", "contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration"},
		{"External ID with a tenant", at("https://contoso.ciamlogin.com/" + id), "contoso.ciamlogin.com", id, "MSSTS", "contoso.ciamlogin.com/" + id + "/v2.0/.well-known/openid-configuration"},
		{"Entra as OIDC", atOIDC("https://login.microsoftonline.com/" + id + "/v2.0"), "login.microsoftonline.com", id, "MSSTS",
			"login.microsoftonline.com/" + id + "/v2.0/.well-known/openid-configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, relatives())
			client := w.web(t, c.use)
			res := w.signIn(t, client, alice)
			a := res.Account
			if a.Environment != c.environment || a.Realm != c.realm || a.AuthorityType != c.accountType || res.AccessToken == "" {
				t.Errorf("got %+v", a)
			}
			if c.name != "B2C" && c.name != "B2C on a custom domain" && a.Username != alice {
				t.Errorf("the user name is %q", a.Username)
			}
			again, err := client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: a, ForceRefresh: true})
			if err != nil || again.Source != msal.FromIdentityProvider {
				t.Errorf("refresh: %v, %v", again, err)
			}
			hit, err := client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: a})
			if err != nil || hit.Source != msal.FromCache {
				t.Errorf("cache: %v, %v", hit, err)
			}
			if !strings.Contains(c.name, "OIDC") { // there, the subject would have to be the same
				// Without client_info, the answer is about who was asked for.
				w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Tamper: emulator.Tamper{Drop: []string{"client_info"}}})
				if _, err := client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: a, ForceRefresh: true}); err != nil {
					t.Errorf("refresh without client_info: %v", err)
				}
			}
			var documents []string
			for _, r := range w.asked() {
				if strings.HasPrefix(r, "GET ") && !strings.HasSuffix(r, "/keys") {
					documents = append(documents, strings.TrimPrefix(r, "GET "))
				}
			}
			if want := []string{c.configuration}; !slices.Equal(documents, want) {
				t.Errorf("documents %q, want %q alone", documents, want)
			}
		})
	}
}

func TestEveryKindOfAuthorityServesDaemons(t *testing.T) {
	t.Parallel()
	w := newWorld(t, relatives())
	for _, use := range []func(*msal.Options){
		at("https://adfs.contoso.test/adfs"),
		at("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in"),
		at("https://contoso.ciamlogin.com"),
		at(msal.AuthorityURL(msal.AzurePublic, emulator.DefaultTenantID)),
		at(msal.AuthorityURL(msal.AzureChina, emulator.DefaultTenantID)),
		at(msal.AuthorityURL(msal.AzureUSGovernment, emulator.DefaultTenantID)),
		at(msal.AuthorityURL(msal.AzureGovFR, emulator.DefaultTenantID)),
		at(msal.AuthorityURL(msal.AzureGovDE, emulator.DefaultTenantID)),
		at(msal.AuthorityURL(msal.AzureGovSG, emulator.DefaultTenantID)),
	} {
		client := w.daemon(t, use)
		for _, want := range []msal.ResultSource{msal.FromIdentityProvider, msal.FromCache} {
			res, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
			if err != nil || res.Source != want {
				t.Errorf("%v, %v; want a token from %s", res, err, want)
			}
		}
	}
}

func TestAuthorityURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cloud  msal.Cloud
		tenant string
		want   string
	}{
		{msal.AzurePublic, "contoso.com", "https://login.microsoftonline.com/contoso.com"},
		{msal.AzureUSGovernment + "/", "/common/", "https://login.microsoftonline.us/common"},
		{"login.example:8443", "t", "https://login.example:8443/t"},
	} {
		if got := msal.AuthorityURL(c.cloud, c.tenant); got != c.want {
			t.Errorf("AuthorityURL(%q, %q) = %q, want %q", c.cloud, c.tenant, got, c.want)
		}
	}
}

func TestKnownAuthoritiesAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	for _, known := range []string{"login.contoso.test", "https://LOGIN.contoso.test/whatever"} {
		w := newWorld(t, relatives())
		here := at("https://login.contoso.test/" + emulator.DefaultTenantID)
		_, err := w.daemon(t, here).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		wantError(t, err, msal.ErrConfiguration) // Microsoft does not know it
		before := w.wire.count("/discovery/instance")
		client := w.daemon(t, here, func(o *msal.Options) { o.KnownAuthorities = []string{known} })
		if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
			t.Error(err)
		}
		if got := w.wire.count("/discovery/instance") - before; got != 0 || before != 1 {
			t.Errorf("asked %d times before and %d times after", before, got)
		}
	}
}

func TestGivenMetadataNeedsNoNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, relatives())
	const authority = "https://login.contoso.test/contoso.onmicrosoft.com"
	document := fetch(t, w, authority+"/v2.0/.well-known/openid-configuration")
	client := w.daemon(t, at(authority), func(o *msal.Options) { o.Metadata.OpenIDConfiguration = document })
	res, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil || res.Source != msal.FromIdentityProvider {
		t.Fatalf("%v, %v", res, err)
	}
	want := []string{"POST login.contoso.test/" + emulator.DefaultTenantID + "/oauth2/v2.0/token"}
	if got := w.asked(); !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}

// Who signed in under another name of the host is found under this one.
func TestGivenAliasesFindAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, relatives())
	shared := msal.NewTokenCache(msal.CacheOptions{})
	account := w.signIn(t, w.web(t, at("https://login.contoso.test/"+emulator.DefaultTenantID), func(o *msal.Options) {
		o.Cache, o.InstanceDiscovery = shared, msal.InstanceDiscoveryOff
	}), alice).Account
	const authority = "https://sts.contoso.test/" + emulator.DefaultTenantID
	document := strings.ReplaceAll(string(fetch(t, w, "https://login.contoso.test/"+emulator.DefaultTenantID+"/v2.0/.well-known/openid-configuration")), "login.contoso.test", "sts.contoso.test")
	for aliases, want := range map[string]int{
		"": 0,
		`{"metadata":[{"aliases":["sts.contoso.test","login.contoso.test"]}]}`: 1,
	} {
		client := w.web(t, at(authority), func(o *msal.Options) {
			o.Cache, o.Metadata = shared, msal.AuthorityMetadata{OpenIDConfiguration: []byte(document), InstanceDiscovery: []byte(aliases)}
		})
		accounts, err := client.Accounts(t.Context(), msal.AccountsRequest{})
		if err != nil || len(accounts) != want || want == 1 && accounts[0].HomeAccountID != account.HomeAccountID {
			t.Errorf("aliases %q: %v, %v; want %d", aliases, accounts, err, want)
		}
	}
}

// fetch reads a document without the client.
func fetch(t *testing.T, w *world, url string) []byte {
	t.Helper()
	res, err := w.HTTPClient().Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil || res.StatusCode != http.StatusOK || !json.Valid(body) {
		t.Fatalf("GET %s: %d, %v", url, res.StatusCode, err)
	}
	return body
}

func TestUnusableAuthorityOptionsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*msal.Options){
		"known authority with a path":     func(o *msal.Options) { o.KnownAuthorities = []string{"login.example/contoso"} },
		"known authority without TLS":     func(o *msal.Options) { o.KnownAuthorities = []string{"http://login.example"} },
		"metadata that is not JSON":       func(o *msal.Options) { o.Metadata.OpenIDConfiguration = []byte("<html>") },
		"metadata of another issuer":      func(o *msal.Options) { o.Metadata.OpenIDConfiguration = []byte(`{"issuer":"https://evil.example"}`) },
		"instance discovery alone":        func(o *msal.Options) { o.Metadata.InstanceDiscovery = []byte("{}") },
		"a region that is none":           func(o *msal.Options) { o.Region = "West US 2" },
		"a region that leads elsewhere":   func(o *msal.Options) { o.Region = "evil.example/" },
		"AD FS without its path":          at("https://adfs.contoso.test"),
		"B2C with a policy in the query":  at("https://contoso.b2clogin.com/contoso.onmicrosoft.com?p=b2c_1_in"),
		"a tenant that escapes External":  at("https://contoso.ciamlogin.com/../x"),
		"dSTS over an authority and OIDC": func(o *msal.Options) { o.OIDCAuthority = "https://dsts.example/dstsv2/common" },
	} {
		w := newWorld(t)
		_, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), w.options(change))
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantError(t, err, msal.ErrConfiguration)
		if len(w.asked()) != 0 {
			t.Errorf("%s: requests %q", name, w.asked())
		}
	}
}

func TestTokensOfAnotherIssuerAreRefusedForEveryKind(t *testing.T) {
	t.Parallel()
	for _, authority := range []string{
		"https://adfs.contoso.test/adfs",
		"https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in",
		"https://contoso.ciamlogin.com",
	} {
		w := newWorld(t, relatives())
		client := w.web(t, at(authority))
		flow, answer := w.begin(t, client, alice, msal.AuthCodeFlowRequest{})
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken},
			Tamper: emulator.Tamper{Issuer: "https://login.microsoftonline.com/" + emulator.DefaultTenantID + "/v2.0"}})
		_, err := client.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
		var refused *msal.IDTokenError
		if !errors.As(err, &refused) || refused.Reason != msal.IDTokenIssuer {
			t.Errorf("%s: %v, want a refused issuer", authority, err)
		}
	}
}
