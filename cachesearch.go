package msal

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/msal-go/msal/internal/tokencache"
)

// CacheEntryType is a kind of entry of a TokenCache. The values are the names of
// the sections in the JSON that the family of libraries shares.
type CacheEntryType string

// The kinds of entries.
const (
	CacheAccessToken  CacheEntryType = "AccessToken"
	CacheRefreshToken CacheEntryType = "RefreshToken"
	CacheIDToken      CacheEntryType = "IdToken"
	CacheAccount      CacheEntryType = "Account"
	CacheAppMetadata  CacheEntryType = "AppMetadata"
)

// CacheQuery says which entries of a TokenCache are wanted. An entry must have
// every member that is not empty; one that its kind does not have matches none.
type CacheQuery struct {
	// Type is the kind of entry. It is required.
	Type CacheEntryType
	// Target are scopes that the token must have; it may have more. Letter case
	// counts. Only if HomeAccountID (or OfApplication), Environment, ClientID
	// and Realm are given as well and these are all its scopes, an access token
	// is found in any letter case, as the family's cache keys find it.
	Target []string

	HomeAccountID string // whose
	// OfApplication finds only access tokens that applications have for
	// themselves, which have no account.
	OfApplication  bool
	Environment    string // host of the authority, in any letter case; its aliases are others
	ClientID       string
	Realm          string // tenant; refresh tokens have none
	FamilyID       string // of refresh tokens and app metadata
	Username       string // of accounts, in any letter case
	LocalAccountID string // of accounts
	AuthorityType  string // of accounts
	KeyID          string // of the key that an access token is bound to
	// ExtKey is the extended cache key of access tokens that were asked for
	// with parameters of their own. Empty finds only those without.
	ExtKey string
}

// CacheEntry is one entry of a TokenCache. Which members there are depends on
// the kind; the others are zero. It is a copy: changing it changes no cache.
//
// Printing, logging or marshalling an entry shows no secret and no person; take
// the fields.
type CacheEntry struct {
	Type              CacheEntryType // the kind of entry
	Secret            string         // the token; none for accounts and app metadata
	HomeAccountID     string         // whose; empty for a token of an application itself
	Environment       string         // host of the authority
	ClientID          string         // the client that got it; not of accounts
	Realm             string         // tenant; not of refresh tokens
	Target            string         // scopes of access and refresh tokens, space-separated
	TokenType         string         // of access tokens, mostly "Bearer"
	KeyID             string         // of the key that an access token is bound to
	ExtKey            string         // extended cache key of access tokens; see CacheQuery
	FamilyID          string         // of refresh tokens and app metadata: clients that share the token
	LocalAccountID    string         // of accounts, as are the next three; see Account
	Username          string         // may be empty
	AuthorityType     string         // "MSSTS" or "ADFS"; other libraries write others
	AccountSource     string         // the grant that brought it; may be empty
	CachedAt          time.Time      // of access tokens, as are the next three
	ExpiresOn         time.Time      // never past
	ExtendedExpiresOn time.Time      // kept for other libraries
	RefreshOn         time.Time      // zero when the service named none
	LastModified      time.Time      // of refresh tokens
}

// Search yields the entries that match q, in no particular order. It reads, and
// changes nothing: an access token that has expired is not shown, and stays
// until the cache is next written to.
//
// With a Store, what is in the store is seen, as long as it is a cache.Lister;
// else only what this process has dealt with, the partition that public clients
// share, and that of the HomeAccountID that q names. A query without one reads
// the whole store. Tokens acquired on behalf of a caller are left out, as by
// Marshal: they may answer only for that caller.
//
// The loop may use the cache, and may take its time. It ends with the first
// error, which comes with a zero entry: ErrConfiguration for the query, ErrCache
// for the store, or the context's.
func (c *TokenCache) Search(ctx context.Context, q CacheQuery) iter.Seq2[CacheEntry, error] {
	return func(yield func(CacheEntry, error) bool) {
		if err := q.check(); err != nil {
			yield(CacheEntry{}, err)
			return
		}
		for e, err := range c.index.Search(ctx, q.internal()) {
			if err != nil {
				yield(CacheEntry{}, cacheError(ctx, "search the token cache", err))
				return
			}
			if !yield(publicEntry(e), nil) {
				return
			}
		}
	}
}

