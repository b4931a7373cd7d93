package loginstate

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/msal-go/msal"
)

// Account is an account of the cache with what is known about its tokens. It is
// read from the file, because the library lists the accounts of one cloud only.
type Account struct {
	msal.Account
	ClientIDs []string  // applications that have a refresh token for it; sorted
	ExpiresOn time.Time // of the access token that lasts longest; zero if there is none
}

// cacheJSON is what is read here of the cache format of the family.
type cacheJSON struct {
	Account map[string]struct {
		HomeAccountID  string `json:"home_account_id"`
		Environment    string `json:"environment"`
		Realm          string `json:"realm"`
		LocalAccountID string `json:"local_account_id"`
		Username       string `json:"username"`
		AuthorityType  string `json:"authority_type"`
	}
	AccessToken map[string]struct {
		HomeAccountID string     `json:"home_account_id"`
		Environment   string     `json:"environment"`
		ExpiresOn     textNumber `json:"expires_on"`
	}
	RefreshToken map[string]struct {
		HomeAccountID string `json:"home_account_id"`
		Environment   string `json:"environment"`
		ClientID      string `json:"client_id"`
	}
}

// textNumber is a number that some libraries of the family write as a string.
type textNumber int64

// UnmarshalJSON takes both; what is neither counts as zero.
func (n *textNumber) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		*n = textNumber(v)
	}
	return nil
}

// Accounts lists the accounts of the token cache, sorted by name.
func (f Folder) Accounts() ([]Account, error) {
	data, err := f.Tokens()
	if err != nil || len(data) == 0 {
		return nil, err
	}
	var c cacheJSON
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, f.Damaged()
	}
	var list []Account
	for _, a := range c.Account {
		account := Account{Account: msal.Account{
			HomeAccountID: a.HomeAccountID, Environment: a.Environment, Realm: a.Realm,
			LocalAccountID: a.LocalAccountID, Username: a.Username, AuthorityType: a.AuthorityType,
		}}
		for _, t := range c.AccessToken {
			at := time.Unix(int64(t.ExpiresOn), 0)
			if t.HomeAccountID == a.HomeAccountID && t.Environment == a.Environment && t.ExpiresOn > 0 && at.After(account.ExpiresOn) {
				account.ExpiresOn = at
			}
		}
		for _, t := range c.RefreshToken {
			if t.HomeAccountID == a.HomeAccountID && t.Environment == a.Environment {
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
