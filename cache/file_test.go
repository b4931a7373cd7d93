package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
)

func openFile(t *testing.T, o cache.FileOptions) *cache.File {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "msal")
	}
	s, err := cache.NewFile(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, s cache.Store, key, value string) cache.Version {
	t.Helper()
	v, err := s.Update(t.Context(), key, func([]byte) ([]byte, time.Time, error) { return []byte(value), time.Time{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFileKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Test(t, func(t *testing.T) cache.Store { return openFile(t, cache.FileOptions{}) })
}

func TestFileIsSeenByOtherProcessesStores(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := openFile(t, cache.FileOptions{Dir: dir}), openFile(t, cache.FileOptions{Dir: dir})
	va := write(t, a, "user.x", "one")
	value, vb, err := b.Load(t.Context(), "user.x", "")
	if err != nil || string(value) != "one" || va != vb {
		t.Fatalf("the other store has %q, %q, %v; want one, %q", value, vb, err, va)
	}
	write(t, b, "user.x", "two")
	if value, _, err := a.Load(t.Context(), "user.x", va); err != nil || string(value) != "two" {
		t.Errorf("the first store has %q, %v; want two", value, err)
	}
}

func TestFileVersionsDifferThoughWritesAreQuick(t *testing.T) {
	t.Parallel()
	s := openFile(t, cache.FileOptions{})
	seen := map[cache.Version]int{}
	for i := range 200 { // many in one tick of the file system's clock, all of one size
		v := write(t, s, "k", string(rune('a'+i%26)))
		if before, ok := seen[v]; ok {
			t.Fatalf("writes %d and %d have the version %q", before, i, v)
		}
		seen[v] = i
	}
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("access on Windows is the folder's")
	}
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := openFile(t, cache.FileOptions{Dir: dir})
	write(t, s, "msal", "secret")
	for path, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, filepath.Join(dir, "msal.cache"): 0o600} {
		if info, err := os.Lstat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has the mode %v, %v; want %v", filepath.Base(path), info.Mode(), err, want)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*lockfile"))
	hidden, err2 := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left)+len(hidden) > 0 || err != nil || err2 != nil {
		t.Errorf("files were left over: %v %v", left, hidden)
	}
}

func TestFileRefusesWhatIsNoPlainFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("making links needs a privilege")
	}
	outside := filepath.Join(t.TempDir(), "outside")
	for name, make := range map[string]func(path string) error{
		"a link to a file":    func(path string) error { return os.Symlink(outside, path) },
		"a link to nothing":   func(path string) error { return os.Symlink(outside+"-not-there", path) },
		"a folder":            func(path string) error { return os.Mkdir(path, 0o700) },
		"a link for the lock": func(path string) error { return os.Symlink(outside, path+".lockfile") },
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(outside, []byte("untouched"), 0o600); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			s := openFile(t, cache.FileOptions{Dir: dir})
			if err := make(filepath.Join(dir, "msal.cache")); err != nil {
				t.Fatal(err)
			}
			_, err := s.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte("secret"), time.Time{}, nil })
			var fileErr *cache.FileError
			if !errors.Is(err, cache.ErrNotPlain) || !errors.As(err, &fileErr) || fileErr.Hint == "" {
				t.Errorf("Update = %v; want ErrNotPlain with a hint", err)
			}
			if data, err := os.ReadFile(outside); err != nil || string(data) != "untouched" {
				t.Errorf("the file outside has %q, %v", data, err)
			}
		})
	}
}

func TestFileRefusesFoldersOfOthers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("access on Windows is a matter of lists")
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]cache.FileOptions{
		"no folder":            {},
		"others can write":     {Dir: open},
		"a link":               {Dir: link},
		"a file":               {Dir: file},
		"a shared file's link": {Dir: t.TempDir(), Shared: map[string]string{"msal": filepath.Join(link, "cache.json")}},
	} {
		var fileErr *cache.FileError
		if _, err := cache.NewFile(o); !errors.As(err, &fileErr) || fileErr.Hint == "" {
			t.Errorf("%s: %v; want a *FileError with a hint", name, err)
		}
	}
	var keyErr *cache.KeyError
	if _, err := cache.NewFile(cache.FileOptions{Dir: t.TempDir(), Shared: map[string]string{"A/B": "x"}}); !errors.As(err, &keyErr) {
		t.Errorf("a bad key is %v; want a *KeyError", err)
	}
}

