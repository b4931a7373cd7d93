package loginstate_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
)

func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("access control lists are not looked at")
	}
	dir := t.TempDir()
	folder := loginstate.In(dir)
	if err := folder.SaveTokens([]byte("{}")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{filepath.Join(dir, "msal"): 0o700, folder.TokensPath(): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
	// A folder that others can read is closed, not trusted.
	if err := os.Chmod(filepath.Join(dir, "msal"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Tokens(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "msal")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is still open: %v, %v", info.Mode(), err)
	}
}

func TestNothingIsThereAtFirst(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	if data, err := folder.Tokens(); data != nil || err != nil {
		t.Errorf("tokens: %q, %v", data, err)
	}
	if l, err := folder.LastLogin(); l != (loginstate.Login{}) || err != nil {
		t.Errorf("login: %v, %v", l, err)
	}
	if list, err := folder.Accounts(); len(list) != 0 || err != nil {
		t.Errorf("accounts: %v, %v", list, err)
	}
	if err := folder.Forget(); err != nil {
		t.Errorf("forget: %v", err)
	}
}

func TestWhatIsSavedComesBack(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	want := loginstate.Login{ClientID: "c", Authority: "https://a/t", Discovery: "off", HomeAccountID: "h"}
	if err := errors.Join(folder.SaveLogin(want), folder.SaveTokens([]byte("one")), folder.SaveTokens([]byte("two"))); err != nil {
		t.Fatal(err)
	}
	if got, err := folder.LastLogin(); got != want || err != nil {
		t.Errorf("login: %v, %v", got, err)
	}
	if got, err := folder.Tokens(); string(got) != "two" || err != nil {
		t.Errorf("tokens: %q, %v", got, err)
	}
	// Replacing leaves nothing behind.
	entries, err := os.ReadDir(filepath.Dir(folder.TokensPath()))
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if err := folder.Forget(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder.TokensPath()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the tokens are still there: %v", err)
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
		}, loginstate.ErrNotRegular},
		{"the file is a folder", func(_, file string) error { return os.MkdirAll(file, 0o700) }, loginstate.ErrNotRegular},
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
			var file *loginstate.FileError
			if _, err := folder.Tokens(); !errors.Is(err, c.is) || !errors.As(err, &file) || file.Hint == "" {
				t.Errorf("reading: %v, want %v with a hint", err, c.is)
			}
			if err := folder.SaveTokens([]byte("secret")); err == nil {
				t.Error("writing went through")
			}
			if data, err := os.ReadFile(dir + "/other"); err == nil && string(data) != "{}" {
				t.Errorf("somebody else's file was written: %q", data)
			}
		})
	}
}

func TestAccountsAreReadFromTheFamilysFormat(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	const cache = `{
	 "Account": {
	  "k1": {"home_account_id":"u2.t","environment":"e","realm":"t","username":"bob@x","local_account_id":"u2"},
	  "k2": {"home_account_id":"u1.t","environment":"e","realm":"t","username":"alice@x","unknown":{"kept":1}}},
	 "AccessToken": {
	  "a1": {"home_account_id":"u1.t","environment":"e","expires_on":"1700000000","secret":"s1"},
	  "a2": {"home_account_id":"u1.t","environment":"e","expires_on":1700003600,"secret":"s2"},
	  "a3": {"home_account_id":"u1.t","environment":"other","expires_on":"1800000000"},
	  "a4": {"home_account_id":"u2.t","environment":"e","expires_on":"nonsense"}},
	 "RefreshToken": {
	  "r1": {"home_account_id":"u1.t","environment":"e","client_id":"c2","secret":"s3"},
	  "r2": {"home_account_id":"u1.t","environment":"e","client_id":"c1"},
	  "r3": {"home_account_id":"u1.t","environment":"e","client_id":"c1"}},
	 "Unknown": []}`
	if err := folder.SaveTokens([]byte(cache)); err != nil {
		t.Fatal(err)
	}
	list, err := folder.Accounts()
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	alice, bob := list[0], list[1]
	if alice.Username != "alice@x" || !alice.ExpiresOn.Equal(time.Unix(1700003600, 0)) || strings.Join(alice.ClientIDs, " ") != "c1 c2" {
		t.Errorf("alice: %+v", alice)
	}
	if bob.Username != "bob@x" || !bob.ExpiresOn.IsZero() || len(bob.ClientIDs) != 0 {
		t.Errorf("bob: %+v", bob)
	}
}

func TestDamageIsReportedWithoutTheContent(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	for _, content := range []string{"planted-secret", `{"Account": []}`, `{"Account": {"k": "planted-secret"}}`, `{`} {
		if err := folder.SaveTokens([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if _, err := folder.Accounts(); !errors.Is(err, loginstate.ErrDamaged) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func FuzzAccounts(f *testing.F) {
	f.Add([]byte(`{"Account":{"k":{"username":"a"}},"AccessToken":{"k":{"expires_on":"12"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		folder := loginstate.In(t.TempDir())
		if err := folder.SaveTokens(data); err != nil {
			t.Fatal(err)
		}
		if _, err := folder.Accounts(); err != nil && !errors.Is(err, loginstate.ErrDamaged) {
			t.Fatal(err)
		}
	})
}
