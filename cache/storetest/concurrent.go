package storetest

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/msal-go/msal/cache"
)

// loseNothing counts in many goroutines: every lost update is a missing count.
func loseNothing(t reporter, s cache.Store) {
	const goroutines, increments = 8, 25
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range increments {
				_, err := s.Update(t.Context(), key, func(old []byte) ([]byte, time.Time, error) {
					n, _ := strconv.Atoi(string(old)) // absent counts as zero
					return strconv.AppendInt(nil, int64(n+1), 10), time.Time{}, nil
				})
				if err != nil {
					t.Errorf("Update: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	wantValue(t, s, key, strconv.AppendInt(nil, goroutines*increments, 10))
}

// wholeValues reads while values of one repeated byte are written.
func wholeValues(t reporter, s cache.Store) {
	put(t, s, key, bytes.Repeat([]byte("0"), 1<<16))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var have cache.Version
			for {
				value, now, err := s.Load(t.Context(), key, have)
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				if now != have && (len(value) != 1<<16 || bytes.Count(value, value[:1]) != len(value)) {
					t.Errorf("Load returned a mixture of two values, or part of one")
					return
				}
				have = now
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 50 {
		put(t, s, key, bytes.Repeat([]byte{byte('0' + i%10)}, 1<<16))
	}
	close(done)
	wg.Wait()
}

func lists(t reporter, s cache.Store) {
	l, ok := s.(cache.Lister)
	if !ok {
		return // being one is optional
	}
	for _, k := range []string{"user.b", "user.a", "users", "app.a"} {
		put(t, s, k, []byte(k))
	}
	putUntil(t, s, "user.over", []byte("x"), time.Now().Add(-time.Minute))
	for prefix, want := range map[string][]string{
		"":       {"app.a", "user.a", "user.b", "users"},
		"user.":  {"user.a", "user.b"},
		"nobody": nil,
	} {
		var got []string
		for k, err := range l.Keys(t.Context(), prefix) {
			if err != nil {
				t.Fatalf("Keys(%q): %v", prefix, err)
			}
			got = append(got, k)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("Keys(%q) = %q; want %q", prefix, got, want)
		}
	}
	for range l.Keys(t.Context(), "") {
		break // a caller may stop early
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range l.Keys(ctx, "") {
		last = err
	}
	if last == nil {
		t.Errorf("Keys with a canceled context ended without an error")
	}
}
