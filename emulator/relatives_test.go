package emulator_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator"
)

func withRelatives(cfg *emulator.Config) {
	cfg.Tenants[0].Policies = []string{"B2C_1_In"}
	cfg.Tenants[0].ADFS = []string{"adfs.contoso.test"}
	cfg.Tenants[0].DSTS = []string{"dsts.contoso.test"}
	cfg.Hosts = []string{"login.contoso.test"}
}

func TestConfigurationOfRelatives(t *testing.T) {
	t.Parallel()
	f := start(t, withRelatives)
	const id = emulator.DefaultTenantID
	for address, want := range map[string]struct{ issuer, token string }{
		"https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/v2.0":  {"https://contoso.b2clogin.com/" + id + "/v2.0/", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/token"},
		"https://Contoso.b2clogin.com/Contoso.onmicrosoft.com/B2C_1_IN/v2.0/": {"https://contoso.b2clogin.com/" + id + "/v2.0/", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/token"},
		"https://contoso.b2clogin.us/" + id + "/b2c_1_in/v2.0":                {"https://contoso.b2clogin.us/" + id + "/v2.0/", "https://contoso.b2clogin.us/" + id + "/b2c_1_in/oauth2/v2.0/token"},
		"https://login.contoso.test/contoso.test/b2c_1_in/v2.0":               {"https://login.contoso.test/" + id + "/v2.0/", "https://login.contoso.test/contoso.test/b2c_1_in/oauth2/v2.0/token"},
		"https://login.contoso.test/contoso.test/v2.0":                        {"https://login.contoso.test/" + id + "/v2.0", "https://login.contoso.test/" + id + "/oauth2/v2.0/token"},
		"https://adfs.contoso.test/adfs":                                      {"https://adfs.contoso.test/adfs", "https://adfs.contoso.test/adfs/oauth2/token/"},
		"https://ADFS.contoso.test:8443/ADFS":                                 {"https://adfs.contoso.test:8443/adfs", "https://adfs.contoso.test:8443/adfs/oauth2/token/"},
		"https://dsts.contoso.test/dstsv2/" + id:                              {"https://dsts.contoso.test/dstsv2/" + id, "https://dsts.contoso.test/dstsv2/" + id + "/oauth2/v2.0/token"},
		"https://dsts.contoso.test/dstsv2/common":                             {"https://dsts.contoso.test/dstsv2/" + id, "https://dsts.contoso.test/dstsv2/common/oauth2/v2.0/token"},
		"https://DSTS.contoso.test:8443/dstsv2/Contoso.test/v2.0":             {"https://dsts.contoso.test:8443/dstsv2/" + id, "https://dsts.contoso.test:8443/dstsv2/contoso.test/oauth2/v2.0/token"},
		"https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0":          {"https://" + id + ".ciamlogin.com/" + id + "/v2.0", "https://contoso.ciamlogin.com/" + id + "/oauth2/v2.0/token"},
		"https://" + id + ".ciamlogin.com/" + id + "/v2.0":                    {"https://" + id + ".ciamlogin.com/" + id + "/v2.0", "https://" + id + ".ciamlogin.com/" + id + "/oauth2/v2.0/token"},
	} {
		a := f.get(strings.TrimSuffix(address, "/") + "/.well-known/openid-configuration")
		if a.Status != 200 || a.text("issuer") != want.issuer || a.text("token_endpoint") != want.token {
			t.Errorf("%s: %s, issuer %s, token %s", address, a.summary(), a.text("issuer"), a.text("token_endpoint"))
			continue
		}
		if keys := f.get(a.text("jwks_uri")); keys.Status != 200 || keys.Body["keys"] == nil {
			t.Errorf("%s: keys at %s: %s", address, a.text("jwks_uri"), keys.summary())
		}
	}
}

func TestRelativesHaveOnlyTheirOwnAddresses(t *testing.T) {
	t.Parallel()
	f := start(t, withRelatives)
	const document = "/.well-known/openid-configuration"
	for name, address := range map[string]string{
		"B2C without a policy":       "https://contoso.b2clogin.com/contoso.onmicrosoft.com/v2.0" + document,
		"B2C with another policy":    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_other/v2.0" + document,
		"B2C of another name":        "https://fabrikam.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/v2.0" + document,
		"B2C below another name":     "https://a.contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/v2.0" + document,
		"the bare B2C host":          "https://b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/v2.0" + document,
		"B2C of another tenant":      "https://contoso.b2clogin.com/fabrikam.onmicrosoft.com/b2c_1_in/v2.0" + document,
		"B2C's device codes":         "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/devicecode",
		"a policy at Entra":          "https://login.microsoftonline.com/contoso.onmicrosoft.com/b2c_1_in/v2.0" + document,
		"External ID of another":     "https://fabrikam.ciamlogin.com/contoso.onmicrosoft.com/v2.0" + document,
		"External ID of nobody":      "https://contoso.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0" + document,
		"External ID for everybody":  "https://contoso.ciamlogin.com/common/v2.0" + document,
		"AD FS under Entra's path":   "https://adfs.contoso.test/contoso.test/v2.0" + document,
		"AD FS with Entra's version": "https://adfs.contoso.test/adfs/v2.0" + document,
		"AD FS's unknown path":       "https://adfs.contoso.test/adfs/portal",
		"AD FS below another name":   "https://x.adfs.contoso.test/adfs" + document,
		"dSTS under Entra's path":    "https://dsts.contoso.test/contoso.test/v2.0" + document,
		"dSTS of another tenant":     "https://dsts.contoso.test/dstsv2/fabrikam.onmicrosoft.com" + document,
		"dSTS without a tenant":      "https://dsts.contoso.test/dstsv2" + document,
		"dSTS at Entra":              "https://login.microsoftonline.com/dstsv2/contoso.test" + document,
		"AD FS at Entra":             "https://login.microsoftonline.com/adfs" + document,
	} {
		if a := f.get(address); a.Status != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", name, a.summary())
		}
	}
}

// idToken is read without its signature: who reads it here only compares.
func idToken(t *testing.T, a answer) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(a.text("id_token"), claims); err != nil {
		t.Fatalf("%s: the ID token cannot be read", a.summary())
	}
	return claims
}

