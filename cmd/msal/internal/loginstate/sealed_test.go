//go:build unix && !darwin

package loginstate_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/keyring"
)

// noSession takes away the keyring of whoever runs the tests.
func noSession(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "none"))
}

func TestNothingTakesThePlaceOfAKeyring(t *testing.T) {
	noSession(t)
	dir := t.TempDir()
	_, err := loginstate.In(dir).Open(t.Context(), loginstate.Options{Kind: loginstate.Keyring, Make: true})
	var ring *loginstate.KeyringError
	if !errors.As(err, &ring) || !errors.Is(err, keyring.ErrNoKeyring) || ring.Hint == "" {
		t.Errorf("got %v", err)
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			t.Errorf("it has made %s", e.Name())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASealedPlaceThatIsNotThereStaysSo(t *testing.T) {
	noSession(t)
	dir := t.TempDir()
	s, err := loginstate.In(dir).Open(t.Context(), loginstate.Options{Kind: loginstate.Keyring})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Accounts(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("accounts: %v, %v", list, err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
		t.Errorf("looking has made %v, %v", entries, err)
	}
}

func TestForgettingNeedsNoKeyAndLeavesTheRest(t *testing.T) {
	noSession(t)
	folder := loginstate.In(t.TempDir())
	put(t, folder, family)
	dir := filepath.Dir(folder.TokensPath())
	for _, name := range []string{"keyring-0011223344556677", "keyring-8899aabbccddeeff"} {
		store, err := cache.NewFile(cache.FileOptions{Dir: filepath.Join(dir, name)})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"msal", "other"} {
			write := func([]byte) ([]byte, time.Time, error) { return []byte("sealed"), time.Time{}, nil }
			if _, err := store.Update(t.Context(), key, write); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := store.SetAside(t.Context(), "other", []byte("sealed")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "keyring-link")); err != nil {
		t.Fatal(err)
	}
	s, err := folder.Open(t.Context(), loginstate.Options{Kind: loginstate.Keyring, Blind: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Forget(t.Context()); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != "keyring-link" || entries[1].Name() != "tokens.json" {
		t.Errorf("there is %v, %v", entries, err)
	}
	// Only who wants to forget gets by without a key.
	if err := os.Mkdir(filepath.Join(dir, "keyring-0011223344556677"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Open(t.Context(), loginstate.Options{Kind: loginstate.Keyring}); !errors.Is(err, keyring.ErrNoKeyring) {
		t.Errorf("reading: %v", err)
	}
}
