package msal

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// ResultSource says where a token came from.
type ResultSource string

// Where tokens come from; the values are MSAL's token_source.
const (
	FromIdentityProvider ResultSource = "identity_provider"
	FromCache            ResultSource = "cache"
	FromBroker           ResultSource = "broker" // a part of the machine that answers for the person, such as Cloud Shell
)

// Result is an acquired token. It is a value: a cache hit allocates nothing.
//
// Printing, logging or marshalling a Result shows no secret; take the fields.
type Result struct {
	AccessToken       string         // the token; opaque to clients
	TokenType         string         // how to present it; nearly always "Bearer"
	ExpiresOn         time.Time      // the token is of no use after this
	ExtendedExpiresOn time.Time      // outage extension that the service allows; never used by this library
	RefreshOn         time.Time      // when the service asks for a refresh; zero when it does not
	Scope             string         // what was granted, space-separated (RFC 6749 section 3.3)
	Account           Account        // zero for application tokens; of a silent call, the one that was given
	IDToken           string         // raw; empty on a cache hit
	IDTokenClaims     map[string]any // numbers are json.Number; nil on a cache hit. Read-only
	Source            ResultSource
	CorrelationID     string // of the request that brought the token; empty on a cache hit
	// SPACode is the second code that AuthCodeRedemption.ReturnSPACode asked
	// for: render it into the page that goes to this person's browser, which
	// redeems it. It is never cached; empty when none was asked for.
	SPACode string
	// CacheErr is why the token, although good, could not be written to the
	// cache's Store; it answers to ErrCache. Nil when all is well.
	CacheErr error
}

// IsZero reports whether r holds no token.
func (r Result) IsZero() bool { return r.AccessToken == "" }

// Scopes splits Scope. It allocates.
func (r Result) Scopes() []string { return strings.Fields(r.Scope) }

// Authorization is the value of the Authorization header for the token.
func (r Result) Authorization() string {
	scheme := r.TokenType
	if scheme == "" || strings.EqualFold(scheme, "bearer") {
		scheme = "Bearer"
	}
	return scheme + " " + r.AccessToken
}

// String describes the token without showing it.
func (r Result) String() string {
	if r.IsZero() {
		return "no token"
	}
	return fmt.Sprintf("%s token from %s until %s", r.TokenType, r.Source, r.ExpiresOn.UTC().Format(time.RFC3339))
}

// GoString is String, so that %#v shows no secret either.
func (r Result) GoString() string { return r.String() }

// LogValue describes the token without showing it.
func (r Result) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("token_type", r.TokenType),
		slog.String("token_source", string(r.Source)),
		slog.Time("expires_on", r.ExpiresOn),
		slog.String("scope", r.Scope),
		slog.String("correlation_id", r.CorrelationID),
	)
}

// MarshalJSON describes the token without showing it. To hand a token on, take
// its fields: a Result that ends up in a log as JSON must not leak.
func (r Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		TokenType string       `json:"token_type"`
		ExpiresOn time.Time    `json:"expires_on"`
		Scope     string       `json:"scope"`
		Source    ResultSource `json:"token_source"`
	}{r.TokenType, r.ExpiresOn, r.Scope, r.Source})
}
