// Package journal remembers what clients sent, without their secrets: of a
// value that is not known to be harmless only a salted digest is kept, so that
// a test can still ask whether the client sent a value that the test knows.
package journal

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Redacted stands in for values that are not shown.
const Redacted = "[redacted]"

// Limit is how many exchanges a journal keeps; the oldest go first.
const Limit = 20000

// Journal is a list of exchanges. It is safe for concurrent use.
type Journal[E any] struct {
	salt [16]byte

	mu      sync.Mutex
	entries []E
}

// New returns an empty journal.
func New[E any]() *Journal[E] {
	j := &Journal[E]{}
	_, _ = rand.Read(j.salt[:]) // documented never to fail
	return j
}

// Add appends an exchange.
func (j *Journal[E]) Add(e E) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) >= Limit {
		j.entries = append(j.entries[:0:0], j.entries[Limit/10:]...)
	}
	j.entries = append(j.entries, e)
}

// All returns a copy of the list, oldest first.
func (j *Journal[E]) All() []E {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]E(nil), j.entries...)
}

// Reset forgets everything.
func (j *Journal[E]) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = nil
}

// Digests are salted hashes of the values of a form or query.
type Digests struct {
	salt [16]byte
	sums map[string][][sha256.Size]byte
}

// Digest hashes all values.
func (j *Journal[E]) Digest(values url.Values) Digests {
	d := Digests{salt: j.salt, sums: make(map[string][][sha256.Size]byte, len(values))}
	for name, list := range values {
		for _, v := range list {
			d.sums[name] = append(d.sums[name], d.sum(v))
		}
	}
	return d
}

func (d Digests) sum(value string) [sha256.Size]byte {
	return sha256.Sum256(append(d.salt[:], value...))
}

// Has reports whether value was among the values of name.
func (d Digests) Has(name, value string) bool {
	want := d.sum(value)
	for _, got := range d.sums[name] {
		if subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
			return true
		}
	}
	return false
}

// harmless lists the parameters that are shown. What is not listed is not
// shown: a new secret must not leak because nobody thought of it.
var harmless = [...]string{
	"client_id", "scope", "grant_type", "redirect_uri", "response_type", "response_mode", "code_challenge", "code_challenge_method",
	"prompt", "login_hint", "domain_hint", "max_age", "nonce", "state", "client_info", "claims", "username", "login", "account", "consent",
	"confirm", "requested_token_use", "client_assertion_type", "api-version", "authorization_endpoint", "client-request-id", "resource",
	"instance_aware", "x-anchormailbox", "token_type", "key_id", "fmi_path", "user_id", "post_logout_redirect_uri", "return_spa_code", "ui_locales", "acrs",
}

// Values returns a copy in which only harmless values can be read. Empty
// values stay empty.
func Values(v url.Values) url.Values {
	out := make(url.Values, len(v))
	for name, list := range v {
		shown := isHarmless(name)
		for _, value := range list {
			if !shown && value != "" {
				value = Redacted
			}
			out[name] = append(out[name], value)
		}
	}
	return out
}

func isHarmless(name string) bool {
	name = strings.ToLower(name)
	for _, h := range harmless {
		if name == h {
			return true
		}
	}
	return isTelemetry(name)
}

// isTelemetry reports whether a parameter or header, in lower case, says what
// the client is. Others that begin with x-ms- may be credentials.
func isTelemetry(name string) bool {
	return name == "x-ms-lib-capability" || strings.HasPrefix(name, "x-client-") || strings.HasPrefix(name, "x-app-")
}

// harmlessHeaders are shown as they are.
var harmlessHeaders = [...]string{
	"accept", "accept-encoding", "accept-language", "content-type", "content-length", "user-agent", "origin",
	"client-request-id", "return-client-request-id", "x-anchormailbox",
}

// Header returns a copy in which only harmless values can be read.
func Header(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, list := range h {
		lower := strings.ToLower(name)
		shown := isTelemetry(lower)
		for _, known := range harmlessHeaders {
			shown = shown || lower == known
		}
		for _, value := range list {
			if !shown {
				value = Redacted
			}
			out[name] = append(out[name], value)
		}
	}
	return out
}
