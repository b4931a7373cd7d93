package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
	"github.com/msal-go/msal/keyring"
)

func open(t *testing.T, o keyring.Options) cache.Store {
	t.Helper()
	if o.Name == "" {
		o.Name = "test-app"
	}
	s, err := keyring.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpenKeepsTheContract(t *testing.T) {
	startKeyring(t)
	storetest.Test(t, func(t *testing.T) cache.Store {
		return open(t, keyring.Options{Dir: t.TempDir(), RequireKeyring: true})
	})
}

func TestOpenKeepsTheContractWithoutAKeyring(t *testing.T) {
	emptyHome(t)
	storetest.Test(t, func(t *testing.T) cache.Store { return open(t, keyring.Options{Dir: t.TempDir()}) })
}

func TestTokensAreSealedAndOutliveTheSession(t *testing.T) {
	s := startKeyring(t)
	big := strings.Repeat("secret ", 100_000)
	write(t, open(t, keyring.Options{RequireKeyring: true}), big)
	end(s.keyring)
	s.startDaemon(t, program(t, "gnome-keyring-daemon"), "password")
	if read(t, open(t, keyring.Options{RequireKeyring: true})) != big {
		t.Error("what was written is not there after the keyring was started again")
	}
	if err := filepath.Walk(os.Getenv("HOME"), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("secret secret")) {
			t.Errorf("%s holds the value in the clear", path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTheKeyIsASecretThatOthersFind(t *testing.T) {
	startKeyring(t)
	open(t, keyring.Options{RequireKeyring: true})
	out, err := run(t, "", "secret-tool", "lookup", "name", "test-app", "xdg:schema", "io.github.msal_go.TokenCacheKey")
	if err != nil || len(out) != 44 {
		t.Errorf("secret-tool finds %d bytes, %v; want 32 bytes in base64", len(out), err)
	}
}

func TestALostKeyMakesRoom(t *testing.T) {
	startKeyring(t)
	write(t, open(t, keyring.Options{RequireKeyring: true}), "old")
	key, err := run(t, "", "secret-tool", "lookup", "name", "test-app")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, "", "secret-tool", "clear", "name", "test-app"); err != nil {
		t.Fatal(err)
	}
	renewed := open(t, keyring.Options{RequireKeyring: true})
	if got := read(t, renewed); got != "" {
		t.Fatalf("a new key opens %q", got)
	}
	write(t, renewed, "new")
	rotated := key + "\n" + strings.TrimSpace(mustRun(t, "secret-tool", "lookup", "name", "test-app"))
	if _, err := run(t, rotated, "secret-tool", "store", "--label=x", "name", "test-app", "xdg:schema", "io.github.msal_go.TokenCacheKey"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, open(t, keyring.Options{RequireKeyring: true})); got != "new" {
		t.Errorf("with a key put in front of it: %q, want new", got)
	}
	if _, err := run(t, "no key", "secret-tool", "store", "--label=x", "name", "test-app", "xdg:schema", "io.github.msal_go.TokenCacheKey"); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Open(t.Context(), keyring.Options{Name: "test-app"}); !errors.Is(err, keyring.ErrDamaged) {
		t.Errorf("damaged key: %v, want ErrDamaged and no key file", err)
	}
}

// Programs with folders of their own share the key of their name, and make it once.
func TestOneKeyIsMadeForManyFolders(t *testing.T) {
	startKeyring(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		folders := []string{t.TempDir(), t.TempDir(), t.TempDir()}
		var wg sync.WaitGroup
		for _, dir := range folders {
			wg.Go(func() {
				s, err := keyring.Open(t.Context(), keyring.Options{Name: name, Dir: dir, RequireKeyring: true})
				if err == nil {
					_, err = s.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte(document), time.Time{}, nil })
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, dir := range folders {
			if got := read(t, open(t, keyring.Options{Name: name, Dir: dir, RequireKeyring: true})); got != document {
				t.Errorf("key %s: after the next start a folder has %q", name, got)
			}
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "msal-*")); err != nil || len(left) != 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}

// The lock that all folders share is worth no failure.
func TestAFolderOfTheSessionThatTakesNoLockIsNoHindrance(t *testing.T) {
	startKeyring(t)
	link := filepath.Join(t.TempDir(), "run") // which locks refuse
	if err := os.Symlink(os.Getenv("XDG_RUNTIME_DIR"), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{link, "", "/does/not/exist"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(link, "bus"))
		t.Setenv("XDG_RUNTIME_DIR", dir)
		o := keyring.Options{Name: "app" + strconv.Itoa(len(dir)), RequireKeyring: true}
		write(t, open(t, o), document)
		if got := read(t, open(t, o)); got != document {
			t.Errorf("XDG_RUNTIME_DIR %q: %q", dir, got)
		}
	}
}

func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := run(t, "", name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// In each of these sessions there is no keyring to be had. With RequireKeyring
// that is an error of a kind; without, one line tells of the file.
func TestWithoutAKeyring(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(*testing.T)
		want    error
	}{
		"no session": {func(t *testing.T) { emptyHome(t) }, keyring.ErrNoKeyring},
		"addresses that would run programs": {func(t *testing.T) {
			emptyHome(t)
			trap := filepath.Join(os.Getenv("HOME"), "dbus-launch")
			if err := os.WriteFile(trap, []byte("#!/bin/sh\n>"+trap+".ran\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", filepath.Dir(trap)+":"+os.Getenv("PATH"))
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", "autolaunch:;unixexec:path="+trap)
			t.Cleanup(func() {
				if _, err := os.Stat(trap + ".ran"); err == nil {
					t.Error("a program was run")
				}
			})
		}, keyring.ErrNoKeyring},
		"nobody listens": {func(t *testing.T) {
			s := startBus(t)
			end(s.bus)
		}, keyring.ErrNoKeyring},
		"bus without a keyring": {func(t *testing.T) { startBus(t) }, keyring.ErrNoKeyring},
		"no default collection": {func(t *testing.T) {
			startBus(t).startDaemon(t, program(t, "gnome-keyring-daemon"), "")
		}, keyring.ErrNoKeyring},
		"locked": {func(t *testing.T) {
			s := startKeyring(t)
			open(t, keyring.Options{Name: "other", RequireKeyring: true})
			end(s.keyring)
			s.startDaemon(t, program(t, "gnome-keyring-daemon"), "")
		}, keyring.ErrLocked},
		"locked with the key in it": {func(t *testing.T) {
			s := startKeyring(t)
			open(t, keyring.Options{RequireKeyring: true})
			end(s.keyring)
			s.startDaemon(t, program(t, "gnome-keyring-daemon"), "")
		}, keyring.ErrLocked},
	} {
		t.Run(name, func(t *testing.T) {
			tc.prepare(t)
			begin := time.Now()
			_, err := keyring.Open(t.Context(), keyring.Options{Name: "test-app", RequireKeyring: true})
			var typed *keyring.Error
			if !errors.Is(err, tc.want) || !errors.As(err, &typed) || typed.Hint == "" {
				t.Errorf("error is %v, want %v with a hint", err, tc.want)
			}
			var log bytes.Buffer
			o := keyring.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}
			write(t, open(t, o), "value")
			if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "level=WARN") {
				t.Errorf("%d lines of log, want one warning:\n%s", got, log.String())
			}
			if got := read(t, open(t, keyring.Options{})); got != "value" {
				t.Errorf("after the next start: %q", got)
			}
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

func TestAKeyringThatHangsIsLeft(t *testing.T) {
	s := startKeyring(t)
	store := open(t, keyring.Options{RequireKeyring: true})
	for name, process := range map[string]*os.Process{"keyring": s.keyring.Process, "bus": s.bus.Process} {
		t.Run(name, func(t *testing.T) {
			if err := process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = process.Signal(syscall.SIGCONT) }()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			begin := time.Now()
			if _, err := keyring.Open(ctx, keyring.Options{Name: "test-app"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v, want the context's", err)
			}
			if d := time.Since(begin); d > 3*time.Second {
				t.Errorf("it took %v", d)
			}
			write(t, store, "a store that is open needs no keyring")
		})
	}
}

func TestAKeyringThatHangsIsGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes ten seconds")
	}
	s := startKeyring(t)
	if err := s.keyring.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	var log bytes.Buffer
	write(t, open(t, keyring.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}), "value")
	if d := time.Since(begin); d > 20*time.Second || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("after %v it said: %s", d, log.String())
	}
}

// What is wrong with the folder is no reason to keep the key in a file.
func TestAFolderThatCannotBeTrustedIsNoMissingKeyring(t *testing.T) {
	startKeyring(t)
	dir, keyFile := t.TempDir(), filepath.Join(t.TempDir(), "token-cache.key")
	if err := os.Symlink("elsewhere", filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	_, err := keyring.Open(t.Context(), keyring.Options{Name: "test-app", Dir: dir, KeyFile: keyFile})
	if !errors.Is(err, cache.ErrNotPlain) {
		t.Errorf("got %v, want ErrNotPlain", err)
	}
	if _, err := os.Lstat(keyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
}

func TestOpenRefusesBadNames(t *testing.T) {
	emptyHome(t)
	for _, name := range []string{"", "../x", "Name", "a b"} {
		_, err := keyring.Open(t.Context(), keyring.Options{Name: name})
		var typed *keyring.Error
		var key *cache.KeyError
		if !errors.As(err, &typed) || !errors.As(err, &key) {
			t.Errorf("Name %q: %v", name, err)
		}
	}
}
