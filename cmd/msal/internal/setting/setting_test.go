package setting_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/setting"
)

type env map[string]string

func (e env) get(name string) string { return e[name] }

var last = loginstate.Login{ClientID: "last-id", Authority: "https://last.test/last", Discovery: "off"}

func TestSettingsComeFromTheMostExplicitPlace(t *testing.T) {
	t.Parallel()
	const cloud = "https://login.microsoftonline.com/"
	for _, c := range []struct {
		name          string
		flags         setting.Flags
		env           env
		last          loginstate.Login
		id, authority string
		discovery     msal.InstanceDiscovery
	}{
		{"only an id", setting.Flags{ClientID: "f"}, nil, loginstate.Login{}, "f", cloud + "common", msal.InstanceDiscoveryAuto},
		{"tenant", setting.Flags{ClientID: "f", Tenant: "t"}, nil, loginstate.Login{}, "f", cloud + "t", msal.InstanceDiscoveryAuto},
		{"the last login", setting.Flags{}, nil, last, "last-id", "https://last.test/last", msal.InstanceDiscoveryOff},
		{"another tenant than last", setting.Flags{Tenant: "t"}, nil, last, "last-id", cloud + "t", msal.InstanceDiscoveryAuto},
		{"environment over last", setting.Flags{}, env{"MSAL_CLIENT_ID": "m", "AZURE_TENANT_ID": "at"}, last, "m", cloud + "at", msal.InstanceDiscoveryAuto},
		{"MSAL over AZURE", setting.Flags{}, env{"MSAL_CLIENT_ID": "m", "AZURE_CLIENT_ID": "a", "MSAL_TENANT": "mt", "AZURE_TENANT_ID": "at"}, loginstate.Login{}, "m", cloud + "mt", msal.InstanceDiscoveryAuto},
		{"flag over MSAL", setting.Flags{ClientID: "f", Tenant: "ft"}, env{"MSAL_CLIENT_ID": "m", "MSAL_TENANT": "mt"}, last, "f", cloud + "ft", msal.InstanceDiscoveryAuto},
		{"authority with tenant", setting.Flags{ClientID: "f", Authority: "https://a.test/t"}, nil, last, "f", "https://a.test/t", msal.InstanceDiscoveryAuto},
		{"authority and tenant", setting.Flags{ClientID: "f", Authority: "https://a.test", Tenant: "t"}, nil, last, "f", "https://a.test/t", msal.InstanceDiscoveryAuto},
		{"the same tenant twice", setting.Flags{ClientID: "f", Authority: "https://a.test/T/", Tenant: "t"}, nil, last, "f", "https://a.test/T/", msal.InstanceDiscoveryAuto},
		{"tenant flag over authority variable", setting.Flags{ClientID: "f", Tenant: "t"}, env{"MSAL_AUTHORITY": "https://a.test/x"}, last, "f", "https://a.test/t", msal.InstanceDiscoveryAuto},
		{"authority flag over tenant variable", setting.Flags{ClientID: "f", Authority: "https://a.test/x"}, env{"MSAL_TENANT": "t"}, last, "f", "https://a.test/x", msal.InstanceDiscoveryAuto},
		{"authority without scheme", setting.Flags{ClientID: "f", Authority: "login.microsoftonline.us"}, nil, last, "f", "https://login.microsoftonline.us/common", msal.InstanceDiscoveryAuto},
		{"AZURE_AUTHORITY_HOST", setting.Flags{ClientID: "f"}, env{"AZURE_AUTHORITY_HOST": "https://login.chinacloudapi.cn/", "AZURE_TENANT_ID": "t"}, last, "f", "https://login.chinacloudapi.cn/t", msal.InstanceDiscoveryAuto},
		{"emulator", setting.Flags{ClientID: "f"}, env{"MSAL_EMULATOR_URL": "https://localhost:1", "MSAL_TENANT": "t"}, last, "f", "https://localhost:1/t", msal.InstanceDiscoveryOff},
		{"authority over emulator", setting.Flags{ClientID: "f", Authority: cloud + "t"}, env{"MSAL_EMULATOR_URL": "https://localhost:1"}, last, "f", cloud + "t", msal.InstanceDiscoveryAuto},
		{"discovery off", setting.Flags{ClientID: "f", Discovery: "off"}, nil, loginstate.Login{}, "f", cloud + "common", msal.InstanceDiscoveryOff},
		{"discovery on by variable", setting.Flags{}, env{"MSAL_INSTANCE_DISCOVERY": "on"}, last, "last-id", "https://last.test/last", msal.InstanceDiscoveryOn},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.flags.Resolve(c.env.get, c.last)
			if err != nil {
				t.Fatal(err)
			}
			if got.ClientID != c.id || got.Authority != c.authority || got.Discovery != c.discovery {
				t.Errorf("got %s at %s, discovery %d; want %s at %s, %d", got.ClientID, got.Authority, got.Discovery, c.id, c.authority, c.discovery)
			}
		})
	}
}

