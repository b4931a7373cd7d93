package msal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/acquire"
	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/tokencache"
)

const grantRefreshToken = "refresh_token" // RFC 6749 section 6

// foci is the id of the family of Microsoft's own clients, which share refresh
// tokens.
const foci = "1"

// SilentRequest asks for a token of a user who has signed in before.
type SilentRequest struct {
	Scopes  []string // of one resource, without openid, profile and offline_access
	Account Account  // whose token; HomeAccountID is enough
	// Tenant is the id or domain of another tenant of the client's authority,
	// where the user is a guest, say. Empty means the client's own. It is
	// checked, so it may come from a request.
	Tenant string
	// Claims is a claims challenge that a resource answered with. It skips the
	// cached access token.
	Claims string
	// ForceRefresh skips the cached access token.
	ForceRefresh bool
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// AcquireTokenSilent returns a token for a user without asking anybody: from
// the cache, or by a refresh token (RFC 6749 section 6).
//
// ErrInteractionRequired means that the user has to sign in again; that
// includes ErrNoToken, when the cache has nothing for the account. When no new
// token can be had, an access token that has not expired is returned although it
// is about to.
func (c *core) AcquireTokenSilent(ctx context.Context, r SilentRequest) (res Result, err error) {
	if r.Account.HomeAccountID == "" {
		return res, &OpError{Op: "acquire a token silently", Kind: ErrNoToken, Hint: "give an account from Accounts or from a Result"}
	}
	if err := refuseReserved(r.Scopes); err != nil {
		return res, err
	}
	now := time.Now()
	if !c.cache.stored && len(r.ExtraParameters) == 0 && !r.ForceRefresh && r.Claims == "" {
		p, err := c.whereIn(ctx, now, r.Tenant)
		if err != nil {
			return res, err
		}
		q := p.user
		c.cache.index.PrepareFor(&q, r.Account.HomeAccountID)
		if c.hit(&q, r.Scopes, now, &res) == acquire.Fresh {
			c.telemetry.Hit()
			res.Account = r.Account
			return res, nil
		}
	}
	return c.acquireSilent(ctx, r, now)
}

// acquireSilent is for what is not simply in memory.
func (c *core) acquireSilent(ctx context.Context, r SilentRequest, now time.Time) (res Result, err error) {
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return res, err
	}
	p, err := c.whereIn(ctx, now, r.Tenant)
	if err != nil {
		return res, err
	}
	q := tokencache.Query{
		Partition:     c.userPartition(r.Account.HomeAccountID),
		Environments:  p.meta.Environments,
		ClientID:      c.clientID,
		Realm:         p.meta.Realm,
		HomeAccountID: r.Account.HomeAccountID,
		Scopes:        r.Scopes,
	}
	x.narrow(&q)
	unread := c.sync(ctx, q.Partition)
	if !r.ForceRefresh && r.Claims == "" {
		if c.hit(&q, r.Scopes, now, &res) == acquire.Fresh {
			c.telemetry.Hit()
			res.Account = r.Account
			return res, nil
		}
	}
	res, err = c.fetchSilent(ctx, p, q, r, x)
	if unread != nil && errors.Is(err, ErrNoToken) {
		return res, unread // who knows what the store has
	}
	return res, err
}

func (c *core) fetchSilent(ctx context.Context, p *place, q tokencache.Query, r SilentRequest, x extra) (Result, error) {
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return Result{}, err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return Result{}, err
	}
	g := grant{
		kind:          grantRefreshToken,
		extra:         x,
		scopes:        scopes,
		claims:        claims,
		reason:        c.missed(&q, r.ForceRefresh || r.Claims != ""),
		mailbox:       anchorMailbox(r.Account.HomeAccountID),
		correlationID: c.newCorrelationID(r.CorrelationID),
		account:       r.Account,
		partition:     func(*place, string) string { return q.Partition },
	}
	force := ""
	if r.ForceRefresh {
		force = "force"
	}
	result, err := c.travel(ctx, journey{
		key: fetchKey(g.kind, c.manner, c.clientID, p.meta.Environment, p.meta.Realm, r.Account.HomeAccountID,
			sortedScopes(r.Scopes), r.Claims, force, x.flight),
		query: &q,
		force: r.ForceRefresh || r.Claims != "",
		fetch: func(ctx context.Context) (Result, error) {
			if c.answersFor(ctx, r.Account) {
				return c.askCloudShell(ctx, p, r.Scopes, r.Account, x)
			}
			return c.redeemAny(ctx, p, &q, g)
		},
	})
	if !result.IsZero() {
		result.Account = r.Account
	}
	return result, err
}

// journey is one request on the road, once the cache alone did not do.
type journey struct {
	key   string
	query *tokencache.Query
	force bool
	fetch func(context.Context) (Result, error)
}

