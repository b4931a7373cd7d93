package msal

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/acquire"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
	"github.com/msal-go/msal/internal/tokencache"
)

const grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" // RFC 7523 section 2.1

// OnBehalfOfRequest asks for a token with which an API calls another API for
// the user who called it.
type OnBehalfOfRequest struct {
	// UserAssertion is the access token that the caller presented, without
	// "Bearer". Check it before you use it.
	UserAssertion string
	// Scopes of one resource, without openid, profile and offline_access.
	Scopes []string
	// LongRunningKey keeps the tokens under this name instead of the
	// assertion's, for work that goes on when the assertion has expired. The
	// first call for a key gives the assertion, later ones may leave it out.
	// Whoever has the key gets the user's tokens: make it unguessable.
	LongRunningKey string
	// Claims is a claims challenge that a resource answered with. It skips the
	// cached access token.
	Claims string
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// String names the request without its secrets.
func (r OnBehalfOfRequest) String() string {
	return "request on behalf of a user for " + strings.Join(r.Scopes, " ")
}

// GoString is String.
func (r OnBehalfOfRequest) GoString() string { return r.String() }

// LogValue is String.
func (r OnBehalfOfRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String, so that JSON shows no secret either.
func (r OnBehalfOfRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r *OnBehalfOfRequest) behalf() tokencache.Behalf {
	return tokencache.Behalf{Assertion: r.UserAssertion, Key: r.LongRunningKey}
}

var errNoAssertion = errors.New("there is no user assertion")

// AcquireTokenOnBehalfOf exchanges the token that an API was called with for one
// that it may call another API with (Entra's on-behalf-of flow, a use of RFC 7523
// section 2.1). Tokens are kept per assertion, or per LongRunningKey, answer only
// for it, and never show in Accounts. Result.Account is set when the token comes
// from the service.
//
// ErrInteractionRequired means that the user must satisfy Error.Claims: pass them
// on to the caller in a WWW-Authenticate challenge.
func (c *ConfidentialClient) AcquireTokenOnBehalfOf(ctx context.Context, r OnBehalfOfRequest) (res Result, err error) {
	if r.UserAssertion == "" && r.LongRunningKey == "" {
		return res, configError("acquire a token on behalf of a user", "give the access token that the caller presented", errNoAssertion)
	}
	if err := refuseReserved(r.Scopes); err != nil {
		return res, err
	}
	now := time.Now()
	if r.Claims == "" && len(r.ExtraParameters) == 0 && !c.cache.stored {
		p, err := c.where(ctx, now)
		if err != nil {
			return res, err
		}
		if partition, ok := c.cache.index.KnownBehalfPartition(r.behalf()); ok {
			q := tokencache.Query{Partition: partition, Environments: p.meta.Environments, ClientID: c.clientID, Realm: p.meta.Realm}
			if c.hit(&q, r.Scopes, now, &res) == acquire.Fresh {
				c.telemetry.Hit()
				return res, nil
			}
		}
	}
	return c.acquireOnBehalfOf(ctx, r, now)
}

// acquireOnBehalfOf is for what is not simply in memory.
func (c *ConfidentialClient) acquireOnBehalfOf(ctx context.Context, r OnBehalfOfRequest, now time.Time) (res Result, err error) {
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return res, err
	}
	p, err := c.where(ctx, now)
	if err != nil {
		return res, err
	}
	q := tokencache.Query{
		Partition:    tokencache.BehalfPartition(r.behalf()),
		Environments: p.meta.Environments,
		ClientID:     c.clientID,
		Realm:        p.meta.Realm,
		Scopes:       r.Scopes,
	}
	x.narrow(&q)
	_ = c.sync(ctx, q.Partition) // the service can answer what the store cannot
	if r.Claims == "" && c.hit(&q, r.Scopes, now, &res) == acquire.Fresh {
		c.telemetry.Hit()
		return res, nil
	}
	return c.fetchOnBehalfOf(ctx, p, q, r, x)
}

func (c *ConfidentialClient) fetchOnBehalfOf(ctx context.Context, p *place, q tokencache.Query, r OnBehalfOfRequest, x extra) (Result, error) {
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return Result{}, err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return Result{}, err
	}
	g := grant{
		kind:          grantJWTBearer,
		extra:         x,
		api:           telemetry.OnBehalfOf, // by refresh token too
		scopes:        scopes,
		claims:        claims,
		correlationID: c.newCorrelationID(r.CorrelationID),
		isolated:      true,
		partition:     func(*place, string) string { return q.Partition },
	}
	return c.travel(ctx, journey{
		key:   fetchKey(g.kind, c.manner, q.Partition, c.clientID, p.meta.Environment, p.meta.Realm, sortedScopes(r.Scopes), r.Claims, x.flight),
		query: &q,
		force: r.Claims != "",
		fetch: func(ctx context.Context) (Result, error) { return c.exchangeAssertion(ctx, p, &q, g, r.UserAssertion) },
	})
}

// exchangeAssertion prefers the assertion, which is the caller's word of now. A
// long-running process that has none left goes on with its refresh token.
func (c *ConfidentialClient) exchangeAssertion(ctx context.Context, p *place, q *tokencache.Query, g grant, assertion string) (Result, error) {
	if assertion == "" {
		g.kind = grantRefreshToken
		return c.redeem(ctx, p, g, c.cache.index.RefreshTokens(q, ""), map[string]bool{})
	}
	g.form = oauth.Form{
		{Name: "requested_token_use", Value: "on_behalf_of"},
		{Name: "scope", Value: scopeParam(g.scopes)},
		{Name: "assertion", Value: assertion},
	}
	return c.ask(ctx, p, g)
}
