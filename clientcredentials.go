package msal

import (
	"context"
	"time"

	"github.com/msal-go/msal/internal/acquire"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/tokencache"
)

const grantClientCredentials = "client_credentials" // RFC 6749 section 4.4

// ForClientRequest asks for a token of the application itself.
type ForClientRequest struct {
	// Scopes of one resource. Entra wants "<resource>/.default".
	Scopes []string
	// Tenant is the id or domain of another tenant of the client's authority
	// to act in. The client's own tenant stays what it is. Empty means that
	// one. It is checked, so it may come from a request.
	Tenant string
	// FMIPath names a federated managed identity below the client, as whose
	// the token is asked for: for scope api://AzureADTokenExchange/.default, to
	// be the client assertion of that identity. Tokens of different paths are
	// kept apart. AssertionRequest tells it to an AssertionFunc.
	FMIPath string
	// ExtraParameters are sent in the body of the token request, as the data=
	// of MSAL Python. Those that the library sets itself are refused. A token
	// is kept for the same parameters only and answers for no others, except
	// that token_type, key_id and req_cnf, which ask for a token that is bound
	// to a key, are told apart by token_type and key_id:
	//
	//	pop        key_id, and req_cnf: base64url of {"kid":"..."} (RFC 7800)
	//	ssh-cert   key_id, and req_cnf: the public key as a JWK (RFC 7517)
	//
	// An answer with a token of another type is refused (ErrProtocol).
	ExtraParameters map[string]string
	// Claims is a claims challenge that a resource answered with. It skips the
	// cache.
	Claims string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// AcquireTokenForClient returns a token for the application itself, from the
// cache or by the client credentials grant (RFC 6749 section 4.4).
//
// Any number of simultaneous calls for one token send one request. A token past
// the service's refresh hint is returned at once and refreshed behind the
// caller's back. Errors: *Error from the service, ErrConfiguration for what the
// caller gave, ErrTransient for the network.
func (c *ConfidentialClient) AcquireTokenForClient(ctx context.Context, r ForClientRequest) (res Result, err error) {
	now := time.Now() // once: on a hit, looking at the clock is the largest cost
	p, err := c.whereIn(ctx, now, r.Tenant)
	if err != nil {
		return res, err
	}
	if r.Claims == "" && r.FMIPath == "" && len(r.ExtraParameters) == 0 {
		_ = c.sync(ctx, p.app.Partition) // the service can answer what the store cannot
		if c.hit(&p.app, r.Scopes, now, &res) == acquire.Fresh {
			c.telemetry.Hit()
			return res, nil
		}
		return c.fetchForClient(ctx, p, p.app, r, extra{})
	}
	return c.acquireNarrowed(ctx, p, r, now)
}

// acquireNarrowed is for requests with more than scopes.
func (c *ConfidentialClient) acquireNarrowed(ctx context.Context, p *place, r ForClientRequest, now time.Time) (res Result, err error) {
	x, err := newExtra(r.ExtraParameters, r.FMIPath)
	if err != nil {
		return res, err
	}
	q := p.app
	x.narrow(&q)
	c.cache.index.Prepare(&q)
	if r.Claims == "" {
		_ = c.sync(ctx, q.Partition)
		if c.hit(&q, r.Scopes, now, &res) == acquire.Fresh {
			c.telemetry.Hit()
			return res, nil
		}
	}
	return c.fetchForClient(ctx, p, q, r, x)
}

// fetchForClient is the rest of the road, for a token that is not at hand. It
// takes its own copy of the query, so that a hit need not allocate one.
func (c *ConfidentialClient) fetchForClient(ctx context.Context, p *place, q tokencache.Query, r ForClientRequest, x extra) (Result, error) {
	q.Scopes = r.Scopes
	if err := checkScopes(r.Scopes); err != nil { // malformed ones hit nothing
		return Result{}, err
	}
	if err := x.checkProvider(c.prover); err != nil {
		return Result{}, err
	}
	if tenant := c.authority.Tenant; tenant == "common" || tenant == "organizations" {
		c.log.WarnContext(ctx, "an application's own token should be asked of one tenant; this authority names none", "authority", c.authority.URL)
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return Result{}, err
	}
	g := grant{
		kind:          grantClientCredentials,
		extra:         x,
		scopes:        r.Scopes,
		claims:        claims,
		reason:        c.missed(&q, r.Claims != ""),
		correlationID: c.newCorrelationID(r.CorrelationID),
		partition:     func(p *place, _ string) string { return p.app.Partition },
	}
	scope := sortedForWire(r.Scopes)
	g.form = oauth.Form{{Name: "scope", Value: scope}}
	return c.travel(ctx, journey{
		key:   fetchKey(g.kind, c.manner, c.clientID, p.meta.Environment, p.meta.Realm, sortedScopes(r.Scopes), r.Claims, x.flight),
		query: &q,
		force: r.Claims != "",
		fetch: func(ctx context.Context) (Result, error) { return c.ask(ctx, p, c.regional(ctx, p, g)) },
	})
}

// RemoveTokensForClientRequest says whose tokens are to be forgotten.
type RemoveTokensForClientRequest struct {
	// Tenant is the id or domain of another tenant of the client's authority,
	// as in ForClientRequest. Empty means the client's own.
	Tenant string
}

// RemoveTokensForClient forgets the application's own tokens of one tenant, so
// that the next AcquireTokenForClient there asks the service: after a change of
// roles, say. Nothing is revoked at the service. Removing what is not there is
// no error. Errors: ErrConfiguration for the tenant, ErrCache for the store.
func (c *ConfidentialClient) RemoveTokensForClient(ctx context.Context, r RemoveTokensForClientRequest) error {
	p, err := c.whereIn(ctx, time.Now(), r.Tenant)
	if err != nil {
		return err
	}
	if err := c.cache.index.RemoveAppTokens(ctx, &p.app); err != nil {
		return cacheError(ctx, "remove the application's tokens", err)
	}
	return nil
}
