package tokencache

import (
	"context"
	"slices"

	"github.com/msal-go/msal/internal/schema"
)

// AccountRemoval says which account a client signs out.
type AccountRemoval struct {
	Partition     string   // as in AccountQuery
	Environments  []string // as in Query
	ClientID      string
	HomeAccountID string
}

// RemoveAccount removes an account under all the environments, from the store
// and from memory: its access tokens of every client, tenant and extended key,
// its ID tokens, the account itself, and the refresh tokens of the client and
// of its family. It is no error if there is nothing.
//
// When the store fails, the error says so and the account is out of memory only.
func (c *Cache) RemoveAccount(ctx context.Context, r AccountRemoval) error {
	keys, err := c.userPartitions(ctx, r.Partition)
	if err != nil {
		return err
	}
	family, _ := c.AppMetadata(r.Environments, r.ClientID)
	for _, key := range keys {
		err := c.removeFrom(ctx, key, removal{
			accessToken: func(t *schema.AccessToken) bool {
				return t.HomeAccountID == r.HomeAccountID && among(t.Environment, r.Environments)
			},
			refreshToken: func(t *schema.RefreshToken, apps *schema.Document) bool {
				if own, _ := familyOf(apps, r.Environments, r.ClientID); own != "" {
					family = own
				}
				return t.HomeAccountID == r.HomeAccountID && among(t.Environment, r.Environments) &&
					(t.ClientID == r.ClientID || family != "" && t.FamilyID == family)
			},
			idToken: func(t *schema.IDToken) bool {
				return t.HomeAccountID == r.HomeAccountID && among(t.Environment, r.Environments)
			},
			account: func(a *schema.Account) bool {
				return a.HomeAccountID == r.HomeAccountID && among(a.Environment, r.Environments)
			},
			home: r.HomeAccountID,
			event: func(e *Event) bool {
				return e.HomeAccountID == r.HomeAccountID && among(e.Environment, r.Environments)
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// RemoveAppTokens removes the application's own access tokens that q could find,
// whatever their scopes and extended keys. Without a store the tokens of other
// tenants are in the same partition, and stay.
func (c *Cache) RemoveAppTokens(ctx context.Context, q *Query) error {
	return c.removeFrom(ctx, c.partitionKey(q.Partition), removal{
		accessToken: func(t *schema.AccessToken) bool {
			return t.HomeAccountID == "" && t.ClientID == q.ClientID && t.Realm == q.Realm && among(t.Environment, q.Environments)
		},
		event: func(e *Event) bool {
			return e.HomeAccountID == "" && e.ClientID == q.ClientID && e.Realm == q.Realm && among(e.Environment, q.Environments)
		},
	})
}

// RemoveRefreshToken removes one refresh token, if it is still what t says.
func (c *Cache) RemoveRefreshToken(ctx context.Context, partition string, t RefreshToken) error {
	return c.removeFrom(ctx, c.partitionKey(partition), removal{
		refreshToken: func(have *schema.RefreshToken, _ *schema.Document) bool {
			return have.Secret == t.Secret && sameRefreshToken(have, &t)
		},
		home:  t.HomeAccountID,
		event: func(e *Event) bool { return e.RefreshToken == t.Secret },
	})
}

func among(env string, environments []string) bool {
	return slices.ContainsFunc(environments, func(e string) bool { return equalFold(e, env) })
}

// removal says what to remove; what is nil is spared.
type removal struct {
	accessToken  func(*schema.AccessToken) bool
	refreshToken func(t *schema.RefreshToken, apps *schema.Document) bool
	idToken      func(*schema.IDToken) bool
	account      func(*schema.Account) bool
	event        func(*Event) bool // of those that wait for the store
	home         string            // the one user of whom it is
}

// from reports whether it has removed anything.
func (r *removal) from(d, apps *schema.Document) bool {
	before := entries(d)
	if r.accessToken != nil {
		d.AccessTokens = slices.DeleteFunc(d.AccessTokens, func(t schema.AccessToken) bool { return r.accessToken(&t) })
	}
	if r.refreshToken != nil {
		d.RefreshTokens = slices.DeleteFunc(d.RefreshTokens, func(t schema.RefreshToken) bool { return r.refreshToken(&t, apps) })
	}
	if r.idToken != nil {
		d.IDTokens = slices.DeleteFunc(d.IDTokens, func(t schema.IDToken) bool { return r.idToken(&t) })
	}
	if r.account != nil {
		d.Accounts = slices.DeleteFunc(d.Accounts, func(a schema.Account) bool { return r.account(&a) })
	}
	return entries(d) < before
}

// entries counts what a removal can remove.
func entries(d *schema.Document) int {
	return len(d.AccessTokens) + len(d.RefreshTokens) + len(d.IDTokens) + len(d.Accounts)
}

func (c *Cache) removeFrom(ctx context.Context, key string, r removal) error {
	p := c.acquire(key)
	defer c.release(p)
	if c.store == nil {
		c.removeInMemory(p, &r)
		return nil
	}
	if err := p.take(ctx); err != nil {
		c.removeInMemory(p, &r)
		return &StoreError{Op: "update", Err: err}
	}
	defer p.giveBack()
	c.mu.Lock()
	p.unsaved = slices.DeleteFunc(p.unsaved, func(e Event) bool { return r.event(&e) })
	c.mu.Unlock()
	removed := false
	err := c.update(ctx, p, func(d *schema.Document) error {
		removed = r.from(d, d)
		return nil
	}, 0)
	if err != nil {
		c.removeInMemory(p, &r)
		return err
	}
	if removed {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.noteChange(p)
	}
	return nil
}

func (c *Cache) removeInMemory(p *partition, r *removal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.unsaved = slices.DeleteFunc(p.unsaved, func(e Event) bool { return r.event(&e) })
	u := p.users[r.home]
	if u == nil {
		return
	}
	if r.from(&u.doc, &p.apps) {
		c.noteChange(p)
	}
	if r.accessToken != nil {
		for i := len(u.groups) - 1; i >= 0; i-- {
			g := u.groups[i]
			for j := len(g.tokens) - 1; j >= 0; j-- {
				e := g.tokens[j].entity()
				if r.accessToken(&e) {
					c.noteChange(p)
					c.unlink(g.tokens[j])
				}
			}
			c.dropGroup(g)
		}
	}
	u.drop()
}
