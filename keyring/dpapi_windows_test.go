package keyring_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
	"github.com/msal-go/msal/keyring"
)

// These tests run on Windows, and under Wine.

const document = `{"AccessToken":{},"RefreshToken":{"k":{"secret":"in the clear"}}}`

// folder is t.TempDir, but for a removal that Wine has no call for.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "keyring")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var paths []string
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
			paths = append(paths, path)
			return nil
		})
		for _, path := range slices.Backward(paths) {
			if name, err := windows.UTF16PtrFromString(path); err == nil && windows.DeleteFile(name) != nil {
				_ = windows.RemoveDirectory(name)
			}
		}
	})
	return dir
}

// longestLife of a process that is killed. Wine takes its time.
const longestLife = time.Second

// personOf returns a folder for the stores of the person who runs the test.
func personOf(t *testing.T) string {
	t.Helper()
	return folder(t)
}

func TestOpenKeepsTheContract(t *testing.T) {
	storetest.Test(t, func(t *testing.T) cache.Store {
		s, err := keyring.Open(t.Context(), keyring.Options{Name: "test-app", Dir: folder(t), RequireKeyring: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestTheKeyIsSealedForThePerson(t *testing.T) {
	dir := folder(t)
	o := keyring.Options{Name: "test-app", Dir: dir, RequireKeyring: true}
	s, err := keyring.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, document)
	if s, err = keyring.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s); got != document {
		t.Errorf("after the next start: %q", got)
	}
	path := filepath.Join(dir, "key.dpapi")
	key, err := os.ReadFile(path)
	if err != nil || len(key) < 100 {
		t.Fatalf("the key file has %d bytes, %v", len(key), err)
	}
	key[len(key)-1] ^= 1
	if err := os.WriteFile(path, key, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Open(t.Context(), keyring.Options{Name: "test-app", Dir: dir}); !errors.Is(err, keyring.ErrDamaged) {
		t.Errorf("a damaged key: %v, want ErrDamaged and no key file", err)
	}
}

func TestSharedFilesAreSealedByDPAPI(t *testing.T) {
	home := folder(t)
	azidentity, err := keyring.Azidentity(keyring.AzidentityOptions{Dir: home, CAE: true})
	if err != nil {
		t.Fatal(err)
	}
	azure, err := keyring.AzureCLI(keyring.AzureCLIOptions{Dir: home})
	if err != nil {
		t.Fatal(err)
	}
	extensions, err := keyring.MSALExtensions(keyring.ExtensionsOptions{Flavor: keyring.DotNet, Path: filepath.Join(home, "extensions")})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]cache.Store{"msal.cache.cae": azidentity, "msal_token_cache.bin": azure, "extensions": extensions} {
		write(t, s, document)
		raw, err := os.ReadFile(filepath.Join(home, name))
		if err != nil || len(raw) == 0 || bytes.Contains(raw, []byte("in the clear")) {
			t.Errorf("%s: %d bytes, %v, in the clear: %t", name, len(raw), err, bytes.Contains(raw, []byte("in the clear")))
		}
		if got := read(t, s); got != document {
			t.Errorf("%s is read as %q", name, got)
		}
		big := strings.Repeat("x", 1<<20)
		write(t, s, big)
		if read(t, s) != big {
			t.Errorf("%s: a megabyte does not come back", name)
		}
	}
}
