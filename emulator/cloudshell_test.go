package emulator_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/msal-go/msal/emulator"
)

const shellURL = "http://localhost:50342/oauth2/token"

func TestCloudShellTokensAreOfItsPerson(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{"": emulator.DefaultUser, emulator.SecondUser: emulator.SecondUser} {
		f := start(t, func(cfg *emulator.Config) { cfg.CloudShellUser = user })
		a := f.post(shellURL, url.Values{"resource": {"https://management.core.windows.net/"}}, "Metadata", "true")
		if a.Status != http.StatusOK || a.text("token_type") != "Bearer" || a.text("expires_in") != "3599" || a.text("expires_on") == "" || a.text("resource") != "https://management.core.windows.net/" {
			t.Fatalf("%s with %v", a.summary(), a.Body)
		}
		claims, _ := f.verify(a.text("access_token"))
		if claims["upn"] != want || claims["tid"] != emulator.DefaultTenantID || claims["oid"] == nil || claims["scp"] == "" {
			t.Errorf("claims %v", claims)
		}
		if v := f.emu.Violations(); len(v) != 0 {
			t.Errorf("a good client got violations: %v", v)
		}
	}
}

func TestCloudShellIsStrict(t *testing.T) {
	t.Parallel()
	f := start(t)
	good := url.Values{"resource": {"https://graph.microsoft.com"}}
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		code   string
	}{
		"no Metadata header":  {good, nil, "bad_request_102"},
		"another value":       {good, []string{"Metadata", "yes"}, "bad_request_102"},
		"a page":              {good, []string{"Metadata", "true", "Origin", "https://evil.test"}, "bad_request_102"},
		"a proxy":             {good, []string{"Metadata", "true", "X-Forwarded-For", "10.0.0.1"}, "bad_request_102"},
		"JSON":                {good, []string{"Metadata", "true", "Content-Type", "application/json"}, "invalid_request"},
		"no resource":         {url.Values{"scope": {"x"}}, []string{"Metadata", "true"}, "invalid_request"},
		"two resources":       {url.Values{"resource": {"a", "b"}}, []string{"Metadata", "true"}, "invalid_request"},
		"an unknown resource": {url.Values{"resource": {"https://nothing.test"}}, []string{"Metadata", "true"}, "invalid_resource"},
	} {
		a := f.post(shellURL, c.form, c.header...)
		problem, _ := a.Body["error"].(map[string]any)
		if a.Status != http.StatusBadRequest || problem["code"] != c.code || problem["message"] == "" {
			t.Errorf("%s: status %d, %v; want %s", name, a.Status, problem, c.code)
		}
	}
	if a := f.get(shellURL + "?resource=https://graph.microsoft.com"); a.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", a.Status)
	}
	if a := f.post("http://localhost:5000/oauth2/token", good, "Metadata", "true"); a.Status != http.StatusNotFound {
		t.Errorf("another port: status %d", a.Status)
	}
	if len(f.emu.Violations()) < 7 {
		t.Error("the violations were not noted")
	}
}

func TestCloudShellOfNobodyIsRefused(t *testing.T) {
	t.Parallel()
	cfg := emulator.Defaults()
	cfg.CloudShellUser = "nobody@contoso.test"
	_, err := emulator.New(cfg)
	var bad *emulator.ConfigError
	if !errors.As(err, &bad) || bad.Path != "cloud_shell_user" {
		t.Errorf("got %v", err)
	}
}
