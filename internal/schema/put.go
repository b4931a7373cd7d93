package schema

import (
	"slices"
	"strings"
)

// The Put methods add an entry, or replace the one with the same identity,
// under whatever key it was. What the former entry held in members that this
// package does not know survives, unless it described the former token.
// They take time in proportion to the section.

// PutAccessToken adds or replaces the token for the same account, authority,
// client, tenant, set of scopes and extended key, bound to the same key in the
// same way. MSAL Python keeps one token for all keys, so that a program with two
// keys gets a new one at each turn; here they are entries of their own. It finds
// either, as it looks at the fields when the key of the entry is another.
func (d *Document) PutAccessToken(t AccessToken) {
	d.AccessTokens = put(d.AccessTokens, t, SameAccessToken)
}

// PutRefreshToken adds or replaces the token for the same account, authority,
// client and scopes.
func (d *Document) PutRefreshToken(t RefreshToken) {
	d.RefreshTokens = put(d.RefreshTokens, t, sameRefreshToken)
}

// PutIDToken adds or replaces the token for the same account, authority, client
// and tenant.
func (d *Document) PutIDToken(t IDToken) {
	d.IDTokens = put(d.IDTokens, t, sameIDToken)
}

// PutAccount adds or replaces the account in the same authority and tenant.
func (d *Document) PutAccount(a Account) {
	d.Accounts = put(d.Accounts, a, sameAccount)
}

// PutAppMetadata adds or replaces the metadata of the same client.
func (d *Document) PutAppMetadata(m AppMetadata) {
	d.AppMetadata = put(d.AppMetadata, m, sameAppMetadata)
}

func put[T any, P entry[T]](list []T, e T, same func(a, b *T) bool) []T {
	at := -1
	lasting := func(name string) bool { return !describesToken(name) }
	extra := P(&e).origin().Extra
	if P(&e).origin().Raw != "" { // e was read: what it holds itself comes first
		extra = members[T, P](&e, lasting)
	}
	for i := range list {
		if !same(&list[i], &e) {
			continue
		}
		if at < 0 {
			at = i
		}
		extra = joinMembers(extra, members[T, P](&list[i], lasting))
	}
	*P(&e).origin() = Origin{Extra: extra}
	if at < 0 {
		return append(list, e)
	}
	list[at] = e
	rest := slices.DeleteFunc(list[at+1:], func(o T) bool { return same(&o, &e) })
	return list[:at+1+len(rest)]
}

// describesToken names members of other libraries that tell something about the
// secret beside them, and would be wrong beside another secret.
func describesToken(name string) bool {
	switch name {
	case "requestedClaims", "requestedClaimsHash", "requested_claims_hash", "resource", "issuer":
		return true
	}
	return false
}

// members returns, as JSON text without the braces, what an entry holds beyond
// the fields of its type, of what keep wants.
func members[T any, P entry[T]](e *T, keep func(name string) bool) string {
	o := P(e).origin()
	raw := o.Raw
	switch {
	case raw == "" && o.Extra == "", raw != "" && !o.Unknown:
		return ""
	case raw == "":
		raw = "{" + o.Extra + "}"
	}
	var scratch T
	return selectMembers(raw, func(name string) bool {
		str, num := P(&scratch).field(name)
		return str == nil && num == nil && keep(name)
	})
}

// detach makes an entry independent of the document that it was read from:
// from now on it is written from its fields, under MSAL Python's key.
func detach[T any, P entry[T]](e *T) {
	extra := members[T, P](e, func(string) bool { return true })
	*P(e).origin() = Origin{Extra: strings.Clone(extra)}
	cloneStrings(P(e).strings())
}

// Detach makes the entry share no memory with the document that it was read
// from. From then on it is written from its fields, under MSAL Python's key.
func (t *AccessToken) Detach() { detach(t) }

// Detach is as for AccessToken.
func (t *RefreshToken) Detach() { detach(t) }

// Detach is as for AccessToken.
func (t *IDToken) Detach() { detach(t) }

// Detach is as for AccessToken.
func (a *Account) Detach() { detach(a) }

// Detach is as for AccessToken.
func (m *AppMetadata) Detach() { detach(m) }

// SameAccessToken reports whether one of the tokens takes the place of the
// other: they are for the same account, authority, client, tenant, set of scopes
// and extended key, and have the same binding.
func SameAccessToken(a, b *AccessToken) bool {
	return a.HomeAccountID == b.HomeAccountID && a.ClientID == b.ClientID && a.Realm == b.Realm &&
		a.ExtKey == b.ExtKey && SameDigest(a.ExtDigest, b.ExtDigest) && a.Isolated == b.Isolated &&
		SameBinding(a.KeyID, a.TokenType, b.KeyID, b.TokenType) &&
		strings.EqualFold(a.Environment, b.Environment) && SameScopes(a.Target, b.Target)
}

// SameBinding reports whether two tokens are bound to the same key in the same
// way, or to none both.
func SameBinding(keyID, tokenType, otherKeyID, otherType string) bool {
	return keyID == otherKeyID && (keyID == "" || strings.EqualFold(orDefault(tokenType, "Bearer"), orDefault(otherType, "Bearer")))
}

// SameDigest reports whether two tokens with the same ExtKey are for the same
// parameters, as far as one can know.
func SameDigest(a, b string) bool { return a == b || a == "" || b == "" }

// Bound reports whether tokens of a type are bound to a key: presenting one
// takes the key as well.
func Bound(tokenType string) bool {
	for _, bound := range [...]string{"pop", "ssh-cert", "mtls_pop", "dpop"} {
		if strings.EqualFold(tokenType, bound) {
			return true
		}
	}
	return false
}

func sameRefreshToken(a, b *RefreshToken) bool {
	return a.HomeAccountID == b.HomeAccountID && a.ClientID == b.ClientID && a.Isolated == b.Isolated &&
		strings.EqualFold(a.Environment, b.Environment) && SameScopes(a.Target, b.Target)
}

func sameIDToken(a, b *IDToken) bool {
	return a.HomeAccountID == b.HomeAccountID && a.ClientID == b.ClientID && a.Realm == b.Realm &&
		a.Isolated == b.Isolated && strings.EqualFold(a.Environment, b.Environment)
}

func sameAccount(a, b *Account) bool {
	return a.HomeAccountID == b.HomeAccountID && a.Realm == b.Realm && strings.EqualFold(a.Environment, b.Environment)
}

func sameAppMetadata(a, b *AppMetadata) bool {
	return a.ClientID == b.ClientID && strings.EqualFold(a.Environment, b.Environment)
}

// SameScopes reports whether two targets name the same set of scopes, in any
// order and letter case.
func SameScopes(a, b string) bool {
	if a == b {
		return true
	}
	return slices.Equal(scopeSet(a), scopeSet(b))
}

func scopeSet(target string) []string {
	set := strings.Fields(strings.ToLower(target))
	slices.Sort(set)
	return slices.Compact(set)
}
