package msal

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/idtoken"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
	"github.com/msal-go/msal/internal/tokencache"
)

// grant is one question to the token endpoint: what is sent beyond the client's
// own identification, what the answer must satisfy, and where it is kept.
type grant struct {
	kind     string     // grant_type
	form     oauth.Form // what only this flow sends, in wire order
	scopes   []string   // as sent; recorded when the service names none
	claims   string     // merged
	username string     // fallback for an account without a name
	mailbox  string     // X-AnchorMailbox routing hint; may be empty
	endpoint string     // where to post it, if not to the place's token endpoint
	extra    extra      // what the caller wants to be sent besides

	api    telemetry.API    // zero: what kind says
	reason telemetry.Reason // why the cache did not do

	correlationID string
	signIn        *signIn                  // non-nil when a person has just signed in
	refresh       *tokencache.RefreshToken // the token that is redeemed
	account       Account                  // whose token it is, when known before
	isolated      bool                     // the partition stands for the person
	partition     func(p *place, homeAccountID string) string
}

// signIn is what an ID token must satisfy after a person signed in.
type signIn struct {
	nonce  string        // as sent; empty for flows without one (device code)
	maxAge time.Duration // zero: any age
	// ownNonce says that the nonce is the caller's business: it may be empty.
	ownNonce bool
}

// ask is steps 2 and 3 of the road: where, who, wire, and record. What it
// returns has been checked and is in the cache.
func (c *core) ask(ctx context.Context, p *place, g grant) (Result, error) {
	if err := c.prepare(ctx, p, g); err != nil {
		return Result{}, err
	}
	resp, err := c.post(ctx, p, g)
	if err != nil {
		return Result{}, err
	}
	return c.accept(ctx, p, g, resp)
}

// prepare gets what will be needed once the code is spent: an outage of the
// issuer's keys must not cost a sign-in.
func (c *core) prepare(ctx context.Context, p *place, g grant) error {
	if g.signIn == nil {
		return nil
	}
	if err := c.keySet(p.meta.JWKSURI).Ready(ctx); err != nil {
		return wrap("get the keys of the ID token", err)
	}
	return nil
}

// post sends a grant to the token endpoint.
func (c *core) post(ctx context.Context, p *place, g grant) (*oauth.TokenResponse, error) {
	var resp *oauth.TokenResponse
	err := c.remembered(p, &g)
	if err == nil {
		var pr proof
		if c.prover != nil {
			if pr, err = c.prover.prove(ctx, c.audience(p, g)); err != nil {
				return nil, err
			}
		}
		resp, err = c.exchange(ctx, p, &g, c.tokenForm(&g, pr))
	}
	if err != nil {
		err = wrap("request a token", err)
		c.log.LogAttrs(ctx, slog.LevelInfo, "token request failed", slog.String("grant_type", g.kind),
			slog.String("correlation_id", g.correlationID), slog.Any("error", c.loggableError(err)))
		return nil, err
	}
	return resp, nil
}

// tokenForm is what is posted, in the family's order.
func (c *core) tokenForm(g *grant, pr proof) oauth.Form {
	var form oauth.Form
	pr.apply(&form, c.clientID, g.kind)
	form = append(form, g.extra.form...) // where MSAL Python has data=
	form.Add("claims", g.claims)
	for _, param := range g.form {
		form.Add(param.Name, param.Value)
	}
	return form
}

