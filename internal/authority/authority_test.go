package authority

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

const guid = "11111111-2222-3333-4444-555555555555"

func TestParseMakesEqualAuthoritiesEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, host, tenant, url string }{
		{"", "login.microsoftonline.com", "common", "https://login.microsoftonline.com/common"},
		{"https://login.microsoftonline.com/common/", "login.microsoftonline.com", "common", "https://login.microsoftonline.com/common"},
		{"https://login.microsoftonline.com/common//", "login.microsoftonline.com", "common", "https://login.microsoftonline.com/common"},
		{"HTTPS://Login.MicrosoftOnline.Com:443/Organizations", "login.microsoftonline.com", "organizations", "https://login.microsoftonline.com/organizations"},
		{"https://login.microsoftonline.us/Contoso.OnMicrosoft.us", "login.microsoftonline.us", "contoso.onmicrosoft.us", "https://login.microsoftonline.us/contoso.onmicrosoft.us"},
		{"https://login.microsoftonline.com/AAAAAAAA-2222-3333-4444-555555555555", "login.microsoftonline.com", "aaaaaaaa-2222-3333-4444-555555555555", "https://login.microsoftonline.com/aaaaaaaa-2222-3333-4444-555555555555"},
		{"https://login.microsoftonline.com:0443/common", "login.microsoftonline.com", "common", "https://login.microsoftonline.com/common"},
		{"https://login.microsoftonline.com:/common", "login.microsoftonline.com", "common", "https://login.microsoftonline.com/common"},
		{"https://Example.com:8443/Tenant/", "example.com:8443", "Tenant", "https://example.com:8443/Tenant"},
		{"https://example.com/tenant/subpath", "example.com", "tenant", "https://example.com/tenant/subpath"},
		{"https://127.0.0.1:8443/contoso", "127.0.0.1:8443", "contoso", "https://127.0.0.1:8443/contoso"},
		{"https://[::1]:8443/contoso", "[::1]:8443", "contoso", "https://[::1]:8443/contoso"},
		{"https://[0:0:0:0:0:0:0:1]/contoso", "[::1]", "contoso", "https://[::1]/contoso"},
		{"https://localhost/a_b-c.d", "localhost", "a_b-c.d", "https://localhost/a_b-c.d"},
		{"https://xn--mnchen-3ya.example/t", "xn--mnchen-3ya.example", "t", "https://xn--mnchen-3ya.example/t"},
	} {
		got, err := Parse(c.raw)
		want := Authority{Kind: Entra, Host: c.host, Tenant: c.tenant, URL: c.url}
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", c.raw, got, err, want)
		}
		if again, err := Parse(got.URL); err != nil || again != got {
			t.Errorf("Parse(%q) = %+v, %v; want the same authority again", got.URL, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw    string
		reason Reason
		hint   string // a part of it
	}{
		{"http://login.microsoftonline.com/common", ReasonScheme, "https://login.microsoftonline.com/{tenant}"},
		{"login.microsoftonline.com/common", ReasonScheme, "https://"},
		{"contoso.com", ReasonScheme, "https://"},
		{"localhost:8443/t", ReasonScheme, "https://"},
		{"https:login.microsoftonline.com/common", ReasonScheme, "https://"},
		{"//login.microsoftonline.com/common", ReasonScheme, "https://"},
		{"javascript://login.microsoftonline.com/common", ReasonScheme, "https://"},
		{"https://", ReasonHost, "https://"},
		{"https:///tenant", ReasonHost, "https://"},
		{"https://:8443/tenant", ReasonHost, "https://"},
		{"https://.example.com/tenant", ReasonHost, "https://"},
		{"https://example.com./tenant", ReasonHost, "https://"},
		{"https://exa..mple.com/tenant", ReasonHost, "https://"},
		{"https://-example.com/tenant", ReasonHost, "https://"},
		{"https://example$.com/tenant", ReasonHost, "https://"},
		{"https://[fe80::1%25eth0]/tenant", ReasonHost, "https://"},
		{"https://" + strings.Repeat("a", 64) + ".com/t", ReasonHost, "https://"},
		{"https://example.com:0/tenant", ReasonPort, "port"},
		{"https://example.com:65536/tenant", ReasonPort, "port"},
		{"https://login.microsoftonline.com@evil.example/common", ReasonUserinfo, "remove"},
		{"https://user:hunter2@login.microsoftonline.com/common", ReasonUserinfo, "remove"},
		{"https://login.microsoftonline.com", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/", ReasonTenant, "GUID"},
		{"https://no.tenant.example.com//", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com//common", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/../evil", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/./common", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/a..b", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/common%2f..%2fevil", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/%2e%2e", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/%63ommon", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/{tenant}", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/contoso:443", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/contoso@evil", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/contoso;a=b", ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/" + strings.Repeat("a", 256), ReasonTenant, "GUID"},
		{"https://login.microsoftonline.com/common/v2.0", ReasonPath, "https://login.microsoftonline.com/common"},
		{"https://login.microsoftonline.com/common/oauth2/v2.0/token", ReasonPath, "https://login.microsoftonline.com/common"},
		{"https://example.com/tenant//policy", ReasonPath, "plainly"},
		{"https://example.com/tenant/../other", ReasonPath, "plainly"},
		{"https://example.com/tenant/a%2fb", ReasonPath, "plainly"},
		{"https://login.microsoftonline.com/common?p=q", ReasonQuery, "remove"},
		{"https://login.microsoftonline.com/common?", ReasonQuery, "remove"},
		{"https://login.microsoftonline.com/common#f", ReasonQuery, "remove"},
		{"https://login.microsoftonline.com/common#", ReasonQuery, "remove"},
		{"https://evil.example?@login.microsoftonline.com/common", ReasonQuery, "remove"},
		{"https://evil.example#@login.microsoftonline.com/common", ReasonQuery, "remove"},
		{`https://evil.example\@login.microsoftonline.com/common`, ReasonMalformed, "https://"},
		{`https://login.microsoftonline.com\common`, ReasonMalformed, "https://"},
		{"https://login.microsoftonline.com/common\n", ReasonMalformed, "https://"},
		{" https://login.microsoftonline.com/common", ReasonMalformed, "https://"},
		{"https://login.microsoftonline.com/com mon", ReasonMalformed, "https://"},
		{"https://login.microsoftonline.com/\x00", ReasonMalformed, "https://"},
		{"https://lógin.example/common", ReasonMalformed, "https://"},
		{"https://login.microsoftonline.com/common％2f", ReasonMalformed, "https://"},
		{"https://login.microsoftonline.com/%zz", ReasonMalformed, "https://"},
		{"https://login%2emicrosoftonline.com/common", ReasonMalformed, "https://"},
		{"https://example.com:http/tenant", ReasonMalformed, "https://"},
		{"https://[::1/tenant", ReasonMalformed, "https://"},
		{"https://example.com/" + strings.Repeat("a/", 2000), ReasonMalformed, "https://"},
	} {
		got, err := Parse(c.raw)
		wantURLError(t, c.raw, got, err, c.reason, c.hint)
	}
}

func wantURLError(t *testing.T, raw string, got Authority, err error, reason Reason, hint string) {
	t.Helper()
	var ue *URLError
	if !errors.As(err, &ue) {
		t.Errorf("%q: got %+v, %v; want a URLError for its %s", raw, got, err, reason)
		return
	}
	if ue.Reason != reason || !strings.Contains(ue.Hint, hint) {
		t.Errorf("%q: reason %s, hint %q; want reason %s, hint with %q", raw, ue.Reason, ue.Hint, reason, hint)
	}
	if got != (Authority{}) {
		t.Errorf("%q: an authority %+v besides the error", raw, got)
	}
	text := ue.Error()
	if strings.Contains(text, "hunter2") || strings.ContainsAny(text, "\n\x00") || len(text) > 500 {
		t.Errorf("%q: error text is not fit to print: %q", raw, text)
	}
}

func TestURLErrorOmitsTheQuery(t *testing.T) {
	t.Parallel()
	_, err := Parse("https://example.com/t?code=planted-secret#planted-secret")
	if err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("got %v; want an error without the query", err)
	}
}

func TestParseOIDC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, host, url string }{
		{"https://accounts.google.com", "accounts.google.com", "https://accounts.google.com"},
		{"https://Tenant.Auth0.com/", "tenant.auth0.com", "https://tenant.auth0.com"},
		{"https://id.example:8443/realms/My%20Realm/", "id.example:8443", "https://id.example:8443/realms/My%20Realm"},
		{"https://login.microsoftonline.com/common/v2.0", "login.microsoftonline.com", "https://login.microsoftonline.com/common/v2.0"},
		{"https://login.example/a~b/(c)", "login.example", "https://login.example/a~b/(c)"},
	} {
		got, err := ParseOIDC(c.raw)
		want := Authority{Kind: OIDC, Host: c.host, URL: c.url}
		if err != nil || got != want {
			t.Errorf("ParseOIDC(%q) = %+v, %v; want %+v", c.raw, got, err, want)
		}
		if again, err := ParseOIDC(got.URL); err != nil || again != got {
			t.Errorf("ParseOIDC(%q) = %+v, %v; want the same authority again", got.URL, again, err)
		}
	}
}

func TestParseOIDCRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw    string
		reason Reason
		hint   string
	}{
		{"", ReasonScheme, "https://"},
		{"http://id.example", ReasonScheme, "https://"},
		{"https://", ReasonHost, "https://"},
		{"https://user:hunter2@id.example", ReasonUserinfo, "remove"},
		{"https://id.example/?a=b", ReasonQuery, "remove"},
		{"https://id.example/#a", ReasonQuery, "remove"},
		{"https://id.example/a//b", ReasonPath, "provider"},
		{"https://id.example/../b", ReasonPath, "provider"},
		{"https://id.example/a/%2e%2e/b", ReasonPath, "provider"},
		{"https://id.example/a%2fb", ReasonPath, "provider"},
		{"https://id.example/a%5cb", ReasonPath, "provider"},
		{"https://id.example/a%00b", ReasonPath, "provider"},
		{"https://id.example/a/.well-known/openid-configuration", ReasonPath, "without"},
		{"https://id.example/a b", ReasonMalformed, "https://"},
	} {
		got, err := ParseOIDC(c.raw)
		wantURLError(t, c.raw, got, err, c.reason, c.hint)
	}
}

func TestWithTenant(t *testing.T) {
	t.Parallel()
	known, _ := Parse("https://login.microsoftonline.com/common")
	private, _ := Parse("https://login.contoso.com:8443/Tenant/sub")
	for _, c := range []struct {
		from   Authority
		tenant string
		want   string
	}{
		{known, "Contoso.com", "https://login.microsoftonline.com/contoso.com"},
		{known, guid, "https://login.microsoftonline.com/" + guid},
		{private, "Other", "https://login.contoso.com:8443/Other/sub"},
	} {
		got, err := c.from.WithTenant(c.tenant)
		want, _ := Parse(c.want)
		if err != nil || got != want {
			t.Errorf("%v with tenant %q = %+v, %v; want %+v", c.from, c.tenant, got, err, want)
		}
	}
}

