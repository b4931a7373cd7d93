package keyring_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/keyring"
)

// forgetKernelKeys removes the keys of this test's caches, as the next start of
// the machine would.
func forgetKernelKeys(t *testing.T) {
	t.Helper()
	user, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
	if err != nil {
		missing(t, "the kernel's keyring", err)
	}
	rings := []int{user}
	if persistent, err := unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, user, 0, 0); err == nil {
		rings = append(rings, persistent)
	}
	for _, ring := range rings {
		for _, name := range []string{testCache, testCache + ".cae"} {
			if serial, err := unix.KeyctlSearch(ring, "user", name, 0); err == nil {
				if _, err := unix.KeyctlInt(unix.KEYCTL_INVALIDATE, serial, 0, 0, 0); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestAzidentitysCacheOutlivesItsProcessAndNotItsKey(t *testing.T) {
	emptyHome(t)
	forgetKernelKeys(t)
	t.Cleanup(func() { forgetKernelKeys(t) })
	o := keyring.AzidentityOptions{Name: testCache}
	open := func() string {
		s, err := keyring.Azidentity(o)
		if err != nil {
			t.Fatal(err)
		}
		return read(t, s)
	}
	s, err := keyring.Azidentity(o)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, document)
	path := filepath.Join(os.Getenv("HOME"), ".cache", ".IdentityService", testCache)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("its file is %v, %v", info, err)
	}
	if got := open(); got != document {
		t.Errorf("it is read as %q", got)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Load(t.Context(), "msal", ""); !errors.Is(err, keyring.ErrDamaged) {
		t.Errorf("a damaged file: %v, want ErrDamaged", err)
	}
	if err := s.Delete(t.Context(), "msal"); err != nil {
		t.Fatal(err)
	}
	write(t, s, document)
	forgetKernelKeys(t)
	if got := open(); got != "" {
		t.Errorf("without its key it is read as %q", got)
	}
	write(t, s, another)
	if got := open(); got != another {
		t.Errorf("with a new key it is read as %q", got)
	}
}

// Somebody made a new key, as after a start of the machine, and died before the
// file was sealed with it. Nobody can ever open the file again.
func TestAzidentitysCacheOfAFormerKeyMakesRoom(t *testing.T) {
	emptyHome(t)
	forgetKernelKeys(t)
	t.Cleanup(func() { forgetKernelKeys(t) })
	in := func(dir string) cache.Store {
		s, err := keyring.Azidentity(keyring.AzidentityOptions{Name: testCache, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	write(t, in(dir), document)
	forgetKernelKeys(t)
	write(t, in(elsewhere), document) // makes the key
	if got := read(t, in(dir)); got != "" {
		t.Errorf("it is read as %q", got)
	}
	write(t, in(dir), another)
	if got := read(t, in(dir)); got != another {
		t.Errorf("afterwards it is read as %q", got)
	}
	if got := read(t, in(elsewhere)); got != document {
		t.Errorf("the cache that made the key is read as %q", got)
	}
}
