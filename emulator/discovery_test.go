package emulator_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/msal-go/msal/emulator"
)

func instance(endpoint, version string) string {
	return loginHost + "/common/discovery/instance?" + url.Values{"authorization_endpoint": {endpoint}, "api-version": {version}}.Encode()
}

func TestInstanceDiscoveryDocumentIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	f := start(t)
	resp, err := f.browser.Get(instance(authority+"/oauth2/v2.0/authorize", "1.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "instance-discovery.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("the document changed:\n%s", got)
	}
}

func TestInstanceDiscoveryEchoesTheAskedTenant(t *testing.T) {
	t.Parallel()
	f := start(t)
	for asked, want := range map[string]string{
		"https://login.microsoftonline.com/contoso.test/oauth2/v2.0/authorize":         "https://login.microsoftonline.com/contoso.test/v2.0/.well-known/openid-configuration",
		"https://login.microsoftonline.com/common/oauth2/authorize":                    "https://login.microsoftonline.com/common/.well-known/openid-configuration",
		"https://STS.windows.net/organizations/oauth2/v2.0/authorize":                  "https://sts.windows.net/organizations/v2.0/.well-known/openid-configuration",
		"https://login.partner.microsoftonline.cn/t/oauth2/v2.0/authorize":             "https://login.partner.microsoftonline.cn/t/v2.0/.well-known/openid-configuration",
		"https://westus2.login.microsoft.com/t/oauth2/v2.0/authorize":                  "https://westus2.login.microsoft.com/t/v2.0/.well-known/openid-configuration",
		"https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize":  "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
		"https://login.sovcloud-identity.fr/contoso.test/oauth2/v2.0/authorize":        "https://login.sovcloud-identity.fr/contoso.test/v2.0/.well-known/openid-configuration",
		"https://login-us.microsoftonline.com/contoso.test/something/v2.0/more/of/it/": "https://login-us.microsoftonline.com/contoso.test/v2.0/.well-known/openid-configuration",
	} {
		if got := f.get(instance(asked, "1.1")).text("tenant_discovery_endpoint"); got != want {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}

func TestInstanceDiscoveryRefuses(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		address string
		error   string
		code    int
	}{
		"an unknown host":          {instance("https://login.evil.example/common/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"a look-alike":             {instance("https://login.microsoftonline.com.evil.example/t/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"two labels in front":      {instance("https://a.b.login.microsoft.com/t/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"plain http":               {instance("http://login.microsoftonline.com/t/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"loopback under a name":    {instance("https://localhost:8443/t/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"user information":         {instance("https://x@login.microsoftonline.com/t/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"no path":                  {instance("https://login.microsoftonline.com", "1.1"), "invalid_instance", 50049},
		"not an address":           {instance("://", "1.1"), "invalid_instance", 50049},
		"the bare customer domain": {instance("https://ciamlogin.com/t/oauth2/v2.0/authorize", "1.1"), "invalid_instance", 50049},
		"no authorization address": {loginHost + "/common/discovery/instance?api-version=1.1", "invalid_request", 900144},
		"no version":               {loginHost + "/common/discovery/instance?authorization_endpoint=x", "invalid_request", 900144},
		"an unknown version":       {instance(authority+"/oauth2/v2.0/authorize", "9"), "invalid_request", 90013},
	} {
		a := f.get(c.address)
		if a.Status != 400 || a.text("error") != c.error || a.code() != c.code {
			t.Errorf("%s: %s, want %s AADSTS%d", name, a.summary(), c.error, c.code)
		}
	}
}

func TestInstanceDiscoveryOfALoopbackAddressKnowsItself(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.get("https://localhost:8443/common/discovery/instance?api-version=1.1&authorization_endpoint=https://localhost:8443/contoso.test/oauth2/v2.0/authorize")
	if got, want := a.text("tenant_discovery_endpoint"), "https://localhost:8443/contoso.test/v2.0/.well-known/openid-configuration"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	list, _ := a.Body["metadata"].([]any)
	last, _ := list[len(list)-1].(map[string]any)
	if last["preferred_network"] != "localhost:8443" {
		t.Errorf("the last entry is %v, want the address itself", last["preferred_network"])
	}
}

func TestConfigurationPerTenantAndHost(t *testing.T) {
	t.Parallel()
	f := start(t)
	const id = emulator.DefaultTenantID
	for address, want := range map[string]struct{ issuer, token string }{
		"https://login.microsoftonline.com/" + id:           {"https://login.microsoftonline.com/" + id + "/v2.0", "https://login.microsoftonline.com/" + id},
		"https://login.microsoftonline.com/contoso.test":    {"https://login.microsoftonline.com/" + id + "/v2.0", "https://login.microsoftonline.com/" + id},
		"https://login.microsoftonline.com/Contoso.TEST":    {"https://login.microsoftonline.com/" + id + "/v2.0", "https://login.microsoftonline.com/" + id},
		"https://login.microsoftonline.com/common":          {"https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/common"},
		"https://login.microsoftonline.com/common/":         {"https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/common"},
		"https://login.microsoftonline.com/organizations":   {"https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/organizations"},
		"https://login.microsoftonline.com/consumers":       {"https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "https://login.microsoftonline.com/consumers"},
		"https://login.windows.net/contoso.test":            {"https://login.microsoftonline.com/" + id + "/v2.0", "https://login.windows.net/" + id},
		"https://login.chinacloudapi.cn/contoso.test":       {"https://login.partner.microsoftonline.cn/" + id + "/v2.0", "https://login.chinacloudapi.cn/" + id},
		"https://login.microsoftonline.us/contoso.test":     {"https://login.microsoftonline.us/" + id + "/v2.0", "https://login.microsoftonline.us/" + id},
		"https://contoso.ciamlogin.com/contoso.test":        {"https://" + id + ".ciamlogin.com/" + id + "/v2.0", "https://contoso.ciamlogin.com/" + id},
		"https://localhost:8443/contoso.test":               {"https://localhost:8443/" + id + "/v2.0", "https://localhost:8443/" + id},
		"http://127.0.0.1:8080/contoso.test":                {"http://127.0.0.1:8080/" + id + "/v2.0", "http://127.0.0.1:8080/" + id},
		"https://login.microsoftonline.com:443/common":      {"https://login.microsoftonline.com/{tenantid}/v2.0", "https://login.microsoftonline.com/common"},
		"https://westus2.login.microsoft.com/contoso.test/": {"https://login.microsoftonline.com/" + id + "/v2.0", "https://westus2.login.microsoft.com/" + id},
	} {
		a := f.get(address + "/v2.0/.well-known/openid-configuration")
		if a.Status != http.StatusOK {
			t.Errorf("%s: %s", address, a.summary())
			continue
		}
		for member, value := range map[string]string{
			"issuer": want.issuer, "token_endpoint": want.token + "/oauth2/v2.0/token", "authorization_endpoint": want.token + "/oauth2/v2.0/authorize",
			"device_authorization_endpoint": want.token + "/oauth2/v2.0/devicecode", "end_session_endpoint": want.token + "/oauth2/v2.0/logout",
			"jwks_uri": want.token + "/discovery/v2.0/keys",
		} {
			if got := a.text(member); got != value {
				t.Errorf("%s: %s is %s, want %s", address, member, got, value)
			}
		}
	}
}

func TestUnknownTenantsHostsAndPaths(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Hosts = []string{"entra"} })
	for address, want := range map[string]struct{ status, code int }{
		loginHost + "/nobody.example/v2.0/.well-known/openid-configuration": {400, 90002},
		loginHost + "/nobody.example/discovery/v2.0/keys":                   {400, 90002},
		loginHost + "/common/.well-known/openid-configuration":              {404, 0}, // version 1 is not emulated
		loginHost + "/": {404, 0},
		loginHost + "/common/oauth2/v2.0/nothing":                                    {404, 0},
		"https://www.example.com/common/v2.0/.well-known/openid-configuration":       {404, 0},
		"https://evil.login.microsoftonline.com.example/common/discovery/v2.0/keys":  {404, 0},
		"https://entra:8443/common/v2.0/.well-known/openid-configuration":            {200, 0},
		"https://graph.microsoft.com/v1.0/users":                                     {404, 0},
		loginHost + "/common/v2.0/.well-known/openid-configuration?p=x&p=y":          {200, 0},
		loginHost + "/COMMON/V2.0/.well-known/OPENID-configuration":                  {200, 0},
		loginHost + "/9188040d-6c67-4c5b-b112-36a304b66dad/discovery/v2.0/keys":      {200, 0},
		loginHost + "/11111111-1111-4111-8111-111111111112/discovery/v2.0/keys":      {400, 90002},
		loginHost + "/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration": {200, 0},
	} {
		if a := f.get(address); a.Status != want.status || a.code() != want.code {
			t.Errorf("%s: %s, want status %d AADSTS%d", address, a.summary(), want.status, want.code)
		}
	}
}

func TestUserRealm(t *testing.T) {
	t.Parallel()
	f := start(t)
	for path, want := range map[string]string{
		"/common/userrealm/alice@contoso.test?api-version=1.0": "Managed",
		"/common/UserRealm/alice@contoso.test?api-version=1.0": "Managed",
		"/common/userrealm/x@nowhere.example?api-version=1.0":  "Unknown",
		"/common/userrealm/nobody?api-version=1.0":             "Unknown",
	} {
		a := f.get(loginHost + path)
		if a.text("account_type") != want || a.text("ver") != "1.0" || a.text("cloud_instance_name") != "microsoftonline.com" {
			t.Errorf("%s: %v, want %s", path, a.Body, want)
		}
	}
}

func TestCorrelationIDIsEchoed(t *testing.T) {
	t.Parallel()
	f := start(t)
	const id = "5b3ff6a5-1f5e-4d2a-8a3f-000000000001"
	a := f.post(tokenURL, daemon("scope", "-"))
	if a.text("correlation_id") != id || a.Header.Get("client-request-id") != id {
		t.Errorf("correlation id %q and header %q, want %q", a.text("correlation_id"), a.Header.Get("client-request-id"), id)
	}
	if a.Header.Get("x-ms-request-id") != a.text("trace_id") || a.text("trace_id") == "" {
		t.Errorf("x-ms-request-id %q, trace_id %q: want the same", a.Header.Get("x-ms-request-id"), a.text("trace_id"))
	}
	quiet := f.post(tokenURL, daemon(), "return-client-request-id", "false")
	if got := quiet.Header.Get("client-request-id"); got != "" {
		t.Errorf("the header %q came although it was not wanted", got)
	}
	if got := f.post(tokenURL, daemon("scope", "-"), "client-request-id", "not a guid").text("correlation_id"); got == "not a guid" {
		t.Error("a malformed id was echoed")
	}
}
