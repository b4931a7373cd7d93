package tokencache

import (
	"cmp"
	"slices"

	"github.com/msal-go/msal/internal/schema"
)

// RefreshTokens returns the refresh tokens of q's account under any of q's
// environments, the last modified first: those of the client itself, or, with
// a family, those of all members of that family. The tenant does not matter to
// a refresh token, and neither do q's scopes.
func (c *Cache) RefreshTokens(q *Query, family string) []RefreshToken {
	var found []RefreshToken
	c.withUser(q, func(u *user) {
		for _, env := range q.Environments {
			for i := range u.doc.RefreshTokens {
				t := &u.doc.RefreshTokens[i]
				mine := family == "" && t.ClientID == q.ClientID || family != "" && t.FamilyID == family
				if mine && equalFold(t.Environment, env) {
					found = append(found, refreshToken(t))
				}
			}
		}
	})
	slices.SortStableFunc(found, func(a, b RefreshToken) int { return b.LastModified.Compare(a.LastModified) })
	return found
}

func refreshToken(t *schema.RefreshToken) RefreshToken {
	return RefreshToken{
		Secret: t.Secret, HomeAccountID: t.HomeAccountID, Environment: t.Environment, ClientID: t.ClientID,
		Target: t.Target, FamilyID: t.FamilyID, LastModified: fromUnix(t.LastModified),
	}
}

// IDToken returns the ID token that the client got for the account and tenant.
func (c *Cache) IDToken(q *Query) (raw string, ok bool) {
	c.withUser(q, func(u *user) {
		for _, env := range q.Environments {
			for i := range u.doc.IDTokens {
				t := &u.doc.IDTokens[i]
				if !ok && t.ClientID == q.ClientID && t.Realm == q.Realm && equalFold(t.Environment, env) {
					raw, ok = t.Secret, true
				}
			}
		}
	})
	return raw, ok
}

// withUser calls f with q's account, if there is one, under a read lock.
func (c *Cache) withUser(q *Query, f func(*user)) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if p := c.parts[c.partitionKey(q.Partition)]; p != nil {
		if u := p.users[q.HomeAccountID]; u != nil {
			f(u)
		}
	}
}

// AppMetadata tells whether a public client has been seen under one of the
// environments, and in which family of clients it is, if in any.
func (c *Cache) AppMetadata(environments []string, clientID string) (familyID string, known bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if p := c.parts[Family]; p != nil {
		return familyOf(&p.apps, environments, clientID)
	}
	return "", false
}

func familyOf(d *schema.Document, environments []string, clientID string) (familyID string, known bool) {
	for _, env := range environments {
		for i := range d.AppMetadata {
			m := &d.AppMetadata[i]
			if m.ClientID == clientID && equalFold(m.Environment, env) {
				known = true
				familyID = cmp.Or(familyID, m.FamilyID)
			}
		}
	}
	return familyID, known
}
