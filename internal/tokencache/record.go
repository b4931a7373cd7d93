package tokencache

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// maxUnsaved bounds how many answers of one partition are kept for a store that
// fails.
const maxUnsaved = 64

// Record adds an answer to a partition: in the store, merged into what it has by
// then, and in memory.
//
// When the store fails, Record returns a *StoreError or a *CorruptError. The
// tokens are then usable in this process, and are merged into the store by the
// next Record that succeeds.
func (c *Cache) Record(ctx context.Context, partition string, e Event) error {
	p := c.acquire(c.partitionKey(partition))
	defer c.release(p)
	if c.store == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.apply(p, &e) {
			c.noteChange(p)
		}
		c.trim(time.Now().Unix())
		return nil
	}
	if err := p.take(ctx); err != nil {
		return c.keepUnsaved(ctx, p, &e, &StoreError{Op: "update", Err: err})
	}
	defer p.giveBack()
	c.mu.RLock()
	unsaved := slices.Clone(p.unsaved)
	c.mu.RUnlock()
	err := c.update(ctx, p, func(d *schema.Document) error {
		for _, late := range unsaved {
			if late.outdated(d) {
				late.AccessToken = ""
			}
			if err := late.merge(d); err != nil && !errors.Is(err, errSignedOut) {
				return err
			}
		}
		return e.merge(d)
	}, len(unsaved))
	switch {
	case err == nil:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.noteChange(p)
		return nil
	case errors.Is(err, errSignedOut):
		return c.load(ctx, p)
	}
	return c.keepUnsaved(ctx, p, &e, err)
}

// update changes a partition in the store, and then in memory. The change saves
// the oldest saved of the unsaved answers. The caller has the partition's turn.
func (c *Cache) update(ctx context.Context, p *partition, change func(*schema.Document) error, saved int) error {
	now := time.Now().Unix()
	doc, version, err := c.updateStore(ctx, p, change, now)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.version = version
	p.unsaved = slices.Delete(p.unsaved, 0, min(saved, len(p.unsaved)))
	c.replace(p, doc, now)
	c.applyUnsaved(p)
	c.trim(now)
	return nil
}

// updateStore changes a partition in the store and returns what is there then. A
// damaged one is set aside, where the store can do that, and begun anew.
func (c *Cache) updateStore(ctx context.Context, p *partition, change func(*schema.Document) error, now int64) (*schema.Document, cache.Version, error) {
	for attempt := 0; ; attempt++ {
		var doc *schema.Document
		var found []byte
		version, err := c.store.Update(ctx, p.key, func(old []byte) ([]byte, time.Time, error) {
			found = old
			d, err := schema.Parse(old)
			if err != nil {
				return nil, time.Time{}, &CorruptError{Partition: p.key, Err: err}
			}
			if err := change(d); err != nil {
				return nil, time.Time{}, err
			}
			dropExpired(d, now)
			doc = d
			if worthless(d, p.key) {
				return nil, time.Time{}, nil
			}
			return d.Marshal(), storeExpiry(d), nil
		})
		var damaged *CorruptError
		switch {
		case errors.As(err, &damaged):
			if attempt == maxDamages || !c.setAside(ctx, p, found, damaged) {
				return nil, "", damaged
			}
		case err != nil:
			return nil, "", &StoreError{Op: "update", Err: err}
		case doc == nil:
			return nil, "", &StoreError{Op: "update", Err: errNotRun}
		default:
			return doc, version, nil
		}
	}
}

// keepUnsaved keeps in memory what the store did not take.
func (c *Cache) keepUnsaved(ctx context.Context, p *partition, e *Event, err error) error {
	c.log.LogAttrs(ctx, slog.LevelWarn, "the token could not be stored and stays in memory", slog.Any("error", err))
	c.mu.Lock()
	defer c.mu.Unlock()
	p.unsaved = append(p.unsaved, *e)
	if extra := len(p.unsaved) - maxUnsaved; extra > 0 {
		p.unsaved = slices.Delete(p.unsaved, 0, extra)
	}
	if c.apply(p, e) {
		c.noteChange(p)
	}
	c.trim(time.Now().Unix())
	return err
}

// applyUnsaved adds to what came from the store what it has not taken yet.
func (c *Cache) applyUnsaved(p *partition) {
	for _, e := range p.unsaved {
		t := e.accessToken()
		if have := c.same(p, &t); have != nil && have.expiresOn > t.ExpiresOn {
			e.AccessToken = "" // another process was later
		}
		c.apply(p, &e)
	}
}

