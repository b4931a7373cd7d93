package emulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/journal"
)

// Exchange is one request and its answer. Secrets are not in it: parameters and
// headers that are not known to be harmless read "[redacted]"; [Exchange.Sent]
// compares them with a value that the caller knows.
type Exchange struct {
	Time     time.Time // of arrival, by the emulator's clock
	Method   string    // such as POST
	Host     string    // as the client sent it
	Path     string
	Secure   bool   // came over TLS
	Endpoint string // one of the Endpoint constants
	Query    url.Values
	Form     url.Values
	Header   http.Header

	Grant         string // grant_type; empty where there is none
	ClientID      string // as sent or authenticated; may be empty
	User          string // sign-in name, where it is known
	CorrelationID string
	TraceID       string

	Status int    // of the answer; 0 when the connection was broken before
	Error  string // error of the answer, such as "invalid_grant"
	AADSTS int    // number of the error; 0 when there was none
	// Fault reports that an injected fault acted on the request.
	Fault bool
	// Violations and Advice are what the request did wrong.
	Violations []Violation
	Advice     []Violation

	query, form journal.Digests
}

// Sent reports whether the request had the parameter name with exactly this
// value, in its form or its query. It also works for redacted parameters.
func (x Exchange) Sent(name, value string) bool {
	return x.form.Has(name, value) || x.query.Has(name, value)
}

// String describes the exchange in one line without secrets.
func (x Exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s%s", x.Time.UTC().Format("15:04:05.000"), x.Method, x.Host, x.Path)
	for _, part := range [...]struct{ name, value string }{{"grant", x.Grant}, {"client", x.ClientID}, {"user", x.User}, {"scope", x.Form.Get("scope")}} {
		if part.value != "" {
			fmt.Fprintf(&b, " %s=%q", part.name, part.value)
		}
	}
	fmt.Fprintf(&b, " -> %d", x.Status)
	if x.AADSTS != 0 {
		fmt.Fprintf(&b, " %s AADSTS%d", x.Error, x.AADSTS)
	}
	if x.Fault {
		b.WriteString(" (injected)")
	}
	return b.String()
}

// Violation is something that a client did and should not have done.
type Violation struct {
	Time     time.Time // of the request
	Endpoint string    // one of the Endpoint constants
	// Rule is a short stable name, such as "code-reuse".
	Rule string
	// Detail says what happened, without secrets.
	Detail string
	// Source is the document that says so.
	Source string
}

func (v Violation) String() string {
	return fmt.Sprintf("%s at %s: %s (%s)", v.Rule, v.Endpoint, v.Detail, v.Source)
}

// Journal returns all exchanges, oldest first. The emulator keeps the last
// 18000 to 20000.
func (e *Emulator) Journal() []Exchange { return e.journal.All() }

// Requests returns the exchanges with one endpoint, oldest first.
func (e *Emulator) Requests(endpoint string) []Exchange {
	return slices.DeleteFunc(e.journal.All(), func(x Exchange) bool { return x.Endpoint != endpoint })
}

// ResetJournal forgets all exchanges, and with them their violations.
func (e *Emulator) ResetJournal() { e.journal.Reset() }

// Violations returns what clients did against a requirement of a
// specification, oldest first: tokens asked over plain http, codes used twice,
// polling faster than allowed, and so on.
func (e *Emulator) Violations() []Violation {
	var out []Violation
	for _, x := range e.journal.All() {
		out = append(out, x.Violations...)
	}
	return out
}

// Advice returns what clients did against a recommendation, oldest first.
// Released clients of others do some of it.
func (e *Emulator) Advice() []Violation {
	var out []Violation
	for _, x := range e.journal.All() {
		out = append(out, x.Advice...)
	}
	return out
}