// Find is Search with all entries at once.
func (c *TokenCache) Find(ctx context.Context, q CacheQuery) ([]CacheEntry, error) {
	var found []CacheEntry
	for e, err := range c.Search(ctx, q) {
		if err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, nil
}

var (
	errNoSuchType = errors.New("there is no such type of entry")
	errBothOwners = errors.New("HomeAccountID and OfApplication exclude each other")
)

func (q *CacheQuery) check() error {
	const op = "search the token cache"
	switch q.Type {
	case CacheAccessToken, CacheRefreshToken, CacheIDToken, CacheAccount, CacheAppMetadata:
	default:
		return configError(op, "set Type to one of the Cache… constants", errNoSuchType)
	}
	if q.OfApplication && q.HomeAccountID != "" {
		return configError(op, "give one of them", errBothOwners)
	}
	return checkScopes(q.Target)
}

func (q *CacheQuery) internal() tokencache.Search {
	return tokencache.Search{
		Section: string(q.Type), Target: q.Target, HomeAccountID: q.HomeAccountID, OfApplication: q.OfApplication,
		Environment: q.Environment, ClientID: q.ClientID, Realm: q.Realm, FamilyID: q.FamilyID, Username: q.Username,
		LocalAccountID: q.LocalAccountID, AuthorityType: q.AuthorityType, KeyID: q.KeyID, ExtKey: q.ExtKey,
	}
}

func publicEntry(e tokencache.Entry) CacheEntry {
	return CacheEntry{
		Type: CacheEntryType(e.Section), Secret: e.Secret, HomeAccountID: e.HomeAccountID, Environment: e.Environment, ClientID: e.ClientID,
		Realm: e.Realm, Target: e.Target, TokenType: e.TokenType, KeyID: e.KeyID, ExtKey: e.ExtKey, FamilyID: e.FamilyID,
		LocalAccountID: e.LocalAccountID, Username: e.Username, AuthorityType: e.AuthorityType, AccountSource: e.AccountSource,
		CachedAt: e.CachedAt, ExpiresOn: e.ExpiresOn, ExtendedExpiresOn: e.ExtendedExpiresOn, RefreshOn: e.RefreshOn, LastModified: e.LastModified,
	}
}

// String describes the entry without its secret and whose it is.
func (e CacheEntry) String() string {
	s := string(e.Type) + " in " + e.Environment
	if e.Realm != "" {
		s += "/" + e.Realm
	}
	if e.ClientID != "" {
		s += " of client " + e.ClientID
	}
	if e.Target != "" {
		s += " for " + e.Target
	}
	if !e.ExpiresOn.IsZero() {
		s += " until " + e.ExpiresOn.UTC().Format(time.RFC3339)
	}
	return s
}

// GoString is String, so that %#v shows no secret either.
func (e CacheEntry) GoString() string { return e.String() }

// LogValue is String.
func (e CacheEntry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalJSON describes the entry as String does: an entry that ends up in a log
// as JSON must not leak. TokenCache.Marshal writes entries as they are.
func (e CacheEntry) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Type        CacheEntryType `json:"credential_type"`
		Environment string         `json:"environment"`
		Realm       string         `json:"realm,omitempty"`
		ClientID    string         `json:"client_id,omitempty"`
		Target      string         `json:"target,omitempty"`
		ExpiresOn   time.Time      `json:"expires_on,omitzero"`
	}{e.Type, e.Environment, e.Realm, e.ClientID, e.Target, e.ExpiresOn})
}
