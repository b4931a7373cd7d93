package acquire

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// token is what the tests' issuer hands out.
type token struct {
	n                    int
	expiresOn, refreshOn time.Time
}

// issuer is a service whose tokens live an hour and ask for a refresh at half
// time, with a cache of one token.
type issuer struct {
	mu     sync.Mutex
	calls  int
	cached *token
	fail   error
	delay  time.Duration
}

func (i *issuer) steps(key string) Steps[token] {
	return Steps[token]{
		Key: key,
		Lookup: func(context.Context) (token, State, error) {
			i.mu.Lock()
			defer i.mu.Unlock()
			if i.cached == nil {
				return token{}, Gone, nil
			}
			return *i.cached, StateOf(time.Now(), i.cached.expiresOn, i.cached.refreshOn), nil
		},
		Fetch: func(context.Context) (token, error) {
			i.mu.Lock()
			i.calls++
			n, fail := i.calls, i.fail
			i.mu.Unlock()
			<-time.After(i.delay)
			if fail != nil {
				return token{}, fail
			}
			now := time.Now()
			t := token{n, now.Add(time.Hour), now.Add(30 * time.Minute)}
			i.mu.Lock()
			i.cached = &t
			i.mu.Unlock()
			return t, nil
		},
	}
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.calls
}

func (i *issuer) failWith(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = err
}

func TestStateOf(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name             string
		expires, refresh time.Duration // zero refresh: no hint
		want             State
	}{
		{"an hour left", time.Hour, 0, Fresh},
		{"a second more than the margin", ExpiryMargin + time.Second, 0, Fresh},
		{"exactly the margin", ExpiryMargin, 0, Expiring},
		{"a second left", time.Second, 0, Expiring},
		{"expires now", 0, 0, Gone},
		{"expired", -time.Second, 0, Gone},
		{"refresh is due later", time.Hour, time.Minute, Fresh},
		{"refresh was due", time.Hour, -time.Second, Stale},
		{"refresh was due but too near the end", time.Minute, -time.Second, Expiring},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var refreshOn time.Time
			if tt.refresh != 0 {
				refreshOn = now.Add(tt.refresh)
			}
			if got := StateOf(now, now.Add(tt.expires), refreshOn); got != tt.want {
				t.Errorf("got state %d, want %d", got, tt.want)
			}
		})
	}
}

func TestHerdSharesOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{delay: time.Second}
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if iss.count() != 1 {
			t.Errorf("got %d fetches, want 1", iss.count())
		}
	})
}

func TestDifferentKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		start := time.Now()
		var wg sync.WaitGroup
		for _, key := range []string{"a", "b", "c"} {
			wg.Go(func() {
				iss := &issuer{delay: time.Second}
				if _, _, err := road.Do(t.Context(), iss.steps(key)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if d := time.Since(start); d != time.Second {
			t.Errorf("three keys took %v, want 1s", d)
		}
	})
}

func TestCancelledStarterDoesNotFailOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{delay: 10 * time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, _, err := road.Do(ctx, iss.steps("k")); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("starter: got %v, want deadline exceeded", err)
			}
		})
		synctest.Wait()
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
			t.Errorf("second caller: %v", err)
		}
		wg.Wait()
	})
}

func TestCancelledContextFetchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := road.Do(ctx, iss.steps("k")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want canceled", err)
		}
		synctest.Wait()
		if iss.count() != 0 {
			t.Error("a cancelled call reached the issuer")
		}
	})
}

func TestStaleIsServedWhileOneRefreshRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{delay: time.Second}
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Minute)
		start := time.Now()
		for range 10 {
			got, cached, err := road.Do(t.Context(), iss.steps("k"))
			if err != nil || !cached || got.n != 1 {
				t.Fatalf("got %+v, cached %v, err %v; want the first token from the cache", got, cached, err)
			}
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("a stale token kept its callers waiting %v", d)
		}
		time.Sleep(2 * time.Second)
		if got, _, _ := road.Do(t.Context(), iss.steps("k")); got.n != 2 {
			t.Errorf("got token %d after the refresh, want 2", got.n)
		}
	})
}

