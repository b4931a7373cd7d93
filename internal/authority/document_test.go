package authority

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// change returns the document of a private tenant with one member changed;
// nil removes it.
func change(t *testing.T, member string, value any) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(configuration("private.example", "t")), &m); err != nil {
		t.Fatal(err)
	}
	if value == nil {
		delete(m, member)
	} else {
		m[member] = value
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestBadConfigurationIsNeverKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		status  int
		body    string
		issuer  bool   // an IssuerError, else a MetadataError
		problem string // a part of its text
	}{
		{"not found, HTML", 404, "<html>", false, "HTTP 404"},
		{"server error", 500, "", false, "try again"},
		{"server error with JSON", 503, `{"error":"temporarily_unavailable"}`, false, "temporarily_unavailable"},
		{"throttled", 429, "{}", false, "try again"},
		{"error of another kind", 400, `{"error":"invalid_request"}`, false, "invalid_request"},
		{"success without content", 204, "", false, "HTTP 204"},
		{"empty", 200, "", false, "JSON"},
		{"HTML", 200, "<html>hello</html>", false, "JSON"},
		{"array", 200, "[]", false, "JSON"},
		{"string", 200, `"x"`, false, "JSON"},
		{"cut off", 200, configuration("private.example", "t")[:100], false, "JSON"},
		{"followed by more", 200, configuration("private.example", "t") + "{}", false, "JSON"},
		{"number for a URL", 200, change(t, "token_endpoint", 7), false, "JSON"},
		{"null", 200, "null", true, "no issuer"},
		{"empty object", 200, "{}", true, "no issuer"},
		{"no issuer", 200, change(t, "issuer", nil), true, "no issuer"},
		{"empty issuer", 200, change(t, "issuer", ""), true, "no issuer"},
		{"issuer elsewhere", 200, change(t, "issuer", "https://evil.example/t/v2.0"), true, "evil.example"},
		{"issuer over http", 200, change(t, "issuer", "http://private.example/t/v2.0"), true, "http://private.example"},
		{"no token endpoint", 200, change(t, "token_endpoint", nil), false, "token_endpoint"},
		{"no authorization endpoint", 200, change(t, "authorization_endpoint", nil), false, "authorization_endpoint"},
		{"token endpoint over http", 200, change(t, "token_endpoint", "http://private.example/t/token"), false, "https"},
		{"token endpoint elsewhere", 200, change(t, "token_endpoint", "https://evil.example/t/token"), false, "evil.example"},
		{"token endpoint on another port", 200, change(t, "token_endpoint", "https://private.example:8443/t/token"), false, "private.example:8443"},
		{"token endpoint in another cloud", 200, change(t, "token_endpoint", "https://login.microsoftonline.com/t/token"), false, "login.microsoftonline.com"},
		{"token endpoint with user", 200, change(t, "token_endpoint", "https://private.example@evil.example/t/token"), false, "token_endpoint"},
		{"token endpoint with fragment", 200, change(t, "token_endpoint", "https://private.example/t/token#x"), false, "token_endpoint"},
		{"token endpoint with fragment after the query", 200, change(t, "token_endpoint", "https://private.example/t/token?x#y"), false, "token_endpoint"},
		{"token endpoint with a space in the query", 200, change(t, "token_endpoint", "https://private.example/t/token?x y"), false, "token_endpoint"},
		{"token endpoint, relative", 200, change(t, "token_endpoint", "/t/token"), false, "token_endpoint"},
		{"token endpoint without tenant", 200, change(t, "token_endpoint", "https://private.example/"), false, "tenant"},
		{"token endpoint with odd tenant", 200, change(t, "token_endpoint", "https://private.example/%2e%2e/token"), false, "tenant"},
		{"authorization endpoint elsewhere", 200, change(t, "authorization_endpoint", "https://evil.example/t"), false, "authorization_endpoint"},
		{"device endpoint elsewhere", 200, change(t, "device_authorization_endpoint", "https://evil.example/t"), false, "device_authorization_endpoint"},
		{"keys elsewhere", 200, change(t, "jwks_uri", "https://evil.example/t"), false, "jwks_uri"},
		{"logout elsewhere", 200, change(t, "end_session_endpoint", "https://evil.example/t"), false, "end_session_endpoint"},
	} {
		n := &internet{hosts: map[string]http.HandlerFunc{"private.example": says(c.status, c.body)}}
		r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
		a := mustParse(t, "https://private.example/t")
		for try := 1; try <= 2; try++ { // the second try must not find anything kept
			m, err := r.Resolve(t.Context(), a)
			var ie *IssuerError
			var me *MetadataError
			if m != nil || c.issuer != errors.As(err, &ie) || c.issuer == errors.As(err, &me) {
				t.Errorf("%s: %+v, %T: %v", c.name, m, err, err)
				continue
			}
			if text := err.Error(); !strings.Contains(text, c.problem) || strings.Contains(text, "<html>") {
				t.Errorf("%s: text %q, want it to have %q and no body", c.name, text, c.problem)
			}
			if me != nil && me.Hint == "" {
				t.Errorf("%s: no hint", c.name)
			}
			if got := len(n.requests()); got != try {
				t.Errorf("%s: %d requests after try %d", c.name, got, try)
			}
		}
		if len(r.kept) != 0 {
			t.Errorf("%s: something was kept", c.name)
		}
	}
}

