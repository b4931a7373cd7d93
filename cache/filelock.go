package cache

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

const (
	// lockPoll is the pause between two looks at a lock that somebody has.
	lockPoll = 5 * time.Millisecond
	// lockPatience is how long a live process may keep a lock. MSAL.NET waits as
	// long.
	lockPatience = time.Minute
	// staleAfter is the age at which a lock file that no process holds, but whose
	// maker seems to live, counts as left over. MSAL Node, which takes no lock of
	// the system's, gives up before.
	staleAfter = 50 * time.Second
	// youth is the age of an empty lock file within which its maker may still be
	// about to write its name. MSAL Extensions for Python tries again four times
	// a second.
	youth = 500 * time.Millisecond
)

// acquireLock takes the lock file at path. Errors are *FileError, or the
// context's.
func acquireLock(ctx context.Context, path string, log *slog.Logger) (*lockFile, error) {
	l := &lockFile{path: path}
	for deadline := time.Now().Add(lockPatience); ; {
		held, err := l.try(log)
		if err != nil {
			l.abandon()
			return nil, &FileError{Op: "lock", Path: path, Hint: hintFolder, Err: bare(err)}
		}
		if held {
			return l, nil
		}
		if time.Now().After(deadline) {
			l.abandon()
			return nil, &FileError{Op: "lock", Path: path, Hint: "end the process that is named in it, or remove it", Err: ErrLocked}
		}
		if err := pause(ctx, lockPoll); err != nil {
			l.abandon()
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cache: %w", context.Cause(ctx))
	}
}

// turns lets one goroutine at a time do something for a key. The zero value is
// ready to use.
type turns struct {
	mu    sync.Mutex
	queue map[string]*turn
}

type turn struct {
	token   chan struct{} // full while nobody has the turn
	waiting int           // including who has it
}

func (t *turns) take(ctx context.Context, key string) error {
	t.mu.Lock()
	q, ok := t.queue[key]
	if !ok {
		if t.queue == nil {
			t.queue = make(map[string]*turn)
		}
		q = &turn{token: make(chan struct{}, 1)}
		q.token <- struct{}{}
		t.queue[key] = q
	}
	q.waiting++
	t.mu.Unlock()
	select {
	case <-q.token:
		return nil
	case <-ctx.Done():
		t.leave(key)
		return context.Cause(ctx)
	}
}

func (t *turns) giveBack(key string) {
	t.mu.Lock()
	t.queue[key].token <- struct{}{}
	t.mu.Unlock()
	t.leave(key)
}

func (t *turns) leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q := t.queue[key]; q.waiting == 1 {
		delete(t.queue, key)
	} else {
		q.waiting--
	}
}
