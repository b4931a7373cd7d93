package authority

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/internal/httpx"
	"github.com/msal-go/msal/internal/oauth"
)

// internet answers requests in memory, by host, and keeps what was asked.
type internet struct {
	hosts map[string]http.HandlerFunc
	delay time.Duration
	mu    sync.Mutex
	asked []string
}

func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.asked = append(n.asked, r.Method+" "+r.URL.String())
	n.mu.Unlock()
	if n.delay > 0 {
		select {
		case <-time.After(n.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	h, ok := n.hosts[r.URL.Host]
	if !ok {
		return nil, errors.New("no such host")
	}
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), nil
}

func (n *internet) requests() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.asked)
}

func (n *internet) resolver(opts Options) *Resolver {
	return NewResolver(httpx.New(httpx.Config{HTTP: &http.Client{Transport: n}}), opts)
}

// says answers every request with status and body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// configuration is the document of an Entra tenant.
func configuration(host, tenant string) string {
	base := "https://" + host + "/" + tenant
	return fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"device_authorization_endpoint":%q,"jwks_uri":%q,"end_session_endpoint":%q,"userinfo_endpoint":"https://graph.microsoft.com/oidc/userinfo"}`,
		base+"/v2.0", base+"/oauth2/v2.0/authorize", base+"/oauth2/v2.0/token", base+"/oauth2/v2.0/devicecode", base+"/discovery/v2.0/keys", base+"/oauth2/v2.0/logout")
}

func mustParse(t *testing.T, raw string) Authority {
	t.Helper()
	a, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKnownTenantsOfKnownHostsCostNoRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ authority, issuer, realm string }{
		{"https://login.microsoftonline.com/" + guid, "https://login.microsoftonline.com/" + guid + "/v2.0", guid},
		{"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/{tenantid}/v2.0", "common"},
		{"https://login.windows.net/organizations", "https://login.microsoftonline.com/{tenantid}/v2.0", "organizations"},
		{"https://login.microsoftonline.com/consumers", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "consumers"},
		{"https://login.chinacloudapi.cn/common", "https://login.partner.microsoftonline.cn/{tenantid}/v2.0", "common"},
		{"https://login.microsoftonline.us/" + guid, "https://login.microsoftonline.us/" + guid + "/v2.0", guid},
		{"https://login.sovcloud-identity.fr/" + guid, "https://login.sovcloud-identity.fr/" + guid + "/v2.0", guid},
	} {
		n := &internet{}
		a := mustParse(t, c.authority)
		m, err := n.resolver(Options{}).Resolve(t.Context(), a)
		if err != nil {
			t.Errorf("%s: %v", c.authority, err)
			continue
		}
		base := "https://" + a.Host + "/" + a.Tenant
		if m.TokenEndpoint != base+"/oauth2/v2.0/token" || m.AuthorizationEndpoint != base+"/oauth2/v2.0/authorize" ||
			m.DeviceAuthorizationEndpoint != base+"/oauth2/v2.0/devicecode" || m.EndSessionEndpoint != base+"/oauth2/v2.0/logout" ||
			m.JWKSURI != base+"/discovery/v2.0/keys" || m.Issuer != c.issuer || m.Realm != c.realm || m.Environment != a.Host || m.Kind != Entra {
			t.Errorf("%s: %+v", c.authority, m)
		}
		if asked := n.requests(); len(asked) != 0 {
			t.Errorf("%s: requests %q", c.authority, asked)
		}
	}
}

func TestEnvironmentsAreOwnThenAliasesThenWithoutPort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		authority string
		want      []string
	}{
		{"https://login.windows.net/common", []string{"login.windows.net", "login.microsoftonline.com", "login.microsoft.com", "sts.windows.net"}},
		{"https://login-us.microsoftonline.com/common", []string{"login-us.microsoftonline.com"}},
		{"https://login.microsoftonline.us:8443/common", []string{"login.microsoftonline.us:8443", "login.microsoftonline.us", "login.usgovcloudapi.net"}},
	} {
		m, err := (&internet{}).resolver(Options{}).Resolve(t.Context(), mustParse(t, c.authority))
		if err != nil || !slices.Equal(m.Environments, c.want) {
			t.Errorf("%s: %v, %v; want %q", c.authority, m, err, c.want)
		}
	}
	if got := mustParse(t, "https://[::1]:8443/t").Environments(); !slices.Equal(got, []string{"[::1]:8443", "[::1]"}) {
		t.Errorf("IPv6: %q", got)
	}
}

func TestDomainTenantOfKnownHostBecomesItsGUID(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{
		"login.microsoftonline.com": says(200, configuration("login.microsoftonline.com", guid)),
	}}
	m, err := n.resolver(Options{}).Resolve(t.Context(), mustParse(t, "https://login.microsoftonline.com/contoso.com/"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Realm != guid || m.TokenEndpoint != "https://login.microsoftonline.com/"+guid+"/oauth2/v2.0/token" || len(m.Environments) != 4 {
		t.Errorf("got %+v", m)
	}
	if asked, want := n.requests(), []string{"GET https://login.microsoftonline.com/contoso.com/v2.0/.well-known/openid-configuration"}; !slices.Equal(asked, want) {
		t.Errorf("requests %q, want %q", asked, want)
	}
}

const instanceOK = `{"tenant_discovery_endpoint":"https://private.example:8443/contoso/v2.0/.well-known/openid-configuration","api-version":"1.1",
	"metadata":[{"preferred_network":"a.example","preferred_cache":"a.example","aliases":["a.example","b.example"]},
	{"preferred_network":"private.example","preferred_cache":"private.example","aliases":["sts.Private.example","private.example"]}]}`

func TestUnknownHostIsValidatedFirst(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{
		"login.microsoftonline.com": says(200, instanceOK),
		"private.example:8443":      says(200, configuration("private.example:8443", guid)),
	}}
	m, err := n.resolver(Options{}).Resolve(t.Context(), mustParse(t, "https://Private.example:8443/contoso/"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET https://login.microsoftonline.com/common/discovery/instance?authorization_endpoint=https%3A%2F%2Fprivate.example%3A8443%2Fcontoso%2Foauth2%2Fv2.0%2Fauthorize&api-version=1.1",
		"GET https://private.example:8443/contoso/v2.0/.well-known/openid-configuration",
	}
	if asked := n.requests(); !slices.Equal(asked, want) {
		t.Errorf("requests %q\nwant %q", asked, want)
	}
	if want := []string{"private.example:8443", "sts.private.example", "private.example"}; !slices.Equal(m.Environments, want) || m.Environment != want[0] || m.Realm != guid {
		t.Errorf("got %+v", m)
	}
}

func TestUnknownHostIsNotAskedWhenMicrosoftDoesNotKnowIt(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{
		"login.microsoftonline.com": says(400, `{"error":"invalid_instance","error_description":"AADSTS50049: Unknown or invalid instance.","error_codes":[50049]}`),
	}}
	_, err := n.resolver(Options{}).Resolve(t.Context(), mustParse(t, "https://evil.example/common"))
	var unknown *UnknownHostError
	if !errors.As(err, &unknown) || unknown.Host != "evil.example" || !strings.Contains(unknown.Error(), "instance discovery off") {
		t.Errorf("got %v, want an UnknownHostError with a hint", err)
	}
	if len(n.requests()) != 1 {
		t.Errorf("requests %q", n.requests())
	}
}

func TestTrustedHostsAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{
		"discovery off":   {InstanceDiscovery: DiscoveryOff},
		"known host":      {Known: []string{"Private.example"}},
		"known with port": {InstanceDiscovery: DiscoveryOn, Known: []string{"other.example", "private.example:8443"}},
	} {
		n := &internet{hosts: map[string]http.HandlerFunc{"private.example:8443": says(200, configuration("private.example:8443", "contoso"))}}
		m, err := n.resolver(opts).Resolve(t.Context(), mustParse(t, "https://private.example:8443/contoso/policy"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := []string{"private.example:8443", "private.example"}; !slices.Equal(m.Environments, want) {
			t.Errorf("%s: environments %q, want %q", name, m.Environments, want)
		}
		if asked, want := n.requests(), []string{"GET https://private.example:8443/contoso/policy/v2.0/.well-known/openid-configuration"}; !slices.Equal(asked, want) {
			t.Errorf("%s: requests %q, want %q", name, asked, want)
		}
	}
}

func TestKnownEntriesWithOtherPortsDoNotCount(t *testing.T) {
	t.Parallel()
	r := (&internet{}).resolver(Options{Known: []string{"private.example:9443", "a.example:443"}})
	for host, want := range map[string]bool{"private.example:8443": true, "private.example": true, "private.example:9443": false, "a.example": false} {
		a := mustParse(t, "https://"+host+"/t")
		hostname, _ := cutPort(a.Host)
		if got := r.mustAsk(a, hostname); got != want {
			t.Errorf("%s: must ask %v, want %v", host, got, want)
		}
	}
}

func TestOIDCAuthorityIsAskedItself(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{
		"accounts.google.com": says(200, `{"issuer":"https://accounts.google.com","authorization_endpoint":"https://accounts.google.com/o/oauth2/v2/auth","token_endpoint":"https://oauth2.googleapis.com/token","device_authorization_endpoint":"https://oauth2.googleapis.com/device/code","jwks_uri":"https://www.googleapis.com/oauth2/v3/certs"}`),
	}}
	a, err := ParseOIDC("https://accounts.google.com/")
	if err != nil {
		t.Fatal(err)
	}
	m, err := n.resolver(Options{}).Resolve(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != OIDC || m.Realm != "token" || m.Environment != "accounts.google.com" || m.JWKSURI != "https://www.googleapis.com/oauth2/v3/certs" {
		t.Errorf("got %+v", m)
	}
	if asked, want := n.requests(), []string{"GET https://accounts.google.com/.well-known/openid-configuration"}; !slices.Equal(asked, want) {
		t.Errorf("requests %q, want %q", asked, want)
	}
}

func TestOverTLS(t *testing.T) {
	t.Parallel()
	var host string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/contoso/v2.0/.well-known/openid-configuration" || r.Header.Get("Accept") != "application/json" || r.Header.Get("X-Client-Sku") != "" {
			t.Errorf("request %s with header %v", r.URL, r.Header)
		}
		fmt.Fprint(w, configuration(host, "contoso"))
	}))
	defer srv.Close()
	host = strings.TrimPrefix(srv.URL, "https://")
	r := NewResolver(httpx.New(httpx.Config{HTTP: srv.Client()}), Options{InstanceDiscovery: DiscoveryOff})
	m, err := r.Resolve(t.Context(), mustParse(t, srv.URL+"/contoso"))
	if err != nil || m.Environment != host || m.Realm != "contoso" || m.DeviceAuthorizationEndpoint != srv.URL+"/contoso/oauth2/v2.0/devicecode" {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestRedirectedConfigurationIsNotFollowed(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{
		"private.example": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
		"evil.example": says(200, configuration("private.example", "contoso")),
	}}
	_, err := n.resolver(Options{InstanceDiscovery: DiscoveryOff}).Resolve(t.Context(), mustParse(t, "https://private.example/contoso"))
	var redirect *httpx.RedirectError
	var me *MetadataError
	if !errors.As(err, &redirect) || !errors.As(err, &me) || len(n.requests()) != 1 {
		t.Errorf("got %v after %q, want a RedirectError in a MetadataError after one request", err, n.requests())
	}
}

func TestMetadataIsKeptForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]http.HandlerFunc{"private.example": says(200, configuration("private.example", "t"))}}
		r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
		a := mustParse(t, "https://private.example/t")
		for _, c := range []struct {
			after time.Duration
			asked int
		}{{0, 1}, {24*time.Hour - time.Second, 1}, {time.Second, 2}, {time.Hour, 2}} {
			time.Sleep(c.after)
			if _, err := r.Resolve(t.Context(), a); err != nil || len(n.requests()) != c.asked {
				t.Errorf("%d requests, %v; want %d", len(n.requests()), err, c.asked)
			}
		}
	})
}

func TestFailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{"private.example": says(500, "oops")}}
	r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
	a := mustParse(t, "https://private.example/t")
	if _, err := r.Resolve(t.Context(), a); err == nil {
		t.Fatal("no error")
	}
	n.hosts["private.example"] = says(200, configuration("private.example", "t"))
	if _, err := r.Resolve(t.Context(), a); err != nil {
		t.Errorf("second try: %v", err)
	}
}

func TestOneFetchForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &internet{delay: time.Second, hosts: map[string]http.HandlerFunc{"private.example": says(200, configuration("private.example", "t"))}}
		r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
		a := mustParse(t, "https://private.example/t")
		hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.Resolve(hasty, a); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hasty caller: %v, want its deadline", err)
			}
		})
		synctest.Wait() // the hasty caller started the fetch
		for range 20 {
			wg.Go(func() {
				if m, err := r.Resolve(t.Context(), a); err != nil || m.Realm != "t" {
					t.Errorf("patient caller: %+v, %v", m, err)
				}
			})
		}
		wg.Wait()
		if asked := n.requests(); len(asked) != 1 {
			t.Errorf("%d requests, want 1", len(asked))
		}
	})
}

func TestEndedContextAsksNobody(t *testing.T) {
	t.Parallel()
	n := &internet{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := n.resolver(Options{}).Resolve(ctx, mustParse(t, "https://login.microsoftonline.com/contoso.com"))
	if !errors.Is(err, context.Canceled) || len(n.requests()) != 0 {
		t.Errorf("got %v after %q", err, n.requests())
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	r := (&internet{}).resolver(Options{})
	for i := range maxKept + 100 {
		a := mustParse(t, fmt.Sprintf("https://login.microsoftonline.com/%08x-2222-3333-4444-555555555555", i))
		if _, err := r.Resolve(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.kept) != maxKept {
		t.Errorf("%d authorities kept, want %d", len(r.kept), maxKept)
	}
}

func TestZeroAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	_, err := (&internet{}).resolver(Options{}).Resolve(t.Context(), Authority{})
	var ue *URLError
	if !errors.As(err, &ue) {
		t.Errorf("got %v, want a URLError", err)
	}
}

func TestUnknownTenantIsNamedAsTheProblem(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{"login.microsoftonline.com": says(400,
		`{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'nowhere.example' not found.\r\nTrace ID: t","error_codes":[90002],"trace_id":"t","correlation_id":"c"}`)}}
	_, err := n.resolver(Options{}).Resolve(t.Context(), mustParse(t, "https://login.microsoftonline.com/nowhere.example"))
	var me *MetadataError
	var oe *oauth.Error
	if !errors.As(err, &me) || me.Status != 400 || me.Step != StepConfiguration || !strings.Contains(me.Hint, "tenant's id or domain name") {
		t.Fatalf("got %#v, want a MetadataError with a hint at the tenant", err)
	}
	if !errors.As(err, &oe) || oe.Code != "invalid_tenant" || !slices.Contains(oe.ErrorCodes, 90002) || oe.TraceID != "t" || oe.CorrelationID != "c" || oe.Host != "login.microsoftonline.com" {
		t.Errorf("got %#v, want the service's error inside", oe)
	}
}

func TestRememberedMetadataCostsNoAllocation(t *testing.T) {
	r := (&internet{}).resolver(Options{})
	a := mustParse(t, "https://login.microsoftonline.com/"+guid)
	ctx := t.Context()
	if _, err := r.Resolve(ctx, a); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = r.Resolve(ctx, a) }); n != 0 {
		t.Errorf("%v allocations per call, want 0", n)
	}
}

func TestEnvironmentsKnownWithoutAsking(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		"https://sts.windows.net/contoso.com":  {"sts.windows.net", "login.microsoftonline.com", "login.microsoft.com", "login.windows.net"},
		"https://private.example:8443/contoso": {"private.example:8443", "private.example"},
	} {
		if got := mustParse(t, raw).Environments(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
