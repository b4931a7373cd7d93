// Package flight runs one fetch for any number of callers who want the same
// thing at the same time.
//
// It keeps nothing: what was fetched is the fetch function's to store.
package flight

import (
	"context"
	"errors"
	"sync"
)

// errAborted is what callers get if a fetch ends without an answer, which
// happens only when it panics or calls runtime.Goexit.
var errAborted = errors.New("the fetch was aborted")

// A Group has at most one fetch under way per key. The zero value is ready to
// use; it must not be copied, and is safe for concurrent use.
type Group[K comparable, T any] struct {
	mu    sync.Mutex
	calls map[K]*call[T]
}

type call[T any] struct {
	done    chan struct{} // closed once value and err are set
	cancel  context.CancelFunc
	waiters int // guarded by Group.mu
	value   T
	err     error
}

// Do returns what fetch returns, joining a fetch for key that is under way.
//
// The fetch keeps the values of the context that started it but not its
// cancellation: a caller that gives up gets the cause of its own context and
// leaves the others alone. When the last one has given up, the fetch is
// canceled, so that none outlives the callers who want it for long.
func (g *Group[K, T]) Do(ctx context.Context, key K, fetch func(context.Context) (T, error)) (T, error) {
	c := g.join(ctx, key, fetch)
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		g.leave(key, c)
		var none T
		return none, context.Cause(ctx)
	}
}

func (g *Group[K, T]) join(ctx context.Context, key K, fetch func(context.Context) (T, error)) *call[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.calls[key]; ok {
		c.waiters++
		return c
	}
	if g.calls == nil {
		g.calls = make(map[K]*call[T])
	}
	detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &call[T]{done: make(chan struct{}), cancel: cancel, waiters: 1, err: errAborted}
	g.calls[key] = c
	go g.run(detached, key, c, fetch)
	return c
}

func (g *Group[K, T]) run(ctx context.Context, key K, c *call[T], fetch func(context.Context) (T, error)) {
	defer func() {
		g.forget(key, c)
		c.cancel()
		close(c.done)
	}()
	c.value, c.err = fetch(ctx)
}

func (g *Group[K, T]) leave(key K, c *call[T]) {
	g.mu.Lock()
	c.waiters--
	last := c.waiters == 0
	if last && g.calls[key] == c {
		// Whoever comes next must not join a fetch that is being canceled.
		delete(g.calls, key)
	}
	g.mu.Unlock()
	if last {
		c.cancel()
	}
}

func (g *Group[K, T]) forget(key K, c *call[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calls[key] == c {
		delete(g.calls, key)
	}
}
