package authority

import (
	"errors"
	"testing"
)

// The table follows the rules of MSAL Python for OIDC authorities and the
// spoofing cases of its tests.
func TestOIDCIssuerRules(t *testing.T) {
	t.Parallel()
	const contoso = "https://contoso.com/tenant"
	for _, c := range []struct {
		authority, issuer string
		want              bool
		why               string
	}{
		{contoso, "https://contoso.com/tenant", true, "exact"},
		{contoso, "https://contoso.com/tenant/", true, "trailing slash"},
		{contoso + "/", "https://contoso.com/tenant", true, "trailing slash of the authority"},
		{contoso, "https://contoso.com/other", true, "same host"},
		{contoso, "https://CONTOSO.com:443/other", true, "same host, upper-case, with the default port"},
		{contoso, "https://contoso.com:8443/tenant", false, "another port"},
		{contoso, "http://contoso.com/tenant", false, "http"},
		{contoso, "", false, "no issuer"},
		{contoso, "contoso.com/tenant", false, "no scheme"},
		{contoso, "https:///tenant", false, "no host"},
		{contoso, "https://user@contoso.com/tenant", false, "user information"},
		{contoso, "https://contoso.com/tenant?a=b", false, "query"},
		{contoso, "https://contoso.com/tenant#a", false, "fragment"},
		{contoso, "https://contoso.com@evil.example/tenant", false, "host after user information"},
		{contoso, `https://evil.example\@contoso.com/tenant`, false, "backslash"},
		{contoso, "https://contoso.com.evil.example/tenant", false, "suffixed host"},
		{contoso, "https://evilcontoso.com/tenant", false, "prefixed host without a dot"},
		{contoso, "https://evil.example/contoso.com/tenant", false, "another host"},
		{"https://id.example:8443/a", "https://id.example:8443/b", true, "same host and port"},
		{"https://id.example:8443/a", "https://id.example/a", false, "the port is dropped"},

		{"https://login.contoso.com/t", "https://login.microsoftonline.com/t/v2.0", true, "custom domain in front of Entra"},
		{"https://login.contoso.com/t", "https://login.microsoftonline.us/t/v2.0", true, "custom domain in front of a sovereign cloud"},
		{"https://login.contoso.com/t", "http://login.microsoftonline.com/t/v2.0", false, "custom domain, http"},
		{"https://login.contoso.com/t", "https://login.microsoftonline.com.evil.example/t/v2.0", false, "lookalike of Entra"},
		{"https://login.contoso.com/t", "https://evillogin.microsoftonline.com/t/v2.0", false, "lookalike label of Entra"},
		{"https://login.microsoftonline.com/t/v2.0", "https://sts.windows.net/t/", true, "alias"},
		{"https://login.microsoftonline.com/t/v2.0", "https://westus2.login.microsoftonline.com/t/v2.0", true, "region"},
		{"https://login.microsoftonline.com/t/v2.0", "https://westus2.login.microsoft.com/t/v2.0", true, "region of an alias"},
		{"https://login.microsoftonline.com/t/v2.0", "https://a.b.login.microsoftonline.com/t/v2.0", false, "dotted region"},
		{"https://login.microsoftonline.com/t/v2.0", "https://-west.login.microsoftonline.com/t/v2.0", false, "label that is no region"},
		{"https://login.microsoftonline.com/t/v2.0", "https://login.microsoftonline.us/t/v2.0", false, "US Government for Public"},
		{"https://login.microsoftonline.com/t/v2.0", "https://login.partner.microsoftonline.cn/t/v2.0", false, "China for Public"},
		{"https://login.microsoftonline.us/t/v2.0", "https://login.microsoftonline.com/t/v2.0", false, "Public for US Government"},
		{"https://login.microsoftonline.us/t/v2.0", "https://login.usgovcloudapi.net/t/v2.0", true, "alias in US Government"},
		{"https://login.microsoftonline.com/t/v2.0", "https://evil.example/t/v2.0", false, "stranger for Public"},

		{"https://someweb.com", "https://us.someweb.com", true, "region of the authority"},
		{"https://someweb.com", "https://US.someweb.com", true, "region, upper-case"},
		{"https://someweb.com", "http://us.someweb.com", false, "region, http"},
		{"https://someweb.com", "https://a.us.someweb.com", false, "two labels"},
		{"https://someweb.com", "https://us.someweb.com:8443", false, "region, another port"},
		{"https://someweb.com", "https://us.someweb.com.evil.example", false, "region, lookalike"},
		{"https://us.someweb.com", "https://someweb.com", false, "the other way around"},

		{"https://login.contoso.com/t", "https://contoso.b2clogin.com/t/v2.0/", true, "B2C"},
		{"https://login.contoso.com/t", "https://contoso.b2clogin.cn/t/v2.0/", true, "B2C in China"},
		{"https://login.contoso.com/t", "https://fakeb2clogin.com/t/v2.0/", false, "B2C without the dot"},
		{"https://login.contoso.com/t", "https://b2clogin.com/t/v2.0/", false, "bare B2C"},
		{"https://login.contoso.com/t", "https://x.b2clogin.com.evil.com/t/v2.0/", false, "B2C as a prefix"},
		{"https://login.contoso.com/t", "https://evil.b2clogin.com.example/", false, "B2C as a prefix"},

		{"https://login.contoso.com/contoso", "https://contoso.ciamlogin.com", true, "External ID, bare"},
		{"https://login.contoso.com/Contoso", "https://contoso.ciamlogin.com/contoso/v2.0", true, "External ID"},
		{"https://login.contoso.com/contoso", "https://contoso.ciamlogin.com/contoso", true, "External ID without version"},
		{"https://login.contoso.com/contoso/v2.0", "https://contoso.ciamlogin.com/contoso/v2.0/", true, "External ID, trailing slash"},
		{"https://contoso.example.com", "https://contoso.ciamlogin.com/contoso/v2.0", true, "External ID, tenant from the host"},
		{"https://login.contoso.com/contoso", "https://fabrikam.ciamlogin.com/fabrikam/v2.0", false, "External ID of another tenant"},
		{"https://login.contoso.com/contoso", "https://contoso.ciamlogin.com/fabrikam/v2.0", false, "External ID, path of another tenant"},
		{"https://login.contoso.com/contoso", "https://contoso.ciamlogin.com/contoso/v2.0/more", false, "External ID, longer path"},
		{"https://login.contoso.com/contoso", "https://contoso.ciamlogin.com.evil.example/contoso/v2.0", false, "External ID as a prefix"},
		{"https://login.contoso.com/contoso", "https://a.contoso.ciamlogin.com/contoso/v2.0", false, "External ID, two labels"},
		{"https://login.microsoftonline.com/contoso", "https://fabrikam.ciamlogin.com/", false, "External ID is decided before the cloud"},
		{"https://" + guid + ".ciamlogin.com/" + guid + "/v2.0", "https://" + guid + ".ciamlogin.com/" + guid + "/v2.0", true, "External ID, exact"},
	} {
		a, err := ParseOIDC(c.authority)
		if err != nil {
			t.Fatal(err)
		}
		if got := checkOIDCIssuer(a, c.issuer); got != c.want {
			t.Errorf("%s: issuer %q for %q: %v, want %v", c.why, c.issuer, c.authority, got, c.want)
		}
	}
}

func TestEntraIssuerRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		authority string
		aliases   []string
		issuer    string
		want      bool
	}{
		{"https://login.microsoftonline.com/contoso.com", nil, "https://login.microsoftonline.com/" + guid + "/v2.0", true},
		{"https://login.microsoftonline.com/contoso.com", nil, "https://sts.windows.net/" + guid + "/", true},
		{"https://login.chinacloudapi.cn/contoso.cn", nil, "https://login.partner.microsoftonline.cn/" + guid + "/v2.0", true},
		{"https://login.microsoftonline.com/contoso.com", nil, "https://login.microsoftonline.us/" + guid + "/v2.0", false},
		{"https://login.microsoftonline.com/contoso.com", nil, "https://evil.example/" + guid + "/v2.0", false},
		{"https://login.microsoftonline.com/contoso.com", nil, "http://login.microsoftonline.com/" + guid + "/v2.0", false},
		{"https://login.microsoftonline.com/contoso.com", nil, "https://login.microsoftonline.com:8443/" + guid + "/v2.0", false},
		{"https://private.example:8443/t", nil, "https://private.example:8443/t/v2.0", true},
		{"https://private.example:8443/t", nil, "https://private.example/t/v2.0", false},
		{"https://private.example:8443/t", nil, "https://private.example:9443/t/v2.0", false},
		{"https://private.example:8443/t", nil, "https://login.microsoftonline.com/t/v2.0", false},
		{"https://private.example/t", []string{"private.example", "sts.private.example"}, "https://sts.private.example/t/v2.0", true},
		{"https://private.example/t", []string{"private.example"}, "https://sts.private.example/t/v2.0", false},
	} {
		a, err := Parse(c.authority)
		if err != nil {
			t.Fatal(err)
		}
		if got := checkEntraIssuer(a, c.aliases, c.issuer); got != c.want {
			t.Errorf("issuer %q for %q with aliases %q: %v, want %v", c.issuer, c.authority, c.aliases, got, c.want)
		}
	}
}

