package loginstate_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
)

// open opens the logins of a folder, and fails the test on damage.
func open(t *testing.T, folder loginstate.Folder) *loginstate.State {
	t.Helper()
	return openAnd(t, folder, func(where string) { t.Errorf("%s was set aside", where) })
}

func openAnd(t *testing.T, folder loginstate.Folder, aside func(string)) *loginstate.State {
	t.Helper()
	s, err := folder.Open(t.Context(), loginstate.Options{SetAside: aside, Make: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put writes the file of tokens as another tool would.
func put(t *testing.T, folder loginstate.Folder, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(folder.TokensPath()), 0o700), os.WriteFile(folder.TokensPath(), []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("access control lists are not looked at")
	}
	dir := t.TempDir()
	folder := loginstate.In(dir)
	s := open(t, folder)
	if err := s.SaveLogin(loginstate.Login{ClientID: "c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Import(t.Context(), []byte(family)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{
		filepath.Join(dir, "msal"): 0o700, folder.TokensPath(): 0o600, filepath.Join(dir, "msal", "login.json"): 0o600,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
	// A folder that others can read is closed, not trusted.
	if err := os.Chmod(filepath.Join(dir, "msal"), 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, folder)
	if info, err := os.Stat(filepath.Join(dir, "msal")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is still open: %v, %v", info.Mode(), err)
	}
}

func TestNothingIsThereAtFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := loginstate.In(dir).Open(t.Context(), loginstate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if l, err := s.LastLogin(); l != (loginstate.Login{}) || err != nil {
		t.Errorf("login: %v, %v", l, err)
	}
	if list, err := s.Accounts(t.Context()); len(list) != 0 || err != nil {
		t.Errorf("accounts: %v, %v", list, err)
	}
	if err := s.Forget(t.Context()); err != nil {
		t.Errorf("forget: %v", err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
		t.Errorf("looking has made %v, %v", entries, err)
	}
}

func TestTheLastLoginComesBack(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	s := open(t, folder)
	want := loginstate.Login{ClientID: "c", Authority: "https://a/t", Discovery: "off", HomeAccountID: "h"}
	if err := s.SaveLogin(want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.LastLogin(); got != want || err != nil {
		t.Errorf("login: %v, %v", got, err)
	}
	other := loginstate.Which{ClientID: "other"}
	if err := s.ForgetLoginOf(other); err != nil {
		t.Fatal(err)
	}
	if got, err := s.LastLogin(); got != want || err != nil {
		t.Errorf("the login was forgotten with another's: %v, %v", got, err)
	}
	if err := s.ForgetLoginOf(loginstate.Which{HomeAccountIDs: []string{"h"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.LastLogin(); got != (loginstate.Login{}) || err != nil {
		t.Errorf("the login is still there: %v, %v", got, err)
	}
}

func TestOddFilesAreRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs symbolic links")
	}
	for _, c := range []struct {
		name string
		make func(dir, file string) error
		is   error
	}{
		{"the file is a link", func(dir, file string) error {
			return errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(dir+"/other", []byte("{}"), 0o600), os.Symlink(dir+"/other", file))
		}, cache.ErrNotPlain},
		{"the file is a folder", func(_, file string) error { return os.MkdirAll(file, 0o700) }, cache.ErrNotPlain},
		{"the folder is a link", func(dir, file string) error {
			return errors.Join(os.Mkdir(dir+"/other", 0o700), os.Symlink(dir+"/other", filepath.Dir(file)))
		}, loginstate.ErrNotFolder},
		{"the folder is a file", func(_, file string) error { return os.WriteFile(filepath.Dir(file), nil, 0o600) }, loginstate.ErrNotFolder},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			folder := loginstate.In(dir)
			if err := c.make(dir, folder.TokensPath()); err != nil {
				t.Fatal(err)
			}
			s, err := folder.Open(t.Context(), loginstate.Options{Make: true, SetAside: func(where string) { t.Errorf("%s was set aside", where) }})
			if err == nil {
				_, err = s.Accounts(t.Context())
			}
			if !errors.Is(err, c.is) {
				t.Errorf("reading: %v, want %v", err, c.is)
			}
			if s == nil {
				return
			}
			if _, err := s.Import(t.Context(), []byte(family)); !errors.Is(err, c.is) {
				t.Errorf("writing: %v, want %v", err, c.is)
			}
			if data, err := os.ReadFile(dir + "/other"); err == nil && string(data) != "{}" {
				t.Errorf("somebody else's file was written: %q", data)
			}
		})
	}
}

// family is a cache as several libraries write it.
const family = `{
 "Account": {
  "k1": {"home_account_id":"u2.t","environment":"e","realm":"t","username":"bob@x","local_account_id":"u2","authority_type":"MSSTS"},
  "k3": {"home_account_id":"u3.t","environment":"e","realm":"t","username":"carol@x"},
  "k2": {"home_account_id":"u1.t","environment":"e","realm":"t","username":"alice@x","unknown":{"kept":1}}},
 "AccessToken": {
  "a1": {"home_account_id":"u1.t","environment":"e","client_id":"c1","realm":"t","target":"s","expires_on":"4700000000","secret":"s1"},
  "a2": {"home_account_id":"u1.t","environment":"e","client_id":"c2","realm":"t","target":"s","expires_on":4700003600,"secret":"s2"},
  "a3": {"home_account_id":"u1.t","environment":"other","client_id":"c1","realm":"t","target":"s","expires_on":"4800000000","secret":"s"},
  "a4": {"home_account_id":"u2.t","environment":"e","client_id":"c1","realm":"t","target":"s","expires_on":"nonsense","secret":"s"}},
 "RefreshToken": {
  "r4": {"home_account_id":"u3.t","environment":"e","client_id":"c1","secret":"s6"},
  "r1": {"home_account_id":"u1.t","environment":"e","client_id":"c2","secret":"s3"},
  "r2": {"home_account_id":"u1.t","environment":"e","client_id":"c1","secret":"s4"},
  "r3": {"home_account_id":"u1.t","environment":"E","client_id":"c1","target":"x","secret":"s5"}},
 "Unknown": {"kept":2}}`

func TestAccountsAreReadFromTheFamilysFormat(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	put(t, folder, family)
	list, err := open(t, folder).Accounts(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	alice, bob := list[0], list[1]
	if alice.Username != "alice@x" || !alice.ExpiresOn.Equal(time.Unix(4700003600, 0)) || strings.Join(alice.ClientIDs, " ") != "c1 c2" {
		t.Errorf("alice: %+v", alice)
	}
	if bob.Username != "bob@x" || !bob.ExpiresOn.IsZero() || len(bob.ClientIDs) != 0 {
		t.Errorf("bob: %+v", bob)
	}
}

func TestDamageIsSetAsideAndTold(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"planted-secret", `{"Account": [`, `{`} {
		for name, use := range map[string]func(context.Context, *loginstate.State) error{
			"reading": func(ctx context.Context, s *loginstate.State) error { _, err := s.Accounts(ctx); return err },
			"removing": func(ctx context.Context, s *loginstate.State) error {
				_, err := s.Remove(ctx, loginstate.Which{ClientID: "c"})
				return err
			},
			"importing": func(ctx context.Context, s *loginstate.State) error {
				_, err := s.Import(ctx, []byte(family))
				return err
			},
		} {
			folder := loginstate.In(t.TempDir())
			put(t, folder, content)
			var aside []string
			s := openAnd(t, folder, func(where string) { aside = append(aside, where) })
			if err := use(t.Context(), s); err != nil {
				t.Errorf("%s %q: %v", name, content, err)
			}
			if len(aside) != 1 {
				t.Fatalf("%s %q: set aside %q", name, content, aside)
			}
			if data, err := os.ReadFile(aside[0]); string(data) != content || err != nil {
				t.Errorf("%s %q: what was set aside is %q, %v", name, content, data, err)
			}
			if err := s.Forget(t.Context()); err != nil {
				t.Error(err)
			}
			if entries, err := os.ReadDir(filepath.Dir(folder.TokensPath())); len(entries) != 0 || err != nil {
				t.Errorf("forgetting left %v, %v", entries, err)
			}
		}
	}
}

func TestForgettingTakesWhatDeadProcessesLeft(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	put(t, folder, family)
	dir := filepath.Dir(folder.TokensPath())
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{".tokens.json.123", "login.json.123", ".tokens.json.live", "notes.txt"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if name != ".tokens.json.live" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := open(t, folder).Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 || entries[0].Name() != ".tokens.json.live" || entries[1].Name() != "notes.txt" {
		t.Errorf("there is %v, %v", entries, err)
	}
}

func TestRemovingIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		which      loginstate.Which
		gone       string
		left, away []string
	}{
		{"of nobody", loginstate.Which{}, "nothing", []string{"s1", "s2", "s3", "s4", "s5", "alice", "bob", "kept"}, nil},
		{"of an account", loginstate.Which{HomeAccountIDs: []string{"u1.t"}}, "1 account, 3 refresh tokens, 3 access tokens",
			[]string{"bob", `"kept":2`}, []string{"alice", "s1", "s2", "s3", "s4", "s5"}},
		{"of a client", loginstate.Which{ClientID: "c1"}, "1 account, 3 refresh tokens, 2 access tokens",
			[]string{"alice", "bob", "s2", "s3", `"kept":1`, `"kept":2`}, []string{"s1", "s4", "s5", "s6", "carol"}},
		{"of a client of an account", loginstate.Which{HomeAccountIDs: []string{"u1.t"}, ClientID: "c2"}, "1 refresh token, 1 access token",
			[]string{"alice", "bob", "s1", "s4", "s5"}, []string{"s2", "s3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := loginstate.In(t.TempDir())
			put(t, folder, family)
			s := open(t, folder)
			gone, err := s.Remove(t.Context(), c.which)
			if err != nil || gone.String() != c.gone {
				t.Errorf("removed %v, want %v; %v", gone, c.gone, err)
			}
			data, err := os.ReadFile(folder.TokensPath())
			if err != nil {
				t.Fatal(err)
			}
			has := func(what string) bool {
				return strings.Contains(string(data), what+`"`) || strings.Contains(string(data), what) && len(what) > 2
			}
			for _, what := range c.left {
				if !has(what) {
					t.Errorf("%s is gone", what)
				}
			}
			if i := slices.IndexFunc(c.away, has); i >= 0 {
				t.Errorf("%s is still there", c.away[i])
			}
		})
	}
}

func TestKindsThatAreNotThereSaySo(t *testing.T) {
	t.Parallel()
	if _, err := loginstate.ParseKind("drawer"); err == nil {
		t.Error("drawer is a kind")
	}
	if _, err := loginstate.In(t.TempDir()).Open(t.Context(), loginstate.Options{Kind: "drawer"}); err == nil {
		t.Error("drawer can be opened")
	}
}

func TestMemoryTouchesNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := loginstate.In(dir).Open(t.Context(), loginstate.Options{Kind: loginstate.Memory, Make: true})
	if err != nil {
		t.Fatal(err)
	}
	_, importErr := s.Import(t.Context(), []byte(family))
	if err := errors.Join(importErr, s.SaveLogin(loginstate.Login{ClientID: "c"})); err != nil {
		t.Error(err)
	}
	if list, err := s.Accounts(t.Context()); len(list) != 3 || err != nil {
		t.Errorf("accounts: %v, %v", list, err)
	}
	if err := s.Forget(t.Context()); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 0 || err != nil {
		t.Errorf("there is %v, %v", entries, err)
	}
}