func TestPeopleSignInAtRelatives(t *testing.T) {
	t.Parallel()
	const id = emulator.DefaultTenantID
	for _, c := range []struct {
		name, authorize, token string
		has                    map[string]any
		lacks                  []string
		clientInfo             bool
	}{
		{"B2C", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/authorize", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/token",
			map[string]any{"iss": "https://contoso.b2clogin.com/" + id + "/v2.0/", "tfp": "b2c_1_in", "ver": "1.0"}, []string{"preferred_username", "tid"}, true},
		{"AD FS", "https://adfs.contoso.test/adfs/oauth2/authorize/", "https://adfs.contoso.test/adfs/oauth2/token/",
			map[string]any{"iss": "https://adfs.contoso.test/adfs", "upn": emulator.DefaultUser}, []string{"preferred_username", "tid", "oid"}, false},
		{"External ID", "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize", "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
			map[string]any{"iss": "https://" + id + ".ciamlogin.com/" + id + "/v2.0", "tid": id, "preferred_username": emulator.DefaultUser}, nil, true},
		{"dSTS", "https://dsts.contoso.test/dstsv2/common/oauth2/v2.0/authorize", "https://dsts.contoso.test/dstsv2/common/oauth2/v2.0/token",
			map[string]any{"iss": "https://dsts.contoso.test/dstsv2/" + id, "tid": id}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := start(t, withRelatives)
			_, query, _ := strings.Cut(request(emulator.DesktopClientID, "http://localhost:5001", "scope", "openid profile offline_access api://tasks/Tasks.Read"), "?")
			a := f.post(c.token, desktopCode(f.code(c.authorize+"?"+query)))
			if a.Status != 200 {
				t.Fatal(a.summary())
			}
			claims := idToken(t, a)
			for name, want := range c.has {
				if claims[name] != want {
					t.Errorf("%s is %v, want %v", name, claims[name], want)
				}
			}
			for _, name := range c.lacks {
				if _, ok := claims[name]; ok {
					t.Errorf("the ID token has %s", name)
				}
			}
			if got := a.text("client_info") != ""; got != c.clientInfo {
				t.Errorf("client_info: %v, want %v", got, c.clientInfo)
			}
		})
	}
}

// Each place shows its own page for codes, and every page after it stays there.
func TestDevicesSignInAtRelatives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ config, page, issuer string }{
		"AD FS":       {"https://adfs.contoso.test/adfs", "https://adfs.contoso.test/adfs/oauth2/deviceauth", "https://adfs.contoso.test/adfs"},
		"External ID": {"https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0", "https://contoso.ciamlogin.com/" + emulator.DefaultTenantID + "/oauth2/deviceauth", "https://" + emulator.DefaultTenantID + ".ciamlogin.com/" + emulator.DefaultTenantID + "/v2.0"},
		"dSTS":        {"https://dsts.contoso.test/dstsv2/common", "https://dsts.contoso.test/dstsv2/common/oauth2/deviceauth", "https://dsts.contoso.test/dstsv2/" + emulator.DefaultTenantID},
		"Entra":       {authority + "/v2.0", loginHost + "/common/oauth2/deviceauth", authority + "/v2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, withRelatives, withAccess(emulator.AccessPolicy{Name: "all", Require: emulator.RequireMFA}))
			config := f.get(c.config + "/.well-known/openid-configuration")
			a := f.post(config.text("device_authorization_endpoint"), url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"openid"}})
			if a.Status != 200 || a.text("verification_uri") != c.page {
				t.Fatalf("%s, verification_uri %s", a.summary(), a.text("verification_uri"))
			}
			agent := f.alice()
			if err := agent.ApproveDevice(t.Context(), c.page, a.text("user_code")); err != nil {
				t.Fatal(err)
			}
			got := f.post(config.text("token_endpoint"), poll(a))
			if got.Status != 200 || idToken(t, got)["iss"] != c.issuer {
				t.Errorf("%s", got.summary())
			}
			again := f.post(config.text("device_authorization_endpoint"), url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"openid"}})
			if err := agent.DenyDevice(t.Context(), c.page, again.text("user_code")); err != nil {
				t.Error(err)
			}
			refused(t, "denied", f.post(config.text("token_endpoint"), poll(again)), 400, "authorization_declined", 70020)
		})
	}
}

