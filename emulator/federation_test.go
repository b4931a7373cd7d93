package emulator_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

const (
	fred      = "fred@fabrikam.test"
	stsHost   = "sts.fabrikam.test"
	stsURL    = "https://" + stsHost + "/adfs/services/trust"
	trust13   = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	trust2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust"
	saml11    = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
	saml20    = "urn:ietf:params:oauth:grant-type:saml2-bearer"
)

// withFederation adds a federated domain with one person to the configuration.
func withFederation(change ...func(*emulator.Federation)) func(*emulator.Config) {
	return func(cfg *emulator.Config) {
		f := emulator.Federation{Domain: "fabrikam.test"}
		for _, c := range change {
			c(&f)
		}
		t := &cfg.Tenants[0]
		t.Domains = append(t.Domains, "fabrikam.test")
		t.Federated = []emulator.Federation{f}
		t.Users = append(t.Users, emulator.User{UPN: fred}, emulator.User{UPN: "gone@fabrikam.test", Disabled: true})
	}
}

func TestUserRealmOfFederatedDomains(t *testing.T) {
	t.Parallel()
	const mex, active05, active13 = stsURL + "/mex", stsURL + "/2005/usernamemixed", stsURL + "/13/usernamemixed"
	for name, c := range map[string]struct {
		change         func(*emulator.Federation)
		metadata, auth string
	}{
		"both versions": {func(*emulator.Federation) {}, mex, active05},
		"1.3":           {func(f *emulator.Federation) { f.Trust = "1.3" }, mex, active13},
		"none":          {func(f *emulator.Federation) { f.Trust = "none" }, mex, ""},
		"no metadata":   {func(f *emulator.Federation) { f.NoMetadata = true }, "", active05},
	} {
		a := start(t, withFederation(c.change)).get(loginHost + "/common/userrealm/" + fred + "?api-version=1.0")
		if a.text("account_type") != "Federated" || a.text("federation_protocol") != "WSTrust" || a.text("cloud_audience_urn") != "urn:federation:MicrosoftOnline" ||
			a.text("federation_metadata_url") != c.metadata || a.text("federation_active_auth_url") != c.auth {
			t.Errorf("%s: %v", name, a.Body)
		}
	}
}

func TestUserRealmNamesAreDecodedOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.get(loginHost + "/common/userrealm/a%2Fb%252F@contoso.test?api-version=1.0")
	if got := f.emu.Requests(emulator.EndpointUserRealm); len(got) != 1 || got[0].User != "a/b%2F@contoso.test" {
		t.Errorf("the user realm was asked about %v", got)
	}
	f.get(loginHost + "/common/userrealm/alice@contoso.test")
	if len(f.emu.Advice()) != 1 || f.emu.Advice()[0].Rule != "user-realm-version" {
		t.Errorf("advice: %v", f.emu.Advice())
	}
}

// envelope is a good request for a token; pairs replace parts of it.
func envelope(namespace string, now time.Time, pairs ...string) string {
	path, keyType := "/13/usernamemixed", trust13+"/Bearer"
	if namespace == trust2005 {
		path, keyType = "/2005/usernamemixed", "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey"
	}
	const wss = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
	text := `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="` + wss + `utility-1.0.xsd"><e:Header>` +
		`<a:Action>` + namespace + `/RST/Issue</a:Action><a:MessageID>urn:uuid:5b3ff6a5-1f5e-4d2a-8a3f-000000000001</a:MessageID><a:To>` + stsURL + path + `</a:To>` +
		`<s:Security xmlns:s="` + wss + `secext-1.0.xsd"><u:Timestamp><u:Created>` + now.UTC().Format(time.RFC3339) + `</u:Created><u:Expires>` + now.Add(10*time.Minute).UTC().Format(time.RFC3339) + `</u:Expires></u:Timestamp>` +
		`<s:UsernameToken><s:Username>` + fred + `</s:Username><s:Password>` + emulator.DefaultPassword + `</s:Password></s:UsernameToken></s:Security></e:Header>` +
		`<e:Body><t:RequestSecurityToken xmlns:t="` + namespace + `"><p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>urn:federation:MicrosoftOnline</a:Address></a:EndpointReference></p:AppliesTo>` +
		`<t:KeyType>` + keyType + `</t:KeyType><t:RequestType>` + namespace + `/Issue</t:RequestType></t:RequestSecurityToken></e:Body></e:Envelope>`
	return strings.NewReplacer(pairs...).Replace(text)
}

