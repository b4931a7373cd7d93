package tokencache

import (
	"hash/maphash"
	"math/bits"
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
	identity uint64 // hash of all but Environments, Scopes, KeyID, TokenType and ExtDigest
	first    uint64 // that with the first environment
}

// Prepare computes what does not change from question to question, for callers
// who ask for the same application's or user's tokens again and again. After it,
// only q's Scopes, KeyID and TokenType may change.
func (c *Cache) Prepare(q *Query) {
	q.identity = c.hashIdentity(c.partitionKey(q.Partition), q.ClientID, q.Realm, q.HomeAccountID, q.ExtKey)
	if len(q.Environments) > 0 {
		q.first = c.hashEnvironment(q.identity, q.Environments[0])
	}
	q.prepared = true
}

// hashIn is the hash of q's identity in its i-th environment.
func (c *Cache) hashIn(q *Query, i int) uint64 {
	if i == 0 {
		return q.first
	}
	return c.hashEnvironment(q.identity, q.Environments[i])
}

// AccessToken is a token as the cache has it.
type AccessToken struct {
	Secret    string
	TokenType string
	Target    string // the scopes it was granted for, joined by blanks
	KeyID     string

	CachedAt, ExpiresOn, ExtendedExpiresOn, RefreshOn time.Time
}

// enough is the life, in seconds, that makes a token good without looking for a
// better one. It is the margin before a token's end in which clients of the
// family no longer use it.
const enough = 300

// AccessToken returns an access token that has not expired by the time now. It
// may be about to, or be due for a refresh: the caller judges. It does no I/O
// and allocates nothing.
func (c *Cache) AccessToken(q *Query, now time.Time) (AccessToken, bool) {
	sec := now.Unix()
	partition := c.partitionKey(q.Partition)
	if !q.prepared {
		once := *q // the caller may ask another question with q
		c.Prepare(&once)
		q = &once
	}
	set := c.hashScopes(q.Scopes) + c.hash(q.KeyID)
	var best *token
	for i, env := range q.Environments {
		t := c.exact(mix(c.hashIn(q, i), set), partition, env, q, sec)
		if best = later(best, t); best.lastsUntil(sec + enough) {
			return best.result(), true
		}
	}
	for i, env := range q.Environments {
		id := c.hashIn(q, i)
		t := c.superset(id, partition, env, q, sec)
		if t != nil && t != best {
			c.remember(t, mix(id, set), q.Scopes)
		}
		if best = later(best, t); best.lastsUntil(sec + enough) {
			break
		}
	}
	if q.ExtDigest != "" && !best.lastsUntil(sec+enough) {
		best = later(best, c.ofMSALGo(q, set, sec))
	}
	if best == nil {
		return AccessToken{}, false
	}
	return best.result(), true
}

// ofMSALGo finds a token that MSAL Go has written with its own extended key.
func (c *Cache) ofMSALGo(q *Query, set uint64, now int64) *token {
	other := *q
	other.ExtKey, other.ExtDigest = q.ExtDigest, ""
	c.Prepare(&other)
	partition := c.partitionKey(q.Partition)
	var best *token
	for i, env := range q.Environments {
		best = later(best, c.exact(mix(c.hashIn(&other, i), set), partition, env, &other, now))
		best = later(best, c.superset(c.hashIn(&other, i), partition, env, &other, now))
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
func (c *Cache) exact(hash uint64, partition, env string, q *Query, now int64) *token {
	s := c.shard(hash)
	var best *token
	s.mu.RLock()
	for sl := s.slots[hash]; sl != nil; sl = sl.next {
		t := sl.tok
		if t.expiresOn > now && t.answers(q) && t.group.matches(partition, env, q) && hasScopes(sl.words, q.Scopes) {
			best = later(best, t)
		}
	}
	s.mu.RUnlock()
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

func (g *group) matches(partition, env string, q *Query) bool {
	return g.env == env && g.client == q.ClientID && g.realm == q.Realm && g.home == q.HomeAccountID &&
		g.ext == q.ExtKey && g.part == partition
}

func (t *token) result() AccessToken {
	return AccessToken{
		Secret:            t.secret,
		TokenType:         t.tokenType,
		Target:            t.words,
		KeyID:             t.keyID(),
		CachedAt:          fromUnix(t.cachedAt),
		ExpiresOn:         fromUnix(t.expiresOn),
		ExtendedExpiresOn: fromUnix(t.extendedExpiresOn),
		RefreshOn:         fromUnix(t.refreshOn),
	}
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

func (c *Cache) hashIdentity(partition, client, realm, home, ext string) uint64 {
	h := mix(c.hash(partition), c.hash(client))
	h = mix(h, c.hash(realm))
	h = mix(h, c.hash(home))
	return mix(h, c.hash(ext))
}

func (c *Cache) hashEnvironment(base uint64, env string) uint64 { return mix(base, c.hash(env)) }

// distinctScopes is up to how many scopes of a question are looked at for
// repetition. With more, a repetition only costs a slower look.
const distinctScopes = 16

// hashScopes is the same for the same set, in any order and letter case.
func (c *Cache) hashScopes(scopes []string) uint64 {
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