func TestB2CHasNoGrantsThatItDoesNotHave(t *testing.T) {
	t.Parallel()
	f := start(t, withRelatives)
	for _, grant := range []string{"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"} {
		a := f.post("https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/oauth2/v2.0/token", url.Values{"grant_type": {grant}, "client_id": {emulator.DesktopClientID}})
		if a.code() != 70003 {
			t.Errorf("%s: %s", grant, a.summary())
		}
	}
}

func TestRegionalEndpointsAdviseAgainstOtherGrants(t *testing.T) {
	t.Parallel()
	f := start(t)
	regional := "https://westus2.login.microsoft.com/" + emulator.DefaultTenantID + "/oauth2/v2.0/token"
	if a := f.post(regional, url.Values{"grant_type": {"client_credentials"}, "client_id": {emulator.DaemonClientID},
		"client_secret": {emulator.DaemonSecret}, "scope": {"api://tasks/.default"}}); a.Status != 200 {
		t.Fatal(a.summary())
	}
	f.post(regional, url.Values{"grant_type": {"refresh_token"}, "client_id": {emulator.DesktopClientID}, "refresh_token": {"x"}})
	var advised []bool
	for _, x := range f.emu.Requests(emulator.EndpointToken) {
		found := false
		for _, v := range x.Advice {
			found = found || v.Rule == "regional-grant"
		}
		advised = append(advised, found)
	}
	if len(advised) != 2 || advised[0] || !advised[1] {
		t.Errorf("advice: %v, want it about the second request alone", advised)
	}
}

func TestInstanceMetadataNamesTheRegion(t *testing.T) {
	t.Parallel()
	f := start(t, func(cfg *emulator.Config) { cfg.Region = "usgovva" })
	ask := func(path string, header ...string) (answer, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://169.254.169.254"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		s := f.page(r)
		return f.do(r), s.Text
	}
	const compute = "/metadata/instance/compute"
	for _, version := range []string{"2021-01-01", "2021-02-01"} {
		if a, _ := ask(compute+"?api-version="+version, "Metadata", "true"); a.Status != 200 || a.text("location") != "usgovva" {
			t.Errorf("version %s: %d, %v", version, a.Status, a.Body)
		}
	}
	if a, text := ask(compute+"/location?format=text&api-version=2021-01-01", "Metadata", "true"); a.Status != 200 || text != "usgovva" {
		t.Errorf("as text: %d %q", a.Status, text)
	}
	for name, c := range map[string]struct {
		path   string
		header []string
		status int
	}{
		"no header":      {compute + "?api-version=2021-02-01", nil, 400},
		"another header": {compute + "?api-version=2021-02-01", []string{"Metadata", "false"}, 400},
		"forwarded":      {compute + "?api-version=2021-02-01", []string{"Metadata", "true", "X-Forwarded-For", "10.0.0.1"}, 400},
		"no version":     {compute, []string{"Metadata", "true"}, 400},
		"a new version":  {compute + "?api-version=2099-01-01", []string{"Metadata", "true"}, 400},
		"no format":      {compute + "/location?api-version=2021-02-01", []string{"Metadata", "true"}, 404},
		"another path":   {"/metadata/instance/network?api-version=2021-02-01", []string{"Metadata", "true"}, 404},
	} {
		if a, _ := ask(c.path, c.header...); a.Status != c.status {
			t.Errorf("%s: %d, want %d", name, a.Status, c.status)
		}
	}
}

func TestBadRelativesAreRefused(t *testing.T) {
	t.Parallel()
	for path, change := range map[string]func(*emulator.Config){
		"tenants[0].policies[1]": func(c *emulator.Config) { c.Tenants[0].Policies = []string{"b2c_1_in", "a/b"} },
		"tenants[0].policies[0]": func(c *emulator.Config) { c.Tenants[0].Policies = []string{""} },
		"tenants[0].adfs[0]":     func(c *emulator.Config) { c.Tenants[0].ADFS = []string{"https://adfs.contoso.test"} },
		"tenants[0].dsts[0]":     func(c *emulator.Config) { c.Tenants[0].DSTS = []string{"dsts.contoso.test/dstsv2"} },
		"tenants[0].adfs[1]":     func(c *emulator.Config) { c.Tenants[0].ADFS = []string{"a.test", "A.test"} },
		"region":                 func(c *emulator.Config) { c.Region = "West US 2" },
	} {
		cfg := emulator.Defaults()
		change(&cfg)
		var bad *emulator.ConfigError
		if _, err := emulator.New(cfg); !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%v, want a *ConfigError about %s", err, path)
		}
	}
}
