package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/msal-go/msal/cache"
)

const key = "app.0-9_az"

// put writes value without an expiry and returns the version.
func put(t reporter, s cache.Store, key string, value []byte) cache.Version {
	t.Helper()
	return putUntil(t, s, key, value, time.Time{})
}

func putUntil(t reporter, s cache.Store, key string, value []byte, expires time.Time) cache.Version {
	t.Helper()
	v, err := s.Update(t.Context(), key, func([]byte) ([]byte, time.Time, error) {
		return bytes.Clone(value), expires, nil
	})
	if err != nil {
		t.Fatalf("Update: %v", err)
	}
	return v
}

func load(t reporter, s cache.Store, key string, have cache.Version) ([]byte, cache.Version) {
	t.Helper()
	value, now, err := s.Load(t.Context(), key, have)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return value, now
}

func wantAbsent(t reporter, s cache.Store, key string) {
	t.Helper()
	if value, now := load(t, s, key, ""); len(value) != 0 || now != "" {
		t.Errorf("Load of an absent partition = %d bytes, version %q; want none and %q", len(value), now, "")
	}
}

func wantValue(t reporter, s cache.Store, key string, want []byte) {
	t.Helper()
	value, now := load(t, s, key, "")
	if !bytes.Equal(value, want) {
		t.Errorf("Load = %q; want %q", clip(value), clip(want))
	}
	if now == "" {
		t.Errorf("Load of an existing partition: version is empty")
	}
}

// clip keeps a failure readable.
func clip(b []byte) []byte { return b[:min(len(b), 64)] }

func absent(t reporter, s cache.Store) {
	wantAbsent(t, s, key)
	if value, now := load(t, s, key, "a version from before it was deleted"); len(value) != 0 || now != "" {
		t.Errorf("Load of an absent partition with an old version = %d bytes, version %q; want none and %q", len(value), now, "")
	}
}

func roundTrip(t reporter, s cache.Store) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, value := range [][]byte{
		[]byte("{}"),
		{0},
		[]byte("\r\n\x1a\xff\xfe"),
		all,
		bytes.Repeat(all, 1<<12), // 1 MiB: more than one page, packet or row
	} {
		put(t, s, key, value)
		wantValue(t, s, key, value)
	}
}

func versions(t reporter, s cache.Store) {
	v1 := put(t, s, key, []byte("one"))
	if v1 == "" {
		t.Errorf("Update returned the empty version for a value")
	}
	if _, now := load(t, s, key, ""); now != v1 {
		t.Errorf("Load: version %q; want %q, which Update returned", now, v1)
	}
	v2 := put(t, s, key, []byte("two"))
	if v2 == v1 {
		t.Errorf("version is still %q after the value changed", v2)
	}
	value, now := load(t, s, key, v1)
	if string(value) != "two" || now != v2 {
		t.Errorf("Load with the old version = %q, %q; want %q, %q", clip(value), now, "two", v2)
	}
}

func unchanged(t reporter, s cache.Store) {
	v := put(t, s, key, []byte("one"))
	for range 3 {
		if value, now := load(t, s, key, v); value != nil || now != v {
			t.Errorf("Load at the current version = %d bytes, version %q; want nil and %q", len(value), now, v)
		}
	}
	if value, now := load(t, s, key, v+"x"); string(value) != "one" || now != v {
		t.Errorf("Load with an unknown version = %q, %q; want %q, %q", clip(value), now, "one", v)
	}
}

func seesOld(t reporter, s cache.Store) {
	var saw []byte
	appendX := func(old []byte) ([]byte, time.Time, error) {
		saw = bytes.Clone(old)
		return append(old, 'x'), time.Time{}, nil
	}
	for _, want := range []string{"", "x", "xx"} {
		if _, err := s.Update(t.Context(), key, appendX); err != nil {
			t.Fatalf("Update: %v", err)
		}
		if string(saw) != want {
			t.Errorf("Update gave the callback %q; want %q", clip(saw), want)
		}
	}
	wantValue(t, s, key, []byte("xxx"))
}

func callbackError(t reporter, s cache.Store) {
	errRefused := errors.New("refused by the callback")
	fail := func([]byte) ([]byte, time.Time, error) { return []byte("bad"), time.Time{}, errRefused }
	if _, err := s.Update(t.Context(), key, fail); !errors.Is(err, errRefused) {
		t.Errorf("Update = %v; want an error that wraps the callback's", err)
	}
	wantAbsent(t, s, key)
	v := put(t, s, key, []byte("good"))
	if _, err := s.Update(t.Context(), key, fail); !errors.Is(err, errRefused) {
		t.Errorf("Update = %v; want an error that wraps the callback's", err)
	}
	wantValue(t, s, key, []byte("good"))
	if _, now := load(t, s, key, ""); now != v {
		t.Errorf("version is %q after a failed update; want %q as before", now, v)
	}
	put(t, s, key, []byte("still writable"))
}

