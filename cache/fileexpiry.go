package cache

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// expiryPass is how often a store begins to look at all of its files.
	expiryPass = time.Hour
	// expiryShare is how many of them it looks at with each update. An update
	// adds one partition at most, so that what expires never gets ahead.
	expiryShare = 8
	// expiryPatience is how long it waits for the lock of one.
	expiryPatience = 100 * time.Millisecond
)

// backlog is the partitions that may have expired, and that nobody asks for any
// more: an API that acts on behalf of its callers has one for each of them. The
// zero value is ready to use.
type backlog struct {
	mu   sync.Mutex
	keys []string
	next time.Time // when to begin anew
}

// some returns the next keys to look at; list names all. While somebody lists
// them, which takes a look at the folder, nobody waits: there is none for others.
func (b *backlog) some(now time.Time, list func() []string) []string {
	if !b.mu.TryLock() {
		return nil
	}
	defer b.mu.Unlock()
	if len(b.keys) == 0 && !now.Before(b.next) {
		b.keys, b.next = list(), now.Add(expiryPass)
	}
	n := min(len(b.keys), expiryShare)
	share := b.keys[:n:n]
	b.keys = b.keys[n:]
	return share
}

// dropExpired removes some files whose partition has expired. What cannot be
// removed now is left for the next pass.
func (s *File) dropExpired(ctx context.Context, except string) {
	for _, key := range s.expiring.some(time.Now(), s.everyKey) {
		if key == except || s.isShared(key) || !expiredFile(s.path(key)) {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, expiryPatience)
		_ = s.locked(limited, key, func() error {
			if expiredFile(s.path(key)) { // still, now that nobody changes it
				_ = os.Remove(s.path(key))
				s.forget(key)
			}
			return nil
		})
		cancel()
	}
}

// everyKey names the partitions that have a file, and those that this process
// remembers.
func (s *File) everyKey() []string {
	keys, err := s.keys("")
	if err != nil {
		return nil // whoever uses the folder will say so
	}
	there := make(map[string]bool, len(keys))
	for _, key := range keys {
		there[key] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.seen {
		if !there[key] {
			delete(s.seen, key) // another process removed it
		}
	}
	return keys
}

// expiredFile reads no more of a file than it takes to know.
func expiredFile(path string) bool {
	file, err := openPlain(path, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	head := make([]byte, len(frameMark)+frameLine+1)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	_, expires, ok := unframe(head[:n])
	return ok && sight{expires: expires}.expired(time.Now())
}
