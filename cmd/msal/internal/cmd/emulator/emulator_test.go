package emulator

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	platform "github.com/msal-go/msal/emulator"
)

func TestConfigurationsInJSONAndYAMLAreTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.json": `{"tenants":[{"name":"Fabrikam","apps":[{"name":"Web","secrets":["s"],"public":true}]}],"lifetimes":{"access_token":"4m"}}`,
		"a.yaml": "tenants:\n- name: Fabrikam\n  apps:\n  - {name: Web, secrets: [s], public: true}\nlifetimes: {access_token: 4m}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := readConfig(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if cfg.Tenants[0].Name != "Fabrikam" || cfg.Tenants[0].Apps[0].Secrets[0] != "s" || cfg.Lifetimes.AccessToken.Minutes() != 4 {
			t.Errorf("%s: %+v", name, cfg)
		}
	}
}

func TestWrongConfigurationsAreRefusedByTheNameOfTheMember(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, c := range []struct {
		ext, text string
		is        error
		path      string // of a *platform.ConfigError
	}{
		{"yaml", "tenants: [{name: X, usrs: []}]", nil, "tenants[0].usrs"},
		{"yaml", "tenants: [{name: X, apps: [{name: A, secrets: [12]}]}]", nil, "tenants[0].apps[0].secrets[0]"},
		{"yaml", "tenants: [", errNotYAML, ""},
		{"yaml", "{1: 2}", errNotTree, ""},
		{"yml", "a: 1\n---\nb: 2\n", errSeveral, ""},
		{"yaml", "- a\n", nil, ""},
		{"json", "tenants: []", nil, ""},
		{"json", `{"tenants":[{"name":"X"}]} x`, nil, ""},
		{"json", strings.Repeat(" ", maxConfig+1), errConfigTooLarge, ""},
	} {
		path := filepath.Join(dir, string(rune('a'+i))+"."+c.ext)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readConfig(path)
		var member *platform.ConfigError
		switch {
		case c.is != nil && !errors.Is(err, c.is):
			t.Errorf("%.40s: %v, want %v", c.text, err, c.is)
		case c.is == nil && (!errors.As(err, &member) || member.Path != c.path):
			t.Errorf("%.40s: %v, want the member %q", c.text, err, c.path)
		}
	}
	if _, err := readConfig(filepath.Join(dir, "missing.json")); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestAnEmptyYAMLFileIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "null\n"} {
		if got, err := jsonFromYAML([]byte(text)); string(got) != "{}" || err != nil {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func FuzzJSONFromYAML(f *testing.F) {
	f.Add([]byte("tenants: [{name: X, apps: [{name: A, secrets: [s]}]}]"))
	f.Add([]byte("a: &a [1]\nb: *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := jsonFromYAML(data)
		if err != nil {
			return
		}
		_, _ = platform.ParseConfig(out) // must not panic
	})
}

func TestTheProgramsEnvironmentHasOneValueForEachName(t *testing.T) {
	t.Parallel()
	got := replaced([]string{"A=1", "HTTP_PROXY=old", "AZURE_AUTHORITY_HOST=x", "B=2"}, []string{"HTTP_PROXY=new", "C=3"})
	if want := []string{"A=1", "B=2", "HTTP_PROXY=new", "C=3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheProgramIsADaemonOfTheFirstTenant(t *testing.T) {
	t.Parallel()
	if a, ok := daemonOf(platform.Defaults().Tenants[0]); !ok || a.ClientID != platform.DaemonClientID {
		t.Errorf("got %v, %v", a.Name, ok)
	}
	if _, ok := daemonOf(platform.Tenant{Apps: []platform.App{{Secrets: []string{"s"}}, {ClientID: "x"}}}); ok {
		t.Error("an application without id or secret will do")
	}
}
