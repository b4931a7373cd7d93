package tokencache

import (
	"slices"
	"strings"
)

// Questions for fewer scopes than a token has, which is Entra's normal case: it
// answers with all scopes that were ever consented to.

// smallGroup is up to how many tokens of one identity are simply looked through.
const smallGroup = 8

// maxRemembered bounds the questions that are remembered for one token.
const maxRemembered = 16

// posting is the tokens that have one scope, among others.
type posting struct {
	tokens []*token
	gone   int // how many of them have been removed
}

// superset finds a token with at least the scopes, through the one that
// the fewest tokens have, and how many had come to its group by then.
func (c *Cache) superset(id uint64, partition, env string, q *Query, scopes []string, now int64) (best *token, came uint32) {
	s := c.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.groups[id]
	for g != nil && !g.matches(partition, env, q) {
		g = g.next
	}
	if g == nil || len(scopes) == 0 || slices.ContainsFunc(scopes, notOneWord) {
		return nil, 0 // hasScopes would take all of a token's scopes in one string for one
	}
	candidates := g.tokens
	if g.lists != nil {
		candidates = c.rarest(g, scopes)
	}
	for i := len(candidates) - 1; i >= 0; i-- { // newer ones are at the end
		t := candidates[i]
		if t.gone || t.expiresOn <= now || !t.answers(q) || !hasScopes(t.words, scopes) {
			continue
		}
		if best = later(best, t); best.lastsUntil(now + enough) {
			break
		}
	}
	if best != nil {
		best.touch()
	}
	return best, g.came.Load()
}

func (c *Cache) rarest(g *group, scopes []string) []*token {
	var least *posting
	for _, scope := range scopes {
		p := g.lists[c.hashScope(scope)]
		if p == nil {
			return nil // no token has it, besides one that has it alone
		}
		if least == nil || len(p.tokens) < len(least.tokens) {
			least = p
		}
	}
	return least.tokens
}

// remember makes t the answer to the question with the given hash. It gives up
// when a writer is busy, as nothing is lost but time, and when another token has
// come to its group since t was found, which may be a newer answer.
func (c *Cache) remember(t *token, came uint32, hash uint64, asked []string) {
	if !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	if t.gone || hash == t.hash || came != t.group.came.Load() {
		return
	}
	if t.asOf.Load() != came {
		c.forgetRemembered(t)
		t.asOf.Store(came)
	}
	c.dropRemembered(hash, t.group)
	if t.extra >= maxRemembered {
		return
	}
	sl := &slot{tok: t, hash: hash, words: strings.Join(asked, " "), more: t.more}
	t.more = sl
	t.extra++
	c.slots.add(sl)
}

// forgetRemembered forgets all questions that t was remembered for.
func (c *Cache) forgetRemembered(t *token) {
	for sl := t.more; sl != nil; sl = sl.more {
		c.slots.drop(sl)
	}
	t.more, t.extra = nil, 0
}

// dropRemembered forgets what was remembered for a question of g's identity.
func (c *Cache) dropRemembered(hash uint64, g *group) {
	table := c.slots.look()
	for sl, at := table.next(hash, 0); sl != nil; sl, at = table.next(hash, at) {
		if t := sl.tok; t.group == g && sl != &t.slot {
			for p := &t.more; *p != nil; p = &(*p).more {
				if *p == sl {
					*p = sl.more
					break
				}
			}
			t.extra--
			c.slots.drop(sl)
			return // there is never more than one
		}
	}
}

// add puts t into its group. The caller holds the lock of the group's shard.
func (g *group) add(c *Cache, t *token) {
	t.at = int32(len(g.tokens))
	g.tokens = append(g.tokens, t)
	g.came.Add(1)
	if g.lists != nil {
		g.post(c, t)
		return
	}
	if len(g.tokens) > smallGroup {
		g.lists = make(map[uint64]*posting)
		for _, t := range g.tokens {
			g.post(c, t)
		}
	}
}

// take removes t from its group. The caller holds the lock of the group's shard.
func (g *group) take(c *Cache, t *token) {
	last := len(g.tokens) - 1
	moved := g.tokens[last]
	g.tokens[t.at] = moved
	moved.at = t.at
	g.tokens[last] = nil
	g.tokens = g.tokens[:last]
	t.gone = true
	if g.lists == nil || !hasTwoWords(t.words) {
		return
	}
	for h := range c.scopeHashes(t.words) {
		p := g.lists[h]
		if p == nil {
			continue
		}
		// Taking one out of the middle would take as long as the list is;
		// this way it takes, on average, a constant time.
		if p.gone++; 2*p.gone > len(p.tokens) {
			p.compact()
		}
		if len(p.tokens) == 0 {
			delete(g.lists, h)
		}
	}
}

func (p *posting) compact() {
	live := p.tokens[:0]
	for _, t := range p.tokens {
		if !t.gone {
			live = append(live, t)
		}
	}
	clear(p.tokens[len(live):])
	p.tokens = live
	p.gone = 0
}

// post enters t under its scopes. A token with a single scope has nothing to
// give beyond its exact answer.
func (g *group) post(c *Cache, t *token) {
	if !hasTwoWords(t.words) {
		return
	}
	for h := range c.scopeHashes(t.words) {
		p := g.lists[h]
		if p == nil {
			p = new(posting)
			g.lists[h] = p
		}
		p.tokens = append(p.tokens, t)
	}
}

func notOneWord(scope string) bool { return scope == "" || hasTwoWords(scope) }

func hasTwoWords(words string) bool {
	return strings.IndexByte(words, ' ') >= 0
}

// scopeHashes returns the hashes of the words, each once.
func (c *Cache) scopeHashes(words string) map[uint64]struct{} {
	set := make(map[uint64]struct{})
	for word := range strings.SplitSeq(words, " ") {
		set[c.hashScope(word)] = struct{}{}
	}
	return set
}

// hashWords is hashScopes of the words.
func (c *Cache) hashWords(words string) uint64 {
	switch {
	case words == "":
		return 0
	case !hasTwoWords(words):
		return c.hashScope(words)
	}
	var sum uint64
	for h := range c.scopeHashes(words) {
		sum += h
	}
	return sum
}

// sameWords reports whether two targets are the same set.
func sameWords(a, b string) bool {
	return a == b || hasScopes(a, strings.Fields(b)) && hasScopes(b, strings.Fields(a))
}
