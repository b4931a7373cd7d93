package authority

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestTheURLTellsTheKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw           string
		kind          Kind
		tenant        string
		configuration string // without /.well-known/openid-configuration
	}{
		{"https://adfs.contoso.com/adfs", ADFS, "adfs", "https://adfs.contoso.com/adfs"},
		{"https://Adfs.contoso.com:8443/ADFS/", ADFS, "adfs", "https://adfs.contoso.com:8443/ADFS"},
		{"https://contoso.com/adfs2", Entra, "adfs2", "https://contoso.com/adfs2/v2.0"},
		{"https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in", B2C, "contoso.onmicrosoft.com", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in/v2.0"},
		{"https://login.b2clogin.com/contoso/b2c_policy/", B2C, "contoso", "https://login.b2clogin.com/contoso/b2c_policy/v2.0"},
		{"https://contoso.b2clogin.cn/contoso/signin", B2C, "contoso", "https://contoso.b2clogin.cn/contoso/signin/v2.0"},
		{"https://contoso.b2clogin.us/tfp/contoso/signin", B2C, "contoso", "https://contoso.b2clogin.us/tfp/contoso/signin/v2.0"},
		{"https://contoso.b2clogin.de/contoso/signin", B2C, "contoso", "https://contoso.b2clogin.de/contoso/signin/v2.0"},
		{"https://login.contoso.com/contoso.onmicrosoft.com/B2C_1_in", B2C, "contoso.onmicrosoft.com", "https://login.contoso.com/contoso.onmicrosoft.com/B2C_1_in/v2.0"},
		{"https://login.contoso.com/contoso/b2c_", Entra, "contoso", "https://login.contoso.com/contoso/b2c_/v2.0"},
		{"https://login.contoso.com/a/contoso/b2c_1", Entra, "a", "https://login.contoso.com/a/contoso/b2c_1/v2.0"},
		{"https://b2clogin.com/contoso/signin", Entra, "contoso", "https://b2clogin.com/contoso/signin/v2.0"},
		{"https://fakeb2clogin.com/contoso/signin", Entra, "contoso", "https://fakeb2clogin.com/contoso/signin/v2.0"},
		{"https://contoso.b2clogin.com.evil.example/contoso/signin", Entra, "contoso", "https://contoso.b2clogin.com.evil.example/contoso/signin/v2.0"},
		{"https://Contoso.ciamlogin.com", ExternalID, "contoso.onmicrosoft.com", "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0"},
		{"https://contoso.ciamlogin.com/", ExternalID, "contoso.onmicrosoft.com", "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0"},
		{"https://contoso.ciamlogin.com/anything", ExternalID, "anything", "https://contoso.ciamlogin.com/anything/v2.0"},
		{"https://contoso.ciamlogin.com/adfs", ExternalID, "adfs", "https://contoso.ciamlogin.com/adfs/v2.0"},
		{"https://ciamlogin.com/contoso", Entra, "contoso", "https://ciamlogin.com/contoso/v2.0"},
		{"https://a-dsts.dsts.core.azure-test.net/dstsv2/common", OIDC, "", "https://a-dsts.dsts.core.azure-test.net/dstsv2/common"},
		{"https://a-dsts.example/DSTSv2/7a433bfc/", OIDC, "", "https://a-dsts.example/DSTSv2/7a433bfc"},
		{"https://a-dsts.example/dstsv2x/common", Entra, "dstsv2x", "https://a-dsts.example/dstsv2x/common/v2.0"},
	} {
		a, err := Parse(c.raw)
		if err != nil || a.Kind != c.kind || a.Tenant != c.tenant || a.configurationURL() != c.configuration+wellKnownPath {
			t.Errorf("Parse(%q) = %v %+v, %v, configuration at %s", c.raw, a.Kind, a, err, a.configurationURL())
		}
		if again, err := Parse(a.URL); err != nil || again != a {
			t.Errorf("Parse(%q) = %+v, %v; want the same authority again", a.URL, again, err)
		}
	}
}