func TestEndpointsMayHaveAQueryAndAnAlias(t *testing.T) {
	t.Parallel()
	a := mustParse(t, "https://private.example/t")
	body := change(t, "token_endpoint", "https://sts.private.example/t/token?p=b2c_1_in")
	if _, err := parseDocument(a, nil, []byte(body)); err == nil {
		t.Error("accepted a host that is no alias")
	}
	m, err := parseDocument(a, []string{"sts.private.example"}, []byte(body))
	if err != nil || m.TokenEndpoint != "https://sts.private.example/t/token?p=b2c_1_in" || m.Realm != "t" {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestOIDCEndpointsStayInTheCloud(t *testing.T) {
	t.Parallel()
	doc := func(issuer, host string) []byte {
		return fmt.Appendf(nil, `{"issuer":%q,"authorization_endpoint":"https://%[2]s/a","token_endpoint":"https://%[2]s/t/token","device_authorization_endpoint":"https://%[2]s/d"}`, issuer, host)
	}
	for _, c := range []struct {
		authority, host string
		want            bool
	}{
		{"https://login.microsoftonline.com/t/v2.0", "login.microsoftonline.com", true},
		{"https://login.microsoftonline.com/t/v2.0", "login.windows.net", true},
		{"https://login.microsoftonline.com/t/v2.0", "westus2.login.microsoft.com", true},
		{"https://login.microsoftonline.com/t/v2.0", "login.microsoftonline.us", false},
		{"https://login.microsoftonline.com/t/v2.0", "evil.example", false},
		{"https://contoso.ciamlogin.com/contoso/v2.0", "contoso.ciamlogin.com", true},
		{"https://contoso.ciamlogin.com/contoso/v2.0", "login.microsoftonline.us", false},
		{"https://id.example/a", "elsewhere.example", true},
	} {
		a, err := ParseOIDC(c.authority)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parseDocument(a, nil, doc(c.authority, c.host))
		var me *MetadataError
		if c.want != (err == nil) || err != nil && !errors.As(err, &me) {
			t.Errorf("%s with endpoints on %s: %v, want accepted %v", c.authority, c.host, err, c.want)
		}
	}
	a, _ := ParseOIDC("https://id.example/a")
	for _, endpoint := range []string{"http://id.example/t", "id.example/t", "https://u@id.example/t", `https://id.example\t`} {
		body := fmt.Appendf(nil, `{"issuer":"https://id.example/a","authorization_endpoint":"https://id.example/x","token_endpoint":%q}`, endpoint)
		if _, err := parseDocument(a, nil, body); err == nil {
			t.Errorf("accepted the token endpoint %q", endpoint)
		}
	}
}

func TestBadInstanceDiscoveryIsRefused(t *testing.T) {
	t.Parallel()
	endpoint := func(u string) string { return fmt.Sprintf(`{"tenant_discovery_endpoint":%q}`, u) }
	for _, c := range []struct {
		name, body string
		status     int
		problem    string
	}{
		{"empty", "", 200, "JSON"},
		{"HTML", "<html>", 502, "try again"},
		{"array", "[]", 200, "JSON"},
		{"other error", `{"error":"invalid_request","error_description":"AADSTS900144: x"}`, 400, "invalid_request"},
		{"server error with a document", endpoint("https://private.example/t/v2.0/.well-known/openid-configuration"), 500, "try again"},
		{"no endpoint", "{}", 200, "no tenant_discovery_endpoint"},
		{"http", endpoint("http://private.example/t/v2.0/.well-known/openid-configuration"), 200, "https"},
		{"relative", endpoint("/t/v2.0/.well-known/openid-configuration"), 200, "https"},
		{"another host", endpoint("https://evil.example/t/v2.0/.well-known/openid-configuration"), 200, "evil.example"},
		{"another tenant", endpoint("https://private.example/common/v2.0/.well-known/openid-configuration"), 200, "common"},
		{"alias of another host", `{"tenant_discovery_endpoint":"https://b.example/t/x","metadata":[{"aliases":["a.example","b.example"]}]}`, 200, "b.example"},
	} {
		n := &internet{hosts: map[string]http.HandlerFunc{"login.microsoftonline.com": says(c.status, c.body)}}
		_, err := n.resolver(Options{}).Resolve(t.Context(), mustParse(t, "https://private.example/t"))
		var me *MetadataError
		if !errors.As(err, &me) || me.Step != StepInstance || me.Host != discoveryHost || me.Hint == "" || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want a MetadataError with %q", c.name, err, c.problem)
		}
		if len(n.requests()) != 1 {
			t.Errorf("%s: requests %q", c.name, n.requests())
		}
	}
	_, err := (&internet{}).resolver(Options{}).Resolve(t.Context(), mustParse(t, "https://private.example/t"))
	var me *MetadataError
	if !errors.As(err, &me) || me.Step != StepInstance || !strings.Contains(me.Hint, "instance discovery off") {
		t.Errorf("no connection: %v", err)
	}
}

// Documents come from strangers: whatever is accepted must keep every endpoint
// on https and, for Entra, on the authority's host.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(configuration("private.example", "t")))
	f.Add([]byte(`{"issuer":"https://private.example","authorization_endpoint":"https://private.example@e/a","token_endpoint":"https://private.example/t?x#y"}`))
	f.Add([]byte(instanceOK))
	entra := Authority{Kind: Entra, Host: "private.example", Tenant: "t", URL: "https://private.example/t"}
	oidc := Authority{Kind: OIDC, Host: "private.example", URL: "https://private.example"}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, a := range []Authority{entra, oidc} {
			m, err := parseDocument(a, nil, body)
			if err != nil {
				continue
			}
			for _, e := range []string{m.AuthorizationEndpoint, m.TokenEndpoint, m.DeviceAuthorizationEndpoint, m.JWKSURI, m.EndSessionEndpoint} {
				u, err := url.Parse(e)
				if e != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "") {
					t.Fatalf("accepted the endpoint %q", e)
				}
				if e != "" && a.Kind == Entra && strings.ToLower(u.Hostname()) != a.Host {
					t.Fatalf("accepted the endpoint %q", e)
				}
			}
		}
		var answer instanceAnswer
		if json.Unmarshal(body, &answer) != nil {
			return
		}
		if i, err := answer.check(entra); err == nil {
			if host, ok := endpointHost(i.configuration); !ok || !sameService(entra.Host, i.aliases, host) {
				t.Fatalf("accepted the configuration at %q", i.configuration)
			}
		}
	})
}