// travel takes the road: one fetch for all who ask the same, stale tokens at
// once, and a token that is about to expire rather than none.
func (c *core) travel(ctx context.Context, j journey) (Result, error) {
	result, _, err := c.cache.road.Do(ctx, acquire.Steps[Result]{
		Key:   j.key,
		Force: j.force,
		Lookup: func(context.Context) (r Result, state acquire.State, err error) {
			state = c.hit(j.query, j.query.Scopes, time.Now(), &r)
			return r, state, nil
		},
		Fetch: j.fetch,
	})
	var told *OpError
	if err != nil && ctx.Err() != nil && !errors.As(err, &told) {
		err = &OpError{Op: "wait for a token", Err: err}
	}
	return result, err
}

// anchorMailbox routes a request to where the user's data is.
func anchorMailbox(homeAccountID string) string {
	if !strings.Contains(homeAccountID, ".") {
		return ""
	}
	return "Oid:" + strings.ReplaceAll(homeAccountID, ".", "@")
}

// redeemAny tries the refresh tokens that may serve the request, the best first.
// When all are refused it looks once more: another process may have rotated
// them meanwhile.
func (c *core) redeemAny(ctx context.Context, p *place, q *tokencache.Query, g grant) (Result, error) {
	tried := map[string]bool{}
	result, err := c.redeemFamilyThenOwn(ctx, p, q, g, tried)
	if err == nil || !errors.Is(err, ErrInteractionRequired) {
		return result, err
	}
	if c.cache.index.Reload(ctx, q.Partition) != nil {
		return result, err
	}
	redeem := c.redeemOwn
	if _, known := c.cache.index.AppMetadata(q.Environments, c.clientID); known {
		redeem = c.redeemFamilyThenOwn
	} // one of unknown family has tried its luck
	again, againErr := redeem(ctx, p, q, g, tried)
	if errors.Is(againErr, ErrNoToken) {
		return result, err // nothing new
	}
	return again, againErr
}

func (c *core) redeemOwn(ctx context.Context, p *place, q *tokencache.Query, g grant, tried map[string]bool) (Result, error) {
	return c.redeem(ctx, p, g, c.cache.index.RefreshTokens(q, ""), tried)
}

// redeemFamilyThenOwn follows MSAL's order: a client of unknown family tries a
// family token first, a known member its family's, everybody then their own.
func (c *core) redeemFamilyThenOwn(ctx context.Context, p *place, q *tokencache.Query, g grant, tried map[string]bool) (Result, error) {
	family, known := c.cache.index.AppMetadata(q.Environments, c.clientID)
	if !known {
		family = foci
	}
	var familyErr error
	if family != "" {
		result, err := c.redeem(ctx, p, g, c.cache.index.RefreshTokens(q, family), tried)
		if err == nil || errors.Is(err, ErrTransient) || ctx.Err() != nil {
			return result, err
		}
		if known && !errors.Is(err, ErrNoToken) {
			familyErr = err // not a stranger trying its luck: this counts
		}
	}
	result, err := c.redeemOwn(ctx, p, q, g, tried)
	if errors.Is(err, ErrNoToken) && familyErr != nil {
		return Result{}, familyErr
	}
	return result, err
}

// refreshScopes is what a refresh asks for. OpenID providers may drop reserved
// scopes from a grant (offline_access without prompt=consent, OpenID Connect
// Core section 11), and a refresh must not ask for more than was granted (RFC
// 6749 section 6). Entra is always asked for all, as the family does.
func refreshScopes(p *place, scopes []string, granted string) []string {
	if p.meta.Kind != authority.OIDC || granted == "" {
		return scopes
	}
	has := strings.Fields(granted)
	var asked []string
	for _, s := range scopes {
		if !slices.Contains(reservedScopes[:], s) || slices.Contains(has, s) {
			asked = append(asked, s)
		}
	}
	return asked
}

// redeem tries refresh tokens in order and never one twice. No token is removed
// because of an error: it may still serve another resource.
func (c *core) redeem(ctx context.Context, p *place, g grant, tokens []tokencache.RefreshToken, tried map[string]bool) (Result, error) {
	var last error
	for _, t := range tokens {
		if tried[t.Secret] {
			continue
		}
		tried[t.Secret] = true
		g.refresh = &t
		g.form = oauth.Form{{Name: "refresh_token", Value: t.Secret}, {Name: "scope", Value: scopeParam(refreshScopes(p, g.scopes, t.Target))}}
		result, err := c.ask(ctx, p, g)
		if err == nil {
			return result, nil
		}
		last = err
		var refused *Error
		if !errors.As(err, &refused) || refused.SubError == "client_mismatch" || errors.Is(err, ErrTransient) {
			return Result{}, err
		}
	}
	if last == nil {
		last = &OpError{Op: "acquire a token silently", Kind: ErrNoToken, Hint: "sign the user in"}
	}
	return Result{}, last
}