// accept checks an answer and records it.
func (c *core) accept(ctx context.Context, p *place, g grant, resp *oauth.TokenResponse) (Result, error) {
	claims, err := c.checkIDToken(ctx, p, g, resp)
	if err != nil {
		return Result{}, err
	}
	if err := checkSubject(p, g, resp, claims); err != nil {
		return Result{}, err
	}
	event := newEvent(c.clientID, p, g, resp, claims)
	if err := c.checkTokenType(ctx, g, resp); err != nil {
		if event.UsedRefreshToken != nil && event.RefreshToken != "" {
			// With this answer the service may have spent the former one.
			event.AccessToken = ""
			if late := c.cache.index.Record(ctx, g.partition(p, event.HomeAccountID), event); late != nil {
				c.log.LogAttrs(ctx, slog.LevelError, "the new refresh token could not be written to the cache", slog.Any("error", late))
			}
		}
		return Result{}, err
	}
	result := c.result(p, g, resp, claims, event)
	if err := c.cache.index.Record(ctx, g.partition(p, event.HomeAccountID), event); err != nil {
		result.CacheErr = cacheError(ctx, "record the token", err)
		c.log.LogAttrs(ctx, slog.LevelError, "the token is good, but could not be written to the cache", slog.Any("error", err))
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "token acquired", slog.String("grant_type", g.kind), slog.Any("result", result),
		slog.Any("account", c.loggable(result.Account)))
	return result, nil
}

// loggableError leaves out what a service says of people, unless that is wanted.
func (c *core) loggableError(err error) any {
	var answer *Error
	if !c.pii && errors.As(err, &answer) {
		return answer // whose LogValue has no description
	}
	return err.Error()
}

// loggable shows personal data only where the caller asked for it.
func (c *core) loggable(a Account) any {
	if c.pii && !a.IsZero() {
		return slog.GroupValue(slog.String("username", a.Username), slog.String("home_account_id", a.HomeAccountID),
			slog.String("environment", a.Environment), slog.String("realm", a.Realm))
	}
	return a
}

// checkIDToken checks the ID token of an answer, before anything of the answer
// is kept (OpenID Connect Core section 3.1.3.7, and 12.2 for refreshes).
func (c *core) checkIDToken(ctx context.Context, p *place, g grant, resp *oauth.TokenResponse) (*idtoken.Claims, error) {
	if resp.IDToken == "" {
		if g.signIn != nil { // without it nobody knows whose tokens these are
			return nil, &IDTokenError{Reason: IDTokenMissing, Err: errNoIDToken}
		}
		return nil, nil
	}
	claims, err := idtoken.Parse(resp.IDToken)
	if err != nil {
		return nil, wrap("read the ID token", err)
	}
	expect := idtoken.Expect{
		Audience: c.clientID,
		Issuers:  p.meta.AcceptsIssuer,
		Now:      time.Now(),
	}
	if g.signIn != nil {
		expect.Nonce = g.signIn.nonce
		expect.NonceRequired = g.kind == grantAuthorizationCode && !g.signIn.ownNonce
		expect.MaxAge = g.signIn.maxAge
	}
	if err := claims.Check(expect); err != nil {
		return nil, wrap("check the ID token", err)
	}
	for _, w := range claims.Warnings(expect) {
		c.log.LogAttrs(ctx, slog.LevelWarn, "the ID token is odd; is this machine's clock right?", slog.Any("problem", w), slog.String("correlation_id", g.correlationID))
	}
	if g.signIn != nil {
		// Only here: on a refresh the token comes over the same TLS
		// connection as before, and the person it names is compared below.
		if err := c.keySet(p.meta.JWKSURI).Verify(ctx, resp.IDToken); err != nil {
			return nil, wrap("verify the ID token", err)
		}
	}
	return &claims, nil
}

// newEvent is what one answer adds to the cache (the family's rules: the realm is
// the token endpoint's, the account is named by client_info, else by the
// subject).
func newEvent(clientID string, p *place, g grant, resp *oauth.TokenResponse, claims *idtoken.Claims) tokencache.Event {
	now := time.Now().Truncate(time.Second) // as precise as the cache is
	scope := strings.Join(g.scopes, " ")
	if resp.Scope != "" {
		scope = resp.Scope
	}
	e := tokencache.Event{
		ClientID:          clientID,
		Environment:       p.meta.Environment,
		Realm:             p.meta.Realm,
		Scope:             scope,
		AccessToken:       resp.AccessToken,
		TokenType:         resp.TokenType,
		Now:               now,
		ExpiresOn:         now.Add(resp.ExpiresIn),
		ExtendedExpiresOn: now.Add(resp.ExtExpiresIn),
		RefreshToken:      resp.RefreshToken,
		FamilyID:          resp.FamilyID,
		IDToken:           resp.IDToken,
		UsedRefreshToken:  g.refresh,
		ExtKey:            g.extra.key,
		ExtDigest:         g.extra.digest,
		KeyID:             g.extra.keyID,
	}
	if resp.RefreshIn > 0 {
		e.RefreshOn = now.Add(resp.RefreshIn)
	}
	if g.kind == grantClientCredentials {
		return e
	}
	if g.isolated {
		return e
	}
	e.HomeAccountID = homeAccountID(g, resp, claims)
	if g.signIn != nil && e.HomeAccountID != "" {
		e.Account = newAccount(p, g, e.HomeAccountID, claims)
	}
	return e
}

