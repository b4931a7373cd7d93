//go:build unix

package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/msal-go/msal/cache"
)

const (
	// lockSuffix is what all libraries put behind the path of a cache.
	lockSuffix = ".lockfile"
	// patience bounds a conversation with a keyring in which nobody is asked.
	patience = 10 * time.Second
)

// A place keeps one secret for all programs of a person. It knows neither locks
// nor versions.
type place interface {
	// get returns nil when there is nothing.
	get(context.Context) ([]byte, error)
	set(context.Context, []byte) error
	remove(context.Context) error
}

// An item is a Store of one partition, in a place. Writers exclude each other by
// a lock file, and tell readers of a change by the time of a file that is
// otherwise of no use: the signal.
type item struct {
	place    place
	signal   string        // path
	content  []byte        // of a signal that has to be made
	also     string        // lock file of those whose signal is elsewhere; "" if there are none
	patience time.Duration // zero: without end, as people may be asked
	log      *slog.Logger

	mu   sync.Mutex
	seen struct {
		modified time.Time // of the signal, before the version was read
		version  cache.Version
	}
}

// newItem returns a store over a place, with its signal beside it.
func newItem(p place, signal string, prompt bool, log *slog.Logger) *item {
	s := &item{place: p, signal: signal, patience: patience, log: log}
	if prompt {
		s.patience = 0
	}
	return s
}

// Load returns the partition; see cache.Store. When the signal has not moved it
// costs a look at a file.
func (s *item) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if err := checkShared(ctx, key); err != nil {
		return nil, "", err
	}
	modified := s.modified()
	s.mu.Lock()
	seen := s.seen
	s.mu.Unlock()
	if have != "" && have == seen.version && !modified.IsZero() && modified.Equal(seen.modified) {
		return nil, have, nil
	}
	value, err := s.get(ctx)
	if err != nil {
		return nil, "", err
	}
	now := versionOf(value)
	s.remember(modified, now)
	if now == have {
		return nil, have, nil
	}
	return value, now, nil
}

// Update replaces the partition; see cache.Store. f runs once, under the lock.
func (s *item) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	if err := checkShared(ctx, key); err != nil {
		return "", err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	old, err := s.get(ctx)
	if err != nil {
		return "", err
	}
	value, _, err := f(bytes.Clone(old))
	switch {
	case err != nil:
		return "", fmt.Errorf("keyring: update: %w", err)
	case len(value) == 0:
		return "", s.change(ctx, "remove the token cache", s.place.remove)
	case bytes.Equal(value, old):
		return versionOf(value), nil
	}
	err = s.change(ctx, "write the token cache", func(ctx context.Context) error { return s.place.set(ctx, value) })
	if err != nil {
		return "", err
	}
	return versionOf(value), nil
}

// Delete removes the partition; see cache.Store.
func (s *item) Delete(ctx context.Context, key string) error {
	if err := checkShared(ctx, key); err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return s.change(ctx, "remove the token cache", s.place.remove)
}

// lock keeps other writers out. A signal that is no plain file is refused before
// anything is written: its time would be another file's.
func (s *item) lock(ctx context.Context) (unlock func(), err error) {
	if info, err := os.Lstat(s.signal); err == nil && !info.Mode().IsRegular() {
		return nil, &Error{Op: "use the signal " + s.signal, Hint: "remove it", Err: cache.ErrNotPlain}
	}
	unlockSignal, err := cache.Lock(ctx, s.signal+lockSuffix, s.log)
	if err != nil || s.also == "" {
		return unlockSignal, err
	}
	unlockAlso, err := cache.Lock(ctx, s.also, s.log)
	switch {
	case err == nil:
		return func() { unlockAlso(); unlockSignal() }, nil
	case ctx.Err() != nil, errors.Is(err, cache.ErrLocked):
		unlockSignal()
		return nil, err
	}
	return unlockSignal, nil // such as in a sandbox that lets nothing be made there
}

func (s *item) get(ctx context.Context) ([]byte, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	value, err := s.place.get(ctx)
	return value, failed(ctx, "read the token cache", err)
}

// change does something to the place and then raises the signal.
func (s *item) change(ctx context.Context, op string, f func(context.Context) error) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if err := f(ctx); err != nil {
		return failed(ctx, op, err)
	}
	if err := s.raise(); err != nil {
		return &Error{Op: "tell others of the change", Hint: "is the disk full, or the folder somebody else's?", Err: err}
	}
	return nil
}

func (s *item) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.patience == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.patience)
}

func (s *item) modified() time.Time {
	info, err := os.Lstat(s.signal)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// raise gives the signal the present time, and one that it did not have before.
func (s *item) raise() error {
	old := s.modified()
	if old.IsZero() {
		file, err := os.OpenFile(s.signal, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_, err = file.Write(s.content)
			err = errors.Join(err, file.Close())
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	now := time.Now()
	if !now.After(old) {
		now = old.Add(time.Nanosecond)
	}
	if err := os.Chtimes(s.signal, now, now); err != nil {
		return err
	}
	if s.modified().Equal(old) { // the file system's clock is coarse: by two seconds at most
		now = old.Add(2 * time.Second)
		return os.Chtimes(s.signal, now, now)
	}
	return nil
}

func (s *item) remember(modified time.Time, version cache.Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.modified, s.seen.version = modified, version
}

// versionOf is the same for the same value, which is all that is asked of it.
func versionOf(value []byte) cache.Version {
	if len(value) == 0 {
		return ""
	}
	sum := sha256.Sum256(value)
	return cache.Version(hex.EncodeToString(sum[:]))
}