// Only Entra's own kind is looked up with Microsoft: the relatives are known by
// their addresses (AD FS: trusted by whoever configured it).
func TestRelativesNeedNoInstanceDiscovery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ authority, document string }{
		{"https://adfs.example/adfs", `{"issuer":"https://adfs.example/adfs","authorization_endpoint":"https://adfs.example/adfs/oauth2/authorize/","token_endpoint":"https://adfs.example/adfs/oauth2/token/"}`},
		{"https://c.b2clogin.com/c.onmicrosoft.com/b2c_1_in", configuration("c.b2clogin.com", "c.onmicrosoft.com/b2c_1_in")},
		{"https://login.example/c.onmicrosoft.com/b2c_1_in", configuration("login.example", "c.onmicrosoft.com/b2c_1_in")},
		{"https://c.ciamlogin.com", configuration("c.ciamlogin.com", guid)},
		{"https://dsts.example/dstsv2/" + guid, configuration("dsts.example", "dstsv2/"+guid)},
	} {
		a := mustParse(t, c.authority)
		n := &internet{hosts: map[string]http.HandlerFunc{a.Host: says(200, c.document)}}
		m, err := n.resolver(Options{}).Resolve(t.Context(), a)
		if err != nil || m.Environment != a.Host || len(m.Environments) != 1 {
			t.Errorf("%s: %+v, %v", c.authority, m, err)
			continue
		}
		if asked, want := n.requests(), []string{"GET " + a.configurationURL()}; !slices.Equal(asked, want) {
			t.Errorf("%s: requests %q, want %q", c.authority, asked, want)
		}
		if got := firstSegment(m.TokenEndpoint); m.Realm != got {
			t.Errorf("%s: realm %q, want %q", c.authority, m.Realm, got)
		}
	}
}

func TestIssuersOfRelatives(t *testing.T) {
	t.Parallel()
	const other = "22222222-2222-3333-4444-555555555555"
	for _, c := range []struct {
		authority, issuer string
		want              bool
	}{
		{"https://adfs.example/adfs", "https://adfs.example/adfs", true},
		{"https://adfs.example/adfs", "https://evil.example/adfs", false},
		{"https://adfs.example/adfs", "http://adfs.example/adfs/services/trust", false},
		{"https://adfs.example/adfs", "https://adfs.example:8443/adfs", false},
		{"https://adfs.example/adfs", "https://login.microsoftonline.com/" + guid + "/v2.0", false},
		{"https://c.b2clogin.com/c/p", "https://c.b2clogin.com/" + guid + "/v2.0/", true},
		{"https://c.b2clogin.com/c/p", "https://c.b2clogin.com/tfp/" + guid + "/p/v2.0/", true},
		{"https://c.b2clogin.com/c/p", "https://evil.b2clogin.com/" + guid + "/v2.0/", false},
		{"https://c.b2clogin.com/c/p", "https://fakeb2clogin.com/" + guid + "/v2.0/", false},
		{"https://login.example/c/b2c_1_p", "https://c.b2clogin.com/" + guid + "/v2.0/", true},
		{"https://login.example/c/b2c_1_p", "https://c.b2clogin.com.evil.example/" + guid + "/v2.0/", false},
		{"https://login.example/c/b2c_1_p", "https://c.b2clogin.com:8443/" + guid + "/v2.0/", false},
		{"https://c.ciamlogin.com", "https://c.ciamlogin.com/" + guid + "/v2.0", true},
		{"https://c.ciamlogin.com", "https://" + guid + ".ciamlogin.com/" + guid + "/v2.0", true},
		{"https://c.ciamlogin.com/" + guid, "https://" + guid + ".ciamlogin.com/" + guid + "/v2.0", true},
		{"https://c.ciamlogin.com/" + guid, "https://" + other + ".ciamlogin.com/" + other + "/v2.0", false},
		{"https://c.ciamlogin.com", "https://" + guid + ".ciamlogin.com/" + other + "/v2.0", false},
		{"https://c.ciamlogin.com", "https://evil.ciamlogin.com/evil/v2.0", false},
		{"https://c.ciamlogin.com", "https://" + guid + ".ciamlogin.com.evil.example/" + guid + "/v2.0", false},
		{"https://c.ciamlogin.com", "https://login.microsoftonline.com/" + guid + "/v2.0", false},
		{"https://c.ciamlogin.com", "", false},
		{"https://c.ciamlogin.com", "https:///x", false},
	} {
		if got := checkRelativeIssuer(mustParse(t, c.authority), c.issuer); got != c.want {
			t.Errorf("%s, issuer %q: %v, want %v", c.authority, c.issuer, got, c.want)
		}
	}
}