// homeAccountID names the user of an answer: client_info where the service
// sends it (Entra), else the ID token's subject, else whoever was asked about.
func homeAccountID(g grant, resp *oauth.TokenResponse, claims *idtoken.Claims) string {
	if named := namedAccountID(resp, claims); named != "" && g.account.HomeAccountID == "" {
		return named
	}
	return g.account.HomeAccountID
}

func namedAccountID(resp *oauth.TokenResponse, claims *idtoken.Claims) string {
	if info, err := oauth.ParseClientInfo(resp.ClientInfo); err == nil && info.UID != "" && info.UTID != "" {
		return info.UID + "." + info.UTID
	}
	if claims != nil {
		return claims.Subject
	}
	return ""
}

// checkSubject refuses a refresh that answers for somebody else (OpenID Connect
// Core section 12.2). Entra and most of its relatives name people by
// client_info, in any letter case; elsewhere the subject does, to the letter.
func checkSubject(p *place, g grant, resp *oauth.TokenResponse, claims *idtoken.Claims) error {
	asked, named := g.account.HomeAccountID, namedAccountID(resp, claims)
	switch {
	case asked == "" || named == "" || asked == named:
		return nil
	case p.meta.Kind.NamesPeople() && (resp.ClientInfo == "" || strings.EqualFold(asked, named)):
		return nil
	}
	return &IDTokenError{Reason: IDTokenSubject, Err: errOtherUser}
}

func newAccount(p *place, g grant, home string, claims *idtoken.Claims) *tokencache.Account {
	a := &tokencache.Account{
		HomeAccountID: home,
		Environment:   p.meta.Environment,
		Realm:         p.meta.Realm,
		Username:      g.username,
		AuthorityType: "MSSTS",
	}
	if g.signIn != nil && g.kind != grantRefreshToken && !isFederated(g.kind) { // the family names only grants by which people sign in
		a.AccountSource = g.kind
	}
	if p.meta.Realm == "adfs" {
		a.AuthorityType = "ADFS"
	}
	if claims != nil {
		a.LocalAccountID = firstOf(claims.OID, claims.Subject)
		a.Username = firstOf(claims.PreferredUsername, claims.UPN, g.username)
	}
	return a
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func (c *core) result(p *place, g grant, resp *oauth.TokenResponse, claims *idtoken.Claims, e tokencache.Event) Result {
	r := Result{
		AccessToken:       resp.AccessToken,
		TokenType:         resp.TokenType,
		ExpiresOn:         e.ExpiresOn,
		ExtendedExpiresOn: e.ExtendedExpiresOn,
		RefreshOn:         e.RefreshOn,
		Scope:             e.Scope,
		IDToken:           resp.IDToken,
		Account:           g.account,
		Source:            FromIdentityProvider,
		CorrelationID:     g.correlationID,
		SPACode:           resp.SPACode,
	}
	if claims != nil {
		r.IDTokenClaims = claims.Raw
	}
	if e.Account != nil {
		r.Account = publicAccount(*e.Account)
	}
	if named := namedAccountID(resp, claims); g.isolated && named != "" {
		r.Account = publicAccount(*newAccount(p, g, named, claims)) // told, but not recorded
	}
	return r
}

// scopeParam joins scopes for the wire: sorted, as the family does.
func scopeParam(scopes []string) string { return strings.Join(scopes, " ") }
