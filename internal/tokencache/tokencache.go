// Package tokencache holds tokens and accounts in memory, finds them in constant
// time, and keeps them in a cache.Store. It never uses the network and parses
// no token.
//
// # In memory
//
// An access token is found by the hash of everything that a question names: the
// partition, authority, client, tenant, account and set of scopes. A question
// for some of a token's scopes is answered through the scope that the fewest
// tokens have, and then remembered, so that it is a single look the next time.
// What the hash finds is compared with the question, so two questions never
// get each other's answer, whatever their hashes. Readers of what is found so
// take no lock; the others take one of many shared ones for a moment. Writers, of
// which there is one per answer of the token service, are serialized.
//
// # Partitions
//
// A partition is what a store loads and replaces as a whole: all that public
// clients share, what a confidential client knows of one user or has for
// itself in one tenant, or what it acquired on behalf of one caller. Without
// a store the first three are one; the last are always isolated.
//
// With a store, an answer is recorded by Store.Update with a function that
// merges it into what is there by then, so that processes lose nothing of each
// other's. What the store refuses stays in memory and is merged next time.
package tokencache

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/msal-go/msal/cache"
)

// defaultMaxAccessTokens is a bound of about a gigabyte.
const defaultMaxAccessTokens = 500_000

// Options configures a Cache.
type Options struct {
	Store cache.Store // nil: memory only, nothing is ever serialized
	// MaxAccessTokens bounds those in memory; zero means 500,000, negative no
	// limit. Above it the least recently used go. They stay in the store, but
	// are found again only when their partition has changed.
	MaxAccessTokens int
	Logger          *slog.Logger // nil is silent
}

// Family is the one partition of all public clients. In a file it is the cache
// that the family of libraries shares.
const Family = "msal"

const (
	appPrefix    = "app."
	userPrefix   = "user."
	behalfPrefix = "obo."
)

// AppPartition is where a confidential client keeps its own tokens of a tenant.
func AppPartition(clientID, realm string) string { return appPrefix + digest(clientID, realm) }

// UserPartition is where confidential clients keep the tokens of one account.
func UserPartition(homeAccountID string) string { return userPrefix + digest(homeAccountID) }

// Behalf names on whose behalf tokens are acquired: the caller's assertion, or
// the key of a long-running process. They never mean each other, so that nobody
// gets what is kept under a key by presenting it as an assertion.
type Behalf struct {
	Assertion string
	Key       string // counts if it is not empty
}

// BehalfPartition is where tokens acquired on behalf of somebody are kept. It is
// isolated: it answers questions that name it, and no other.
func BehalfPartition(b Behalf) string {
	name := b.name()
	return string(name[:])
}

// KnownBehalfPartition is BehalfPartition, if there is one in memory. It
// allocates nothing.
func (c *Cache) KnownBehalfPartition(b Behalf) (partition string, ok bool) {
	name := b.name()
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.parts[string(name[:])]
	if !ok {
		return "", false
	}
	return p.key, true
}

func (b Behalf) name() (name [len(behalfPrefix) + 2*sha256.Size]byte) {
	text, kind := b.Assertion, byte('a')
	if b.Key != "" {
		text, kind = b.Key, 'k'
	}
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(text), len(text))) // only read, and long: not copied
	var kinded [1 + sha256.Size]byte
	kinded[0] = kind
	copy(kinded[1:], sum[:])
	sum = sha256.Sum256(kinded[:])
	copy(name[:], behalfPrefix)
	hex.Encode(name[len(behalfPrefix):], sum[:])
	return name
}

// digest makes a name in the alphabet of store keys. The parts cannot run into
// each other, as each is hashed by itself first.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func isIsolated(partition string) bool { return strings.HasPrefix(partition, behalfPrefix) }

// A Cache is shared by any number of clients and safe for concurrent use. It
// must be made by New.
type Cache struct {
	store cache.Store
	log   *slog.Logger
	limit int // of access tokens; negative: none
	seed  maphash.Seed

	slots  slots
	shards [shardCount]shard

	// mu guards everything below, and changes of what the shards hold. It is
	// taken before the lock of a shard.
	mu     sync.RWMutex
	parts  map[string]*partition
	expiry expiryHeap
	recent recencyList
	names  map[string]string // see intern

	numbered uint64 // sites that ever were

	changed atomic.Bool // see Changed; written with mu held
}

// New returns an empty cache.
func New(o Options) *Cache {
	c := &Cache{
		store: o.Store,
		log:   o.Logger,
		limit: o.MaxAccessTokens,
		seed:  maphash.MakeSeed(),
		parts: make(map[string]*partition),
		names: make(map[string]string),
	}
	if c.limit == 0 {
		c.limit = defaultMaxAccessTokens
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.recent.init()
	return c
}

// partitionKey is where a partition is in memory. Without a store there is
// nothing to load or replace by itself, so that partitions only matter where
// they isolate: this is how one file of the family serves every client.
func (c *Cache) partitionKey(partition string) string {
	if c.store == nil && !isIsolated(partition) {
		return Family
	}
	return partition
}
