package loginstate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/schema"
)

// Imported says what became of the entries of an imported cache.
type Imported struct {
	// Added were not here, or older.
	Added Count `json:"added"`
	// Known are here already, as they are or newer.
	Known int `json:"known"`
	// Expired access tokens are of no use.
	Expired int `json:"expired"`
	// OfApplications are access tokens that applications have for themselves,
	// which are never kept.
	OfApplications int `json:"ofApplications"`
	// OnBehalf are tokens that answer for one caller of a service only.
	OnBehalf int `json:"onBehalf"`
	// Unusable tokens lack something that is needed to use them, or to know
	// whose they are.
	Unusable int `json:"unusable"`
	// Unknown says that there were parts of a kind that is not known here.
	Unknown bool `json:"unknownParts"`
	// ClientIDs are the applications of the refresh tokens that were added.
	ClientIDs []string `json:"clientIds"`
	// Usernames are those of the accounts in the file.
	Usernames []string `json:"usernames"`
}

// ErrNothing: a file is a cache by its shape, but nothing is in it that could be
// imported.
var ErrNothing = errors.New("there are no accounts and no tokens in it")

// Import merges a cache of the family into the tokens. What is newer wins; where
// nobody knows what is newer, what is here. Access tokens are as new as they
// last, refresh tokens as they were written, ID tokens as they were issued.
// Errors are *schema.FormatError, which quotes nothing, ErrNothing, or the
// store's.
func (s *State) Import(ctx context.Context, data []byte) (Imported, error) {
	in, err := schema.Parse(data)
	if err != nil {
		return Imported{}, err
	}
	if len(in.AccessTokens)+len(in.Accounts)+len(in.IDTokens)+len(in.RefreshTokens)+len(in.AppMetadata) == 0 {
		return Imported{}, ErrNothing
	}
	var m merging
	now := time.Now().Unix()
	err = s.change(ctx, func(here *schema.Document) {
		m = merging{here: here, now: now, Imported: Imported{Unknown: in.HasUnknown(), ClientIDs: []string{}, Usernames: []string{}}}
		m.merge(in)
	})
	return m.Imported, err
}

// merging is one run of a merge.
type merging struct {
	Imported
	here *schema.Document
	now  int64
}

func (m *merging) merge(in *schema.Document) {
	for i := range in.AccessTokens {
		m.accessToken(&in.AccessTokens[i])
	}
	for i := range in.RefreshTokens {
		m.refreshToken(&in.RefreshTokens[i])
	}
	for i := range in.IDTokens {
		m.idToken(&in.IDTokens[i])
	}
	for i := range in.Accounts {
		m.account(&in.Accounts[i])
	}
	for i := range in.AppMetadata {
		m.appMetadata(&in.AppMetadata[i])
	}
	slices.Sort(m.ClientIDs)
	m.ClientIDs = slices.Compact(m.ClientIDs)
	slices.Sort(m.Usernames)
	m.Usernames = slices.Compact(m.Usernames)
}

func (m *merging) accessToken(t *schema.AccessToken) {
	switch {
	case t.Isolated != "":
		m.OnBehalf++
		return
	case t.HomeAccountID == "":
		m.OfApplications++
		return
	case t.Secret == "", t.ExpiresOn == 0, t.KeyID == "" && schema.Bound(t.TokenType):
		m.Unusable++
		return
	case t.ExpiresOn <= m.now:
		m.Expired++
		return
	}
	for i := range m.here.AccessTokens {
		have := &m.here.AccessTokens[i]
		if schema.SameAccessToken(have, t) && (have.ExpiresOn > t.ExpiresOn || have.ExpiresOn == t.ExpiresOn && have.CachedAt >= t.CachedAt) {
			m.Known++
			return
		}
	}
	m.here.PutAccessToken(*t)
	m.Added.AccessTokens++
}

func (m *merging) refreshToken(t *schema.RefreshToken) {
	switch {
	case t.Isolated != "":
		m.OnBehalf++
		return
	case t.HomeAccountID == "", t.Secret == "":
		m.Unusable++
		return
	}
	for i := range m.here.RefreshTokens {
		have := &m.here.RefreshTokens[i]
		if have.Isolated == "" && have.HomeAccountID == t.HomeAccountID && have.ClientID == t.ClientID && strings.EqualFold(have.Environment, t.Environment) &&
			schema.SameScopes(have.Target, t.Target) && (have.Secret == t.Secret || have.LastModified >= t.LastModified) {
			m.Known++
			return
		}
	}
	m.here.PutRefreshToken(*t)
	m.Added.RefreshTokens++
	m.ClientIDs = append(m.ClientIDs, strings.Clone(t.ClientID))
}

func (m *merging) idToken(t *schema.IDToken) {
	switch {
	case t.Isolated != "":
		m.OnBehalf++
		return
	case t.HomeAccountID == "", t.Secret == "":
		m.Unusable++
		return
	}
	for i := range m.here.IDTokens {
		have := &m.here.IDTokens[i]
		if have.Isolated == "" && have.HomeAccountID == t.HomeAccountID && have.ClientID == t.ClientID && have.Realm == t.Realm &&
			strings.EqualFold(have.Environment, t.Environment) && (have.Secret == t.Secret || issuedAt(have.Secret) >= issuedAt(t.Secret)) {
			m.Known++
			return
		}
	}
	m.here.PutIDToken(*t)
	m.Added.IDTokens++
}

func (m *merging) account(a *schema.Account) {
	if a.HomeAccountID == "" {
		m.Unusable++
		return
	}
	if a.Username != "" {
		m.Usernames = append(m.Usernames, strings.Clone(a.Username))
	}
	for i := range m.here.Accounts {
		have := &m.here.Accounts[i]
		if have.HomeAccountID == a.HomeAccountID && have.Realm == a.Realm && strings.EqualFold(have.Environment, a.Environment) {
			m.Known++
			return
		}
	}
	m.here.PutAccount(*a)
	m.Added.Accounts++
}

// appMetadata takes the family of a client over, and forgets none.
func (m *merging) appMetadata(a *schema.AppMetadata) {
	for i := range m.here.AppMetadata {
		have := &m.here.AppMetadata[i]
		if have.ClientID == a.ClientID && strings.EqualFold(have.Environment, a.Environment) && (have.FamilyID != "" || a.FamilyID == "") {
			m.Known++
			return
		}
	}
	m.here.PutAppMetadata(*a)
	m.Added.AppMetadata++
}