func TestFileSharesAPartitionAsItIs(t *testing.T) {
	t.Parallel()
	shared := filepath.Join(t.TempDir(), "tool", "msal_token_cache.json")
	s := openFile(t, cache.FileOptions{Shared: map[string]string{"msal": shared}})
	write(t, s, "msal", `{"Account":{}}`)
	if data, err := os.ReadFile(shared); err != nil || string(data) != `{"Account":{}}` {
		t.Fatalf("the shared file has %q, %v", data, err)
	}
	if err := os.WriteFile(shared, []byte(`{"by":"another tool"}`), 0o644); err != nil { // in place
		t.Fatal(err)
	}
	if value, _, err := s.Load(t.Context(), "msal", ""); err != nil || string(value) != `{"by":"another tool"}` {
		t.Errorf("Load = %q, %v", value, err)
	}
	write(t, s, "msal", "{}")
	if info, err := os.Stat(shared); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v after a write; want 0600", info.Mode(), err)
	}
	write(t, s, "app.a", "x")
	var keys []string
	for key, err := range s.Keys(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if strings.Join(keys, " ") != "app.a msal" {
		t.Errorf("the keys are %q", keys)
	}
}

func TestFileSetsDamagedPartitionsAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openFile(t, cache.FileOptions{Dir: dir})
	if err := os.WriteFile(filepath.Join(dir, "msal.cache"), []byte("not a partition"), 0o600); err != nil {
		t.Fatal(err)
	}
	value, version, err := s.Load(t.Context(), "msal", "")
	if err != nil || string(value) != "not a partition" || version == "" {
		t.Fatalf("Load of a damaged file = %q, %q, %v; want its bytes, for the reader to judge", value, version, err)
	}
	if where, err := s.SetAside(t.Context(), "msal", []byte("something else")); where != "" || err != nil {
		t.Fatalf("a partition with another value was set aside: %q, %v", where, err)
	}
	where, err := s.SetAside(t.Context(), "msal", value)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(where); err != nil || string(data) != "not a partition" {
		t.Errorf("%s has %q, %v", where, data, err)
	}
	if value, version, err := s.Load(t.Context(), "msal", version); len(value) > 0 || version != "" || err != nil {
		t.Errorf("Load after it = %q, %q, %v; want nothing", value, version, err)
	}
	for key, err := range s.Keys(t.Context(), "") {
		t.Errorf("a key is left: %q, %v", key, err)
	}
}

func TestFileTakesOverWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there the system removes lock files of the dead")
	}
	const nobody = "4194305" // above the largest process id of Linux
	for name, content := range map[string]string{
		"this store":               nobody + " msal\n",
		"this store, number again": "1 msal\n",
		"MSAL Node":                nobody,
		"MSAL Extensions, Python":  nobody + " az",
		"MSAL Extensions, Go":      "{" + nobody + "} {/bin/azd}",
		"MSAL.NET":                 "\ufeff" + nobody + " pwsh\n",
	} {
		dir := t.TempDir()
		s := openFile(t, cache.FileOptions{Dir: dir})
		if err := os.WriteFile(filepath.Join(dir, "k.cache.lockfile"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := s.Update(ctx, "k", func([]byte) ([]byte, time.Time, error) { return []byte("x"), time.Time{}, nil })
		cancel()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFileWaitsForALockThatIsOnlyThere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there an open file is the lock")
	}
	dir := t.TempDir()
	s := openFile(t, cache.FileOptions{Dir: dir})
	lock := filepath.Join(dir, "k.cache.lockfile")
	if err := os.WriteFile(lock, []byte("1"), 0o600); err != nil { // as MSAL Node: a process that lives, and no lock of the system's
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	fill := func([]byte) ([]byte, time.Time, error) { return []byte("x"), time.Time{}, nil }
	if _, err := s.Update(ctx, "k", fill); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Update past another's lock = %v; want the end of the context", err)
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), "k", fill); err != nil {
		t.Errorf("Update after it was given back = %v", err)
	}
}

func TestFileNamesNoDevice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openFile(t, cache.FileOptions{Dir: dir})
	for _, key := range []string{"con", "nul.x", "com1", "lpt9", "company", "conx"} {
		write(t, s, key, key)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "company.cache conx.cache ~com1.cache ~con.cache ~lpt9.cache ~nul.x.cache" {
		t.Errorf("the files are %s", got)
	}
}