// soap posts an envelope and returns status and body.
func (f *fixture) soap(address, action, body string, header ...string) (int, string) {
	f.tb.Helper()
	r, err := http.NewRequestWithContext(f.tb.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		f.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
	r.Header.Set("SOAPAction", action)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := f.browser.Do(r)
	if err != nil {
		f.tb.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.tb.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// assertion signs fred in at the provider and returns what is in the token
// element, as it came.
func (f *fixture) assertion(namespace string) string {
	f.tb.Helper()
	path := map[string]string{trust13: "/13/usernamemixed", trust2005: "/2005/usernamemixed"}[namespace]
	status, text := f.soap(stsURL+path, namespace+"/RST/Issue", envelope(namespace, f.emu.Now()))
	_, rest, ok := strings.Cut(text, "<t:RequestedSecurityToken>")
	inner, _, end := strings.Cut(rest, "</t:RequestedSecurityToken>")
	if status != 200 || !ok || !end {
		f.tb.Fatalf("no assertion: status %d", status)
	}
	if err := xml.Unmarshal([]byte(inner), new(struct{})); err != nil {
		f.tb.Fatalf("the assertion does not stand alone: %v", err)
	}
	return inner
}

func redemption(grant, assertion string, changes ...string) url.Values {
	return with(url.Values{"grant_type": {grant}, "client_id": {emulator.DesktopClientID}, "client_info": {"1"},
		"assertion": {base64.RawURLEncoding.EncodeToString([]byte(assertion))}, "scope": {"openid profile offline_access User.Read"}}, changes...)
}

func TestAssertionsOfAFederatedProviderAreRedeemed(t *testing.T) {
	t.Parallel()
	for _, version := range []struct{ saml, grant, other string }{{"1.1", saml11, saml20}, {"2.0", saml20, saml11}} {
		for _, namespace := range []string{trust13, trust2005} {
			f := start(t, withFederation(func(f *emulator.Federation) { f.SAML = version.saml }))
			xml := f.assertion(namespace)
			a := f.token(redemption(version.grant, xml))
			id, _ := f.verify(a.text("id_token"))
			if id["preferred_username"] != fred || a.text("refresh_token") == "" || a.text("client_info") == "" {
				t.Errorf("SAML %s: %v", version.saml, id)
			}
			f.token(redemption(version.grant, strings.TrimSpace(xml))) // blanks around it are not signed
			for name, form := range map[string]url.Values{
				"one blank less":  redemption(version.grant, strings.Replace(xml, "  ", " ", 2)),
				"another quote":   redemption(version.grant, strings.Replace(xml, "'", `"`, 2)),
				"line ends":       redemption(version.grant, strings.ReplaceAll(xml, "\r\n", "\n")),
				"other version":   redemption(version.other, xml),
				"made up":         redemption(version.grant, "<a/>"),
				"not base64":      redemption(version.grant, xml, "assertion", "<a/>"),
				"somewhere else":  redemption(version.grant, xml, "assertion", "AAAA"),
				"printed as text": redemption(version.grant, xml, "assertion", xml),
			} {
				refused(t, name, f.post(tokenURL, form), 400, "invalid_grant", 50008)
			}
			refused(t, "no assertion", f.post(tokenURL, redemption(version.grant, xml, "assertion", "-")), 400, "invalid_request", 900144)
			refused(t, "no secret", f.post(tokenURL, redemption(version.grant, xml, "client_id", emulator.WebClientID)), 401, "invalid_client", 7000218)
			f.emu.Advance(time.Hour)
			refused(t, "expired", f.post(tokenURL, redemption(version.grant, xml)), 400, "invalid_grant", 50008)
		}
	}
}

func TestAssertionsInStandardBase64AreTakenWithAdvice(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation())
	xml := f.assertion(trust13)
	f.token(redemption(saml11, xml, "assertion", base64.StdEncoding.EncodeToString([]byte(xml))))
	if len(f.emu.Advice()) == 0 || f.emu.Advice()[0].Rule != "assertion-encoding" || len(f.emu.Violations()) != 0 {
		t.Errorf("advice %v, violations %v", f.emu.Advice(), f.emu.Violations())
	}
}

func TestRevokingAlsoEndsAssertions(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation())
	xml := f.assertion(trust13)
	if err := f.emu.Revoke(fred); err != nil {
		t.Fatal(err)
	}
	refused(t, "revoked", f.post(tokenURL, redemption(saml11, xml)), 400, "invalid_grant", 50173)
}

func TestAssertionsOpenNoOtherTenant(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation(), func(cfg *emulator.Config) {
		cfg.Tenants = append(cfg.Tenants, emulator.Tenant{Name: "Other", Domains: []string{"other.test"}})
	})
	xml := f.assertion(trust13)
	refused(t, "other tenant", f.post(loginHost+"/other.test/oauth2/v2.0/token", redemption(saml11, xml)), 400, "invalid_grant", 50020)
	f.post(loginHost+"/organizations/oauth2/v2.0/token", redemption(saml11, xml))
	if last := f.emu.Requests(emulator.EndpointToken); last[1].Status != 200 || last[1].User != fred {
		t.Errorf("at /organizations: %v", last[1])
	}
	refused(t, "odd scope", f.post(tokenURL, redemption(saml11, xml, "scope", "api://tasks/Nope")), 400, "invalid_scope", 70011)
}

