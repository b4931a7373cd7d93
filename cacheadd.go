package msal

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"

	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/idtoken"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/tokencache"
)

// TokenEvent is an answer of a token endpoint that did not come through a client
// of this package: from a broker, another library, or a flow of one's own.
type TokenEvent struct {
	// ClientID is the client that got the answer. It is required.
	ClientID string
	// TokenEndpoint is the URL that answered. Its host is the environment of
	// the entries and the first segment of its path their realm (the tenant).
	TokenEndpoint string
	// Environment and Realm, if given, are used instead. A client finds
	// entries under its authority's: the global host, though a regional one
	// answered.
	Environment, Realm string
	// GrantType of the request (RFC 6749 section 4), such as
	// "authorization_code". Tokens of "client_credentials" have no account;
	// those of all others need one.
	GrantType string
	// Scopes that were asked for. They count if the answer has no scope.
	Scopes []string
	// Response is the body that the token endpoint answered with: JSON with an
	// access_token, a refresh_token or an id_token (RFC 6749 section 5.1).
	// Without expires_in and expires_on the access token lives 600 seconds.
	Response []byte
	// Data are further parameters of the request that set the token apart, such
	// as "fmi_path": they make its extended cache key. "key_id" is the key that
	// it is bound to, which a token_type such as "pop" must have.
	Data map[string]string
	// Username is the account's if the ID token names none.
	Username string
	// LocalAccountID is the account's instead of the ID token's oid or sub.
	LocalAccountID string
	// AuthorityType is the account's: "MSSTS" or, by default in the realm
	// "adfs", "ADFS".
	AuthorityType string
	// SkipAccountCreation leaves the account in the cache as it is.
	SkipAccountCreation bool
	// Confidential says that a ConfidentialClient is to find the tokens. It
	// matters with a Store, where the users of such clients have partitions of
	// their own.
	Confidential bool
}

// String names the event without its secrets.
func (e TokenEvent) String() string { return "token event of client " + e.ClientID }

// GoString is String.
func (e TokenEvent) GoString() string { return e.String() }

// LogValue is String.
func (e TokenEvent) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalText is String, so that JSON shows no token either.
func (e TokenEvent) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Add makes entries of an answer by the rules of the clients' own flows: the
// account is named by client_info, else by the ID token's subject; the ID token
// must be for the client, which is all that is checked of it. Clients check much
// more: add only what you got over TLS, or have checked.
//
// Errors: ErrConfiguration for an event that cannot be used, *IDTokenError for
// the ID token; then nothing is added. ErrCache for a Store that fails; then the
// tokens serve in this process.
func (c *TokenCache) Add(ctx context.Context, e TokenEvent) error {
	p, err := e.place()
	if err != nil {
		return err
	}
	resp, err := oauth.DecodeToken(e.Response)
	if err != nil {
		return e.refuse("give the JSON with which the token endpoint granted the request", responseProblem(err))
	}
	if resp.AccessToken == "" && resp.RefreshToken == "" && resp.IDToken == "" {
		return e.refuse("give the JSON with which the token endpoint granted the request", errNothingToAdd)
	}
	claims, err := e.claims(resp)
	if err != nil {
		return err
	}
	event := e.entries(p, resp, claims)
	if err := e.check(event); err != nil {
		return err
	}
	if err := c.index.Record(ctx, e.partition(event), event); err != nil {
		return cacheError(ctx, "add to the token cache", err)
	}
	return nil
}

// Changed reports whether anything was added, updated or removed, by a client or
// by Add, since the last Marshal or Unmarshal (or since the cache was made): if
// not, there is nothing to write. Reading sets no mark, expiry neither, and
// tokens acquired on behalf of a caller do not count, as Marshal leaves them out.
//
// Marshal takes the mark away: when its result could not be written, it is the
// program that has to remember. A cache with a Store writes by itself.
func (c *TokenCache) Changed() bool { return c.index.Changed() }

var (
	errNoClientID   = errors.New("the client id is empty")
	errNoEndpoint   = errors.New("the event does not say which service answered")
	errNobodyNamed  = errors.New("the response does not say whose tokens these are")
	errNothingToAdd = errors.New("the response has neither an access token, nor a refresh token, nor an ID token")
)

