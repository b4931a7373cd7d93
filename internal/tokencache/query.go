package tokencache

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/msal-go/msal/internal/schema"
)

// A Query names a token.
type Query struct {
	Partition string
	// Environments are the hosts of the authority, with a port if it has one,
	// in lower case: the client's own first, then its aliases. A token under
	// any of them answers.
	Environments    []string
	ClientID, Realm string
	HomeAccountID   string   // empty for a token of the application itself
	Scopes          []string // in any order and case; a token with more of them answers too
	ExtKey          string   // ext_cache_key
	ExtDigest       string   // ext_cache_key of MSAL Go, which answers too; tells tokens with the same ExtKey apart
	KeyID           string   // of the key that the token must be bound to; empty: unbound
	TokenType       string   // of a bound token, in any letter case; empty: any

	prepared bool
	identity uint64         // hash of all but Environments, HomeAccountID, Scopes, KeyID, TokenType and ExtDigest
	inFirst  uint64         // that with the first environment
	first    uint64         // that with the account
	known    *atomic.Uint64 // the site that all but the account of q was found to be; nil: nobody keeps q
}

// Prepare computes what does not change from question to question, for callers
// who ask for the same application's or user's tokens again and again. After it,
// only q's Scopes, KeyID and TokenType may change. Copies are as prepared.
func (c *Cache) Prepare(q *Query) {
	c.prepare(q)
	q.known = new(atomic.Uint64)
}

func (c *Cache) prepare(q *Query) {
	q.known = nil
	q.identity = c.hashQuery(q)
	if len(q.Environments) > 0 {
		q.inFirst = mix(q.identity, c.hash(q.Environments[0]))
		q.first = mix(q.inFirst, c.hash(q.HomeAccountID))
	}
	q.prepared = true
}

// PrepareFor makes a prepared question about another account. What its copies
// have in common is known to all of them.
func (c *Cache) PrepareFor(q *Query, homeAccountID string) {
	q.HomeAccountID = homeAccountID
	q.first = mix(q.inFirst, c.hash(homeAccountID))
}

func (c *Cache) hashQuery(q *Query) uint64 {
	return c.hashIdentity(c.partitionKey(q.Partition), q.ClientID, q.Realm, q.ExtKey)
}

// hashFirst is the hash of q's identity in its first environment.
func (c *Cache) hashFirst(q *Query) uint64 {
	if q.prepared {
		return q.first
	}
	return c.hashGroup(c.hashQuery(q), q.Environments[0], q.HomeAccountID)
}

// hashIn is the hash of q's identity in its i-th environment.
func (c *Cache) hashIn(q *Query, i int) uint64 {
	if i == 0 {
		return q.first
	}
	return c.hashGroup(q.identity, q.Environments[i], q.HomeAccountID)
}

// Found is an access token in the cache. It is read in place, as copying all of
// it takes as long as finding it. The zero value is none.
type Found struct{ tok *token }

// Good reports whether the token needs no thought at the time now: it neither
// ends within the family's margin nor should be refreshed.
func (f Found) Good(now time.Time) bool {
	sec := now.Unix()
	return f.tok.lastsUntil(sec+enough) && (f.tok.refreshOn == 0 || sec < f.tok.refreshOn)
}

// Secret is the token.
func (f Found) Secret() string { return f.tok.secret }

// TokenType says how to present it.
func (f Found) TokenType() string { return f.tok.tokenType }

// Target is the scopes it was granted for, joined by blanks.
func (f Found) Target() string { return f.tok.words }

// ExpiresOn is when it ends.
func (f Found) ExpiresOn() time.Time { return fromUnix(f.tok.expiresOn) }

// ExtendedExpiresOn is the end of the outage extension; zero: there is none.
func (f Found) ExtendedExpiresOn() time.Time { return fromUnix(f.tok.extendedExpiresOn) }

// RefreshOn is when it should be refreshed; zero: nobody said.
func (f Found) RefreshOn() time.Time { return fromUnix(f.tok.refreshOn) }

// enough is the life, in seconds, that makes a token good without looking for a
// better one. It is the margin before a token's end in which clients of the
// family no longer use it.
const enough = 300

// AccessToken returns an access token that has not expired by the time now. It
// may be about to, or be due for a refresh: the caller judges. The question is q
// with the given scopes instead of its own, so that a prepared one is not copied
// to be asked. It does no I/O and allocates nothing.
func (c *Cache) AccessToken(q *Query, scopes []string, now time.Time) (Found, bool) {
	sec := now.Unix()
	set := c.hashScopes(scopes)
	if q.KeyID != "" {
		set += c.hash(q.KeyID)
	}
	if len(q.Environments) > 0 { // what nearly always is all
		if t := c.exact(mix(c.hashFirst(q), set), q.Environments[0], q, scopes, sec); t.lastsUntil(sec + enough) {
			q.learn(t.site)
			return Found{t}, true
		}
	}
	t := c.search(*q, scopes, set, sec)
	return Found{t}, t != nil
}

