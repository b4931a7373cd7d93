package cache_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
)

func newKey(t *testing.T) []byte {
	t.Helper()
	key := make([]byte, cache.KeySize)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	return key
}

func ring(t *testing.T, keys ...[]byte) *cache.KeyRing {
	t.Helper()
	r, err := cache.NewKeyRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEncryptedKeepsTheContract(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for name, open := range map[string]func(t *testing.T) cache.Store{
		"memory":     func(*testing.T) cache.Store { return new(cache.Memory) },
		"file":       func(t *testing.T) cache.Store { return openFile(t, cache.FileOptions{}) },
		"bare":       func(*testing.T) cache.Store { return bare{new(cache.Memory)} },
		"sets aside": func(t *testing.T) cache.Store { return asideOnly{openFile(t, cache.FileOptions{})} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Test(t, func(t *testing.T) cache.Store { return cache.Encrypted(open(t), ring(t, key)) })
		})
	}
}

// bare hides that a store can do more.
type bare struct{ s *cache.Memory }

func (b bare) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	return b.s.Load(ctx, key, have)
}

func (b bare) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	return b.s.Update(ctx, key, f)
}

func (b bare) Delete(ctx context.Context, key string) error { return b.s.Delete(ctx, key) }

// asideOnly hides that a store can list.
type asideOnly struct{ s *cache.File }

func (a asideOnly) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	return a.s.Load(ctx, key, have)
}

func (a asideOnly) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	return a.s.Update(ctx, key, f)
}

func (a asideOnly) Delete(ctx context.Context, key string) error { return a.s.Delete(ctx, key) }

func (a asideOnly) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	return a.s.SetAside(ctx, key, value)
}

func TestEncryptedCanDoWhatTheStoreCan(t *testing.T) {
	t.Parallel()
	r := ring(t, newKey(t))
	file := openFile(t, cache.FileOptions{})
	for name, c := range map[string]struct {
		store            cache.Store
		lists, setsAside bool
	}{
		"memory": {new(cache.Memory), true, false},
		"file":   {file, true, true},
		"bare":   {bare{new(cache.Memory)}, false, false},
		"aside":  {asideOnly{file}, false, true},
	} {
		s := cache.Encrypted(c.store, r)
		_, lists := s.(cache.Lister)
		_, setsAside := s.(cache.SetAsider)
		if lists != c.lists || setsAside != c.setsAside {
			t.Errorf("%s: lists %v, sets aside %v; want %v, %v", name, lists, setsAside, c.lists, c.setsAside)
		}
	}
}

func TestEncryptedHidesTheValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := cache.Encrypted(openFile(t, cache.FileOptions{Dir: dir}), ring(t, newKey(t)))
	if _, err := s.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte("pl4nted"), time.Time{}, nil }); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "msal.cache"))
	if err != nil || len(data) == 0 || bytes.Contains(data, []byte("pl4nted")) {
		t.Errorf("the file has %q, %v", data, err)
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	inner := new(cache.Memory)
	old, young := newKey(t), newKey(t)
	appendX := func(value []byte) ([]byte, time.Time, error) { return append(value, 'x'), time.Time{}, nil }
	for i, r := range []*cache.KeyRing{ring(t, old), ring(t, young, old), ring(t, young)} {
		s := cache.Encrypted(inner, r)
		if _, err := s.Update(t.Context(), "k", appendX); err != nil {
			t.Fatalf("with ring %d: %v", i, err)
		}
		if value, _, err := s.Load(t.Context(), "k", ""); err != nil || len(value) != i+1 {
			t.Fatalf("with ring %d: %q, %v", i, value, err)
		}
	}
	_, _, err := cache.Encrypted(inner, ring(t, old)).Load(t.Context(), "k", "")
	var sealed *cache.SealError
	if !errors.Is(err, cache.ErrUnknownKey) || !errors.As(err, &sealed) || sealed.Key != "k" {
		t.Errorf("with the old key alone: %v; want ErrUnknownKey", err)
	}
}

func TestWhatCannotBeOpenedIsNeitherUsedNorOverwritten(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	good, err := ring(t, key).Seal(t.Context(), "k", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := ring(t, key).Seal(t.Context(), "other", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ring(t, newKey(t)).Seal(t.Context(), "k", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, c := range map[string]struct {
		sealed []byte
		want   error
	}{
		"never sealed":          {[]byte(`{"AccessToken":{}}`), cache.ErrBrokenSeal},
		"cut in the mark":       {good[:5], cache.ErrBrokenSeal},
		"cut in the id":         {good[:17], cache.ErrBrokenSeal},
		"cut in the nonce":      {good[:27], cache.ErrBrokenSeal},
		"cut at the end":        {good[:len(good)-1], cache.ErrBrokenSeal},
		"one bit":               {flipped, cache.ErrBrokenSeal},
		"another partition's":   {other, cache.ErrBrokenSeal},
		"sealed by another key": {foreign, cache.ErrUnknownKey},
	} {
		inner := new(cache.Memory)
		if _, err := inner.Update(t.Context(), "k", func([]byte) ([]byte, time.Time, error) { return c.sealed, time.Time{}, nil }); err != nil {
			t.Fatal(err)
		}
		s := cache.Encrypted(inner, ring(t, key))
		_, _, loadErr := s.Load(t.Context(), "k", "")
		_, updateErr := s.Update(t.Context(), "k", func([]byte) ([]byte, time.Time, error) { return []byte("new"), time.Time{}, nil })
		for _, err := range []error{loadErr, updateErr} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v; want %v", name, err, c.want)
			}
		}
		if now, _, err := inner.Load(t.Context(), "k", ""); err != nil || !bytes.Equal(now, c.sealed) {
			t.Errorf("%s: it was overwritten", name)
		}
		if err := s.Delete(t.Context(), "k"); err != nil {
			t.Errorf("%s: Delete = %v", name, err)
		}
	}
}

func TestEncryptedSetsAsideTheSealedBytes(t *testing.T) {
	t.Parallel()
	inner := openFile(t, cache.FileOptions{})
	s := cache.Encrypted(inner, ring(t, newKey(t)))
	if _, err := s.Update(t.Context(), "k", func([]byte) ([]byte, time.Time, error) { return []byte("no cache"), time.Time{}, nil }); err != nil {
		t.Fatal(err)
	}
	sealed, _, err := inner.Load(t.Context(), "k", "")
	if err != nil {
		t.Fatal(err)
	}
	aside := s.(cache.SetAsider)
	if where, err := aside.SetAside(t.Context(), "k", []byte("another")); where != "" || err != nil {
		t.Errorf("another value was set aside: %q, %v", where, err)
	}
	where, err := aside.SetAside(t.Context(), "k", []byte("no cache"))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(where); err != nil || !bytes.HasSuffix(data, sealed) {
		t.Errorf("what was set aside is not what was there: %v", err)
	}
}

func TestKeyRingsRefuseKeysOfTheWrongSizeAndShowNone(t *testing.T) {
	t.Parallel()
	for _, keys := range [][][]byte{nil, {nil}, {make([]byte, 16)}, {make([]byte, 32), make([]byte, 33)}} {
		if _, err := cache.NewKeyRing(keys...); err == nil {
			t.Errorf("%d keys of the wrong size were taken", len(keys))
		}
	}
	key := []byte("pl4ntedpl4ntedpl4ntedpl4nted1234")
	r := ring(t, key)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{r, *r} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "pl4nted") || text != "ring of 1 keys" {
				t.Errorf("%s prints %q", verb, text)
			}
		}
	}
}
