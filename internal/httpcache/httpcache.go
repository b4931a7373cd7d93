// Package httpcache remembers what services said, for as long as asking again
// would be of no use: refusals for seconds or minutes, discovery documents for
// a day. It can be written to a file, for programs that run often and briefly.
//
// Keys are digests, so that a file shows nothing of the requests. It knows
// neither HTTP nor OAuth: what a value means is the caller's business.
package httpcache

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

const (
	// MaxEntries bounds each section; past it the entry that would expire first
	// goes. MSAL Python keeps as many.
	MaxEntries = 1024
	// MaxValue is the longest value that is kept, in bytes. Real ones have a
	// tenth of it.
	MaxValue = 64 << 10
)

// Key names an entry without showing what it was made of.
type Key [sha256.Size]byte

// KeyOf digests parts. Other parts, or the same ones divided otherwise, make
// another key.
func KeyOf(parts ...string) Key {
	h := sha256.New()
	for _, p := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return Key(h.Sum(nil))
}

// Cache has sections that do not displace each other. The zero value is ready to
// use; it must not be copied, and is safe for concurrent use.
type Cache struct {
	Refusals  Section
	Documents Section
	// Passwords says where people's passwords go. Marshal leaves it out, and
	// Unmarshal as it is: who can write a file must not say that.
	Passwords Section
}

// Section is one bounded memory. The zero value is ready to use.
type Section struct {
	mu      sync.Mutex
	entries map[Key]entry
}

type entry struct {
	value   []byte
	created time.Time
	expires time.Time
	private bool
}

// fresh reports whether e still counts. An entry from the future does not: the
// clock was set back, so nobody knows how old it is.
func (e entry) fresh(now time.Time) bool { return now.Before(e.expires) && !e.created.After(now) }

// Get returns what is kept under k, and until when. Do not change the value.
func (s *Section) Get(k Key) (value []byte, until time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[k]
	if !ok {
		return nil, time.Time{}, false
	}
	if !e.fresh(time.Now()) {
		delete(s.entries, k)
		return nil, time.Time{}, false
	}
	return e.value, e.expires, true
}

// Put keeps value under k for the given time. A value that is too long, or is to
// be kept for no time, is not kept.
func (s *Section) Put(k Key, value []byte, d time.Duration) { s.put(k, value, d, false) }

// PutPrivate is Put for an entry that Marshal leaves out.
func (s *Section) PutPrivate(k Key, value []byte, d time.Duration) { s.put(k, value, d, true) }

// Drop forgets what is kept under k.
func (s *Section) Drop(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries, k)
}

func (s *Section) put(k Key, value []byte, d time.Duration, private bool) {
	if d <= 0 || len(value) > MaxValue {
		return
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = make(map[Key]entry)
	}
	if _, there := s.entries[k]; !there && len(s.entries) >= MaxEntries {
		s.makeRoom(now)
	}
	s.entries[k] = entry{value: value, created: now, expires: now.Add(d), private: private}
}

// makeRoom drops what has expired, or else what would expire first. The caller
// holds s.mu.
func (s *Section) makeRoom(now time.Time) {
	var first Key
	var soonest time.Time
	for k, e := range s.entries {
		if !e.fresh(now) {
			delete(s.entries, k)
		} else if soonest.IsZero() || e.expires.Before(soonest) {
			first, soonest = k, e.expires
		}
	}
	if len(s.entries) >= MaxEntries {
		delete(s.entries, first)
	}
}
