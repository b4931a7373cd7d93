package keyring_test

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/keyring"
)

const (
	document = `{"AccessToken":{},"RefreshToken":{"k":{"secret":"öß"}}}`
	another  = `{"AccessToken":{}}`
)

func extensions(t *testing.T, o keyring.ExtensionsOptions) cache.Store {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "cache")
	}
	s, err := keyring.MSALExtensions(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What each flavor puts into the Secret Service, another client of it finds, and
// the other way round.
func TestFlavorsInTheSecretService(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString
	for name, tc := range map[string]struct {
		options    keyring.ExtensionsOptions
		attributes []string
		form       func([]byte) string
		signal     string
	}{
		"python": {
			keyring.ExtensionsOptions{Flavor: keyring.Python, Schema: "com.example.cache", Attributes: map[string]string{"app": "x"}},
			[]string{"xdg:schema", "com.example.cache", "app", "x"}, func(b []byte) string { return string(b) }, "",
		},
		"python without attributes": {
			keyring.ExtensionsOptions{Flavor: keyring.Python, Path: filepath.Join(t.TempDir(), "x"), Schema: "com.example.bare"},
			[]string{"xdg:schema", "com.example.bare"}, func(b []byte) string { return string(b) }, "",
		},
		"dotnet": {
			keyring.ExtensionsOptions{
				Flavor: keyring.DotNet, Schema: "msal.cache", Label: "MSALCache",
				Attributes: map[string]string{"MsalClientID": "Microsoft.Developer.IdentityService", "Microsoft.Developer.IdentityService": "1.0.0.0"},
			},
			[]string{"MsalClientID", "Microsoft.Developer.IdentityService", "Microsoft.Developer.IdentityService", "1.0.0.0"}, encoded, "",
		},
		"node": {
			keyring.ExtensionsOptions{Flavor: keyring.Node, Service: "a", Account: "b"},
			[]string{"xdg:schema", "org.freedesktop.Secret.Generic", "service", "a", "account", "b"}, func(b []byte) string { return string(b) }, "{}",
		},
		"go": {
			keyring.ExtensionsOptions{Flavor: keyring.Go, Schema: "my-cache"},
			[]string{"xdg:schema", "my-cache"}, encoded, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			startKeyring(t)
			if tc.options.Path == "" {
				tc.options.Path = filepath.Join(t.TempDir(), "cache")
			}
			s := extensions(t, tc.options)
			if value, version, err := s.Load(t.Context(), "msal", ""); value != nil || version != "" || err != nil {
				t.Fatalf("an absent cache is %q at %q, %v", value, version, err)
			}
			write(t, s, document)
			if got := mustRun(t, "secret-tool", append([]string{"lookup"}, tc.attributes...)...); got != tc.form([]byte(document)) {
				t.Errorf("secret-tool finds %q", got)
			}
			if signal, err := os.ReadFile(tc.options.Path); err != nil || string(signal) != tc.signal {
				t.Errorf("the signal is %q, %v; want %q", signal, err, tc.signal)
			}
			if _, err := run(t, tc.form([]byte(another)), "secret-tool", append([]string{"store", "--label=x"}, tc.attributes...)...); err != nil {
				t.Fatal(err)
			}
			if got := read(t, extensions(t, tc.options)); got != another {
				t.Errorf("what secret-tool stored is read as %q", got)
			}
			if err := s.Delete(t.Context(), "msal"); err != nil {
				t.Fatal(err)
			}
			if out, err := run(t, "", "secret-tool", append([]string{"lookup"}, tc.attributes...)...); err == nil {
				t.Errorf("secret-tool finds %q after it was removed", out)
			}
		})
	}
}

func TestTheSignalTellsOfChanges(t *testing.T) {
	startKeyring(t)
	o := keyring.ExtensionsOptions{Flavor: keyring.Python, Schema: "com.example.cache", Path: filepath.Join(t.TempDir(), "cache")}
	a, b := extensions(t, o), extensions(t, o)
	write(t, a, "1")
	_, version, err := b.Load(t.Context(), "msal", "")
	if err != nil {
		t.Fatal(err)
	}
	if value, now, err := b.Load(t.Context(), "msal", version); value != nil || now != version || err != nil {
		t.Errorf("an unchanged cache is loaded: %q, %q, %v", value, now, err)
	}
	write(t, a, "2")
	if value, _, err := b.Load(t.Context(), "msal", version); string(value) != "2" || err != nil {
		t.Errorf("a change is seen as %q, %v", value, err)
	}
}

