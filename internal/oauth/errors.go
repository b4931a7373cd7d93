package oauth

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/httpx"
)

// Error is an OAuth error answer (RFC 6749, section 5.2) with Entra's members.
// Secrets of the request are blotted out in all of its texts.
type Error struct {
	Code          string        // "error", such as invalid_grant
	Description   string        // "error_description", for developers
	SubError      string        // "suberror", such as basic_action; may be empty
	ErrorCodes    []int         // AADSTS numbers, from "error_codes" or else from the description
	Claims        string        // a claims challenge, as JSON text; may be empty
	CorrelationID string        // the service's, else the one that was sent
	TraceID       string        // may be empty
	Timestamp     string        // in the service's format; may be empty
	ErrorURI      string        // a page about the error; may be empty
	Status        int           // HTTP status
	RetryAfter    time.Duration // zero when the service named no time
	Host          string        // that answered, with port
	Remembered    bool          // it comes from a Throttle; nothing was sent

	Extra map[string]json.RawMessage // members without a field; no credentials

	retryNow bool // the service said explicitly that there is no need to wait
}

// Error shows the code, the first line of the description and the correlation
// id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Host)
	b.WriteString(" answered ")
	b.WriteString(Shorten(e.Code, 100))
	if e.SubError != "" {
		b.WriteString(" (" + Shorten(e.SubError, 100) + ")")
	}
	if line := firstLine(e.Description); line != "" {
		b.WriteString(": " + Shorten(line, 1000))
	}
	if e.CorrelationID != "" {
		b.WriteString(" [correlation id " + Shorten(e.CorrelationID, 100) + "]")
	}
	return b.String()
}

func (a *answer) oauthError(code string, m members) *Error {
	clean := func(name string) string { return a.secrets.blot(m.text(name), prose) }
	e := &Error{
		Code:          a.secrets.blot(code, keyword),
		Description:   clean("error_description"),
		SubError:      a.secrets.blot(m.text("suberror"), keyword),
		ErrorCodes:    m.integers("error_codes"),
		Claims:        clean("claims"),
		CorrelationID: clean("correlation_id"),
		TraceID:       clean("trace_id"),
		Timestamp:     clean("timestamp"),
		ErrorURI:      clean("error_uri"),
		Status:        a.Status,
		RetryAfter:    httpx.RetryAfter(a.Header, time.Now()),
		Host:          a.host,
		Extra:         a.secrets.extra(m),
		retryNow:      retryNow(a.Header, time.Now()),
	}
	if len(e.ErrorCodes) == 0 {
		if n, ok := AADSTS(e.Description); ok {
			e.ErrorCodes = []int{n}
		}
	}
	if e.CorrelationID == "" {
		e.CorrelationID = a.correlation
	}
	return e
}

// AADSTS reads the number in front of a description: "AADSTS50076: ...".
func AADSTS(description string) (int, bool) {
	rest, ok := strings.CutPrefix(description, "AADSTS")
	if !ok {
		return 0, false
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, err := strconv.ParseInt(rest[:end], 10, 32)
	return int(n), err == nil
}

// Reason says why an answer was refused.
type Reason string

// The reasons of ResponseError.
const (
	ReasonEmpty     Reason = "it is empty"
	ReasonNotJSON   Reason = "it is not JSON"
	ReasonNotObject Reason = "it is not a JSON object"
	ReasonDuplicate Reason = "it names a member twice"
	ReasonStatus    Reason = "it has an error status without an OAuth error"
	ReasonNoToken   Reason = "it has neither an access_token nor an error"
	ReasonMember    Reason = "a member is missing or has the wrong type"
)

// ResponseError reports an answer that is neither what was asked for nor an
// OAuth error. The body is not kept: it may hold tokens.
type ResponseError struct {
	Reason        Reason
	Member        string // which member, for ReasonMember
	Status        int
	ContentType   string // media type without parameters; empty if absent or odd
	Host          string // that answered, with port
	CorrelationID string // that was sent
	RetryAfter    time.Duration
	Remembered    bool // it comes from a Throttle; nothing was sent

	retryNow bool // the service said explicitly that there is no need to wait
}

// RetryDelay is RetryAfter, for code that knows errors only by this method.
func (e *ResponseError) RetryDelay() time.Duration { return e.RetryAfter }

func (e *ResponseError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s sent an unusable answer (HTTP %d", e.Host, e.Status)
	if e.ContentType != "" {
		b.WriteString(", " + e.ContentType)
	}
	b.WriteString("): " + string(e.Reason))
	if e.Member != "" {
		b.WriteString(": " + e.Member)
	}
	if hint := e.Hint(); hint != "" {
		b.WriteString("; " + hint)
	}
	return b.String() + " [correlation id " + Shorten(e.CorrelationID, 100) + "]"
}

// Hint says what to do, or is empty.
func (e *ResponseError) Hint() string {
	switch {
	case e.Remembered && e.RetryAfter > 0:
		return fmt.Sprintf("the service was not asked again, as it wants to be left alone for another %v", e.RetryAfter.Round(time.Second))
	case e.Remembered:
		return "the service was not asked again: it refused the same request a moment ago"
	case e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout:
		return "try again later"
	case e.Status == http.StatusProxyAuthRequired:
		return "give the HTTP client the credentials of the proxy"
	case e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed:
		return "check the authority URL: this is no OAuth endpoint"
	case e.ContentType == "text/html":
		return "a proxy, a captive portal or a sign-in page answered instead of the service"
	}
	return ""
}

// refuse makes the error for an unusable answer.
func (a *answer) refuse(reason Reason, member string) *ResponseError {
	return &ResponseError{
		Reason:        reason,
		Member:        member,
		Status:        a.Status,
		ContentType:   a.mediaType(),
		Host:          a.host,
		CorrelationID: a.correlation,
		RetryAfter:    httpx.RetryAfter(a.Header, time.Now()),
		retryNow:      retryNow(a.Header, time.Now()),
	}
}

// mediaType is the answer's content type if it is an ordinary one.
func (a *answer) mediaType() string {
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || len(media) > 64 {
		return ""
	}
	return a.secrets.blot(media, prose)
}

func firstLine(s string) string {
	s = strings.TrimLeft(s, "\r\n\t ")
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimRight(s, "\t ")
}

// Shorten cuts s to at most n bytes and makes it fit for one line of a log.
func Shorten(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