func TestFailedRefreshKeepsTheStaleTokenAndRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{}
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
			t.Fatal(err)
		}
		iss.failWith(errors.New("issuer down"))
		time.Sleep(40 * time.Minute)
		for range 10 {
			got, cached, err := road.Do(t.Context(), iss.steps("k"))
			if err != nil || !cached || got.n != 1 {
				t.Fatalf("got %+v, %v, %v; want the stale token", got, cached, err)
			}
			synctest.Wait()
		}
		if iss.count() != 2 {
			t.Errorf("got %d fetches, want 2: one failure is enough for half a minute", iss.count())
		}
		time.Sleep(refreshRest + time.Second)
		road.Do(t.Context(), iss.steps("k"))
		synctest.Wait()
		if iss.count() != 3 {
			t.Errorf("got %d fetches after the rest, want 3", iss.count())
		}
		time.Sleep(20 * time.Minute) // now it has expired
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err == nil {
			t.Error("got an expired token")
		}
	})
}

type throttled struct{ after time.Duration }

func (e throttled) Error() string             { return "throttled" }
func (e throttled) RetryDelay() time.Duration { return e.after }

func TestRefreshObeysTheServicesRetryDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{}
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
			t.Fatal(err)
		}
		iss.failWith(throttled{5 * time.Minute})
		time.Sleep(31 * time.Minute)
		for range 4 {
			road.Do(t.Context(), iss.steps("k"))
			time.Sleep(time.Minute)
		}
		if iss.count() != 2 {
			t.Errorf("got %d fetches, want 2", iss.count())
		}
		time.Sleep(2 * time.Minute)
		road.Do(t.Context(), iss.steps("k"))
		synctest.Wait()
		if iss.count() != 3 {
			t.Errorf("got %d fetches after the delay, want 3", iss.count())
		}
	})
}

func TestForceSkipsTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{}
		s := iss.steps("k")
		s.Force = true
		for want := 1; want <= 2; want++ {
			got, cached, err := road.Do(t.Context(), s)
			if err != nil || cached || got.n != want {
				t.Errorf("got %+v, cached %v, err %v; want token %d from the issuer", got, cached, err, want)
			}
		}
	})
}

func TestLookupErrorIsReturned(t *testing.T) {
	var road Road[token]
	broken := errors.New("store is gone")
	_, _, err := road.Do(t.Context(), Steps[token]{
		Lookup: func(context.Context) (token, State, error) { return token{}, Gone, broken },
		Fetch:  func(context.Context) (token, error) { t.Error("fetched"); return token{}, nil },
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestAbortedFetchFailsItsWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		_, _, err := road.Do(t.Context(), Steps[token]{
			Lookup: func(context.Context) (token, State, error) { return token{}, Gone, nil },
			Fetch:  func(context.Context) (token, error) { runtime.Goexit(); return token{}, nil },
		})
		if !errors.Is(err, errAborted) {
			t.Errorf("got %v, want %v", err, errAborted)
		}
	})
}

func TestTokenAboutToExpireBeatsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{}
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(56 * time.Minute)
		iss.failWith(errors.New("issuer down"))
		for range 5 {
			got, cached, err := road.Do(t.Context(), iss.steps("k"))
			if err != nil || !cached || got.n != 1 {
				t.Fatalf("got %+v, %v, %v; want the token that has four minutes left", got, cached, err)
			}
		}
		if iss.count() != 2 {
			t.Errorf("got %d fetches, want 2: one failure is enough for half a minute", iss.count())
		}
		iss.failWith(nil)
		time.Sleep(refreshRest + time.Second)
		if got, _, err := road.Do(t.Context(), iss.steps("k")); err != nil || got.n != 3 {
			t.Errorf("got %+v, %v; want a new token", got, err)
		}
	})
}

func TestCallerInAHurryGetsTheTokenAboutToExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		iss := &issuer{}
		if _, _, err := road.Do(t.Context(), iss.steps("k")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(56 * time.Minute)
		iss.delay = 30 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, _, err := road.Do(ctx, iss.steps("k")); err != nil || got.n != 1 {
			t.Errorf("got %+v, %v; want the token at hand", got, err)
		}
		time.Sleep(time.Minute) // the fetch ends in the bubble
	})
}

func TestFetchThatHangsDoesNotBlockItsKeyForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var road Road[token]
		s := (&issuer{}).steps("k")
		s.Fetch = func(ctx context.Context) (token, error) {
			<-ctx.Done()
			return token{}, ctx.Err()
		}
		if _, _, err := road.Do(t.Context(), s); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the limit's error", err)
		}
	})
}

func TestCausesOfCancellationAreBothReported(t *testing.T) {
	why := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	var road Road[token]
	if _, _, err := road.Do(ctx, (&issuer{}).steps("k")); !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want both the cause and context.Canceled", err)
	}
}