func TestPasswordsOfFederatedPeopleAreNotKnownHere(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation())
	form := url.Values{"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "username": {fred}, "password": {emulator.DefaultPassword}, "scope": {"openid"}}
	refused(t, "federated", f.post(tokenURL, form), 400, "invalid_grant", 50126)
}

func TestWSTrustRefusesWithFaults(t *testing.T) {
	t.Parallel()
	const action = trust13 + "/RST/Issue"
	for name, c := range map[string]struct {
		code   string
		pairs  []string
		header []string
	}{
		"wrong password":       {"FailedAuthentication", []string{emulator.DefaultPassword, "x"}, nil},
		"unknown user":         {"FailedAuthentication", []string{fred, "x@fabrikam.test"}, nil},
		"managed user":         {"FailedAuthentication", []string{fred, emulator.DefaultUser}, nil},
		"disabled user":        {"FailedAuthentication", []string{fred, "gone@fabrikam.test"}, nil},
		"no user name":         {"FailedAuthentication", []string{"UsernameToken", "Token"}, nil},
		"media type":           {"InvalidRequest", nil, []string{"Content-Type", "text/xml; charset=utf-8"}},
		"charset":              {"InvalidRequest", nil, []string{"Content-Type", "application/soap+xml"}},
		"document type":        {"InvalidRequest", []string{"<e:Envelope", "<!DOCTYPE a><e:Envelope"}, nil},
		"not XML":              {"InvalidRequest", []string{"</e:Body>", ""}, nil},
		"SOAP 1.1":             {"InvalidRequest", []string{"http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"}, nil},
		"other version":        {"InvalidRequest", []string{trust13, trust2005}, nil},
		"action header":        {"InvalidRequest", nil, []string{"SOAPAction", "x"}},
		"action element":       {"InvalidRequest", []string{"RST/Issue<", "RST/Renew<"}, nil},
		"message id":           {"InvalidRequest", []string{"urn:uuid:", ""}, nil},
		"recipient":            {"InvalidRequest", []string{"<a:To>https:", "<a:To>http:"}, nil},
		"request type":         {"InvalidRequest", []string{"/Issue</t:RequestType>", "/Renew</t:RequestType>"}, nil},
		"key type":             {"InvalidRequest", []string{"/Bearer", "/SymmetricKey"}, nil},
		"relying party":        {"InvalidScope", []string{"urn:federation:MicrosoftOnline", "urn:other"}, nil},
		"no timestamp":         {"MessageExpired", []string{"u:Created", "u:Made"}, nil},
		"expired long ago":     {"MessageExpired", []string{"<u:Expires>2", "<u:Expires>1"}, nil},
		"created in the years": {"MessageExpired", []string{"<u:Created>2", "<u:Created>3"}, nil},
	} {
		f := start(t, withFederation())
		status, text := f.soap(stsURL+"/13/usernamemixed", action, envelope(trust13, f.emu.Now(), c.pairs...), c.header...)
		if status != 500 || !strings.Contains(text, ">t:"+c.code+"<") || strings.Contains(text, "Assertion") || strings.Contains(text, emulator.DefaultPassword) {
			t.Errorf("%s: status %d, want the fault %s", name, status, c.code)
		}
		if wrong := len(f.emu.Violations()) != 0; wrong != (c.code != "FailedAuthentication") {
			t.Errorf("%s: violations %v", name, f.emu.Violations())
		}
	}
}

