package tokencache

import (
	"sync"
	"sync/atomic"

	"github.com/msal-go/msal/internal/schema"
)

// The index of access tokens. What answers a question as it is, is in slots. The
// groups, for questions about some of a token's scopes, are in shards, which are
// changed by writers that hold Cache.mu and, for a moment, the lock of the
// shard; readers take only the latter.

const shardCount = 64 // a power of two; more than there are processors

type shard struct {
	mu     sync.RWMutex
	groups map[uint64]*group // hash of an identity -> its tokens
	_      [32]byte          // keeps the locks of neighbors on different cache lines
}

func (c *Cache) shard(hash uint64) *shard { return &c.shards[hash>>(64-6)] }

// slot is one answer to a question: a token, or part of its scopes. But for more,
// which is the writers', it never changes.
type slot struct {
	hash  uint64
	tok   *token
	words string // the scopes it answers for
	more  *slot  // of the same token
}

// token is an access token. What a reader sees of it never changes, but for
// used. It embeds the slot for exactly its scopes. The order of the members is
// that of a hit: with many users each line of memory costs as much as all the
// rest.
type token struct {
	slot
	expiresOn int64
	home      string // the group's

	secret    string
	tokenType string
	rare      *rare // what few tokens have, or nil
	site      *site // the group's
	refreshOn int64
	used      atomic.Bool
	asOf      atomic.Uint32 // group.came when the slots besides its own were made

	extendedExpiresOn, cachedAt int64

	group *group

	newer, older *token // in recencyList
	heap         int32  // index in expiryHeap
	at           int32  // index in group.tokens
	generation   uint32 // of the last partition content it was seen in
	extra        int8   // number of slots besides its own
	gone         bool   // removed; may still be in a posting. Guarded by the group's shard
}

type rare struct {
	keyID          string
	extDigest      string
	credentialType string
	members        string // unknown members, as JSON text
}

func (t *token) keyID() string {
	if t.rare == nil {
		return ""
	}
	return t.rare.keyID
}

func (t *token) extDigest() string {
	if t.rare == nil {
		return ""
	}
	return t.rare.extDigest
}

// touch marks the token as used. It writes only if that is news, so that
// readers of one token do not take its memory from each other.
func (t *token) touch() {
	if !t.used.Load() {
		t.used.Store(true)
	}
}

func (t *token) lastsUntil(sec int64) bool { return t != nil && t.expiresOn > sec }

// group is the tokens of one identity: they differ in their scopes.
type group struct {
	*site
	home   string // its user's, where the reader is already looking
	next   *group // of the same hash
	hash   uint64
	user   *user
	tokens []*token
	lists  map[uint64]*posting // by scope; nil while there are few tokens
	came   atomic.Uint32       // tokens that ever came: another may be a better answer now
}

// site is what the groups of many users have in common, so that a prepared
// question about the next user need not be compared with all of it again.
type site struct {
	siteKey
	part   string // its partition's key
	number uint64 // no other site has it, or ever had
	groups int
}

type siteKey struct{ env, client, realm, ext string }

// precedes gives t, with its words and key set, to the identity that g names, and
// returns the token with the same scopes and binding, which it is to replace.
func (c *Cache) precedes(t *token, g *group) (old *token) {
	set := c.hashWords(t.words) + c.hash(t.keyID())
	t.hash = mix(g.hash, set)
	t.tok = t
	t.group, t.home, t.site = g, g.home, g.site
	table := c.slots.look()
	for sl, at := table.next(t.hash, 0); sl != nil; sl, at = table.next(t.hash, at) {
		if sl.tok.group == g && sl == &sl.tok.slot && sameWords(sl.words, t.words) &&
			schema.SameBinding(sl.tok.keyID(), sl.tok.tokenType, t.keyID(), t.tokenType) && schema.SameDigest(sl.tok.extDigest(), t.extDigest()) {
			return sl.tok
		}
	}
	return nil
}

// insert adds t, which is complete: readers see it from here on. It replaces old,
// what precedes returned, so that nobody finds neither.
func (c *Cache) insert(t, old *token) {
	g := t.group
	c.dropRemembered(t.hash, g)
	if old == nil {
		c.slots.add(&t.slot)
	} else {
		c.slots.replace(&old.slot, &t.slot)
	}
	gs := c.shard(g.hash)
	gs.mu.Lock()
	if old != nil {
		g.take(c, old)
	}
	g.add(c, t)
	gs.mu.Unlock()
	if old != nil {
		c.forget(old)
	}
	g.user.part.tokens++
	c.expiry.push(t)
	c.recent.push(t)
}

// remove takes t out and everything that was there for it alone.
func (c *Cache) remove(t *token) {
	c.unlink(t)
	c.dropGroup(t.group)
}

// unlink takes t out of the index but leaves its group, even if it is empty.
func (c *Cache) unlink(t *token) {
	gs := c.shard(t.group.hash)
	gs.mu.Lock()
	t.group.take(c, t)
	gs.mu.Unlock()
	c.forget(t)
}

// forget takes t, which is no longer in its group, out of all else.
func (c *Cache) forget(t *token) {
	c.slots.drop(&t.slot)
	c.forgetRemembered(t)
	t.group.user.part.tokens--
	c.expiry.remove(t)
	c.recent.remove(t)
}

// group returns the group of an identity, making it if need be.
func (c *Cache) group(u *user, env, client, realm, ext string) *group {
	hash := c.hashGroup(c.hashIdentity(u.part.key, client, realm, ext), env, u.home)
	s := c.shard(hash)
	for g := s.groups[hash]; g != nil; g = g.next { // Cache.mu is held: nobody writes
		if g.user == u && g.env == env && g.client == client && g.realm == realm && g.ext == ext {
			return g
		}
	}
	g := &group{hash: hash, user: u, site: c.site(u.part, siteKey{env, client, realm, ext}), home: u.home}
	s.mu.Lock()
	if s.groups == nil {
		s.groups = make(map[uint64]*group)
	}
	g.next = s.groups[hash]
	s.groups[hash] = g
	s.mu.Unlock()
	u.groups = append(u.groups, g)
	return g
}

// site returns a site for one more group.
func (c *Cache) site(p *partition, key siteKey) *site {
	s := p.sites[key]
	if s == nil {
		c.numbered++
		key = siteKey{c.intern(key.env), c.intern(key.client), c.intern(key.realm), c.intern(key.ext)}
		s = &site{siteKey: key, part: p.key, number: c.numbered}
		if p.sites == nil {
			p.sites = make(map[siteKey]*site)
		}
		p.sites[key] = s
	}
	s.groups++
	return s
}

// dropGroup removes g, and its user, if they are empty.
func (c *Cache) dropGroup(g *group) {
	if len(g.tokens) > 0 {
		return
	}
	s := c.shard(g.hash)
	s.mu.Lock()
	if s.groups[g.hash] == g {
		if g.next == nil {
			delete(s.groups, g.hash)
		} else {
			s.groups[g.hash] = g.next
		}
	} else {
		for at := s.groups[g.hash]; at != nil; at = at.next {
			if at.next == g {
				at.next = g.next
				break
			}
		}
	}
	s.mu.Unlock()
	if g.site.groups--; g.site.groups == 0 {
		delete(g.user.part.sites, g.siteKey)
	}
	g.user.dropGroup(g)
}