func TestWithTenantNeverLeavesTheHostOrThePath(t *testing.T) {
	t.Parallel()
	known, _ := Parse("https://login.microsoftonline.com/common")
	for _, tenant := range []string{
		"", ".", "..", "../evil", "a/b", "a/../b", "common?x=y", "common#x", "a%2fb", "%2e%2e", `..\evil`, "@evil.example",
		":443", "a b", "a\n", "a\x00", "ténant", "//evil.example", "a;b", "a&b=c", ".a", "a.", strings.Repeat("a", 300),
	} {
		got, err := known.WithTenant(tenant)
		wantURLError(t, tenant, got, err, ReasonTenant, "GUID")
	}
	oidc, _ := ParseOIDC("https://id.example/realms/a")
	got, err := oidc.WithTenant("common")
	wantURLError(t, "OIDC", got, err, ReasonTenant, "leave the tenant out")
	got, err = Authority{}.WithTenant("common")
	wantURLError(t, "zero", got, err, ReasonTenant, "leave the tenant out")
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	if got := [...]string{Entra.String(), OIDC.String(), ADFS.String(), B2C.String(), ExternalID.String(), Kind(9).String()}; got != [...]string{"Entra", "OpenID Connect", "AD FS", "Azure AD B2C", "External ID", "unknown"} {
		t.Errorf("got %q", got)
	}
}

// Whatever is accepted must be one host, one path and nothing else, for every
// reader of URLs, and must mean the same when it is read again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "https://login.microsoftonline.com/common", "https://Example.com:8443/Tenant/sub/", "https://[::1]:1/t",
		"https://a@b/c", `https://a\@b/c`, "https://a/..", "https://a/%2e%2e/b", "https://a/b?c#d", "https://a:443/b//",
		"https://login.microsoftonline.com./common", "https://127.0.0.1/t", "https://a/ü", "https:a/b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, parse := range []func(string) (Authority, error){Parse, ParseOIDC} {
			a, err := parse(raw)
			if err != nil {
				var ue *URLError
				if !errors.As(err, &ue) {
					t.Fatalf("%q: error of type %T", raw, err)
				}
				continue
			}
			again, err := parse(a.URL)
			if err != nil || again != a {
				t.Fatalf("%q: %+v is read again as %+v, %v", raw, a, again, err)
			}
			u, err := url.Parse(a.configurationURL())
			if err != nil || u.Scheme != "https" || u.Host != a.Host || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
				t.Fatalf("%q: configuration at %q, %v", raw, a.configurationURL(), err)
			}
			if clean := u.JoinPath().String(); clean != a.configurationURL() {
				t.Fatalf("%q: configuration at %q leads to %q", raw, a.configurationURL(), clean)
			}
			if a.Kind != Entra {
				continue
			}
			if !strings.HasPrefix(a.URL, "https://"+a.Host+"/"+a.Tenant) {
				t.Fatalf("%q: %+v does not hang together", raw, a)
			}
			if same, err := a.WithTenant(a.Tenant); err != nil || same != a {
				t.Fatalf("%q: with its own tenant: %+v, %v", raw, same, err)
			}
		}
	})
}
