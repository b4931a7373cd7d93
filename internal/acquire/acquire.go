// Package acquire is the one road that every cached token request takes: look
// the token up, and if there is nothing good enough, fetch it once for
// everybody who asked.
//
// It knows when to fetch and never how: there is no OAuth, HTTP or cache format
// here, so that users, applications and managed identities share it.
package acquire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ExpiryMargin is how long before its end a token is replaced, so that it
// survives the trip to the resource. MSAL Python uses the same 300 s.
const ExpiryMargin = 5 * time.Minute

// State says what a cached token is good for.
type State int

// The states of a token, from useless to best.
const (
	Gone     State = iota // none, or expired
	Expiring              // not expired, but within ExpiryMargin of it
	Stale                 // usable, but its issuer asked for a refresh by now
	Fresh
)

// StateOf judges a token at the time now. A zero refreshOn means that the
// issuer gave no hint.
func StateOf(now, expiresOn, refreshOn time.Time) State {
	switch left := expiresOn.Sub(now); {
	case left <= 0:
		return Gone
	case left <= ExpiryMargin:
		return Expiring
	case !refreshOn.IsZero() && !now.Before(refreshOn):
		return Stale
	}
	return Fresh
}

const (
	// refreshRest is how long a failed refresh is not tried again while there
	// is a token that has not expired, unless the service named a time of its
	// own.
	refreshRest = 30 * time.Second
	// maxRest bounds what is believed of a service that names a time. MSAL
	// Python has the same hour.
	maxRest = time.Hour
	// maxResting bounds the memory of failures; past it some are simply tried
	// again.
	maxResting = 10_000
	// fetchLimit ends a fetch whose parts know no limit of their own, such as
	// a store or a key that hangs: nobody else could fetch the same token.
	fetchLimit = 5 * time.Minute
)

// Steps says how to do each part of one request.
type Steps[T any] struct {
	// Key identifies the requests that one answer serves. Two requests that
	// may get different answers must have different keys.
	Key string
	// Lookup reads the cache. It is called again after waiting for a place in
	// the queue, when another request may have filled the cache.
	Lookup func(context.Context) (T, State, error)
	// Fetch asks the issuer and records the answer.
	Fetch func(context.Context) (T, error)
	// Force skips Lookup, as a claims challenge requires.
	Force bool
}

// A Road carries requests. The zero value is ready to use; it must not be
// copied, and is safe for concurrent use.
type Road[T any] struct {
	mu       sync.Mutex
	inflight map[string]*call[T]
	resting  map[string]time.Time // keys of failed fetches -> when to try again
}

type call[T any] struct {
	done  chan struct{} // closed once value and err are set
	value T
	err   error
}

// Do returns a token for s and reports whether it came from the cache.
//
// Callers with the same key share one fetch. The fetch is detached from the
// caller that happened to start it: whoever gives up does not fail the others.
// A stale token is returned at once while one refresh runs behind it. A token
// that is about to expire is returned when fetching a new one fails, for whatever
// reason, or has just failed.
func (r *Road[T]) Do(ctx context.Context, s Steps[T]) (value T, cached bool, err error) {
	if err := ctx.Err(); err != nil {
		return value, false, cause(ctx)
	}
	if !s.Force {
		v, state, err := s.Lookup(ctx)
		switch {
		case err != nil:
			return value, false, err
		case state == Fresh:
			return v, true, nil
		case state == Stale:
			if !r.rests(s.Key) {
				r.start(ctx, s)
			}
			return v, true, nil
		case state == Expiring:
			if !r.rests(s.Key) {
				if fetched, err := wait(ctx, r.start(ctx, s)); err == nil {
					return fetched, false, nil
				}
			}
			return v, true, nil
		}
	}
	value, err = wait(ctx, r.start(ctx, s))
	return value, false, err
}

// rests reports whether a recent fetch failed.
func (r *Road[T]) rests(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.resting[key])
}

// start returns the call in flight for s.Key, and starts it if there is none.
func (r *Road[T]) start(ctx context.Context, s Steps[T]) *call[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.inflight[s.Key]; ok {
		return c
	}
	if r.inflight == nil {
		r.inflight = make(map[string]*call[T])
		r.resting = make(map[string]time.Time)
	}
	c := &call[T]{done: make(chan struct{}), err: errAborted}
	r.inflight[s.Key] = c
	// Values such as trace ids stay with the fetch; cancellation does not.
	go r.run(context.WithoutCancel(ctx), s, c)
	return c
}

// errAborted is what waiters get if a fetch ends without an answer, which
// happens only when it panics or calls runtime.Goexit.
var errAborted = errors.New("token request was aborted")

func (r *Road[T]) run(ctx context.Context, s Steps[T], c *call[T]) {
	defer func() {
		r.mu.Lock()
		delete(r.inflight, s.Key)
		r.remember(s.Key, c.err)
		r.mu.Unlock()
		close(c.done)
	}()
	if !s.Force {
		// The previous call may have ended between the caller's look and now.
		v, state, err := s.Lookup(ctx)
		if err == nil && state == Fresh {
			c.value, c.err = v, nil
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	c.value, c.err = s.Fetch(ctx)
}

// remember notes a failure, or forgets the last one. The caller holds r.mu.
func (r *Road[T]) remember(key string, err error) {
	if err == nil {
		delete(r.resting, key)
		return
	}
	if len(r.resting) >= maxResting {
		now := time.Now()
		for k, until := range r.resting {
			if until.Before(now) || len(r.resting) >= maxResting {
				delete(r.resting, k)
			}
		}
	}
	pause := refreshRest
	var hinted interface{ RetryDelay() time.Duration }
	if errors.As(err, &hinted) && hinted.RetryDelay() > 0 {
		pause = min(hinted.RetryDelay(), maxRest)
	}
	r.resting[key] = time.Now().Add(pause)
}

func wait[T any](ctx context.Context, c *call[T]) (T, error) {
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var none T
		return none, cause(ctx)
	}
}

// cause is why ctx ended: always the context's own error, and what the caller
// said besides.
func cause(ctx context.Context) error {
	if why := context.Cause(ctx); !errors.Is(why, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), why)
	}
	return ctx.Err()
}
