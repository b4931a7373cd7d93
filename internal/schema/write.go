package schema

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Marshal writes the document: its sections in the order in which MSAL Python
// makes them, then unknown sections; entries in the order of the document. It
// leaves empty sections out. The text is ASCII but for what is kept as it was
// read. Equal documents give equal bytes.
func (d *Document) Marshal() []byte {
	w := &writer{out: make([]byte, 0, d.sizeHint())}
	w.out = append(w.out, '{')
	writeSection(w, d, SectionAccessToken, d.AccessTokens)
	writeSection(w, d, SectionAccount, d.Accounts)
	writeSection(w, d, SectionIDToken, d.IDTokens)
	writeSection(w, d, SectionRefreshToken, d.RefreshTokens)
	writeSection(w, d, SectionAppMetadata, d.AppMetadata)
	for _, s := range d.sections {
		w.member(s.key)
		w.raw(s.raw)
	}
	return append(w.out, '}')
}

// sizeHint keeps large documents from being copied while they grow.
func (d *Document) sizeHint() int {
	n := 512 * (1 + len(d.Accounts) + len(d.AppMetadata))
	for i := range d.AccessTokens {
		n += 768 + len(d.AccessTokens[i].Secret)
	}
	for i := range d.IDTokens {
		n += 512 + len(d.IDTokens[i].Secret)
	}
	for i := range d.RefreshTokens {
		n += 512 + len(d.RefreshTokens[i].Secret)
	}
	return n
}

func writeSection[T any, P entry[T]](w *writer, d *Document, name Section, list []T) {
	begun := false
	used := make(map[string]struct{}, len(list))
	begin := func(key string) {
		if !begun {
			begun = true
			w.member(string(name))
			w.out = append(w.out, '{')
		}
		// Keys are ambiguous ("a-b" and "c" make the same as "a" and "b-c").
		// Libraries find an entry by its fields when its key is another, so a
		// longer key loses nothing.
		for _, taken := used[key]; taken; _, taken = used[key] {
			key += "-"
		}
		used[key] = struct{}{}
		w.member(key)
	}
	for i := range list {
		e := P(&list[i])
		o := e.origin()
		if o.Raw != "" {
			begin(o.Key)
			w.raw(o.Raw)
			continue
		}
		begin(e.key())
		w.out = append(w.out, '{')
		e.appendTo(w)
		if o.Extra != "" {
			w.comma()
			w.raw(o.Extra)
		}
		w.out = append(w.out, '}')
	}
	for _, o := range d.opaque {
		if o.section == string(name) {
			begin(o.key)
			w.raw(o.raw)
		}
	}
	if begun {
		w.out = append(w.out, '}')
	}
}

// The fields in MSAL Python's order.

func (t *AccessToken) appendTo(w *writer) {
	w.str("credential_type", orDefault(t.CredentialType, "AccessToken"))
	w.str("secret", t.Secret)
	if t.HomeAccountID == "" {
		w.member("home_account_id")
		w.raw("null") // as MSAL Python has it, which does not find "" again
	} else {
		w.str("home_account_id", t.HomeAccountID)
	}
	w.str("environment", t.Environment)
	w.str("client_id", t.ClientID)
	w.str("target", t.Target)
	w.str("realm", t.Realm)
	w.str("token_type", orDefault(t.TokenType, "Bearer"))
	w.seconds("cached_at", t.CachedAt)
	w.seconds("expires_on", t.ExpiresOn)
	w.seconds("extended_expires_on", t.ExtendedExpiresOn)
	if t.RefreshOn != 0 {
		w.seconds("refresh_on", t.RefreshOn)
	}
	w.optional("key_id", t.KeyID)
	w.optional("ext_cache_key", t.ExtKey)
	w.optional("ext_cache_digest", t.ExtDigest)
	w.optional("user_assertion_hash", t.Isolated)
}

func (t *RefreshToken) appendTo(w *writer) {
	w.str("credential_type", orDefault(t.CredentialType, "RefreshToken"))
	w.str("secret", t.Secret)
	w.str("home_account_id", t.HomeAccountID)
	w.str("environment", t.Environment)
	w.str("client_id", t.ClientID)
	w.str("target", t.Target)
	w.seconds("last_modification_time", t.LastModified)
	w.optional("family_id", t.FamilyID)
	w.optional("user_assertion_hash", t.Isolated)
}

func (t *IDToken) appendTo(w *writer) {
	w.str("credential_type", orDefault(t.CredentialType, "IdToken"))
	w.str("secret", t.Secret)
	w.str("home_account_id", t.HomeAccountID)
	w.str("environment", t.Environment)
	w.str("realm", t.Realm)
	w.str("client_id", t.ClientID)
	w.optional("user_assertion_hash", t.Isolated)
}

func (a *Account) appendTo(w *writer) {
	w.str("home_account_id", a.HomeAccountID)
	w.str("environment", a.Environment)
	w.str("realm", a.Realm)
	w.str("local_account_id", a.LocalAccountID)
	w.str("username", a.Username)
	w.str("authority_type", a.AuthorityType)
	w.optional("account_source", a.AccountSource)
}

func (m *AppMetadata) appendTo(w *writer) {
	w.str("client_id", m.ClientID)
	w.str("environment", m.Environment)
	w.optional("family_id", m.FamilyID)
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// writer appends JSON.
type writer struct{ out []byte }

// comma goes before everything but the first of an object.
func (w *writer) comma() {
	if n := len(w.out); n > 0 && w.out[n-1] != '{' {
		w.out = append(w.out, ',')
	}
}

func (w *writer) member(name string) {
	w.comma()
	w.quote(name)
	w.out = append(w.out, ':')
}

func (w *writer) raw(json string) { w.out = append(w.out, json...) }

func (w *writer) str(name, value string) {
	w.member(name)
	w.quote(value)
}

func (w *writer) optional(name, value string) {
	if value != "" {
		w.str(name, value)
	}
}

// seconds writes a time as the family does, as a string.
func (w *writer) seconds(name string, n int64) {
	w.member(name)
	w.out = append(w.out, '"')
	w.out = strconv.AppendInt(w.out, n, 10)
	w.out = append(w.out, '"')
}

func (w *writer) quote(s string) {
	w.out = append(w.out, '"')
	for s != "" {
		n := plainASCII(s)
		w.out = append(w.out, s[:n]...)
		if s = s[n:]; s == "" {
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		switch {
		case r == '"' || r == '\\':
			w.out = append(w.out, '\\', byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			w.unicode(high)
			w.unicode(low)
		default:
			w.unicode(r)
		}
	}
	w.out = append(w.out, '"')
}

func (w *writer) unicode(r rune) {
	const hex = "0123456789abcdef"
	w.out = append(w.out, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// plainASCII returns how many bytes need no escape.
func plainASCII(s string) int {
	n := plainLen(s)
	for i := range n {
		if s[i] >= 0x7f {
			return i
		}
	}
	return n
}
