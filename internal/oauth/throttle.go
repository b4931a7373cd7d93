package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/httpcache"
)

const (
	// longestPause bounds what Retry-After can ask for.
	longestPause = time.Hour
	// refusalLife is how long a 400 answers for the form that brought it.
	refusalLife = time.Minute
)

// Throttle spares the service what it has just refused. It remembers
//
//   - 429, 5xx and any failure with Retry-After, for that time, for the same
//     endpoint, client, scope and subject: whoever else asks is not held up;
//   - 400, for a minute, for exactly the same form; where it is not about the
//     client, whatever its assertion, which differs from time to time.
//
// Grants that a person has just taken part in always pass. The zero value
// remembers nothing. It is safe for concurrent use.
type Throttle struct {
	Memory *httpcache.Section
	// Pause is for a 429 or 5xx that names no time.
	Pause time.Duration
}

// Refused returns the *Error or *ResponseError with which the service refused
// the same request, if that is too recent to ask again, and nil otherwise. Its
// RetryAfter is what is left of the pause. Subject is whom the request is about:
// a user, a token, or nobody. Anything may stand for the client's assertion; then
// a refusal of that is not found.
func (t Throttle) Refused(endpoint, subject string, f Form) error {
	if t.Memory == nil || personal(f) {
		return nil
	}
	if value, until, ok := t.Memory.Get(pauseKey(endpoint, subject, f)); ok {
		return recall(value, time.Until(until))
	}
	for _, form := range [...]Form{anyProof(f), f} {
		if value, _, ok := t.Memory.Get(formKey(endpoint, form)); ok {
			return recall(value, 0)
		}
	}
	return nil
}

// Note remembers err, if it is a refusal that will not change soon.
func (t Throttle) Note(endpoint, subject string, f Form, err error) {
	if t.Memory == nil || personal(f) {
		return
	}
	r := refusalOf(err)
	status, pause, retryNow := r.terms()
	value, ok := r.encode()
	if r.provesClient() {
		f = anyProof(f)
	}
	switch {
	case !ok || retryNow:
	case pause > 0:
		t.Memory.Put(pauseKey(endpoint, subject, f), value, min(pause, longestPause))
	case status == http.StatusTooManyRequests || status >= 500:
		t.Memory.Put(pauseKey(endpoint, subject, f), value, t.Pause)
	case status == http.StatusBadRequest && chosenByPeople(f):
		// A file that lets a password be guessed offline must not come about.
		t.Memory.PutPrivate(formKey(endpoint, f), value, refusalLife)
	case status == http.StatusBadRequest:
		t.Memory.Put(formKey(endpoint, f), value, refusalLife)
	}
}

// personal holds for grants that stand for an act of a person: each is good
// once, or is polled at the service's own pace.
func personal(f Form) bool {
	switch f.Get("grant_type") {
	case "authorization_code", "urn:ietf:params:oauth:grant-type:device_code":
		return true
	}
	return false
}

// chosenByPeople holds for forms whose digest could be tried against a word
// list.
func chosenByPeople(f Form) bool { return f.Get("password") != "" || f.Get("client_secret") != "" }

// anyProof is a form with the same word for every assertion that proves the
// client. What a client without one is told is another matter.
func anyProof(f Form) Form {
	f = slices.Clone(f)
	for i := range f {
		if f[i].Name == "client_assertion" {
			f[i].Value = "any"
		}
	}
	return f
}

func pauseKey(endpoint, subject string, f Form) httpcache.Key {
	return httpcache.KeyOf("pause", endpoint, f.Get("client_id"), f.Get("scope"), subject)
}

func formKey(endpoint string, f Form) httpcache.Key {
	return httpcache.KeyOf("form", endpoint, f.Encode())
}

// refusal is what is kept: one of both. The secrets of the request that was
// refused have been blotted out of either.
type refusal struct {
	Error    *Error         `json:"error,omitempty"`
	Response *ResponseError `json:"response,omitempty"`
}

func refusalOf(err error) refusal {
	var r refusal
	if !errors.As(err, &r.Error) {
		errors.As(err, &r.Response)
	}
	return r
}

func (r refusal) terms() (status int, pause time.Duration, retryNow bool) {
	switch {
	case r.Error != nil:
		return r.Error.Status, r.Error.RetryAfter, r.Error.retryNow
	case r.Response != nil:
		return r.Response.Status, r.Response.RetryAfter, r.Response.retryNow
	}
	return 0, 0, false
}

// provesClient holds for refusals that come after the client was authenticated
// (RFC 6749 section 3.2.1): another assertion changes nothing.
func (r refusal) provesClient() bool {
	if r.Error == nil {
		return false
	}
	switch r.Error.Code {
	case "invalid_grant", "interaction_required", "invalid_scope", "invalid_resource", "invalid_target":
		return true
	}
	return false
}

func (r refusal) encode() (value []byte, ok bool) {
	if r.Error == nil && r.Response == nil {
		return nil, false
	}
	value, err := json.Marshal(r)
	return value, err == nil
}

// recall makes the error again, with what is left of the pause. It is nil for
// what encode has not written: the memory may come from a file.
func recall(value []byte, left time.Duration) error {
	var r refusal
	if json.Unmarshal(value, &r) != nil {
		return nil
	}
	switch {
	case r.Error != nil && r.Error.Code != "":
		r.Error.RetryAfter, r.Error.Remembered = left, true
		return r.Error
	case r.Response != nil && r.Response.Status != 0:
		r.Response.RetryAfter, r.Response.Remembered = left, true
		return r.Response
	}
	return nil
}

// retryNow reports whether the service says explicitly that there is no need to
// wait.
func retryNow(h http.Header, now time.Time) bool {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return false
	}
	date, err := http.ParseTime(value)
	return strings.Trim(value, "0") == "" || err == nil && !date.After(now)
}
