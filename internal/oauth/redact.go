package oauth

import (
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"sort"
	"strings"
	"unicode/utf8"
)

const blotted = "[redacted]"

// secrets are values of a request that no error may repeat, longest first.
type secrets []string

// secretFields are the form fields whose values are credentials.
var secretFields = [...]string{
	"client_secret", "client_assertion", "password", "refresh_token", "code", "device_code", "code_verifier",
	"assertion", "user_federated_identity_credential", "subject_token", "actor_token", "access_token", "id_token", "token",
}

// secretsOf collects the credentials of a form, also in the encodings in which
// services echo what they were sent.
func secretsOf(f Form) secrets {
	seen := map[string]bool{}
	var out secrets
	for _, p := range f {
		if !isSecret(p.Name) || p.Value == "" {
			continue
		}
		for _, form := range []string{p.Value, url.QueryEscape(p.Value), url.PathEscape(p.Value), html.EscapeString(p.Value)} {
			if !seen[form] {
				seen[form] = true
				out = append(out, form)
			}
		}
	}
	// A secret may be part of another one: blot the longer first.
	sort.Slice(out, func(i, j int) bool { return len(out[i]) > len(out[j]) })
	return out
}

func isSecret(name string) bool {
	for _, field := range secretFields {
		if name == field {
			return true
		}
	}
	return false
}

// The kinds of text that blot handles: from this length on a secret is blotted
// wherever it occurs, a shorter one only where it stands alone. A password
// "grant" must not turn invalid_grant into something that nobody recognizes.
const (
	prose   = 8
	keyword = 16
)

// blot replaces the secrets in text.
func (s secrets) blot(text string, anywhere int) string {
	if text == "" {
		return text
	}
	for _, secret := range s {
		if len(secret) >= anywhere {
			text = strings.ReplaceAll(text, secret, blotted)
		} else {
			text = replaceAlone(text, secret)
		}
	}
	return text
}

// replaceAlone replaces the occurrences of secret that are not part of a longer
// word.
func replaceAlone(text, secret string) string {
	var b strings.Builder
	for last := rune(' '); ; {
		i := strings.Index(text, secret)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		if i == 0 {
			before = last
		}
		after, _ := utf8.DecodeRuneInString(text[i+len(secret):])
		first, _ := utf8.DecodeRuneInString(secret)
		final, _ := utf8.DecodeLastRuneInString(secret)
		if !(inWord(before) && inWord(first)) && !(inWord(after) && inWord(final)) {
			b.WriteString(text[:i] + blotted)
		} else {
			b.WriteString(text[:i+len(secret)])
		}
		last = final
		text = text[i+len(secret):]
	}
}

func inWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 && r != utf8.RuneError
}

// String shows what there is, not what it is.
func (t TokenResponse) String() string {
	return fmt.Sprintf("token response (type %s, refresh token %t, id token %t, expires in %v)", t.TokenType, t.RefreshToken != "", t.IDToken != "", t.ExpiresIn)
}

// GoString is String.
func (t TokenResponse) GoString() string { return t.String() }

// LogValue is String.
func (t TokenResponse) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String shows what the person sees, without the device code.
func (d DeviceAuthorization) String() string {
	return fmt.Sprintf("device authorization (%s, expires in %v)", d.VerificationURI, d.ExpiresIn)
}

// GoString is String.
func (d DeviceAuthorization) GoString() string { return d.String() }

// LogValue is String.
func (d DeviceAuthorization) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String shows the field only by name: most values are private.
func (p Param) String() string { return p.Name + "=..." }

// GoString is String.
func (p Param) GoString() string { return p.String() }

// LogValue is String.
func (p Param) LogValue() slog.Value { return slog.StringValue(p.String()) }
