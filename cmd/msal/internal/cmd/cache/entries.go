package cache

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
)

// entry is an entry of the cache with what people call it.
type entry struct {
	msal.CacheEntry
	ID   string // made of what identifies the entry, and of no secret
	User string // user name of the account; its home account id if it has none
}

// kinds are the types of entries, in the order in which they are listed.
var kinds = [...]msal.CacheEntryType{msal.CacheAccount, msal.CacheRefreshToken, msal.CacheAccessToken, msal.CacheIDToken, msal.CacheAppMetadata}

// entries lists all entries, sorted by kind and user.
func entries(ctx context.Context, logins *loginstate.State) ([]entry, error) {
	tokens := logins.TokenCache()
	var list []entry
	names := map[string]string{}
	for _, kind := range kinds {
		found, err := tokens.Find(ctx, msal.CacheQuery{Type: kind})
		if err != nil {
			return nil, err
		}
		of := make([]entry, len(found))
		for i, e := range found {
			if kind == msal.CacheAccount {
				names[e.HomeAccountID] = e.Username
			}
			of[i] = entry{CacheEntry: e, ID: id(e), User: cmp.Or(names[e.HomeAccountID], e.HomeAccountID)}
		}
		slices.SortFunc(of, func(a, b entry) int {
			return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.ClientID, b.ClientID), cmp.Compare(a.Realm, b.Realm),
				cmp.Compare(a.Target, b.Target), cmp.Compare(a.ID, b.ID))
		})
		list = append(list, of...)
	}
	return list, nil
}

// idLength is how many characters people have to copy.
const idLength = 8

// id stays the same as long as the entry is for the same, whatever its secret.
func id(e msal.CacheEntry) string {
	scopes := strings.Fields(strings.ToLower(e.Target))
	slices.Sort(scopes)
	h := sha256.New()
	for _, part := range []string{string(e.Type), e.HomeAccountID, strings.ToLower(e.Environment), e.ClientID, e.Realm,
		strings.Join(scopes, " "), e.KeyID, e.ExtKey} {
		sum := sha256.Sum256([]byte(part)) // so that parts cannot run into each other
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))[:idLength]
}

func count(list []entry) (c loginstate.Count) {
	for _, e := range list {
		switch e.Type {
		case msal.CacheAccessToken:
			c.AccessTokens++
		case msal.CacheRefreshToken:
			c.RefreshTokens++
		case msal.CacheIDToken:
			c.IDTokens++
		case msal.CacheAccount:
			c.Accounts++
		case msal.CacheAppMetadata:
			c.AppMetadata++
		}
	}
	return c
}

// document is an entry in JSON, without its secret.
type document struct {
	ID            string   `json:"id"`
	Type          string   `json:"type"`
	Username      string   `json:"username,omitempty"`
	HomeAccountID string   `json:"homeAccountId,omitempty"`
	Environment   string   `json:"environment"`
	Tenant        string   `json:"tenant,omitempty"`
	ClientID      string   `json:"clientId,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
	TokenType     string   `json:"tokenType,omitempty"`
	KeyID         string   `json:"keyId,omitempty"`
	FamilyID      string   `json:"familyId,omitempty"`
	CachedAt      string   `json:"cachedAt,omitempty"`
	ExpiresOn     string   `json:"expiresOn,omitempty"`
	RefreshOn     string   `json:"refreshOn,omitempty"`
	LastModified  string   `json:"lastModified,omitempty"`
	AuthorityType string   `json:"authorityType,omitempty"`
	AccountSource string   `json:"accountSource,omitempty"`
	SecretLength  int      `json:"secretLength,omitempty"`
}

func describe(e entry) document {
	d := document{
		ID: e.ID, Type: string(e.Type), HomeAccountID: e.HomeAccountID, Environment: e.Environment, Tenant: e.Realm, ClientID: e.ClientID,
		Scopes: strings.Fields(e.Target), TokenType: e.TokenType, KeyID: e.KeyID, FamilyID: e.FamilyID,
		CachedAt: moment(e.CachedAt), ExpiresOn: moment(e.ExpiresOn), RefreshOn: moment(e.RefreshOn), LastModified: moment(e.LastModified),
		AuthorityType: e.AuthorityType, AccountSource: e.AccountSource, SecretLength: len(e.Secret),
	}
	if e.User != e.HomeAccountID {
		d.Username = e.User
	}
	return d
}

func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