func TestIssuersOfTokens(t *testing.T) {
	t.Parallel()
	const other = "99999999-2222-3333-4444-555555555555"
	v2 := func(host, tid string) string { return "https://" + host + "/" + tid + "/v2.0" }
	for _, c := range []struct {
		authority, iss, tid string
		want                bool
	}{
		{"https://login.microsoftonline.com/" + guid, v2("login.microsoftonline.com", guid), guid, true},
		{"https://login.microsoftonline.com/" + guid, v2("login.microsoftonline.com", guid), "", true}, // exactly the document's issuer
		{"https://login.microsoftonline.com/" + guid, v2("login.windows.net", guid), guid, true},
		{"https://login.windows.net/" + guid, v2("login.microsoftonline.com", guid), guid, true},
		{"https://login.microsoftonline.com/" + guid, v2("login.microsoftonline.com", other), other, false},
		{"https://login.microsoftonline.com/" + guid, v2("login.microsoftonline.com", guid), other, false},
		{"https://login.microsoftonline.com/" + guid, v2("login.microsoftonline.com", other), guid, false},
		{"https://login.microsoftonline.com/" + guid, v2("login.microsoftonline.us", guid), guid, false},
		{"https://login.microsoftonline.com/" + guid, v2("evil.example", guid), guid, false},
		{"https://login.microsoftonline.com/" + guid, "http://login.microsoftonline.com/" + guid + "/v2.0", guid, false},
		{"https://login.microsoftonline.com/" + guid, "", guid, false},
		{"https://login.microsoftonline.com/" + guid, "https://sts.windows.net/" + guid + "/", guid, true},
		{"https://login.microsoftonline.com/" + guid, "https://sts.windows.net/" + guid, guid, false},
		{"https://login.microsoftonline.com/" + guid, "https://sts.windows.net/" + other + "/", other, false},
		{"https://login.partner.microsoftonline.cn/" + guid, "https://sts.chinacloudapi.cn/" + guid + "/", guid, true},
		{"https://login.partner.microsoftonline.cn/" + guid, "https://sts.windows.net/" + guid + "/", guid, false},

		{"https://login.microsoftonline.com/common", v2("login.microsoftonline.com", guid), guid, true},
		{"https://login.microsoftonline.com/common", v2("login.microsoftonline.com", consumersGUID), consumersGUID, true},
		{"https://login.microsoftonline.com/common", v2("login.microsoftonline.com", "{tenantid}"), "{tenantid}", false},
		{"https://login.microsoftonline.com/common", v2("login.microsoftonline.com", "common"), "common", false},
		{"https://login.microsoftonline.com/common", v2("login.microsoftonline.com", ""), "", false},
		{"https://login.microsoftonline.com/common", v2("login.microsoftonline.com", guid), "", false},
		{"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/" + guid + "%2fv2.0", guid, false},
		{"https://login.microsoftonline.com/common", "https://LOGIN.microsoftonline.com/" + guid + "/v2.0", guid, false},
		{"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/" + guid + "/v2.0/", guid, false},
		{"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/x/" + guid + "/v2.0", guid, false},
		{"https://login.microsoftonline.com/organizations", v2("login.microsoftonline.com", guid), guid, true},
		{"https://login.microsoftonline.com/organizations", v2("login.microsoftonline.com", consumersGUID), consumersGUID, false},
		{"https://login.microsoftonline.com/consumers", v2("login.microsoftonline.com", consumersGUID), consumersGUID, true},
		{"https://login.microsoftonline.com/consumers", v2("login.microsoftonline.com", guid), guid, false},
	} {
		a, err := Parse(c.authority)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := builtIn(a)
		if !ok {
			t.Fatalf("%s is not built in", c.authority)
		}
		if got := m.AcceptsIssuer(c.iss, c.tid); got != c.want {
			t.Errorf("%s: iss %q, tid %q: %v, want %v", c.authority, c.iss, c.tid, got, c.want)
		}
	}
}