func TestWSTrustAdvises(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation())
	status, text := f.soap(stsURL+"/13/usernamemixed", trust13+"/RST/Issue", envelope(trust13, f.emu.Now(), "a:MessageID", "a:messageID"), "x-client-sku", "x")
	if status != 200 || strings.Contains(text, "RelatesTo") {
		t.Errorf("status %d", status)
	}
	var rules []string
	for _, v := range f.emu.Advice() {
		rules = append(rules, v.Rule)
	}
	if strings.Join(rules, " ") != "federation-headers message-id" || len(f.emu.Violations()) != 0 {
		t.Errorf("advice %v, violations %v", rules, f.emu.Violations())
	}
}

func TestAProviderMayShareItsHostWithAnADFSAuthority(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation(), func(cfg *emulator.Config) { cfg.Tenants[0].ADFS = []string{stsHost} })
	if a := f.get(stsURL + "/mex"); a.Status != 200 {
		t.Errorf("metadata: status %d", a.Status)
	}
	if a := f.get("https://" + stsHost + "/adfs/.well-known/openid-configuration"); a.text("issuer") == "" {
		t.Errorf("configuration: %s", a.summary())
	}
	if len(f.assertion(trust2005)) == 0 {
		t.Error("no assertion")
	}
}

func TestFederatedProvidersOfferWhatIsConfigured(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation(func(f *emulator.Federation) { f.Trust, f.NoMetadata = "2005", true }))
	for address, want := range map[string]int{stsURL + "/mex": 404, stsURL + "/13/usernamemixed": 404, stsURL + "/2005/usernamemixed": 500, "https://" + stsHost + "/": 404} {
		if a := f.get(address); a.Status != want {
			t.Errorf("%s: status %d, want %d", address, a.Status, want)
		}
	}
	if len(f.assertion(trust2005)) == 0 {
		t.Error("no assertion")
	}
}

func TestInjectedErrorsOfAProviderAreFaults(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation())
	f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointWSTrust}, AADSTS: 50076})
	status, text := f.soap(stsURL+"/13/usernamemixed", trust13+"/RST/Issue", envelope(trust13, f.emu.Now()))
	if status != 500 || !strings.Contains(text, ">t:RequestFailed<") {
		t.Errorf("status %d, want a fault", status)
	}
}

func TestFederationConfigurationErrorsNameTheMember(t *testing.T) {
	t.Parallel()
	const tenant = `{"tenants":[{"name":"T","domains":["t.test","u.test"],"federated":[`
	for members, path := range map[string]string{
		`{}`:                                        "tenants[0].federated[0].domain",
		`{"domain":"x.test"}`:                       "tenants[0].federated[0].domain",
		`{"domain":"t.test","host":"a/b"}`:          "tenants[0].federated[0].host",
		`{"domain":"t.test","host":"127.0.0.1"}`:    "tenants[0].federated[0].host",
		`{"domain":"t.test","host":"sts.test:443"}`: "tenants[0].federated[0].host",
		`{"domain":"t.test","trust":"1.4"}`:         "tenants[0].federated[0].trust",
		`{"domain":"t.test","saml":"1.0"}`:          "tenants[0].federated[0].saml",
		`{"domain":"t.test"},{"domain":"T.test"}`:   "tenants[0].federated[1].domain",
		`{"domain":"t.test","host":"a.test"},{"domain":"u.test","host":"A.test"}`: "tenants[0].federated[1].host",
		`{"domain":"t.test","metadata":true}`:                                     "tenants[0].federated[0].metadata",
		`{"domain":"t.test","host":"login.microsoftonline.com"}`:                  "tenants[0].federated[0].host",
		`{"domain":"t.test","no_metadata":"yes"}`:                                 "tenants[0].federated[0].no_metadata",
	} {
		_, err := emulator.ParseConfig([]byte(tenant + members + `]}]}`))
		var bad *emulator.ConfigError
		if !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%s: %v, want a *ConfigError about %s", members, err, path)
		}
	}
}

func TestServersHaveCertificatesForFederatedProviders(t *testing.T) {
	t.Parallel()
	f := start(t, withFederation())
	srv, err := f.emu.Serve(t.Context(), emulator.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(srv.CA())
	conn, err := tls.Dial("tcp", srv.Addr(), &tls.Config{RootCAs: roots, ServerName: stsHost})
	if err != nil {
		t.Fatalf("the certificate of the provider: %v", err)
	}
	conn.Close()
	resp, err := srv.Client().Get(stsURL + "/mex")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/xml; charset=utf-8" {
		t.Errorf("status %d, %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
}
