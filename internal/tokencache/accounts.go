package tokencache

import (
	"context"
	"slices"
	"strings"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// Account is a user who has signed in.
type Account struct {
	HomeAccountID  string
	Environment    string
	Realm          string
	LocalAccountID string
	Username       string
	AuthorityType  string // "MSSTS", "ADFS" or "CLOUDSHELL"
	AccountSource  string // the grant that brought it here; may be empty
	// Profiles are the user's appearances in the tenants where the account was
	// seen, this one included. Record ignores them.
	Profiles []TenantProfile
}

// TenantProfile is a user as one tenant knows it.
type TenantProfile struct {
	Environment    string
	Realm          string
	LocalAccountID string
	Username       string
}

// AccountQuery selects accounts.
type AccountQuery struct {
	// Partition to look in. Empty means the partitions of all users: those in
	// the store if it can list its keys, else those that are in memory.
	Partition    string
	Environments []string // as in Query
}

// Accounts returns the users of an authority, each once, in the order in which
// they came. It looks at the store first. A user who was seen in several
// tenants is what the last of them says; one who was seen under several
// aliases of the authority is what the first alias says.
func (c *Cache) Accounts(ctx context.Context, q AccountQuery) ([]Account, error) {
	keys, err := c.userPartitions(ctx, q.Partition)
	if err != nil {
		return nil, err
	}
	var found []Account
	for _, key := range keys {
		if err := c.Sync(ctx, key); err != nil {
			return nil, err
		}
		found = c.appendAccounts(found, key, q.Environments)
	}
	return found, nil
}

func (c *Cache) appendAccounts(found []Account, key string, environments []string) []Account {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p := c.parts[key]
	if p == nil {
		return found
	}
	found = slices.Grow(found, len(p.users))
	for _, u := range p.order {
		if u == nil {
			continue
		}
		if a, ok := u.account(environments); ok {
			found = append(found, a)
		}
	}
	return found
}

// userPartitions lists the partitions that AccountQuery.Partition means.
func (c *Cache) userPartitions(ctx context.Context, partition string) ([]string, error) {
	if partition != "" || c.store == nil {
		return []string{c.partitionKey(partition)}, nil
	}
	keys := c.loadedUserPartitions()
	l, ok := c.store.(cache.Lister)
	if !ok {
		return keys, nil
	}
	for key, err := range l.Keys(ctx, userPrefix) {
		if err != nil {
			return nil, &StoreError{Op: "list", Err: err}
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

func (c *Cache) loadedUserPartitions() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var keys []string
	for key := range c.parts {
		if strings.HasPrefix(key, userPrefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// account groups what is known of a user under the first environment that knows
// anything.
func (u *user) account(environments []string) (a Account, ok bool) {
	if u.home == "" {
		return a, false
	}
	for _, env := range environments {
		for i := range u.doc.Accounts {
			e := &u.doc.Accounts[i]
			if usableAccount(e) && equalFold(e.Environment, env) {
				profiles := append(a.Profiles, TenantProfile{e.Environment, e.Realm, e.LocalAccountID, e.Username})
				a = Account{
					HomeAccountID: e.HomeAccountID, Environment: e.Environment, Realm: e.Realm, LocalAccountID: e.LocalAccountID,
					Username: e.Username, AuthorityType: e.AuthorityType, AccountSource: e.AccountSource, Profiles: profiles,
				}
				ok = true
			}
		}
		if ok {
			break
		}
	}
	return a, ok
}

// usableAccount tells accounts of this family from those of other kinds that
// some libraries keep in the same file.
func usableAccount(a *schema.Account) bool {
	return a.AuthorityType == "MSSTS" || a.AuthorityType == "ADFS" || a.AuthorityType == "CLOUDSHELL"
}
