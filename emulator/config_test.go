package emulator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

func TestDefaultsSurviveJSON(t *testing.T) {
	t.Parallel()
	want := emulator.Defaults()
	want.Lifetimes = emulator.Lifetimes{AccessToken: 90 * time.Minute, DeviceInterval: time.Second}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"access_token":"1h30m0s"`)) {
		t.Errorf("durations are not written as text")
	}
	got, err := emulator.ParseConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("came back different:\n%+v\n%+v", got, want)
	}
	for _, empty := range [...]string{`{}`, `{"tenants":[]}`} {
		if cfg, err := emulator.ParseConfig([]byte(empty)); err != nil || len(cfg.Tenants) != 0 {
			t.Errorf("%s: %v", empty, err)
		}
	}
}

func TestParseConfigNamesTheWrongMember(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		``:                                    "",
		`[]`:                                  "",
		`{} {}`:                               "",
		`{"tenants":`:                         "",
		`null`:                                "",
		`{"tenant":[]}`:                       "tenant",
		`{"Random":1}`:                        "Random",
		`{"tenants":{}}`:                      "tenants",
		`{"tenants":[{}]}`:                    "tenants[0].name",
		`{"tenants":[null]}`:                  "tenants[0]",
		`{"tenants":[{"name":7}]}`:            "tenants[0].name",
		`{"lenient":"yes"}`:                   "lenient",
		`{"hosts":[1]}`:                       "hosts[0]",
		`{"lifetimes":{"code":10}}`:           "lifetimes.code",
		`{"lifetimes":{"code":"10"}}`:         "lifetimes.code",
		`{"lifetimes":{"code":"-1s"}}`:        "lifetimes.code",
		`{"lifetimes":{"codes":"10s"}}`:       "lifetimes.codes",
		`{"tenants":[{"name":"T","id":"x"}]}`: "tenants[0].id",
		`{"tenants":[{"name":"T"},{"name":"T"}]}`:                                                                                          "tenants[1].id",
		`{"tenants":[{"name":"T","domains":["a b"]}]}`:                                                                                     "tenants[0].domains[0]",
		`{"tenants":[{"name":"T","domains":["t.test"]},{"name":"U","domains":["T.test"]}]}`:                                                "tenants[1].domains[0]",
		`{"tenants":[{"name":"T","users":[{"upn":"a"}]}]}`:                                                                                 "tenants[0].users[0].upn",
		`{"tenants":[{"name":"T","users":[{"upn":"a@b.c"}]}]}`:                                                                             "tenants[0].users[0].upn",
		`{"tenants":[{"name":"T","users":[{"upn":"a@t.onmicrosoft.com"},{"upn":"A@t.onmicrosoft.com"}]}]}`:                                 "tenants[0].users[1].upn",
		`{"tenants":[{"name":"T","apps":[{"name":"A"},{}]}]}`:                                                                              "tenants[0].apps[1].name",
		`{"tenants":[{"name":"T","apps":[{"name":"A","client_id":"A"}]}]}`:                                                                 "tenants[0].apps[0].client_id",
		`{"tenants":[{"name":"T","apps":[{"name":"A","redirect_uris":{"wbe":[]}}]}]}`:                                                      "tenants[0].apps[0].redirect_uris.wbe",
		`{"tenants":[{"name":"T","apps":[{"name":"A","redirect_uris":{"web":["x"]}}]}]}`:                                                   "tenants[0].apps[0].redirect_uris.web[0]",
		`{"tenants":[{"name":"T","apps":[{"name":"A","token_version":3}]}]}`:                                                               "tenants[0].apps[0].token_version",
		`{"tenants":[{"name":"T","apps":[{"name":"A","token_version":1.5}]}]}`:                                                             "tenants[0].apps[0].token_version",
		`{"tenants":[{"name":"T","apps":[{"name":"A","certificates":["x"]}]}]}`:                                                            "tenants[0].apps[0].certificates[0]",
		`{"tenants":[{"name":"T","apps":[{"name":"A","certificates":["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]}]}]}`: "tenants[0].apps[0].certificates[0]",
		`{"tenants":[{"name":"T","apps":[{"name":"A","trusted_issuers":[{"issuer":"x"}]}]}]}`:                                              "tenants[0].apps[0].trusted_issuers[0].subject",
		`{"tenants":[{"name":"T","apps":[{"name":"A","trusted_issuers":[{"subject":"s","issuer":"x"}]}]}]}`:                                "tenants[0].apps[0].trusted_issuers[0].issuer",
		`{"tenants":[{"name":"T","apps":[{"name":"A","identifier_uris":["tasks"]}]}]}`:                                                     "tenants[0].apps[0].identifier_uris[0]",
		`{"tenants":[{"name":"T","apps":[{"name":"A","identifier_uris":["api://a"]},{"name":"B","identifier_uris":["api://a/"]}]}]}`:       "tenants[0].apps[1].identifier_uris[0]",
		`{"tenants":[{"name":"T","apps":[{"name":"A","client_id":"00000003-0000-0000-c000-000000000000"}]}]}`:                              "tenants[0].apps[0].client_id",
	} {
		wantWrong(t, text, path)
	}
}

// wantWrong fails unless the configuration is refused for the member at path.
func wantWrong(t *testing.T, text, path string) {
	t.Helper()
	_, err := emulator.ParseConfig([]byte(text))
	var bad *emulator.ConfigError
	if !errors.As(err, &bad) {
		t.Errorf("%s: %v, want a *ConfigError", text, err)
	} else if bad.Path != path {
		t.Errorf("%s: path %q, want %q (%v)", text, bad.Path, path, err)
	}
}

func TestOmittedIdentifiersAreTheSameInEveryRun(t *testing.T) {
	t.Parallel()
	ids := func() (string, string) {
		f := start(t, func(c *emulator.Config) {
			c.Tenants = []emulator.Tenant{{Name: "Fabrikam", Users: []emulator.User{{UPN: "frank@fabrikam.onmicrosoft.com"}},
				Apps: []emulator.App{{Name: "x", Public: true, ClientID: emulator.DesktopClientID}}}}
		})
		a := f.post(loginHost+"/fabrikam.onmicrosoft.com/oauth2/v2.0/token", with(refreshWith("x"), "grant_type", "password", "username", "frank@fabrikam.onmicrosoft.com",
			"password", emulator.DefaultPassword, "scope", "openid User.Read"))
		claims, _ := f.verify(a.text("id_token"))
		oid, _ := claims["oid"].(string)
		tid, _ := claims["tid"].(string)
		return oid, tid
	}
	oid1, tid1 := ids()
	oid2, tid2 := ids()
	if oid1 != oid2 || tid1 != tid2 || oid1 == "" || oid1 == tid1 {
		t.Errorf("oid %q and %q, tid %q and %q", oid1, oid2, tid1, tid2)
	}
}

// counting is a deterministic source of randomness.
type counting byte

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		*c++
		p[i] = byte(*c)
	}
	return len(p), nil
}

func TestTheSameSourceOfRandomnessGivesTheSameCodes(t *testing.T) {
	t.Parallel()
	code := func() string {
		f := start(t, func(c *emulator.Config) { c.Random = new(counting) })
		return f.device().text("user_code")
	}
	if a, b := code(), code(); a != b {
		t.Errorf("user codes %q and %q", a, b)
	}
}

func TestZeroConfigServesOverSockets(t *testing.T) {
	t.Parallel()
	emu, err := emulator.New(emulator.Config{SigningKey: signingKey()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(emu)
	defer server.Close()
	resp, err := server.Client().PostForm(server.URL+"/contoso.test/oauth2/v2.0/token", daemon())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func FuzzParseConfig(f *testing.F) {
	text, err := json.Marshal(emulator.Defaults())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"tenants":[{"name":"T","apps":[{"name":"A","redirect_uris":{"web":["x"]}}]}]}`))
	f.Add([]byte(`{"lifetimes":{"code":"1s"}}`))
	f.Add([]byte(`{"tenants":[{"name":"T","apps":[{"name":"A","federated_credentials":[{"issuer":"i","subject":"s","jwks":"{\"keys\":[]}"}]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := emulator.ParseConfig(text)
		if err != nil {
			var bad *emulator.ConfigError
			if !errors.As(err, &bad) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if _, err := emulator.New(cfg); err != nil {
			t.Fatalf("parsed, but New refuses: %v", err)
		}
	})
}

// FuzzServeHTTP checks that no request breaks the platform, and that every
// refusal in JSON is complete.
func FuzzServeHTTP(f *testing.F) {
	emu, err := emulator.New(emulator.Config{SigningKey: signingKey()})
	if err != nil {
		f.Fatal(err)
	}
	const form = "application/x-www-form-urlencoded"
	f.Add("POST", "login.microsoftonline.com", "/common/oauth2/v2.0/token", "", form, daemon().Encode())
	f.Add("GET", "login.windows.net", "/contoso.test/oauth2/v2.0/authorize", strings.TrimPrefix(request(emulator.DesktopClientID, loopback), authority+"/oauth2/v2.0/authorize?"), "", "")
	f.Add("POST", "login.microsoftonline.com", "/contoso.test/oauth2/v2.0/token", "", form, daemon("token_type", "pop", "req_cnf", popKey(`{"kid":"k"}`)).Encode())
	f.Add("POST", "login.microsoftonline.com", "/contoso.test/oauth2/v2.0/token", "", form, userFIC("x.y.z", "x.y.z").Encode())
	f.Add("GET", "localhost:1", "/common/discovery/instance", "api-version=1.1&authorization_endpoint=https://localhost:1/x", "", "")
	f.Add("POST", "[::1]:80", "/common/oauth2/deviceauth", "", form, "otc=X")
	f.Add("POST", "x.ciamlogin.com", "/common/login", "", form, "ctx=X&login=y&passwd=z")
	f.Add("GET", "graph.microsoft.com", "/oidc/userinfo", "", "", "")
	f.Add("GET", "login.microsoftonline.com", "/common/userrealm/%zz@x", "", "", "")
	f.Fuzz(func(t *testing.T, method, host, path, query, kind, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://h/", strings.NewReader(body))
		r.Method, r.Host, r.URL.Path, r.URL.RawQuery = method, host, path, query
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		emu.ServeHTTP(w, r)
		if w.Code >= 400 && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			var e struct {
				Error string `json:"error"`
				Codes []int  `json:"error_codes"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Error == "" || len(e.Codes) != 1 {
				t.Errorf("status %d with an incomplete error: %v", w.Code, err)
			}
		}
		if w.Code == http.StatusInternalServerError {
			t.Errorf("status 500")
		}
	})
}