func emptyDeletes(t reporter, s cache.Store) {
	for _, value := range [][]byte{nil, {}} {
		put(t, s, key, []byte("one"))
		if v := put(t, s, key, value); v != "" {
			t.Errorf("Update to an empty value returned version %q; want %q", v, "")
		}
		wantAbsent(t, s, key)
	}
	put(t, s, key, nil) // nothing there: no error
}

func deletes(t reporter, s cache.Store) {
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("Delete of an absent partition: %v", err)
	}
	put(t, s, key, []byte("one"))
	if err := s.Delete(t.Context(), key); err != nil {
		t.Errorf("Delete: %v", err)
	}
	wantAbsent(t, s, key)
	put(t, s, key, []byte("again"))
	wantValue(t, s, key, []byte("again"))
}

func noReuse(t reporter, s cache.Store) {
	v1 := put(t, s, key, []byte("one"))
	if err := s.Delete(t.Context(), key); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	v2 := put(t, s, key, []byte("two"))
	if v1 == v2 {
		t.Errorf("version %q came back after a delete with another value", v1)
	}
	if value, _ := load(t, s, key, v1); string(value) != "two" {
		t.Errorf("Load at the version from before the delete = %q; want %q", clip(value), "two")
	}
}

func expiry(t reporter, s cache.Store) {
	hour := time.Now().Add(time.Hour)
	putUntil(t, s, key, []byte("later"), hour)
	wantValue(t, s, key, []byte("later"))
	putUntil(t, s, key, []byte("over"), time.Now().Add(-time.Minute))
	wantAbsent(t, s, key)
	var old []byte
	if _, err := s.Update(t.Context(), key, func(o []byte) ([]byte, time.Time, error) {
		old = bytes.Clone(o)
		return []byte("kept"), time.Time{}, nil
	}); err != nil {
		t.Fatalf("Update: %v", err)
	}
	if len(old) != 0 {
		t.Errorf("Update gave the callback a value that had expired")
	}
	wantValue(t, s, key, []byte("kept"))
}

func copies(t reporter, s cache.Store) {
	value := []byte("one")
	if _, err := s.Update(t.Context(), key, func([]byte) ([]byte, time.Time, error) { return value, time.Time{}, nil }); err != nil {
		t.Fatalf("Update: %v", err)
	}
	got, _ := load(t, s, key, "")
	for i := range got {
		got[i] = '!'
	}
	wantValue(t, s, key, []byte("one"))
	errStop := errors.New("stop")
	_, err := s.Update(t.Context(), key, func(old []byte) ([]byte, time.Time, error) {
		for i := range old {
			old[i] = '!'
		}
		return nil, time.Time{}, errStop
	})
	if !errors.Is(err, errStop) {
		t.Errorf("Update = %v; want an error that wraps the callback's", err)
	}
	wantValue(t, s, key, []byte("one"))
}

func keysApart(t reporter, s cache.Store) {
	keys := []string{"a", "a.b", "a-b", "a_b", "ab", "a..b", "a.", strings.Repeat("k", 200)}
	for _, k := range keys {
		put(t, s, k, []byte(k))
	}
	for _, k := range keys {
		wantValue(t, s, k, []byte(k))
	}
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	wantAbsent(t, s, "a")
	wantValue(t, s, "a.b", []byte("a.b"))
}

func alphabet(t reporter, s cache.Store) {
	for _, bad := range []string{
		"", "A", "a b", "a/b", "../a", `a\b`, "a:b", "a*", "a\x00", "a\n", "ä", "%41", strings.Repeat("k", 201),
	} {
		var keyErr *cache.KeyError
		if _, _, err := s.Load(t.Context(), bad, ""); !errors.As(err, &keyErr) {
			t.Errorf("Load with the bad key %.20q = %v; want a *cache.KeyError", bad, err)
		}
		if _, err := s.Update(t.Context(), bad, func([]byte) ([]byte, time.Time, error) {
			return []byte("x"), time.Time{}, nil
		}); !errors.As(err, &keyErr) {
			t.Errorf("Update with the bad key %.20q = %v; want a *cache.KeyError", bad, err)
		}
		if err := s.Delete(t.Context(), bad); !errors.As(err, &keyErr) {
			t.Errorf("Delete with the bad key %.20q = %v; want a *cache.KeyError", bad, err)
		}
	}
}

func canceled(t reporter, s cache.Store) {
	put(t, s, key, []byte("one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Load(ctx, key, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Load with a canceled context = %v; want context.Canceled", err)
	}
	if _, err := s.Update(ctx, key, func([]byte) ([]byte, time.Time, error) {
		return []byte("two"), time.Time{}, nil
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("Update with a canceled context = %v; want context.Canceled", err)
	}
	if err := s.Delete(ctx, key); !errors.Is(err, context.Canceled) {
		t.Errorf("Delete with a canceled context = %v; want context.Canceled", err)
	}
	wantValue(t, s, key, []byte("one"))
}
