package tokencache

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/msal-go/msal/cache"
)

// files opens the store that the family shares: what is in the file is the
// partition as it is.
func files(t *testing.T) (s *cache.File, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tokens.json")
	s, err := cache.NewFile(cache.FileOptions{Dir: t.TempDir(), Shared: map[string]string{Family: path}})
	if err != nil {
		t.Fatal(err)
	}
	return s, path
}

func TestADamagedFileIsSetAsideAndBegunAnew(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(*testing.T, *Cache){
		"by a look":      func(t *testing.T, c *Cache) { sync1(t, c, Family) },
		"by a new token": func(t *testing.T, c *Cache) { record(t, c, Family, signIn("1", "a")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, path := files(t)
			const damaged = `{"AccessToken": {"half of it`
			if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			c := New(Options{Store: s})
			use(t, c)
			record(t, c, Family, signIn("2", "a"))
			other := New(Options{Store: s})
			sync1(t, other, Family)
			wantToken(t, other, query("a"), "2")
			aside, err := filepath.Glob(path + ".damaged-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside are %q, %v; want one file", aside, err)
			}
			if data, err := os.ReadFile(aside[0]); err != nil || string(data) != damaged {
				t.Errorf("set aside is %q, %v; nothing may be lost", data, err)
			}
		})
	}
}

func TestAnotherLibrarysWriteInPlaceIsReadAgain(t *testing.T) {
	t.Parallel()
	s, path := files(t)
	c := New(Options{Store: s})
	record(t, c, Family, signIn("1", "a"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	half := &torn{File: s, path: path, whole: whole}
	late := New(Options{Store: half})
	if err := os.WriteFile(path, whole[:len(whole)/2], 0o600); err != nil { // as a writer that is not done yet
		t.Fatal(err)
	}
	if err := late.Sync(t.Context(), Family); err == nil {
		t.Error("half a file was taken for a cache")
	}
	sync1(t, late, Family)
	wantToken(t, late, query("a"), "1")
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) > 0 {
		t.Errorf("a file was set aside that was only being written: %q", aside)
	}
}

// torn is a store in whose file another process ends its writing just before
// the store looks a second time.
type torn struct {
	*cache.File
	path  string
	whole []byte
}

func (s *torn) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	if err := os.WriteFile(s.path, s.whole, 0o600); err != nil {
		return "", err
	}
	return s.File.SetAside(ctx, key, value)
}
