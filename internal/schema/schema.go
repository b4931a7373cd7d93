// Package schema reads and writes the unified token cache: the JSON document
// that MSAL Python, .NET, Java, JavaScript and Go share. It does no I/O and
// knows no clock.
//
// A Document keeps everything it has read, also what it does not understand:
// unknown sections, unknown fields, and entries that it cannot parse come out
// as they went in. Entries are addressed by their fields, never by their keys,
// as libraries of the family differ in how they form keys. An entry that is
// written again gets MSAL Python's key, and its former key disappears.
//
// Times are seconds since 1970; zero means absent.
package schema

import (
	"slices"
	"strings"
)

// Section is the name of a part of the document.
type Section string

// The sections that this package understands.
const (
	SectionAccessToken  Section = "AccessToken"
	SectionAccount      Section = "Account"
	SectionIDToken      Section = "IdToken"
	SectionRefreshToken Section = "RefreshToken"
	SectionAppMetadata  Section = "AppMetadata"
)

// AccessToken is an entry of the section of that name.
type AccessToken struct {
	Secret        string
	HomeAccountID string // empty for a token of the application itself
	Environment   string // host of the authority
	ClientID      string
	Target        string // scopes, joined by blanks
	Realm         string // tenant
	TokenType     string // as the service spelled it

	CachedAt, ExpiresOn, ExtendedExpiresOn, RefreshOn int64

	KeyID  string // the key that the token is bound to
	ExtKey string // ext_cache_key: isolates requests with parameters of their own; see ExtendedKey
	// ExtDigest tells tokens with the same ExtKey apart; see ExtendedDigest.
	// Only this library writes it; empty says nothing.
	ExtDigest string
	// Isolated is the hash of the assertion on behalf of which MSAL Go, Node
	// or .NET acquired the token. Such a token may answer for that only.
	Isolated string
	// CredentialType differs from "AccessToken" for bound tokens of some
	// libraries.
	CredentialType string

	Origin
}

// RefreshToken is an entry of the section of that name.
type RefreshToken struct {
	Secret        string
	HomeAccountID string
	Environment   string
	ClientID      string // of the client that got it, also if it serves a family
	Target        string // scopes of the first request; part of MSAL Python's key
	LastModified  int64
	FamilyID      string
	Isolated      string // see AccessToken

	CredentialType string // "RefreshToken", or what another library wrote

	Origin
}

// IDToken is an entry of the section IdToken.
type IDToken struct {
	Secret        string // the JWT
	HomeAccountID string
	Environment   string
	Realm         string
	ClientID      string
	Isolated      string // see AccessToken

	CredentialType string // "IdToken", or what another library wrote

	Origin
}

// Account is an entry of the section of that name.
type Account struct {
	HomeAccountID  string
	Environment    string
	Realm          string
	LocalAccountID string
	Username       string
	AuthorityType  string
	AccountSource  string

	Origin
}

// AppMetadata is an entry of the section of that name.
type AppMetadata struct {
	ClientID    string
	Environment string
	FamilyID    string

	Origin
}

// Origin is where an entry came from, and what it holds beyond the fields above.
type Origin struct {
	// Key and Raw are the entry as it was read; empty for one that was made
	// by the program. An entry with Raw is written as it was read, whatever
	// its fields say: to change an entry, Put another.
	Key, Raw string
	// Unknown says that Raw has members that this package does not know.
	Unknown bool
	// Extra are such members of an entry without Raw, as JSON text without
	// the braces.
	Extra string
}

func (o *Origin) origin() *Origin { return o }

// A Document is one unified cache. The zero value is an empty one. The slices
// are in the order of the file, with new entries at the end; removing from them
// is up to the caller, adding is done by the Put methods. A Document is not
// safe for concurrent use.
type Document struct {
	AccessTokens  []AccessToken
	Accounts      []Account
	IDTokens      []IDToken
	RefreshTokens []RefreshToken
	AppMetadata   []AppMetadata

	opaque   []opaque // entries of the sections above that cannot be parsed
	sections []opaque // other members of the document
}

// opaque is JSON text that is kept as it is.
type opaque struct{ section, key, raw string }

// Empty reports whether nothing is in the document.
func (d *Document) Empty() bool {
	return len(d.AccessTokens)+len(d.Accounts)+len(d.IDTokens)+len(d.RefreshTokens)+len(d.AppMetadata) == 0 && !d.HasUnknown()
}

// HasUnknown reports whether there are sections, or entries as a whole, that
// this package does not understand.
func (d *Document) HasUnknown() bool { return len(d.opaque)+len(d.sections) > 0 }

// UnknownOnly returns a copy of what HasUnknown speaks of, sharing no memory
// with d.
func (d *Document) UnknownOnly() Document {
	clone := func(list []opaque) []opaque {
		out := slices.Clone(list)
		for i, o := range out {
			out[i] = opaque{strings.Clone(o.section), strings.Clone(o.key), strings.Clone(o.raw)}
		}
		return out
	}
	return Document{opaque: clone(d.opaque), sections: clone(d.sections)}
}

// SetAside keeps an entry of a document that was parsed as it was read, without
// its meaning: it counts as unknown from then on, and is found by nobody.
func (d *Document) SetAside(o Origin, section Section) {
	d.opaque = append(d.opaque, opaque{string(section), strings.Clone(o.Key), strings.Clone(o.Raw)})
}

// Append adds all that other has. Nothing is replaced, but for unknown sections
// that both have: they stay as in d.
func (d *Document) Append(other *Document) {
	d.AccessTokens = append(d.AccessTokens, other.AccessTokens...)
	d.Accounts = append(d.Accounts, other.Accounts...)
	d.IDTokens = append(d.IDTokens, other.IDTokens...)
	d.RefreshTokens = append(d.RefreshTokens, other.RefreshTokens...)
	d.AppMetadata = append(d.AppMetadata, other.AppMetadata...)
	d.opaque = append(d.opaque, other.opaque...)
	have := make(map[string]bool, len(d.sections))
	for _, s := range d.sections {
		have[s.key] = true
	}
	for _, s := range other.sections {
		if !have[s.key] {
			have[s.key] = true
			d.sections = append(d.sections, s)
		}
	}
}
