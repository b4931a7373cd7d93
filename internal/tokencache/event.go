package tokencache

import (
	"errors"
	"time"

	"github.com/msal-go/msal/internal/schema"
)

// Event is what one answer of the token service adds. The caller has checked
// and decoded it; empty members are not there.
type Event struct {
	Now         time.Time // of the answer
	ClientID    string
	Environment string // host of the authority, as Query.Environments[0]
	Realm       string
	// HomeAccountID says whose the tokens are; empty for the application.
	HomeAccountID string

	Scope       string // as granted, in any order
	AccessToken string
	TokenType   string
	KeyID       string // of the key that the token is bound to
	ExtKey      string
	ExtDigest   string // as in Query
	ExpiresOn   time.Time
	// ExtendedExpiresOn and RefreshOn may be zero.
	ExtendedExpiresOn, RefreshOn time.Time

	RefreshToken string
	FamilyID     string
	// UsedRefreshToken is the one that was redeemed. It is then updated in
	// place, and unless it, or its successor, is still there nothing is
	// recorded: the user was signed out meanwhile.
	UsedRefreshToken *RefreshToken

	IDToken string   // as received
	Account *Account // nil: leave the account as it is
}

// RefreshToken is a token as the cache has it.
type RefreshToken struct {
	Secret        string
	HomeAccountID string
	Environment   string
	ClientID      string
	Target        string
	FamilyID      string
	LastModified  time.Time
}

// errSignedOut ends an update that would bring a user back.
var errSignedOut = errors.New("tokencache: the user was signed out meanwhile")

// merge applies e to a whole partition. It is pure, as stores run it more than
// once.
func (e *Event) merge(d *schema.Document) error {
	if e.signedOut(d) {
		return errSignedOut
	}
	if e.AccessToken != "" {
		d.PutAccessToken(e.accessToken())
	}
	e.mergeUser(d)
	e.mergeRefreshToken(d)
	e.mergeApp(d)
	return nil
}

func (e *Event) accessToken() schema.AccessToken {
	t := schema.AccessToken{
		Secret:            e.AccessToken,
		HomeAccountID:     e.HomeAccountID,
		Environment:       e.Environment,
		ClientID:          e.ClientID,
		Target:            target(e.Scope),
		Realm:             e.Realm,
		TokenType:         e.TokenType,
		CachedAt:          toUnix(e.Now),
		ExpiresOn:         toUnix(e.ExpiresOn),
		ExtendedExpiresOn: toUnix(e.ExtendedExpiresOn),
		RefreshOn:         toUnix(e.RefreshOn),
		KeyID:             e.KeyID,
		ExtKey:            e.ExtKey,
		ExtDigest:         e.ExtDigest,
	}
	if t.ExtendedExpiresOn == 0 {
		t.ExtendedExpiresOn = t.ExpiresOn
	}
	return t
}

// outdated reports whether the store has got a later token while e waited for it.
func (e *Event) outdated(d *schema.Document) bool {
	t := e.accessToken()
	for i := range d.AccessTokens {
		if have := &d.AccessTokens[i]; have.ExpiresOn > t.ExpiresOn && schema.SameAccessToken(have, &t) {
			return true
		}
	}
	return false
}

// mergeUser applies the account and the ID token.
func (e *Event) mergeUser(d *schema.Document) {
	if a := e.Account; a != nil {
		account := schema.Account{
			HomeAccountID:  a.HomeAccountID,
			Environment:    a.Environment,
			Realm:          a.Realm,
			LocalAccountID: a.LocalAccountID,
			Username:       a.Username,
			AuthorityType:  a.AuthorityType,
			AccountSource:  a.AccountSource,
		}
		if account.AccountSource == "" {
			// MSAL Python forgets it here, and with it whether to ask a broker.
			for i := range d.Accounts {
				if have := &d.Accounts[i]; have.HomeAccountID == a.HomeAccountID && have.Environment == a.Environment && have.Realm == a.Realm {
					account.AccountSource = have.AccountSource
				}
			}
		}
		d.PutAccount(account)
	}
	if e.IDToken != "" {
		d.PutIDToken(schema.IDToken{
			Secret:        e.IDToken,
			HomeAccountID: e.HomeAccountID,
			Environment:   e.Environment,
			Realm:         e.Realm,
			ClientID:      e.ClientID,
		})
	}
}

func (e *Event) mergeRefreshToken(d *schema.Document) {
	if e.RefreshToken == "" {
		return
	}
	t := schema.RefreshToken{
		HomeAccountID: e.HomeAccountID,
		Environment:   e.Environment,
		ClientID:      e.ClientID,
		Target:        target(e.Scope),
	}
	if i := e.usedIndex(d); i >= 0 {
		t = d.RefreshTokens[i] // keeps its key, its scopes and its family
		if t.Secret != e.UsedRefreshToken.Secret && t.LastModified > toUnix(e.Now) {
			return // e waited for the store, and another process was later
		}
	}
	t.Secret = e.RefreshToken
	t.LastModified = toUnix(e.Now)
	if e.FamilyID != "" {
		t.FamilyID = e.FamilyID
	}
	d.PutRefreshToken(t)
}

func (e *Event) signedOut(d *schema.Document) bool {
	return e.UsedRefreshToken != nil && e.usedIndex(d) < 0
}

// usedIndex finds the refresh token that was redeemed, or what another process
// has replaced it by; -1 if there is neither.
func (e *Event) usedIndex(d *schema.Document) int {
	used := e.UsedRefreshToken
	if used == nil {
		return -1
	}
	successor := -1
	for i := range d.RefreshTokens {
		t := &d.RefreshTokens[i]
		if t.Secret == used.Secret {
			return i
		}
		if sameRefreshToken(t, used) {
			successor = i
		}
	}
	return successor
}

func sameRefreshToken(t *schema.RefreshToken, r *RefreshToken) bool {
	return t.Isolated == "" && t.HomeAccountID == r.HomeAccountID && t.ClientID == r.ClientID &&
		equalFold(t.Environment, r.Environment) && schema.SameScopes(t.Target, r.Target)
}

// mergeApp notes that the client is known here, and of which family.
func (e *Event) mergeApp(d *schema.Document) {
	m := schema.AppMetadata{ClientID: e.ClientID, Environment: e.Environment, FamilyID: e.FamilyID}
	for i := range d.AppMetadata {
		have := &d.AppMetadata[i]
		if have.ClientID == m.ClientID && equalFold(have.Environment, m.Environment) {
			if m.FamilyID == "" {
				// MSAL Python forgets the family when one answer does not name it.
				m.FamilyID = have.FamilyID
			}
			if have.FamilyID == m.FamilyID {
				return
			}
		}
	}
	d.PutAppMetadata(m)
}
