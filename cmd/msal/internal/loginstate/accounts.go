package loginstate

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal"
)

// Account is an account of the cache with what is known about its tokens. It
// comes from a search, because a client lists the accounts of one cloud only.
type Account struct {
	msal.Account
	ClientIDs []string  // applications that have a refresh token for it; sorted
	ExpiresOn time.Time // of the access token that lasts longest; zero if there is none
}

// Accounts lists the accounts of the token cache, sorted by name.
func (s *State) Accounts(ctx context.Context) ([]Account, error) {
	tokens := s.TokenCache()
	found := map[msal.CacheEntryType][]msal.CacheEntry{}
	for _, kind := range []msal.CacheEntryType{msal.CacheAccount, msal.CacheAccessToken, msal.CacheRefreshToken} {
		var err error
		if found[kind], err = tokens.Find(ctx, msal.CacheQuery{Type: kind}); err != nil {
			return nil, err
		}
	}
	list := make([]Account, 0, len(found[msal.CacheAccount]))
	for _, a := range found[msal.CacheAccount] {
		account := Account{Account: msal.Account{
			HomeAccountID: a.HomeAccountID, Environment: a.Environment, Realm: a.Realm,
			LocalAccountID: a.LocalAccountID, Username: a.Username, AuthorityType: a.AuthorityType, AccountSource: a.AccountSource,
		}}
		for _, t := range found[msal.CacheAccessToken] {
			if belongs(t, a) && t.ExpiresOn.After(account.ExpiresOn) {
				account.ExpiresOn = t.ExpiresOn
			}
		}
		for _, t := range found[msal.CacheRefreshToken] {
			if belongs(t, a) {
				account.ClientIDs = append(account.ClientIDs, t.ClientID)
			}
		}
		slices.Sort(account.ClientIDs)
		account.ClientIDs = slices.Compact(account.ClientIDs)
		list = append(list, account)
	}
	slices.SortFunc(list, func(a, b Account) int {
		return cmp.Or(cmp.Compare(a.Username, b.Username), cmp.Compare(a.Environment, b.Environment),
			cmp.Compare(a.Realm, b.Realm), cmp.Compare(a.HomeAccountID, b.HomeAccountID))
	})
	return list, nil
}

func belongs(token, account msal.CacheEntry) bool {
	return token.HomeAccountID == account.HomeAccountID && strings.EqualFold(token.Environment, account.Environment)
}
