package tokencache

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// partition is what is in memory of one partition. Unless said otherwise it is
// guarded by Cache.mu.
type partition struct {
	key   string // never changes
	users map[string]*user
	order []*user // in the order in which they came; nil: gone
	holes int     // how many of order are nil
	sites map[siteKey]*site

	apps   schema.Document // application metadata
	rest   schema.Document // what cannot be used, but must not be lost
	tokens int             // access tokens

	generation uint32  // counts contents that came from the store
	unsaved    []Event // what the store has not taken yet

	refs    atomic.Int32 // operations that use it; changed under at least a read lock of Cache.mu
	turn    chan struct{}
	version cache.Version // changed by whoever has the turn, under Cache.mu
	loading atomic.Pointer[load]
}

// user is an account, or the application itself, in a partition.
type user struct {
	part   *partition
	home   string // home_account_id; empty: the application
	at     int    // index in partition.order
	groups []*group
	doc    schema.Document // accounts, refresh tokens and ID tokens
}

// acquire returns the partition, making it if need be, and keeps it from being
// dropped until release.
func (c *Cache) acquire(key string) *partition {
	c.mu.RLock()
	p := c.parts[key]
	if p != nil {
		p.refs.Add(1)
	}
	c.mu.RUnlock()
	if p != nil {
		return p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p = c.parts[key]; p == nil {
		p = &partition{key: key, users: make(map[string]*user), turn: make(chan struct{}, 1)}
		c.parts[key] = p
	}
	p.refs.Add(1)
	return p
}

func (c *Cache) release(p *partition) {
	if p.refs.Add(-1) > 0 {
		return
	}
	c.mu.RLock()
	vacant := p.vacant()
	c.mu.RUnlock()
	if vacant {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.vacate(p)
	}
}

// vacate drops a partition that has nothing worth keeping and that nobody uses.
// The caller holds Cache.mu.
func (c *Cache) vacate(p *partition) {
	if p.vacant() && p.refs.Load() == 0 && c.parts[p.key] == p {
		delete(c.parts, p.key)
	}
}

func (p *partition) vacant() bool {
	if p.tokens > 0 || len(p.unsaved) > 0 || !p.rest.Empty() {
		return false
	}
	isolated := isIsolated(p.key)
	if !isolated && len(p.apps.AppMetadata) > 0 && p.key == Family {
		return false
	}
	for _, u := range p.users {
		// What was acquired on behalf of a caller is of no use without
		// a token. Elsewhere an account is.
		if len(u.doc.RefreshTokens) > 0 || !isolated {
			return false
		}
	}
	return true
}

// take waits for the turn to exchange the partition with the store.
func (p *partition) take(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *partition) giveBack() { <-p.turn }

// user returns a user of the partition, making it if need be.
func (p *partition) user(home string) *user {
	u := p.users[home]
	if u == nil {
		u = &user{part: p, home: strings.Clone(home), at: len(p.order)}
		p.users[u.home] = u
		p.order = append(p.order, u)
	}
	return u
}

// dropGroup removes a group that is empty.
func (u *user) dropGroup(g *group) {
	for i, have := range u.groups {
		if have == g {
			last := len(u.groups) - 1
			u.groups[i] = u.groups[last]
			u.groups[last] = nil
			u.groups = u.groups[:last]
			break
		}
	}
	u.drop()
}

// drop removes the user if nothing is known of it.
func (u *user) drop() {
	p := u.part
	if len(u.groups) > 0 || !u.doc.Empty() || p.users[u.home] != u {
		return
	}
	delete(p.users, u.home)
	p.order[u.at] = nil
	if p.holes++; 2*p.holes <= len(p.order) {
		return
	}
	live := p.order[:0]
	for _, u := range p.order {
		if u != nil {
			u.at = len(live)
			live = append(live, u)
		}
	}
	clear(p.order[len(live):])
	p.order, p.holes = live, 0
}
