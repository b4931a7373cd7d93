package redisstore

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/msal-go/msal/cache"
)

// memo remembers which version of a partition Redis had, so that a look at an
// unchanged one need not ask. It keeps no values: those are in the memory of
// the token cache, and one copy of a secret is enough.
//
// What it knows is good for maxAge, if the server announces changes meanwhile.
// While it does not, nothing is remembered.
type memo struct {
	maxAge time.Duration // 0: remember nothing
	max    int           // entries
	seed   maphash.Seed

	mu        sync.RWMutex // readers do not wait for each other
	listening bool         // to announcements
	epoch     uint64       // of listening; a new one forgets all
	known     map[string]knowledge
	changes   [256]uint64 // how often keys of this hash have changed
}

type knowledge struct {
	version cache.Version
	expires time.Time // of the partition; zero: never
	asked   time.Time // before Redis was
}

// A moment is a point in the history of a key.
type moment struct {
	epoch, changes uint64
	at             time.Time
}

func newMemo(maxAge time.Duration) *memo {
	const max = 100_000 // entries of about 200 bytes
	return &memo{maxAge: maxAge, max: max, seed: maphash.MakeSeed(), known: make(map[string]knowledge)}
}

func (m *memo) bucket(key string) *uint64 {
	return &m.changes[maphash.String(m.seed, key)%uint64(len(m.changes))]
}

// unchanged reports whether the partition is known to be at this version.
func (m *memo) unchanged(key string, have cache.Version, now time.Time) bool {
	if have == "" || m.maxAge == 0 {
		return false // who has nothing wants to know
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	k, ok := m.known[key]
	return ok && m.listening && k.version == have && now.Sub(k.asked) < m.maxAge && !expired(k.expires, now)
}

// begin is called before Redis is asked.
func (m *memo) begin(key string, now time.Time) moment {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return moment{epoch: m.epoch, changes: *m.bucket(key), at: now}
}

// same reports whether no change has become known since.
func (m *memo) same(key string, since moment) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.epoch == since.epoch && *m.bucket(key) == since.changes
}

// saw notes what Redis answered to a question of that moment. If the key has
// changed meanwhile nobody knows which came first.
func (m *memo) saw(key string, since moment, v cache.Version, expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.see(key, since, v, expires)
}

// wrote notes what this process wrote, for itself and for those who were asking
// at the time.
func (m *memo) wrote(key string, since moment, v cache.Version, expires time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.see(key, since, v, expires)
	*m.bucket(key)++
}

// see is saw with the lock held.
func (m *memo) see(key string, since moment, v cache.Version, expires time.Time) {
	if v == "" || m.maxAge == 0 || !m.listening || m.epoch != since.epoch || *m.bucket(key) != since.changes {
		delete(m.known, key)
		return
	}
	if _, ok := m.known[key]; !ok && len(m.known) >= m.max {
		for some := range m.known {
			delete(m.known, some)
			break
		}
	}
	m.known[key] = knowledge{version: v, expires: expires, asked: since.at}
}

// forget is called when something changed a partition, or may have.
func (m *memo) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, key)
	*m.bucket(key)++
}

// listen says whether announcements come in from now on.
func (m *memo) listen(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listening = on
	m.epoch++
	clear(m.known)
}