// search looks everywhere for the token that lives longest, or long enough. It
// prepares its own copy of the question, as the caller may ask another with q.
func (c *Cache) search(once Query, scopes []string, set uint64, now int64) *token {
	q := &once
	if !q.prepared {
		c.prepare(q)
	}
	partition := c.partitionKey(q.Partition)
	var best *token
	for i, env := range q.Environments {
		t := c.exact(mix(c.hashIn(q, i), set), env, q, scopes, now)
		if best = later(best, t); best.lastsUntil(now + enough) {
			return best
		}
	}
	for i, env := range q.Environments {
		id := c.hashIn(q, i)
		t, came := c.superset(id, partition, env, q, scopes, now)
		if t != nil && t != best {
			c.remember(t, came, mix(id, set), scopes)
		}
		if best = later(best, t); best.lastsUntil(now + enough) {
			break
		}
	}
	if q.ExtDigest != "" && !best.lastsUntil(now+enough) {
		best = later(best, c.ofMSALGo(q, scopes, set, now))
	}
	return best
}

// ofMSALGo finds a token that MSAL Go has written with its own extended key.
func (c *Cache) ofMSALGo(q *Query, scopes []string, set uint64, now int64) *token {
	other := *q
	other.ExtKey, other.ExtDigest = q.ExtDigest, ""
	c.prepare(&other)
	partition := c.partitionKey(q.Partition)
	var best *token
	for i, env := range q.Environments {
		best = later(best, c.exact(mix(c.hashIn(&other, i), set), env, &other, scopes, now))
		t, _ := c.superset(c.hashIn(&other, i), partition, env, &other, scopes, now)
		best = later(best, t)
	}
	return best
}

// later returns the token that lives longer; either may be nil.
func later(a, b *token) *token {
	if a == nil || b != nil && b.expiresOn > a.expiresOn {
		return b
	}
	return a
}

// exact looks up the question as it is: an answer for just these scopes, or one
// that was remembered.
func (c *Cache) exact(hash uint64, env string, q *Query, scopes []string, now int64) *token {
	var best *token
	table := c.slots.look()
	for sl, at := table.next(hash, 0); sl != nil; sl, at = table.next(hash, at) {
		t := sl.tok
		if sl != &t.slot && t.asOf.Load() != t.group.came.Load() {
			continue // a newer token may answer too
		}
		if t.expiresOn > now && t.answers(q) && t.home == q.HomeAccountID && (q.knows(t.site) || t.group.matches(c.partitionKey(q.Partition), env, q)) && hasScopes(sl.words, scopes) {
			best = later(best, t)
		}
	}
	if best != nil {
		best.touch()
	}
	return best
}

// answers reports whether the token is bound to the key that q asks for, or to
// none if q names none, and is for q's parameters.
func (t *token) answers(q *Query) bool {
	return t.keyID() == q.KeyID && (q.KeyID == "" || q.TokenType == "" || equalFold(t.tokenType, q.TokenType)) &&
		schema.SameDigest(t.extDigest(), q.ExtDigest)
}

// knows reports whether s is known to be what q asks about, but for the account.
func (q *Query) knows(s *site) bool { return q.known != nil && q.known.Load() == s.number }

// learn remembers that it is.
func (q *Query) learn(s *site) {
	if q.known != nil && q.known.Load() != s.number {
		q.known.Store(s.number)
	}
}

func (g *group) matches(partition, env string, q *Query) bool {
	return g.env == env && g.client == q.ClientID && g.realm == q.Realm && g.home == q.HomeAccountID &&
		g.ext == q.ExtKey && g.part == partition
}

func fromUnix(sec int64) time.Time {
	if sec == 0 {
		return time.Time{}
	}
	return time.Unix(sec, 0)
}

func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Hashes. They only have to be good; what they find is compared.

func (c *Cache) hash(s string) uint64 {
	if s == "" {
		return 0
	}
	return maphash.String(c.seed, s)
}

// mix depends on the order of its arguments.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, bits.RotateLeft64(b, 32)^0xd1b54a32d192ed03)
	return hi ^ lo
}

func (c *Cache) hashIdentity(partition, client, realm, ext string) uint64 {
	h := mix(c.hash(partition), c.hash(client))
	h = mix(h, c.hash(realm))
	return mix(h, c.hash(ext))
}

// hashGroup has the account last, as it is what changes.
func (c *Cache) hashGroup(identity uint64, env, home string) uint64 {
	return mix(mix(identity, c.hash(env)), c.hash(home))
}

// distinctScopes is up to how many scopes of a question are looked at for
// repetition. With more, a repetition only costs a slower look.
const distinctScopes = 16

// hashScopes is the same for the same set, in any order and letter case.
func (c *Cache) hashScopes(scopes []string) uint64 {
	if len(scopes) == 1 {
		return c.hashScope(scopes[0])
	}
	return c.hashSeveral(scopes)
}

func (c *Cache) hashSeveral(scopes []string) uint64 {
	var seen [distinctScopes]uint64
	var sum uint64
	for i, s := range scopes {
		h := c.hashScope(s)
		if i < distinctScopes {
			if contains(seen[:i], h) {
				seen[i] = 0
				continue
			}
			seen[i] = h
		}
		sum += h
	}
	return sum
}

func contains(list []uint64, h uint64) bool {
	for _, x := range list {
		if x == h {
			return true
		}
	}
	return false
}

func (c *Cache) hashScope(s string) uint64 {
	if !hasUpper(s) {
		return maphash.String(c.seed, s)
	}
	var buf [128]byte
	if len(s) <= len(buf) {
		for i := range len(s) {
			buf[i] = lower(s[i])
		}
		return maphash.Bytes(c.seed, buf[:len(s)])
	}
	var h maphash.Hash
	h.SetSeed(c.seed)
	for i := range len(s) {
		h.WriteByte(lower(s[i])) // never fails
	}
	return h.Sum64()
}
