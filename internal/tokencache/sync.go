package tokencache

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// load is a look at the store that callers share.
type load struct {
	done   chan struct{} // closed once the rest is set
	err    error
	gaveUp bool // the context of the caller that loaded has ended
}

// Sync brings a partition in memory to the state in the store. It is free of
// reading when nothing has changed, and does nothing without a store. Callers
// at the same time share one look.
//
// What vanished from the store vanishes from memory. Errors are *StoreError,
// when the store failed, and *CorruptError, when what it holds is no cache;
// then memory is as before.
func (c *Cache) Sync(ctx context.Context, partition string) error {
	if c.store == nil {
		return nil
	}
	p := c.acquire(partition)
	defer c.release(p)
	return c.sync(ctx, p)
}

// Reload is Sync for a caller who knows that memory is behind: the store is asked
// for its value, whatever it believes this process to have.
func (c *Cache) Reload(ctx context.Context, partition string) error {
	if c.store == nil {
		return nil
	}
	p := c.acquire(partition)
	defer c.release(p)
	if err := p.take(ctx); err != nil {
		return &StoreError{Op: "load", Err: err}
	}
	defer p.giveBack()
	return c.loadUnlike(ctx, p, noVersion)
}

// noVersion is of no state of any store.
const noVersion cache.Version = "\x00"

func (c *Cache) sync(ctx context.Context, p *partition) error {
	for {
		mine := &load{done: make(chan struct{})}
		if p.loading.CompareAndSwap(nil, mine) {
			return c.lead(ctx, p, mine)
		}
		other := p.loading.Load()
		if other == nil {
			continue
		}
		select {
		case <-other.done:
			if !other.gaveUp || ctx.Err() != nil {
				return other.err
			}
		case <-ctx.Done():
			return &StoreError{Op: "load", Err: ctx.Err()}
		}
	}
}

// lead looks for everybody who comes meanwhile.
func (c *Cache) lead(ctx context.Context, p *partition, l *load) error {
	l.gaveUp, l.err = true, &StoreError{Op: "load", Err: errNotRun} // if the store panics
	defer func() {
		p.loading.Store(nil)
		close(l.done)
	}()
	select {
	case p.turn <- struct{}{}:
	default:
		if c.current(ctx, p) {
			l.gaveUp, l.err = false, nil
			return nil
		}
		if err := p.take(ctx); err != nil {
			l.err = &StoreError{Op: "load", Err: err}
			return l.err
		}
	}
	defer p.giveBack()
	l.err = c.load(ctx, p)
	l.gaveUp = l.err != nil && ctx.Err() != nil
	return l.err
}

// current says whether p is at the state in the store. It needs no turn: whoever
// has that may wait for a lock that another process does not give up.
func (c *Cache) current(ctx context.Context, p *partition) bool {
	c.mu.RLock()
	have := p.version
	c.mu.RUnlock()
	_, now, err := c.store.Load(ctx, p.key, have)
	return err == nil && now == have
}

// load brings p to the state in the store. The caller has the partition's turn.
func (c *Cache) load(ctx context.Context, p *partition) error {
	return c.loadUnlike(ctx, p, p.version)
}

// loadUnlike is load for a store that is told what is already here.
func (c *Cache) loadUnlike(ctx context.Context, p *partition, have cache.Version) error {
	for attempt := 0; ; attempt++ {
		value, version, err := c.store.Load(ctx, p.key, have)
		if err != nil {
			return &StoreError{Op: "load", Err: err}
		}
		if version == have {
			return nil
		}
		doc, err := schema.Parse(value)
		if err != nil {
			damaged := &CorruptError{Partition: p.key, Err: err}
			if attempt == maxDamages || !c.setAside(ctx, p, value, damaged) {
				return damaged
			}
			continue
		}
		now := time.Now().Unix()
		c.mu.Lock()
		defer c.mu.Unlock()
		p.version = version
		c.replace(p, doc, now)
		c.applyUnsaved(p)
		c.trim(now)
		return nil
	}
}

// maxDamages bounds how often a damaged partition is set aside for one call.
const maxDamages = 3

// setAside makes room for a new partition where a damaged one is, in stores that
// can keep the damaged one. Whoever writes in place may just be doing so: the
// store asks again, under its lock, whether the value is still the damaged one.
// If not, another process was quicker, and the store is worth another look.
func (c *Cache) setAside(ctx context.Context, p *partition, value []byte, damaged error) bool {
	store, ok := c.store.(cache.SetAsider)
	if !ok {
		return false
	}
	where, err := store.SetAside(ctx, p.key, value)
	if err != nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "a damaged partition of the token cache could not be set aside", slog.Any("error", err))
		return false
	}
	if where == "" {
		return true
	}
	c.log.LogAttrs(ctx, slog.LevelWarn, "a damaged partition of the token cache was set aside", slog.String("where", where), slog.Any("error", damaged))
	return true
}

const credentialAccessToken = "AccessToken"

