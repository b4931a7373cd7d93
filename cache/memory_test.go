package cache_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/cache"
)

func TestCheckKey(t *testing.T) {
	t.Parallel()
	for key, wantIndex := range map[string]int{
		"":                       -1,
		strings.Repeat("k", 201): -1,
		"Abc":                    0,
		"a/b":                    1,
		"ab\x00":                 2,
		"é":                      0,
	} {
		var keyErr *cache.KeyError
		err := cache.CheckKey(key)
		if !errors.As(err, &keyErr) || keyErr.Index != wantIndex || keyErr.Length != len(key) {
			t.Errorf("CheckKey(%.20q) = %#v; want index %d", key, err, wantIndex)
		}
	}
	for _, key := range []string{"a", "user.0-9_z", strings.Repeat("k", 200)} {
		if err := cache.CheckKey(key); err != nil {
			t.Errorf("CheckKey(%.20q) = %v", key, err)
		}
	}
}

func TestMemoryExpiresAsTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m cache.Memory
		put(t, &m, "a", time.Now().Add(time.Hour))
		put(t, &m, "forever", time.Time{})
		time.Sleep(time.Hour - time.Second)
		if _, v, err := m.Load(t.Context(), "a", ""); v == "" || err != nil {
			t.Errorf("before its expiry: version %q, %v", v, err)
		}
		time.Sleep(time.Second)
		if value, v, err := m.Load(t.Context(), "a", ""); value != nil || v != "" || err != nil {
			t.Errorf("at its expiry: %q, version %q, %v", value, v, err)
		}
		if _, v, _ := m.Load(t.Context(), "forever", ""); v == "" {
			t.Error("a partition without expiry is gone")
		}
	})
}

func TestMemoryForgetsWhatNobodyAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m cache.Memory
		put(t, &m, "a", time.Now().Add(time.Second))
		time.Sleep(2 * time.Minute)
		put(t, &m, "b", time.Time{})
		if n := m.Len(); n != 1 {
			t.Errorf("%d partitions are held; want 1", n)
		}
	})
}

func TestMemoryStopsRetryingWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	var m cache.Memory
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	_, err := m.Update(ctx, "a", func([]byte) ([]byte, time.Time, error) {
		if runs++; runs == 3 {
			cancel()
		}
		put(t, &m, "a", time.Time{}) // somebody else is always faster
		return []byte("mine"), time.Time{}, nil
	})
	if !errors.Is(err, context.Canceled) || runs != 3 {
		t.Errorf("Update = %v after %d runs; want context.Canceled after 3", err, runs)
	}
}

func put(t *testing.T, m *cache.Memory, key string, expires time.Time) {
	t.Helper()
	_, err := m.Update(t.Context(), key, func([]byte) ([]byte, time.Time, error) { return []byte("x"), expires, nil })
	if err != nil {
		t.Fatal(err)
	}
}
