package cache_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

func TestKeyFileIsMadeOnceAndRotates(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "ring")
	var wg sync.WaitGroup
	sealed := make([][]byte, 8)
	for i := range sealed { // whoever comes first makes it
		wg.Go(func() {
			r, err := cache.OpenKeyFile(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if sealed[i], err = r.Seal(t.Context(), "k", []byte("value")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	left := filepath.Join(filepath.Dir(path), ".ring.123") // by a process that was killed while it wrote
	if err := os.WriteFile(left, []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, time.Now(), time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	rotated, err := cache.RotateKeyFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := cache.OpenKeyFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range sealed {
		for _, r := range []*cache.KeyRing{rotated, again} {
			if value, err := r.Open(t.Context(), "k", s); err != nil || string(value) != "value" {
				t.Errorf("seal %d: %q, %v", i, value, err)
			}
		}
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a half-written file with keys is left: %v", err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
}

func TestKeyFilesThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const key = "cGw0bnRlZHBsNG50ZWRwbDRudGVkcGw0bnRlZDEyMzQ=\n"
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := cache.OpenKeyFile(t.Context(), file("good", key, 0o600)); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{
		"empty":     file("empty", "", 0o600),
		"not a key": file("text", "pl4nted\n", 0o600),
		"short key": file("short", "cGw0bnRlZA==\n", 0o600),
		"a folder":  dir,
	}
	if runtime.GOOS != "windows" {
		bad["others can read it"] = file("open", key, 0o644)
		link := filepath.Join(dir, "link")
		if err := os.Symlink("good", link); err != nil {
			t.Fatal(err)
		}
		bad["a link"] = link
	}
	for name, path := range bad {
		_, err := cache.OpenKeyFile(t.Context(), path)
		var fileErr *cache.FileError
		if !errors.As(err, &fileErr) || fileErr.Path != path || fileErr.Hint == "" || strings.Contains(err.Error(), "pl4nted") {
			t.Errorf("%s: %v; want a *FileError with a hint", name, err)
		}
	}
}