// replace makes d what is in memory of p. The caller holds Cache.mu. Tokens that
// are the same stay as they are, so that readers never miss them.
func (c *Cache) replace(p *partition, d *schema.Document, now int64) {
	p.generation++
	p.rest = d.UnknownOnly()
	p.apps = schema.Document{}
	for _, u := range p.users {
		u.doc = schema.Document{}
	}
	for i := range d.AccessTokens {
		c.replaceAccessToken(p, &d.AccessTokens[i], now)
	}
	c.replaceEntities(p, d)
	for _, u := range slices.Clone(p.order) { // which dropVanished changes
		if u != nil {
			c.dropVanished(u)
		}
	}
}

func (c *Cache) replaceAccessToken(p *partition, t *schema.AccessToken, now int64) {
	switch {
	case t.Isolated != "", t.ExpiresOn == 0,
		t.KeyID == "" && (schema.Bound(t.TokenType) || t.CredentialType != "" && !equalFold(t.CredentialType, credentialAccessToken)):
		// On behalf of somebody, bound to a key that nobody knows, or of
		// unknown age: it answers no question.
		p.rest.SetAside(t.Origin, schema.SectionAccessToken)
		return
	case t.ExpiresOn <= now:
		return
	}
	if have := c.same(p, t); have != nil {
		// A file may have one token twice, under keys of several libraries.
		if have.secret == t.Secret && have.expiresOn == t.ExpiresOn || have.generation == p.generation && have.expiresOn > t.ExpiresOn {
			have.generation = p.generation
			return
		}
	}
	e := *t
	if e.Unknown {
		e.Detach()
	} else {
		e.Origin = schema.Origin{}
		e.Secret, e.KeyID, e.ExtDigest = strings.Clone(e.Secret), strings.Clone(e.KeyID), strings.Clone(e.ExtDigest)
	}
	e.Target, e.TokenType, e.CredentialType = c.intern(e.Target), c.intern(e.TokenType), c.intern(e.CredentialType)
	c.put(p, &e)
}

// same returns the token in memory with the identity of t.
func (c *Cache) same(p *partition, t *schema.AccessToken) *token {
	u := p.users[t.HomeAccountID]
	if u == nil {
		return nil
	}
	env := strings.ToLower(t.Environment)
	id := c.hashGroup(c.hashIdentity(p.key, t.ClientID, t.Realm, t.ExtKey), env, t.HomeAccountID)
	hash := mix(id, c.hashWords(words(t.Target))+c.hash(t.KeyID))
	table := c.slots.look()
	for sl, at := table.next(hash, 0); sl != nil; sl, at = table.next(hash, at) {
		have, g := sl.tok, sl.tok.group
		if sl == &have.slot && g.user == u && g.env == env && g.client == t.ClientID && g.realm == t.Realm &&
			g.ext == t.ExtKey && sameWords(have.words, words(t.Target)) &&
			schema.SameBinding(have.keyID(), have.tokenType, t.KeyID, t.TokenType) && schema.SameDigest(have.extDigest(), t.ExtDigest) {
			return have
		}
	}
	return nil
}

// replaceEntities takes over all but access tokens.
func (c *Cache) replaceEntities(p *partition, d *schema.Document) {
	for i := range d.Accounts {
		a := d.Accounts[i]
		a.Detach()
		a.Environment, a.Realm, a.AuthorityType = c.intern(a.Environment), c.intern(a.Realm), c.intern(a.AuthorityType)
		u := p.user(a.HomeAccountID)
		u.doc.Accounts = append(u.doc.Accounts, a)
	}
	for i := range d.IDTokens {
		t := d.IDTokens[i]
		if t.Isolated != "" {
			p.rest.SetAside(t.Origin, schema.SectionIDToken)
			continue
		}
		t.Detach()
		t.Environment, t.Realm, t.ClientID = c.intern(t.Environment), c.intern(t.Realm), c.intern(t.ClientID)
		u := p.user(t.HomeAccountID)
		u.doc.IDTokens = append(u.doc.IDTokens, t)
	}
	for i := range d.RefreshTokens {
		t := d.RefreshTokens[i]
		if t.Isolated != "" {
			p.rest.SetAside(t.Origin, schema.SectionRefreshToken)
			continue
		}
		t.Detach()
		t.Environment, t.ClientID, t.Target = c.intern(t.Environment), c.intern(t.ClientID), c.intern(t.Target)
		u := p.user(t.HomeAccountID)
		u.doc.RefreshTokens = append(u.doc.RefreshTokens, t)
	}
	for i := range d.AppMetadata {
		m := d.AppMetadata[i]
		m.Detach()
		p.apps.AppMetadata = append(p.apps.AppMetadata, m)
	}
}

// dropVanished removes the tokens of u that are not of the newest content, and
// u itself if nothing is left.
func (c *Cache) dropVanished(u *user) {
	for i := len(u.groups) - 1; i >= 0; i-- {
		g := u.groups[i]
		for j := len(g.tokens) - 1; j >= 0; j-- {
			if t := g.tokens[j]; t.generation != u.part.generation {
				c.unlink(t)
			}
		}
		c.dropGroup(g)
	}
	u.drop()
}