// Others write in place, perhaps twice in one tick of the file system's clock
// and as many bytes as before.
func TestFileSeesWritesThatLookTheSame(t *testing.T) {
	t.Parallel()
	shared := filepath.Join(t.TempDir(), "cache.json")
	s := openFile(t, cache.FileOptions{Shared: map[string]string{"msal": shared}})
	tick := time.Now()
	var have cache.Version
	for _, want := range []string{"first", "other"} {
		if err := os.WriteFile(shared, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(shared, tick, tick); err != nil {
			t.Fatal(err)
		}
		value, now, err := s.Load(t.Context(), "msal", have)
		if err != nil || string(value) != want || now == have {
			t.Errorf("Load = %q, %v; want %q", value, err, want)
		}
		have = now
	}
	if value, now, err := s.Load(t.Context(), "msal", have); len(value) > 0 || now != have || err != nil {
		t.Errorf("Load of what is known = %q, %v; want nothing new", value, err)
	}
}

func TestFileTakesOverLocksFromTheFuture(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there an open file is the lock")
	}
	dir := t.TempDir()
	s := openFile(t, cache.FileOptions{Dir: dir})
	lock := filepath.Join(dir, "k.cache.lockfile")
	if err := os.WriteFile(lock, nil, 0o600); err != nil { // its maker died before it wrote its name
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(lock, later, later); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := s.Update(ctx, "k", func([]byte) ([]byte, time.Time, error) { return []byte("x"), time.Time{}, nil }); err != nil {
		t.Errorf("Update past a lock that nobody holds = %v", err)
	}
}

// MSAL Extensions for Python empties a lock file that was there for too long,
// and waits for a lock on what it has open.
func TestFileLeavesItsLockToWhoeverWaitsForThatVeryFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there others cannot open the file")
	}
	dir := t.TempDir()
	s := openFile(t, cache.FileOptions{Dir: dir})
	lock := filepath.Join(dir, "k.cache.lockfile")
	if _, err := s.Update(t.Context(), "k", func([]byte) ([]byte, time.Time, error) {
		return []byte("x"), time.Time{}, os.Truncate(lock, 0)
	}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(lock); err != nil || info.Size() != 0 {
		t.Errorf("the lock file is %v, %v; want it left, and empty", info, err)
	}
	if _, err := s.Update(t.Context(), "k", func([]byte) ([]byte, time.Time, error) { return []byte("y"), time.Time{}, nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(lock); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the lock file is still there after nobody came for it: %v", err)
	}
}

func TestFileCleansUpAfterTheKilled(t *testing.T) {
	t.Parallel()
	dir, tool := t.TempDir(), t.TempDir()
	old := time.Now().Add(-2 * time.Hour)
	files := map[string]bool{ // whether they stay
		filepath.Join(dir, ".msal.cache.123"):      false,
		filepath.Join(dir, ".~con.cache.123"):      false,
		filepath.Join(tool, ".tokens.json.4567"):   false,
		filepath.Join(dir, ".msal.cache.1.young"):  true,
		filepath.Join(dir, ".x.1.cache"):           true, // a partition
		filepath.Join(dir, "msal.cache.123"):       true,
		filepath.Join(tool, ".another.json.4567"):  true,
		filepath.Join(tool, ".msal.cache.4567"):    true,
		filepath.Join(tool, "tokens.json.4567890"): true,
	}
	for path := range files {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	young := filepath.Join(dir, ".msal.cache.9")
	if err := os.WriteFile(young, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	files[young] = true // its writer is at it
	openFile(t, cache.FileOptions{Dir: dir, Shared: map[string]string{"msal": filepath.Join(tool, "tokens.json")}})
	for path, stays := range files {
		if _, err := os.Lstat(path); (err == nil) != stays {
			t.Errorf("%s: %v; stays should be %v", filepath.Base(path), err, stays)
		}
	}
}

func TestFileMakesItsFolderAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "msal")
	s := openFile(t, cache.FileOptions{Dir: dir})
	write(t, s, "msal", "one")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if value, now, err := s.Load(t.Context(), "msal", ""); len(value) > 0 || now != "" || err != nil {
		t.Errorf("Load without a folder = %q, %q, %v; want nothing", value, now, err)
	}
	write(t, s, "msal", "two")
	if value, _, err := s.Load(t.Context(), "msal", ""); string(value) != "two" || err != nil {
		t.Errorf("Load = %q, %v; want two", value, err)
	}
}

func TestFileRemovesWhatHasExpired(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := openFile(t, cache.FileOptions{Dir: dir}) // a process that is gone
	for i := range 50 {
		key, expires := fmt.Sprintf("obo.%d", i), time.Now().Add(-time.Minute)
		if i%5 == 0 {
			expires = time.Now().Add(time.Hour)
		}
		if _, err := before.Update(t.Context(), key, func([]byte) ([]byte, time.Time, error) { return []byte("x"), expires, nil }); err != nil {
			t.Fatal(err)
		}
	}
	write(t, before, "user.lasts", "x")
	s := openFile(t, cache.FileOptions{Dir: dir})
	for i := range 10 { // each looks at some
		write(t, s, "app.a", fmt.Sprint(i))
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 12 {
		t.Errorf("%d files are left, %v; want the ten that last an hour, and two that last", len(files), err)
	}
}
