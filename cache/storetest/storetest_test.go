package storetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	Test(t, func(*testing.T) cache.Store { return new(cache.Memory) })
}

// recorder stands in for a *testing.T and remembers whether a check failed.
type recorder struct {
	ctx    context.Context
	mu     sync.Mutex
	errors []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }

// failing returns the names of the checks that a store fails.
func failing(t *testing.T, open func() cache.Store) map[string]bool {
	failed := map[string]bool{}
	for _, c := range checks {
		r := &recorder{ctx: t.Context()}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.run(r, open())
		}()
		<-done
		if len(r.errors) > 0 {
			failed[c.name] = true
		}
	}
	return failed
}

func TestRecorderPassesAGoodStore(t *testing.T) {
	t.Parallel()
	if failed := failing(t, func() cache.Store { return new(cache.Memory) }); len(failed) != 0 {
		t.Errorf("Memory fails %v", failed)
	}
}

// broken wraps a good store and breaks one promise.
type broken struct {
	*cache.Memory
	update func(ctx context.Context, m *cache.Memory, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error)
	load   func(ctx context.Context, m *cache.Memory, key string, have cache.Version) ([]byte, cache.Version, error)
}

func (b broken) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	if b.update == nil {
		return b.Memory.Update(ctx, key, f)
	}
	return b.update(ctx, b.Memory, key, f)
}

func (b broken) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if b.load == nil {
		return b.Memory.Load(ctx, key, have)
	}
	return b.load(ctx, b.Memory, key, have)
}

func TestBrokenStoresFail(t *testing.T) {
	t.Parallel()
	type store = broken
	for _, test := range []struct {
		name  string
		store store
		fails string
	}{
		{"reads and writes in two steps", store{update: lossy}, "concurrent updates lose nothing"},
		{"writes although the callback failed", store{update: writesAnyway}, "error of the callback writes nothing"},
		{"forgets the expiry", store{update: keepsForever}, "expiry"},
		{"always loads", store{load: alwaysLoads}, "unchanged partition is not loaded"},
		{"ignores the context", store{load: ignoresContext}, "canceled context"},
		{"versions by length", store{load: versionByLength}, "version changes with the value"},
		{"cuts at a zero byte", store{load: cutsAtZero}, "value comes back as it was written"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			failed := failing(t, func() cache.Store {
				s := test.store
				s.Memory = new(cache.Memory)
				return s
			})
			if !failed[test.fails] {
				t.Errorf("the store passes %q; it fails %v", test.fails, failed)
			}
		})
	}
}

func lossy(ctx context.Context, m *cache.Memory, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	old, _, err := m.Load(ctx, key, "")
	if err != nil {
		return "", err
	}
	value, expires, err := f(old)
	if err != nil {
		return "", err
	}
	runtime.Gosched() // give the others their chance to be lost
	return m.Update(ctx, key, func([]byte) ([]byte, time.Time, error) { return value, expires, nil })
}

func writesAnyway(ctx context.Context, m *cache.Memory, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	var failed error
	v, err := m.Update(ctx, key, func(old []byte) ([]byte, time.Time, error) {
		value, expires, err := f(old)
		failed = err
		return value, expires, nil
	})
	if failed != nil {
		return "", failed
	}
	return v, err
}

func keepsForever(ctx context.Context, m *cache.Memory, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	return m.Update(ctx, key, func(old []byte) ([]byte, time.Time, error) {
		value, _, err := f(old)
		return value, time.Time{}, err
	})
}

func alwaysLoads(ctx context.Context, m *cache.Memory, key string, _ cache.Version) ([]byte, cache.Version, error) {
	return m.Load(ctx, key, "")
}

func ignoresContext(ctx context.Context, m *cache.Memory, key string, have cache.Version) ([]byte, cache.Version, error) {
	return m.Load(context.WithoutCancel(ctx), key, have)
}

func versionByLength(ctx context.Context, m *cache.Memory, key string, have cache.Version) ([]byte, cache.Version, error) {
	value, now, err := m.Load(ctx, key, "")
	if now != "" {
		now = cache.Version(fmt.Sprint(len(value)))
	}
	if now == have {
		return nil, have, err
	}
	return value, now, err
}

func cutsAtZero(ctx context.Context, m *cache.Memory, key string, have cache.Version) ([]byte, cache.Version, error) {
	value, now, err := m.Load(ctx, key, have)
	for i, b := range value {
		if b == 0 {
			return value[:i], now, err
		}
	}
	return value, now, err
}