func TestMistakesInSettingsAreUsageErrors(t *testing.T) {
	t.Parallel()
	noPEM := filepath.Join(t.TempDir(), "no.pem")
	if err := os.WriteFile(noPEM, []byte("planted-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		flags setting.Flags
		env   env
		want  string
	}{
		{"no client id", setting.Flags{}, nil, "no client id"},
		{"two tenants", setting.Flags{ClientID: "f", Authority: "https://a/t", Tenant: "u"}, nil, "one tenant"},
		{"tenant with a path", setting.Flags{ClientID: "f", Tenant: "a/b"}, nil, "the tenant"},
		{"tenant with a query", setting.Flags{ClientID: "f", Tenant: "a?b"}, nil, "the tenant"},
		{"authority no URL", setting.Flags{ClientID: "f", Authority: "https://[::1"}, nil, "not a URL"},
		{"authority with a password", setting.Flags{ClientID: "f", Authority: "https://u:planted-secret@a/t"}, nil, "not a URL"},
		{"discovery", setting.Flags{ClientID: "f", Discovery: "maybe"}, nil, "neither on nor off"},
		{"no CA file", setting.Flags{ClientID: "f", CAFile: noPEM + "x"}, nil, "CA file"},
		{"CA file without certificates", setting.Flags{ClientID: "f"}, env{"MSAL_CA_FILE": noPEM}, "no certificate in it"},
		{"emulator elsewhere", setting.Flags{ClientID: "f"}, env{"MSAL_EMULATOR_URL": "https://example.com"}, "this machine"},
		{"emulator without TLS", setting.Flags{ClientID: "f"}, env{"MSAL_EMULATOR_URL": "http://localhost:1"}, "https URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := c.flags.Resolve(c.env.get, loginstate.Login{})
			var usage *exit.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want a usage error with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func TestScopesAndResources(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scopes, resources []string
		want              []string
		wrong             bool
	}{
		{[]string{"a", "b c"}, nil, []string{"a", "b", "c"}, false},
		{[]string{"openid profile offline_access a"}, nil, []string{"a"}, false},
		{nil, []string{"graph"}, []string{"https://graph.microsoft.com/.default"}, false},
		{nil, []string{"DevOps"}, []string{"499b84ac-1321-427f-aa17-267ca6975798/.default"}, false},
		{nil, []string{"api://tasks"}, []string{"api://tasks/.default"}, false},
		// The slash is part of the audience: two are right.
		{nil, []string{"https://management.azure.com/"}, []string{"https://management.azure.com//.default"}, false},
		{nil, []string{"api://tasks/.default"}, []string{"api://tasks/.default"}, false},
		{nil, []string{"aaaaaaaa-0000-4000-8000-000000000006"}, []string{"aaaaaaaa-0000-4000-8000-000000000006/.default"}, false},
		{nil, []string{"orders"}, nil, true},
		{nil, []string{""}, nil, true},
		{nil, []string{"api://a b"}, nil, true},
		{[]string{" "}, nil, nil, true},
	} {
		got, err := setting.Scopes(c.scopes, c.resources)
		if !slices.Equal(got, c.want) || (err != nil) != c.wrong {
			t.Errorf("%q, %q: %q, %v", c.scopes, c.resources, got, err)
		}
	}
}

func TestBrowsersSeeTheEmulatorWithoutTLS(t *testing.T) {
	t.Parallel()
	c, err := setting.Flags{ClientID: "f"}.Resolve(env{"MSAL_EMULATOR_URL": "https://localhost:4711"}.get, loginstate.Login{})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"https://localhost:4711/t/oauth2/v2.0/authorize?a=b%20c": "http://127.0.0.1:4711/t/oauth2/v2.0/authorize?a=b%20c",
		"https://localhost:1/t":                                  "https://localhost:1/t",
		"https://login.microsoftonline.com/t?a=b#c":              "https://login.microsoftonline.com/t?a=b#c",
	} {
		if got := c.ForBrowser(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := (setting.Client{}).ForBrowser("https://localhost:4711/"); got != "https://localhost:4711/" {
		t.Errorf("without an emulator: %s", got)
	}
}
