package flight

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestManyCallersShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, int]
		var fetches atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				got, err := g.Do(t.Context(), "k", func(context.Context) (int, error) {
					time.Sleep(time.Second)
					return int(fetches.Add(1)), nil
				})
				if got != 1 || err != nil {
					t.Errorf("got %d, %v; want the first fetch's answer", got, err)
				}
			})
		}
		wg.Wait()
		if n := fetches.Load(); n != 1 {
			t.Errorf("%d fetches, want 1", n)
		}
	})
}

func TestKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, string]
		start := time.Now()
		var wg sync.WaitGroup
		for _, key := range []string{"a", "b"} {
			wg.Go(func() {
				got, err := g.Do(t.Context(), key, func(context.Context) (string, error) {
					time.Sleep(time.Second)
					return key, nil
				})
				if got != key || err != nil {
					t.Errorf("got %q, %v; want %q", got, err, key)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
	})
}

func TestCallerThatGivesUpDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, int]
		slow := func(ctx context.Context) (int, error) {
			select {
			case <-time.After(time.Minute):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := g.Do(hasty, "k", slow); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hasty caller: %v, want its own deadline", err)
			}
		})
		synctest.Wait()
		if got, err := g.Do(t.Context(), "k", slow); got != 7 || err != nil {
			t.Errorf("patient caller: %d, %v; want 7", got, err)
		}
		wg.Wait()
	})
}

func TestFetchNobodyWaitsForIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[string, int]
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var ended atomic.Bool
		_, err := g.Do(ctx, "k", func(ctx context.Context) (int, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // a fetch that is slow to stop
			ended.Store(true)
			return 0, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		// The next caller gets a fetch of its own, not the dying one.
		got, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 3, nil })
		if got != 3 || err != nil {
			t.Errorf("next caller: %d, %v; want 3", got, err)
		}
		time.Sleep(2 * time.Second)
		if !ended.Load() {
			t.Error("the abandoned fetch was not canceled")
		}
	})
}

func TestFetchKeepsTheValuesOfItsContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	var g Group[string, any]
	got, err := g.Do(context.WithValue(t.Context(), key{}, "trace"), "k", func(ctx context.Context) (any, error) {
		return ctx.Value(key{}), nil
	})
	if got != "trace" || err != nil {
		t.Errorf("got %v, %v; want the value of the context", got, err)
	}
}

func TestFailureIsNotKept(t *testing.T) {
	t.Parallel()
	var g Group[string, int]
	boom := errors.New("boom")
	if _, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 0, boom }); !errors.Is(err, boom) {
		t.Errorf("first: %v, want boom", err)
	}
	if got, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 2, nil }); got != 2 || err != nil {
		t.Errorf("second: %d, %v; want 2", got, err)
	}
}

func TestAbortedFetchReleasesItsCallers(t *testing.T) {
	t.Parallel()
	var g Group[string, int]
	_, err := g.Do(t.Context(), "k", func(context.Context) (int, error) {
		runtime.Goexit()
		return 0, nil
	})
	if !errors.Is(err, errAborted) {
		t.Errorf("got %v, want errAborted", err)
	}
}
