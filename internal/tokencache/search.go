package tokencache

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// A Search says which entries are wanted. Empty members do not matter; a member
// that entries of the section do not have matches none.
type Search struct {
	Section string // by its name in the document
	// Target are scopes that the entry must have. Letter case counts, unless
	// the members below name one token by its whole identity and these are all
	// its scopes: then it is found as the family's cache keys find it.
	Target []string

	HomeAccountID string
	OfApplication bool   // only access tokens without an account
	Environment   string // in any letter case
	ClientID      string
	Realm         string
	FamilyID      string

	LocalAccountID, AuthorityType string

	Username string // in any letter case
	KeyID    string
	ExtKey   string // empty: only entries without
}

// Entry is an entry of the cache. What its section does not have is empty.
type Entry struct {
	Section       string
	Secret        string
	HomeAccountID string
	Environment   string
	ClientID      string
	Realm         string
	Target        string
	TokenType     string
	KeyID         string
	ExtKey        string
	FamilyID      string

	LocalAccountID, Username, AuthorityType, AccountSource string

	CachedAt, ExpiresOn, ExtendedExpiresOn, RefreshOn, LastModified time.Time
}

// Search yields the entries that match, of what is in the store and in memory.
// Access tokens that have expired are left out, and so are isolated partitions.
// One partition is looked at after the other, without a lock between entries. It
// ends with the first error, which are those of Sync.
func (c *Cache) Search(ctx context.Context, s Search) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		keys, err := c.searchedPartitions(ctx, &s)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, key := range keys {
			if err := c.Sync(ctx, key); err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range c.matches(key, &s) {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// searchedPartitions lists where entries that match can be.
func (c *Cache) searchedPartitions(ctx context.Context, s *Search) ([]string, error) {
	if c.store == nil {
		return []string{Family}, nil
	}
	if s.HomeAccountID != "" {
		return []string{Family, UserPartition(s.HomeAccountID)}, nil
	}
	keys := append(c.loadedPartitions(), Family)
	if l, ok := c.store.(cache.Lister); ok {
		for key, err := range l.Keys(ctx, "") {
			if err != nil {
				return nil, &StoreError{Op: "list", Err: err}
			}
			keys = append(keys, key)
		}
	}
	keys = slices.DeleteFunc(keys, func(key string) bool {
		switch {
		case key == Family:
			return false
		case strings.HasPrefix(key, userPrefix):
			return s.OfApplication
		}
		return !strings.HasPrefix(key, appPrefix) // isolated, or not ours
	})
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

func (c *Cache) loadedPartitions() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	keys := make([]string, 0, len(c.parts))
	for key := range c.parts {
		keys = append(keys, key)
	}
	return keys
}

// matches copies the entries of a partition that match.
func (c *Cache) matches(key string, s *Search) []Entry {
	now := time.Now().Unix()
	c.mu.RLock()
	defer c.mu.RUnlock()
	p := c.parts[key]
	if p == nil {
		return nil
	}
	users := p.order
	if s.HomeAccountID != "" || s.OfApplication {
		users = []*user{p.users[s.HomeAccountID]}
	}
	var found []Entry
	for _, u := range users {
		if u != nil {
			found = u.appendMatches(found, s, now)
		}
	}
	if s.Section == string(schema.SectionAppMetadata) {
		for i := range p.apps.AppMetadata {
			found = s.appendIf(found, appMetadataEntry(&p.apps.AppMetadata[i]))
		}
	}
	return found
}

func (u *user) appendMatches(found []Entry, s *Search, now int64) []Entry {
	switch schema.Section(s.Section) {
	case schema.SectionAccessToken:
		for _, g := range u.groups {
			for _, t := range g.tokens {
				if t.expiresOn > now {
					found = s.appendIf(found, accessTokenEntry(t))
				}
			}
		}
	case schema.SectionRefreshToken:
		for i := range u.doc.RefreshTokens {
			found = s.appendIf(found, refreshTokenEntry(&u.doc.RefreshTokens[i]))
		}
	case schema.SectionIDToken:
		for i := range u.doc.IDTokens {
			found = s.appendIf(found, idTokenEntry(&u.doc.IDTokens[i]))
		}
	case schema.SectionAccount:
		for i := range u.doc.Accounts {
			found = s.appendIf(found, accountEntry(&u.doc.Accounts[i]))
		}
	}
	return found
}

func (s *Search) appendIf(found []Entry, e Entry) []Entry {
	if !s.matches(&e) {
		return found
	}
	return append(found, e)
}

func (s *Search) matches(e *Entry) bool {
	for _, m := range [...]struct{ want, have string }{
		{s.HomeAccountID, e.HomeAccountID},
		{s.ClientID, e.ClientID},
		{s.Realm, e.Realm},
		{s.FamilyID, e.FamilyID},
		{s.LocalAccountID, e.LocalAccountID},
		{s.AuthorityType, e.AuthorityType},
		{s.KeyID, e.KeyID},
	} {
		if m.want != "" && m.want != m.have {
			return false
		}
	}
	switch {
	case s.OfApplication && (e.HomeAccountID != "" || e.Section != string(schema.SectionAccessToken)),
		s.Environment != "" && !equalFold(s.Environment, e.Environment),
		s.Username != "" && !strings.EqualFold(s.Username, e.Username),
		s.ExtKey != e.ExtKey:
		return false
	}
	return s.matchesTarget(e)
}

func (s *Search) matchesTarget(e *Entry) bool {
	if len(s.Target) == 0 {
		return true
	}
	if s.isIdentity() && sameWords(words(e.Target), strings.Join(s.Target, " ")) {
		return true
	}
	have := strings.Fields(e.Target)
	for _, scope := range s.Target {
		if !slices.Contains(have, scope) {
			return false
		}
	}
	return true
}

// isIdentity reports whether s names all that is in the key of an access token.
func (s *Search) isIdentity() bool {
	return s.Section == string(schema.SectionAccessToken) && (s.HomeAccountID != "" || s.OfApplication) &&
		s.Environment != "" && s.ClientID != "" && s.Realm != ""
}

func accessTokenEntry(t *token) Entry {
	g := t.group
	return Entry{
		Section: string(schema.SectionAccessToken), Secret: t.secret, HomeAccountID: g.user.home, Environment: g.env, ClientID: g.client,
		Realm: g.realm, Target: t.words, TokenType: t.tokenType, KeyID: t.keyID(), ExtKey: g.ext,
		CachedAt: fromUnix(t.cachedAt), ExpiresOn: fromUnix(t.expiresOn), ExtendedExpiresOn: fromUnix(t.extendedExpiresOn), RefreshOn: fromUnix(t.refreshOn),
	}
}

func refreshTokenEntry(t *schema.RefreshToken) Entry {
	return Entry{
		Section: string(schema.SectionRefreshToken), Secret: t.Secret, HomeAccountID: t.HomeAccountID, Environment: t.Environment,
		ClientID: t.ClientID, Target: t.Target, FamilyID: t.FamilyID, LastModified: fromUnix(t.LastModified),
	}
}

func idTokenEntry(t *schema.IDToken) Entry {
	return Entry{
		Section: string(schema.SectionIDToken), Secret: t.Secret, HomeAccountID: t.HomeAccountID, Environment: t.Environment,
		ClientID: t.ClientID, Realm: t.Realm,
	}
}

func accountEntry(a *schema.Account) Entry {
	return Entry{
		Section: string(schema.SectionAccount), HomeAccountID: a.HomeAccountID, Environment: a.Environment, Realm: a.Realm,
		LocalAccountID: a.LocalAccountID, Username: a.Username, AuthorityType: a.AuthorityType, AccountSource: a.AccountSource,
	}
}

func appMetadataEntry(m *schema.AppMetadata) Entry {
	return Entry{Section: string(schema.SectionAppMetadata), ClientID: m.ClientID, Environment: m.Environment, FamilyID: m.FamilyID}
}
