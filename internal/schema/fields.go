package schema

import "strings"

// entry is what parsing and writing need of a pointer to an entity.
type entry[T any] interface {
	*T
	origin() *Origin
	// field returns where the member of that name goes; nil twice for a
	// member that the entity does not know.
	field(name string) (*string, *int64)
	// valid reports whether the entity can be used at all.
	valid() bool
	// strings lists the text fields.
	strings() []*string
	key() string
	appendTo(*writer)
}

// Some members have more than one name in the family. The first is written,
// all are read.

func (t *AccessToken) field(name string) (*string, *int64) {
	switch name {
	case "secret":
		return &t.Secret, nil
	case "home_account_id":
		return &t.HomeAccountID, nil
	case "environment":
		return &t.Environment, nil
	case "client_id":
		return &t.ClientID, nil
	case "target":
		return &t.Target, nil
	case "realm":
		return &t.Realm, nil
	case "token_type":
		return &t.TokenType, nil
	case "cached_at":
		return nil, &t.CachedAt
	case "expires_on":
		return nil, &t.ExpiresOn
	case "extended_expires_on":
		return nil, &t.ExtendedExpiresOn
	case "refresh_on":
		return nil, &t.RefreshOn
	case "key_id", "keyId", "kid", "keyid":
		return &t.KeyID, nil
	case "ext_cache_key":
		return &t.ExtKey, nil
	case "ext_cache_digest":
		return &t.ExtDigest, nil
	case "user_assertion_hash", "userAssertionHash":
		return &t.Isolated, nil
	case "credential_type":
		return &t.CredentialType, nil
	}
	return nil, nil
}

func (t *RefreshToken) field(name string) (*string, *int64) {
	switch name {
	case "secret":
		return &t.Secret, nil
	case "home_account_id":
		return &t.HomeAccountID, nil
	case "environment":
		return &t.Environment, nil
	case "client_id":
		return &t.ClientID, nil
	case "target":
		return &t.Target, nil
	case "last_modification_time":
		return nil, &t.LastModified
	case "family_id", "familyId":
		return &t.FamilyID, nil
	case "user_assertion_hash", "userAssertionHash":
		return &t.Isolated, nil
	case "credential_type":
		return &t.CredentialType, nil
	}
	return nil, nil
}

func (t *IDToken) field(name string) (*string, *int64) {
	switch name {
	case "secret":
		return &t.Secret, nil
	case "home_account_id":
		return &t.HomeAccountID, nil
	case "environment":
		return &t.Environment, nil
	case "realm":
		return &t.Realm, nil
	case "client_id":
		return &t.ClientID, nil
	case "user_assertion_hash", "userAssertionHash":
		return &t.Isolated, nil
	case "credential_type":
		return &t.CredentialType, nil
	}
	return nil, nil
}

func (a *Account) field(name string) (*string, *int64) {
	switch name {
	case "home_account_id":
		return &a.HomeAccountID, nil
	case "environment":
		return &a.Environment, nil
	case "realm":
		return &a.Realm, nil
	case "local_account_id":
		return &a.LocalAccountID, nil
	case "username":
		return &a.Username, nil
	case "authority_type":
		return &a.AuthorityType, nil
	case "account_source":
		return &a.AccountSource, nil
	}
	return nil, nil
}

func (m *AppMetadata) field(name string) (*string, *int64) {
	switch name {
	case "client_id":
		return &m.ClientID, nil
	case "environment":
		return &m.Environment, nil
	case "family_id", "familyId":
		return &m.FamilyID, nil
	}
	return nil, nil
}

func (t *AccessToken) valid() bool  { return t.Secret != "" && t.Environment != "" }
func (t *RefreshToken) valid() bool { return t.Secret != "" && t.Environment != "" }
func (t *IDToken) valid() bool      { return t.Secret != "" && t.Environment != "" }
func (a *Account) valid() bool      { return a.HomeAccountID != "" && a.Environment != "" }
func (m *AppMetadata) valid() bool  { return m.ClientID != "" && m.Environment != "" }

func (t *AccessToken) strings() []*string {
	return []*string{&t.Secret, &t.HomeAccountID, &t.Environment, &t.ClientID, &t.Target, &t.Realm, &t.TokenType,
		&t.KeyID, &t.ExtKey, &t.ExtDigest, &t.Isolated, &t.CredentialType}
}

func (t *RefreshToken) strings() []*string {
	return []*string{&t.Secret, &t.HomeAccountID, &t.Environment, &t.ClientID, &t.Target, &t.FamilyID, &t.Isolated, &t.CredentialType}
}

func (t *IDToken) strings() []*string {
	return []*string{&t.Secret, &t.HomeAccountID, &t.Environment, &t.Realm, &t.ClientID, &t.Isolated, &t.CredentialType}
}

func (a *Account) strings() []*string {
	return []*string{&a.HomeAccountID, &a.Environment, &a.Realm, &a.LocalAccountID, &a.Username, &a.AuthorityType, &a.AccountSource}
}

func (m *AppMetadata) strings() []*string {
	return []*string{&m.ClientID, &m.Environment, &m.FamilyID}
}

func cloneStrings(list []*string) {
	for _, s := range list {
		*s = strings.Clone(*s)
	}
}