// apply adds an answer to what is in memory, unless the user was signed out
// meanwhile. The caller holds Cache.mu.
func (c *Cache) apply(p *partition, e *Event) (added bool) {
	if e.UsedRefreshToken != nil {
		owner := p.users[e.UsedRefreshToken.HomeAccountID]
		if owner == nil || e.signedOut(&owner.doc) {
			return false
		}
		e.mergeRefreshToken(&owner.doc)
	}
	e = c.interned(e)
	u := p.user(e.HomeAccountID)
	e.mergeUser(&u.doc)
	if e.UsedRefreshToken == nil {
		e.mergeRefreshToken(&u.doc)
	}
	e.mergeApp(&p.apps)
	if e.AccessToken != "" {
		t := e.accessToken()
		c.put(p, &t)
	}
	u.drop() // if there was nothing to keep
	return true
}

// put adds an access token, which replaces the one with the same identity.
func (c *Cache) put(p *partition, t *schema.AccessToken) *token {
	u := p.user(t.HomeAccountID)
	g := c.group(u, strings.ToLower(t.Environment), t.ClientID, t.Realm, t.ExtKey)
	n := &token{
		slot:              slot{words: words(t.Target)},
		secret:            t.Secret,
		tokenType:         cmp.Or(t.TokenType, "Bearer"),
		cachedAt:          t.CachedAt,
		expiresOn:         t.ExpiresOn,
		extendedExpiresOn: t.ExtendedExpiresOn,
		refreshOn:         t.RefreshOn,
		generation:        p.generation,
	}
	n.setRare(t)
	old := c.precedes(n, g)
	if old != nil && old.rare != nil && old.rare.members != "" && t.Extra == "" {
		// What others wrote beside the former token survives; Put knows what.
		d := schema.Document{AccessTokens: []schema.AccessToken{old.entity()}}
		d.PutAccessToken(n.entity())
		n.setRare(&d.AccessTokens[0])
	}
	c.insert(n, old) // last, as readers take no lock
	return n
}

func (t *token) setRare(e *schema.AccessToken) {
	if e.KeyID != "" || e.ExtDigest != "" || e.Extra != "" || e.CredentialType != "" && e.CredentialType != credentialAccessToken {
		t.rare = &rare{keyID: e.KeyID, extDigest: e.ExtDigest, credentialType: e.CredentialType, members: e.Extra}
	}
}

// entity is the token as the schema has it.
func (t *token) entity() schema.AccessToken {
	g := t.group
	e := schema.AccessToken{
		Secret: t.secret, TokenType: t.tokenType, Target: t.words,
		HomeAccountID: g.user.home, Environment: g.env, ClientID: g.client, Realm: g.realm, ExtKey: g.ext,
		CachedAt: t.cachedAt, ExpiresOn: t.expiresOn, ExtendedExpiresOn: t.extendedExpiresOn, RefreshOn: t.refreshOn,
	}
	if t.rare != nil {
		e.KeyID, e.ExtDigest, e.CredentialType, e.Extra = t.rare.keyID, t.rare.extDigest, t.rare.credentialType, t.rare.members
	}
	return e
}

// dropExpired removes the access tokens that have expired. One that does not say
// when stays, as it is not ours to judge.
func dropExpired(d *schema.Document, now int64) {
	d.AccessTokens = slices.DeleteFunc(d.AccessTokens, func(t schema.AccessToken) bool {
		return t.ExpiresOn != 0 && t.ExpiresOn <= now
	})
}

// storeExpiry is when the store may forget the partition: with its last access
// token, unless it has anything that lasts.
func storeExpiry(d *schema.Document) time.Time {
	if len(d.RefreshTokens)+len(d.Accounts) > 0 || d.HasUnknown() {
		return time.Time{}
	}
	var last int64
	for i := range d.AccessTokens {
		if d.AccessTokens[i].ExpiresOn == 0 {
			return time.Time{}
		}
		last = max(last, d.AccessTokens[i].ExpiresOn)
	}
	return fromUnix(last)
}

// worthless reports whether a partition may as well be deleted. The file of the
// family keeps which client is in which family.
func worthless(d *schema.Document, partition string) bool {
	if partition == Family {
		return d.Empty()
	}
	return len(d.AccessTokens)+len(d.RefreshTokens)+len(d.Accounts) == 0 && !d.HasUnknown()
}