func TestDamagedCachesStayAsTheyAre(t *testing.T) {
	startKeyring(t)
	if _, err := run(t, "no base64!", "secret-tool", "store", "--label=x", "xdg:schema", "my-cache"); err != nil {
		t.Fatal(err)
	}
	s := extensions(t, keyring.ExtensionsOptions{Flavor: keyring.Go, Schema: "my-cache"})
	_, _, err := s.Load(t.Context(), "msal", "")
	_, err2 := s.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte(document), time.Time{}, nil })
	if !errors.Is(err, keyring.ErrDamaged) || !errors.Is(err2, keyring.ErrDamaged) {
		t.Errorf("errors are %v and %v, want ErrDamaged", err, err2)
	}
	if got := mustRun(t, "secret-tool", "lookup", "xdg:schema", "my-cache"); got != "no base64!" {
		t.Errorf("it is %q now", got)
	}
}

// The daemon goes away in the middle of a store's life, and comes back.
func TestADaemonThatDiesIsAnErrorUntilItIsBack(t *testing.T) {
	s := startKeyring(t)
	store := extensions(t, keyring.ExtensionsOptions{Flavor: keyring.Python, Schema: "com.example.cache"})
	write(t, store, document)
	end(s.keyring)
	_, _, err := store.Load(t.Context(), "msal", "")
	_, err2 := store.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte(another), time.Time{}, nil })
	if !errors.Is(err, keyring.ErrNoKeyring) || !errors.Is(err2, keyring.ErrNoKeyring) {
		t.Errorf("errors are %v and %v, want ErrNoKeyring", err, err2)
	}
	s.startDaemon(t, program(t, "gnome-keyring-daemon"), "password")
	if got := read(t, store); got != document {
		t.Errorf("afterwards it is %q", got)
	}
}

func TestSharedStoresHaveOnePartition(t *testing.T) {
	emptyHome(t)
	azure, err := keyring.AzureCLI(keyring.AzureCLIOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]cache.Store{
		"plain":     extensions(t, keyring.ExtensionsOptions{Flavor: keyring.Python, Plain: true}),
		"libsecret": extensions(t, keyring.ExtensionsOptions{Flavor: keyring.Python}),
		"azure":     azure,
	} {
		_, _, err := s.Load(t.Context(), "app-x", "")
		_, err2 := s.Update(t.Context(), "app-x", nil)
		err3 := s.Delete(t.Context(), "app-x")
		if !errors.Is(err, keyring.ErrOnePartition) || !errors.Is(err2, keyring.ErrOnePartition) || !errors.Is(err3, keyring.ErrOnePartition) {
			t.Errorf("%s: %v, %v, %v; want ErrOnePartition", name, err, err2, err3)
		}
	}
}

func TestExtensionsRefuseWhatFindsNothing(t *testing.T) {
	for name, o := range map[string]keyring.ExtensionsOptions{
		"no path":                   {Flavor: keyring.Python},
		"no flavor":                 {Path: "x"},
		"no item":                   {Path: "x", Flavor: keyring.Go},
		"attributes of .NET absent": {Path: "x", Flavor: keyring.DotNet, Schema: "msal.cache"},
	} {
		_, err := keyring.MSALExtensions(o)
		var typed *keyring.Error
		if !errors.As(err, &typed) || typed.Hint == "" {
			t.Errorf("%s: %v, want an *Error with a hint", name, err)
		}
	}
}

// python runs a program with Debian's msal-extensions.
func python(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	const path = "/usr/bin/python3" // Debian's packages are its
	probe := exec.CommandContext(t.Context(), path, "-c", "import msal_extensions, gi; gi.require_version('Secret', '1')")
	if err := probe.Run(); err != nil {
		missing(t, "python3-msal-extensions or gir1.2-secret-1", err)
	}
	return exec.CommandContext(t.Context(), path, append([]string{"testdata/persistence.py"}, args...)...)
}

