package authority

import (
	"net/url"
	"strings"
	"testing"
)

func TestRegionalTokenEndpoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ endpoint, region, want string }{
		{"https://login.microsoftonline.com/t/oauth2/v2.0/token", "westus2", "https://westus2.login.microsoft.com/t/oauth2/v2.0/token"},
		{"https://login.microsoft.com/t/oauth2/v2.0/token", "westus2", "https://westus2.login.microsoft.com/t/oauth2/v2.0/token"},
		{"https://login.windows.net/t/oauth2/v2.0/token", "westus2", "https://westus2.login.microsoft.com/t/oauth2/v2.0/token"},
		{"https://sts.windows.net/t/oauth2/v2.0/token", "westus2", "https://westus2.login.microsoft.com/t/oauth2/v2.0/token"},
		{"https://login.microsoftonline.us/t/oauth2/v2.0/token", "usgovva", "https://usgovva.login.microsoftonline.us/t/oauth2/v2.0/token"},
		{"https://login.partner.microsoftonline.cn/t/oauth2/v2.0/token", "chinaeast2", "https://chinaeast2.login.partner.microsoftonline.cn/t/oauth2/v2.0/token"},
		{"https://private.example:8443/t/oauth2/v2.0/token", "r-1", "https://r-1.private.example:8443/t/oauth2/v2.0/token"},
		{"https://LOGIN.microsoftonline.com:443/t/oauth2/v2.0/token?p=q", "westus2", "https://westus2.login.microsoft.com/t/oauth2/v2.0/token?p=q"},
		{"https://eastus.login.microsoft.com/t/oauth2/v2.0/token", "westus2", ""}, // chosen by the developer
		{"https://127.0.0.1:8443/t/oauth2/v2.0/token", "westus2", ""},
		{"https://[::1]/t/oauth2/v2.0/token", "westus2", ""},
		{"https://localhost/t/oauth2/v2.0/token", "westus2", ""},
		{"https://login.microsoftonline.com/t/oauth2/v2.0/token", "", ""},
		{"https://login.microsoftonline.com/t/oauth2/v2.0/token", "evil.example/", ""},
	} {
		m := &Metadata{Kind: Entra, TokenEndpoint: c.endpoint}
		if got, ok := m.RegionalTokenEndpoint(c.region); got != c.want || ok != (c.want != "") {
			t.Errorf("%s in %q: %q, %v; want %q", c.endpoint, c.region, got, ok, c.want)
		}
	}
	for _, kind := range []Kind{OIDC, ADFS, B2C, ExternalID} {
		m := &Metadata{Kind: kind, TokenEndpoint: "https://host.example/t/token"}
		if got, ok := m.RegionalTokenEndpoint("westus2"); ok {
			t.Errorf("%v: %q, want none", kind, got)
		}
	}
}

func TestRegionNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"westus2": true, "eastus": true, "a": true, "x-1": true, "usgovva": true, strings.Repeat("a", 63): true,
		"": false, "2westus": false, "WestUS2": false, "west us": false, "westus2.": false, "a.b": false, "-a": false, "a-": false,
		"a_b": false, "evil.example/": false, "a@b": false, "a:1": false, "a\n": false, "ä": false, strings.Repeat("a", 64): false,
	} {
		if got := ValidRegion(name); got != want {
			t.Errorf("ValidRegion(%q) = %v, want %v", name, got, want)
		}
	}
}

// A region's name comes from the environment or another machine: whatever it
// is, it must never choose the host.
func FuzzRegionalTokenEndpoint(f *testing.F) {
	for _, s := range []string{"westus2", "", "evil.example/", "a@b", "a:b", "x#", "%2e", "a\\b", "-", "ä"} {
		f.Add(s)
	}
	m := &Metadata{Kind: Entra, TokenEndpoint: "https://login.microsoftonline.us/t/oauth2/v2.0/token"}
	f.Fuzz(func(t *testing.T, region string) {
		endpoint, ok := m.RegionalTokenEndpoint(region)
		if !ok {
			return
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host != region+".login.microsoftonline.us" || u.Path != "/t/oauth2/v2.0/token" || u.User != nil || strings.Contains(region, ".") {
			t.Fatalf("region %q leads to %q", region, endpoint)
		}
	})
}
