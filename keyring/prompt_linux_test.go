package keyring_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/keyring"
)

// There is nothing in these sessions that could show a prompt: the service tries,
// and says that it was dismissed.
func TestAPromptThatIsAllowedIsWaitedFor(t *testing.T) {
	s := startKeyring(t)
	open(t, keyring.Options{RequireKeyring: true})
	end(s.keyring)
	s.startDaemon(t, program(t, "gnome-keyring-daemon"), "")
	_, err := keyring.Open(t.Context(), keyring.Options{Name: "test-app", RequireKeyring: true, AllowPrompt: true})
	if !errors.Is(err, keyring.ErrDismissed) {
		t.Errorf("error is %v, want ErrDismissed", err)
	}
}

func TestLargeCachesFitIntoTheSecretService(t *testing.T) {
	startKeyring(t)
	s := extensions(t, keyring.ExtensionsOptions{Flavor: keyring.Go, Schema: "large"})
	large := strings.Repeat("0123456789abcdef", 1<<17)
	write(t, s, large)
	if read(t, s) != large {
		t.Error("two megabytes do not come back")
	}
}

func TestASignalThatIsALinkIsRefused(t *testing.T) {
	startKeyring(t)
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	path := filepath.Join(dir, "cache")
	if err := os.Symlink(other, path); err != nil {
		t.Fatal(err)
	}
	s := extensions(t, keyring.ExtensionsOptions{Flavor: keyring.Node, Service: "a", Account: "b", Path: path})
	_, err := s.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte(document), time.Time{}, nil })
	if !errors.Is(err, cache.ErrNotPlain) {
		t.Errorf("error is %v, want ErrNotPlain", err)
	}
	if got := read(t, s); got != "" {
		t.Errorf("it holds %q now", got)
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a file was made where the link leads")
	}
}
