package tokencache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

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

// All see the damage at the same time. One sets it aside; the others find that
// it is gone, and lose no token over it.
func TestADamageThatManySeeIsSetAsideOnce(t *testing.T) {
	t.Parallel()
	s, path := files(t)
	for round := range 10 {
		damaged := fmt.Sprintf(`{"AccessToken": %d`, round)
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 6 {
			other, err := cache.NewFile(cache.FileOptions{Dir: filepath.Dir(path), Shared: map[string]string{Family: path}})
			if err != nil {
				t.Fatal(err)
			}
			c := New(Options{Store: other})
			wg.Go(func() {
				if i%2 == 0 {
					if err := c.Sync(t.Context(), Family); err != nil {
						t.Errorf("Sync = %v", err)
					}
				}
				if err := c.Record(t.Context(), Family, signIn(strconv.Itoa(i), "scope"+strconv.Itoa(i))); err != nil {
					t.Errorf("Record = %v", err)
				}
			})
		}
		wg.Wait()
		c := New(Options{Store: s})
		sync1(t, c, Family)
		for i := range 6 {
			wantToken(t, c, query("scope"+strconv.Itoa(i)), strconv.Itoa(i))
		}
		if aside, err := filepath.Glob(path + ".damaged-*"); err != nil || len(aside) != round+1 {
			t.Fatalf("after %d damages %d files were set aside", round+1, len(aside))
		}
	}
}

// A process that was suspended has the lock, and a token waits to be written.
// Those that are in memory serve meanwhile.
func TestALockThatIsNotGivenUpHoldsUpNoReader(t *testing.T) {
	t.Parallel()
	s, path := files(t)
	c := New(Options{Store: s})
	record(t, c, Family, signIn("1", "a"))
	if err := os.WriteFile(path+".lockfile", []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Record(ctx, Family, signIn("2", "b")) }()
	p := c.acquire(Family)
	defer c.release(p)
	for len(p.turn) == 0 {
		runtime.Gosched()
	}
	patient, end := context.WithTimeout(t.Context(), 10*time.Second)
	defer end()
	if err := c.Sync(patient, Family); err != nil {
		t.Errorf("Sync beside a writer that waits = %v", err)
	}
	wantToken(t, c, query("a"), "1")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the writer ended with %v", err)
	}
	wantToken(t, c, query("b"), "2")
}

// Another process has begun to seal with a key that this one does not have.
func TestAKeyThatIsMissingCostsNoTokenAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	inner, path := files(t)
	old, young := make([]byte, cache.KeySize), make([]byte, cache.KeySize)
	young[0] = 1
	sealed := func(keys ...[]byte) cache.Store {
		ring, err := cache.NewKeyRing(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return cache.Encrypted(inner, ring)
	}
	c := New(Options{Store: sealed(old)})
	record(t, c, Family, signIn("1", "a"))
	record(t, New(Options{Store: sealed(young, old)}), Family, signIn("2", "b"))
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Sync":   c.Sync(t.Context(), Family),
		"Record": c.Record(t.Context(), Family, signIn("3", "c")),
	} {
		var seal *cache.SealError
		if !errors.Is(err, cache.ErrUnknownKey) || !errors.As(err, &seal) {
			t.Errorf("%s = %v; want a *SealError", name, err)
		}
	}
	wantToken(t, c, query("a"), "1")
	wantToken(t, c, query("c"), "3")
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the partition was overwritten, %v", err)
	}
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) > 0 {
		t.Errorf("it was set aside: %q", aside)
	}
}