func TestEndpointsOfRelativesStayOnTheirHost(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"https://c.b2clogin.com/c/p", "https://c.ciamlogin.com/" + guid, "https://adfs.example/adfs"} {
		a := mustParse(t, raw)
		for _, elsewhere := range []string{"evil.example", "evil.b2clogin.com", "evil.ciamlogin.com", "login.microsoftonline.com", a.Host + ":8443"} {
			text := strings.Replace(configuration(a.Host, "t"), `"token_endpoint":"https://`+a.Host, `"token_endpoint":"https://`+elsewhere, 1)
			var bad *MetadataError
			if _, err := parseDocument(a, nil, []byte(text)); !errors.As(err, &bad) {
				t.Errorf("%s with its token endpoint on %s: %v, want a MetadataError", raw, elsewhere, err)
			}
		}
	}
}

func TestTokensOfRelativesComeFromTheIssuerOfTheDocument(t *testing.T) {
	t.Parallel()
	const other = "22222222-2222-3333-4444-555555555555"
	b2c := &Metadata{Kind: B2C, Issuer: "https://c.b2clogin.com/" + guid + "/v2.0/", Realm: "c.onmicrosoft.com", Environment: "c.b2clogin.com"}
	adfs := &Metadata{Kind: ADFS, Issuer: "https://adfs.example/adfs", Realm: "adfs", Environment: "adfs.example"}
	ciam := &Metadata{Kind: ExternalID, Issuer: "https://" + guid + ".ciamlogin.com/" + guid + "/v2.0", Realm: guid, Environment: "c.ciamlogin.com"}
	for _, c := range []struct {
		m        *Metadata
		iss, tid string
		want     bool
	}{
		{b2c, b2c.Issuer, "", true},
		{b2c, b2c.Issuer, guid, true},
		{b2c, "https://c.b2clogin.com/" + guid + "/v2.0", guid, false},
		{b2c, "https://c.b2clogin.com/" + other + "/v2.0/", other, false},
		{b2c, "https://login.microsoftonline.com/" + guid + "/v2.0", guid, false},
		{adfs, adfs.Issuer, "", true},
		{adfs, "https://sts.windows.net/" + guid + "/", guid, false},
		{ciam, ciam.Issuer, guid, true},
		{ciam, ciam.Issuer, "", true},
		{ciam, ciam.Issuer, other, false},
		{ciam, "https://login.microsoftonline.com/" + guid + "/v2.0", guid, false},
		{ciam, "https://c.ciamlogin.com/" + guid + "/v2.0", guid, false},
	} {
		if got := c.m.AcceptsIssuer(c.iss, c.tid); got != c.want {
			t.Errorf("%v: issuer %q of tenant %q: %v, want %v", c.m.Kind, c.iss, c.tid, got, c.want)
		}
	}
}

func TestTenantsOfRelatives(t *testing.T) {
	t.Parallel()
	got, err := mustParse(t, "https://contoso.ciamlogin.com").WithTenant(guid)
	if want := mustParse(t, "https://contoso.ciamlogin.com/"+guid); err != nil || got != want {
		t.Errorf("External ID: %+v, %v; want %+v", got, err, want)
	}
	for _, raw := range []string{"https://c.b2clogin.com/c/p", "https://adfs.example/adfs", "https://dsts.example/dstsv2/common"} {
		got, err := mustParse(t, raw).WithTenant(guid)
		wantURLError(t, raw, got, err, ReasonTenant, "leave the tenant out")
	}
	got, err = mustParse(t, "https://private.example/t").WithTenant("ADFS")
	wantURLError(t, "a tenant that makes another kind", got, err, ReasonTenant, "GUID")
}

// The cache of the family tells AD FS by its realm, to the letter.
func TestRealmOfADFSIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"adfs", "ADFS", "Adfs"} {
		base := "https://adfs.example/" + path
		m, err := parseDocument(mustParse(t, base), nil, []byte(`{"issuer":"https://adfs.example/adfs","authorization_endpoint":"`+base+`/oauth2/authorize/","token_endpoint":"`+base+`/oauth2/token/"}`))
		if err != nil || m.Realm != "adfs" {
			t.Errorf("%s: %+v, %v", base, m, err)
		}
	}
}
