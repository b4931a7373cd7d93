// Package telemetry makes the two headers in which the libraries of the MSAL
// family tell the service how they are used (schema 4): what the present
// request is for, and what has become of the calls since the last success.
//
// They hold numbers, correlation ids and error codes; never a name, a scope or
// a secret.
package telemetry

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// API is the number of a public call. The zero API has no header.
type API int

// The numbers that the family has agreed on.
const (
	Silent            API = 84
	RefreshToken      API = 85 // a token of another library, brought along
	Interactive       API = 169
	UsernamePassword  API = 301
	OnBehalfOf        API = 523
	DeviceCode        API = 622
	ClientCredentials API = 730
	AuthorizationCode API = 832
	UserFIC           API = 950 // user federated identity credential
)

// Reason says why a cached token did not do.
type Reason int

// The reasons of a request. NotCached is for flows that do not look.
const (
	NotCached Reason = iota
	Forced           // by the caller or a claims challenge
	NoToken          // the cache has none
	Expired          // it is about to expire
	Aging            // the service asked for a refresh by now
)

// Current is the value of x-client-current-telemetry.
func Current(api API, reason Reason) string {
	if api == 0 {
		return ""
	}
	return "4|" + strconv.Itoa(int(api)) + "," + strconv.Itoa(int(reason)) + "|"
}

// maxFailures bounds the text of the failures that are reported, as MSAL Python
// does: the service reads no more.
const maxFailures = 350

// Log counts what an application has done since the service last heard of it.
// The zero value is ready to use; it must not be copied, and is safe for
// concurrent use.
type Log struct {
	hits atomic.Int64

	mu       sync.Mutex
	requests strings.Builder // "api,correlation id", joined by commas
	codes    strings.Builder // error codes, joined by commas
	size     int             // as maxFailures counts
}

// Hit notes that a call was served from the cache. It is one atomic addition.
func (l *Log) Hit() { l.hits.Add(1) }

// Failed notes that the service refused a request.
func (l *Log) Failed(api API, correlationID, code string) {
	request := strconv.Itoa(int(api)) + "," + plain(correlationID)
	code = plain(code)
	l.mu.Lock()
	defer l.mu.Unlock()
	size := len(",") + len(request) + len(",") + len(code)
	if l.size+size >= maxFailures {
		return
	}
	if l.size > 0 {
		l.requests.WriteByte(',')
		l.codes.WriteByte(',')
	}
	l.size += size
	l.requests.WriteString(request)
	l.codes.WriteString(code)
}

// Succeeded notes that the service has heard all of it.
func (l *Log) Succeeded() {
	l.hits.Store(0)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests.Reset()
	l.codes.Reset()
	l.size = 0
}

// Last is the value of x-client-last-telemetry.
func (l *Log) Last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return "4|" + strconv.FormatInt(l.hits.Load(), 10) + "|" + l.requests.String() + "|" + l.codes.String() + "|"
}

// plain keeps what cannot be taken for a separator or break a header: ids and
// codes come from callers and services.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || r == ',' || r == '|' {
			return -1
		}
		return r
	}, s)
}
