package msal

import (
	"context"
	"strings"

	"github.com/msal-go/msal/internal/tokencache"
)

// AccountsRequest selects accounts.
type AccountsRequest struct {
	// Username keeps only accounts with this name, in any letter case. Empty
	// keeps all.
	Username string
}

// Accounts lists the users who have signed in and whose accounts are in the
// cache, each once. It asks no identity service, but it reads the cache's Store;
// a confidential client whose Store is no cache.Lister sees only the users it has
// dealt with itself. The cache may be shared: other applications' users of the
// same cloud are listed too. In a web application that is everybody: take the
// account from the session, not from here.
func (c *core) Accounts(ctx context.Context, r AccountsRequest) ([]Account, error) {
	found, err := c.cache.index.Accounts(ctx, tokencache.AccountQuery{Partition: c.accountPartition(), Environments: c.resolver.Environments(c.authority)})
	if err != nil {
		return nil, cacheError(ctx, "list the accounts", err)
	}
	accounts := make([]Account, 0, len(found))
	for _, a := range found {
		if a.AuthorityType == typeCloudShell && c.cloudShell == nil {
			continue // nobody here could answer for it
		}
		if r.Username == "" || strings.EqualFold(r.Username, a.Username) {
			accounts = append(accounts, publicAccount(a))
		}
	}
	return accounts, nil
}

// RemoveAccountRequest says who is to be forgotten.
type RemoveAccountRequest struct {
	Account Account // HomeAccountID is enough
}

// RemoveAccount signs an account out of this cache: its tokens and the account
// itself go, under every alias of the cloud, and for other applications that
// share the cache. Nothing is revoked at the service. Removing an account that
// is not there is no error.
func (c *core) RemoveAccount(ctx context.Context, r RemoveAccountRequest) error {
	if r.Account.HomeAccountID == "" {
		return configError("remove the account", "give an account from Accounts or from a Result", errNoAccount)
	}
	err := c.cache.index.RemoveAccount(ctx, tokencache.AccountRemoval{
		Partition:     c.userPartition(r.Account.HomeAccountID),
		Environments:  c.resolver.Environments(c.authority),
		ClientID:      c.clientID,
		HomeAccountID: r.Account.HomeAccountID,
	})
	if err != nil {
		return cacheError(ctx, "remove the account", err)
	}
	return nil
}

// userPartition is where a user's tokens are kept: public clients share one
// partition, which is the file that the family shares.
func (c *core) userPartition(homeAccountID string) string {
	if c.prover == nil || !c.cache.stored {
		return tokencache.Family // without a store all is one; computing a name would cost every hit
	}
	return tokencache.UserPartition(homeAccountID)
}

// accountPartition is where accounts are looked for; empty means in every
// user's partition.
func (c *core) accountPartition() string {
	if c.prover == nil {
		return tokencache.Family
	}
	return ""
}

func publicAccount(a tokencache.Account) Account {
	return Account{
		HomeAccountID:  a.HomeAccountID,
		Environment:    a.Environment,
		Realm:          a.Realm,
		LocalAccountID: a.LocalAccountID,
		Username:       a.Username,
		AuthorityType:  a.AuthorityType,
		AccountSource:  a.AccountSource,
	}
}