func printed(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return string(out)
}

func TestPythonAndWeShareACache(t *testing.T) {
	for kind, o := range map[string]keyring.ExtensionsOptions{
		"libsecret": {Flavor: keyring.Python, Schema: "com.example.cache", Attributes: map[string]string{"app": "test"}},
		"file":      {Flavor: keyring.Python, Plain: true},
	} {
		t.Run(kind, func(t *testing.T) {
			python(t)
			startKeyring(t)
			o.Path = filepath.Join(t.TempDir(), "cache")
			s := extensions(t, o)
			write(t, s, document)
			if got := printed(t, python(t, "read", kind, o.Path)); got != document {
				t.Errorf("Python reads %q", got)
			}
			printed(t, python(t, "write", kind, o.Path, another))
			if got := read(t, s); got != another {
				t.Errorf("what Python wrote is read as %q", got)
			}
			write(t, s, "begin\n")
			// gnome-keyring 42 dies now and then when two programs write at
			// once (seen once in some thousand writes): not too many.
			rounds := 100
			if kind == "libsecret" {
				rounds = 20
			}
			add := python(t, "add", kind, o.Path, "python", strconv.Itoa(rounds))
			if err := add.Start(); err != nil {
				t.Fatal(err)
			}
			for range rounds {
				_, err := s.Update(t.Context(), "msal", func(old []byte) ([]byte, time.Time, error) {
					return append(old, "go\n"...), time.Time{}, nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := add.Wait(); err != nil {
				t.Fatal(err)
			}
			value := read(t, s)
			if a, b := strings.Count(value, "python\n"), strings.Count(value, "go\n"); a != rounds || b != rounds {
				t.Errorf("of %d lines that each wrote at once, %d and %d are there", rounds, a, b)
			}
		})
	}
}

func writtenAnHourAgo(t *testing.T, name, content string) {
	t.Helper()
	path, then := filepath.Join(os.Getenv("HOME"), name), time.Now().Add(-time.Hour)
	err := os.WriteFile(path, []byte(content), 0o600)
	if err := errors.Join(err, os.Chtimes(path, then, then)); err != nil {
		t.Fatal(err)
	}
}

func TestAzureCLIInItsPlaces(t *testing.T) {
	libsecret := func(attributes ...string) func(t *testing.T) {
		return func(t *testing.T) {
			if _, err := run(t, document, "secret-tool", append([]string{"store", "--label=x"}, attributes...)...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		file, content string
		prepare       func(t *testing.T)
		want          string
	}{
		"encrypted before": {"msal_token_cache.json", another, func(t *testing.T) {
			libsecret("xdg:schema", "Microsoft Azure CLI", "type", "Token cache")(t)
			writtenAnHourAgo(t, ".azure/msal_token_cache.sig", "")
		}, another},
		"encrypted before, by version 2.45": {"msal_token_cache.json", document, func(t *testing.T) { writtenAnHourAgo(t, ".azure/msal_token_cache.bin", "") }, document},
		"encrypted by version 2.45 and plain before": {"msal_token_cache.bin", "", func(t *testing.T) {
			libsecret("xdg:schema", "my_schema_name", "my_attr1", "foo", "my_attr2", "bar")(t)
			writtenAnHourAgo(t, ".azure/msal_token_cache.json", another)
		}, document},
		"plain":                     {"msal_token_cache.json", document, func(*testing.T) {}, document},
		"absent":                    {"azureProfile.json", "{}", func(*testing.T) {}, ""},
		"encrypted":                 {"msal_token_cache.sig", "", libsecret("xdg:schema", "Microsoft Azure CLI", "type", "Token cache"), document},
		"encrypted by version 2.45": {"msal_token_cache.bin", "", libsecret("xdg:schema", "my_schema_name", "my_attr1", "foo", "my_attr2", "bar"), document},
	} {
		t.Run(name, func(t *testing.T) {
			startKeyring(t)
			dir := filepath.Join(os.Getenv("HOME"), ".azure")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			tc.prepare(t)
			s, err := keyring.AzureCLI(keyring.AzureCLIOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, s); got != tc.want {
				t.Errorf("it is read as %q, want %q", got, tc.want)
			}
		})
	}
}