func TestIssuersOfTokensFromOtherHosts(t *testing.T) {
	t.Parallel()
	private := Metadata{Kind: Entra, Issuer: "https://localhost:8443/" + guid + "/v2.0", Realm: guid,
		Environment: "localhost:8443", Environments: []string{"localhost:8443", "localhost"}}
	many := Metadata{Kind: Entra, Issuer: "https://localhost:8443/{tenantid}/v2.0", Realm: "common",
		Environment: "localhost:8443", Environments: []string{"localhost:8443", "localhost"}}
	policy := Metadata{Kind: Entra, Issuer: "https://login.contoso.com/" + guid + "/v2.0/", Realm: "contoso.onmicrosoft.com",
		Environment: "login.contoso.com", Environments: []string{"login.contoso.com"}}
	oidc := Metadata{Kind: OIDC, Issuer: "https://id.example/", Environment: "id.example", Environments: []string{"id.example"}}
	entraOIDC := Metadata{Kind: OIDC, Issuer: "https://login.microsoftonline.com/{tenantid}/v2.0", Realm: "common",
		Environment: "login.microsoftonline.com", Environments: []string{"login.microsoftonline.com"}}
	for _, c := range []struct {
		name     string
		m        Metadata
		iss, tid string
		want     bool
	}{
		{"private cloud", private, "https://localhost:8443/" + guid + "/v2.0", guid, true},
		{"private cloud, another tenant", private, "https://localhost:8443/" + consumersGUID + "/v2.0", consumersGUID, false},
		{"private cloud, port dropped", private, "https://localhost/" + guid + "/v2.0", guid, false},
		{"private cloud, another port", private, "https://localhost:9443/" + guid + "/v2.0", guid, false},
		{"private cloud, Entra itself", private, "https://login.microsoftonline.com/" + guid + "/v2.0", guid, false},
		{"many tenants", many, "https://localhost:8443/" + guid + "/v2.0", guid, true},
		{"many tenants, no tid", many, "https://localhost:8443/" + guid + "/v2.0", "", false},
		{"policy without tid", policy, "https://login.contoso.com/" + guid + "/v2.0/", "", true},
		{"OIDC, exact", oidc, "https://id.example/", "", true},
		{"OIDC, slash missing", oidc, "https://id.example", "", false},
		{"OIDC, other path", oidc, "https://id.example/a", "", false},
		{"OIDC, nothing", oidc, "", "", false},
		{"OIDC with template", entraOIDC, "https://login.microsoftonline.com/" + guid + "/v2.0", guid, true},
		{"OIDC with template, unfilled", entraOIDC, "https://login.microsoftonline.com/{tenantid}/v2.0", "", false},
		{"OIDC with template, no GUID", entraOIDC, "https://login.microsoftonline.com/x/v2.0", "x", false},
		{"no issuer known", Metadata{Kind: OIDC}, "", "", false},
	} {
		if got := c.m.AcceptsIssuer(c.iss, c.tid); got != c.want {
			t.Errorf("%s: iss %q, tid %q: %v, want %v", c.name, c.iss, c.tid, got, c.want)
		}
	}
}

func TestIssuerErrorNamesBothSides(t *testing.T) {
	t.Parallel()
	a, _ := ParseOIDC("https://id.example")
	_, err := parseDocument(a, nil, []byte(`{"issuer":"https://evil.example\n","authorization_endpoint":"https://id.example/a","token_endpoint":"https://id.example/t"}`))
	var ie *IssuerError
	if !errors.As(err, &ie) || ie.Authority != "https://id.example" || ie.Issuer != "https://evil.example\n" {
		t.Fatalf("got %v, want an IssuerError with both", err)
	}
	if want := `the OpenID configuration of "https://id.example" has the issuer "https://evil.example\n", which does not speak for it; check the authority: it must be the issuer's own URL, or a host of the issuer's cloud`; err.Error() != want {
		t.Errorf("text %q\nwant %q", err, want)
	}
}