func (e *TokenEvent) refuse(hint string, err error) error {
	return configError("add to the token cache", hint, err)
}

// responseProblem says what is wrong with a response without naming a host that
// nobody asked.
func responseProblem(err error) error {
	var refused *oauth.Error
	var unusable *oauth.ResponseError
	switch {
	case errors.As(err, &refused):
		return errors.New("the response is a refusal")
	case errors.As(err, &unusable):
		return errors.New("the response cannot be used: " + strings.TrimSuffix(string(unusable.Reason)+": "+unusable.Member, ": "))
	}
	return err
}

// place is where the entries belong, as far as an event says it.
func (e *TokenEvent) place() (*place, error) {
	if e.ClientID == "" {
		return nil, e.refuse("give the client that got the tokens", errNoClientID)
	}
	meta := authority.Metadata{Environment: strings.ToLower(e.Environment), Realm: e.Realm}
	if e.TokenEndpoint != "" {
		u, err := url.Parse(e.TokenEndpoint)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			return nil, e.refuse("give TokenEndpoint as an https URL", errNoEndpoint)
		}
		meta.Environment = firstOf(meta.Environment, strings.ToLower(u.Host))
		realm, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		if name, isCIAM := strings.CutSuffix(u.Hostname(), ".ciamlogin.com"); isCIAM && realm == "" {
			realm = name + ".onmicrosoft.com" // whose endpoints may leave the tenant out
		}
		meta.Realm = firstOf(meta.Realm, realm)
	}
	if meta.Environment == "" || meta.Realm == "" {
		return nil, e.refuse("give TokenEndpoint, or Environment and Realm", errNoEndpoint)
	}
	return &place{meta: &meta}, nil
}

func (e *TokenEvent) claims(resp *oauth.TokenResponse) (*idtoken.Claims, error) {
	if resp.IDToken == "" {
		return nil, nil
	}
	claims, err := idtoken.Parse(resp.IDToken)
	if err != nil {
		return nil, wrap("read the ID token", err)
	}
	anyIssuer := func(string, string) bool { return true }
	if err := claims.Check(idtoken.Expect{Audience: e.ClientID, Issuers: anyIssuer}); err != nil {
		return nil, wrap("check the ID token", err)
	}
	return &claims, nil
}

func (e *TokenEvent) entries(p *place, resp *oauth.TokenResponse, claims *idtoken.Claims) tokencache.Event {
	g := grant{kind: e.GrantType, scopes: e.Scopes, username: e.Username}
	if !e.SkipAccountCreation {
		g.signIn = &signIn{}
	}
	event := newEvent(e.ClientID, p, g, resp, claims)
	event.KeyID = e.Data["key_id"]
	event.ExtKey, event.ExtDigest = tokencache.ExtendedKey(e.Data), tokencache.ExtendedDigest(e.Data)
	if a := event.Account; a != nil {
		a.LocalAccountID = firstOf(e.LocalAccountID, a.LocalAccountID)
		a.AuthorityType = firstOf(e.AuthorityType, a.AuthorityType)
		if !oneOf(e.GrantType, "broker", "user_fic", grantAuthorizationCode, grantPassword, grantDeviceCode) {
			a.AccountSource = "" // the family names only grants by which people sign in
		}
	}
	return event
}

// check refuses what would answer questions that it is no answer to.
func (e *TokenEvent) check(event tokencache.Event) error {
	switch {
	case event.HomeAccountID == "" && e.GrantType != grantClientCredentials:
		// Without a name it would be kept as the application's own.
		return e.refuse("give a response with client_info or an ID token, or GrantType client_credentials if the application asked for itself", errNobodyNamed)
	case event.KeyID == "" && tokencache.Bound(event.TokenType):
		return e.refuse("give key_id in Data", errNoKeyID)
	}
	return nil
}

// partition is where the clients of the event's kind look.
func (e *TokenEvent) partition(event tokencache.Event) string {
	switch {
	case event.HomeAccountID == "" && event.AccessToken != "":
		return tokencache.AppPartition(e.ClientID, event.Realm)
	case e.Confidential && event.HomeAccountID != "":
		return tokencache.UserPartition(event.HomeAccountID)
	}
	return tokencache.Family
}
