package msal

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/wstrust"
)

const grantPassword = "password" // RFC 6749 section 4.3

// UsernamePasswordRequest signs a person in with their password.
type UsernamePasswordRequest struct {
	Scopes   []string // of one resource, without openid, profile and offline_access
	Username string   // what the person signs in with, such as alice@contoso.com
	Password Secret   // of the person; printing the request does not show it
	Claims   string   // claims challenge to satisfy
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// AcquireTokenByUsernamePassword signs a person in with their password (RFC
// 6749 section 4.3). The program sees the password; multi-factor
// authentication, passwordless sign-in and personal accounts do not work.
//
// It never looks at the cache, but fills it: call AcquireTokenSilent from then
// on. The service is first asked how the person's domain signs in (user realm),
// at most once a day for one person, unless the authority is AD FS. Where the domain is federated, the password
// goes to its own identity provider (WS-Trust 1.3 or 2005), which the domain's
// metadata names, over https only; its answer, a SAML assertion, is redeemed for
// the token.
//
// Errors: *Error from the service, which is ErrInteractionRequired for a wrong
// password or a second factor; *FederationError from the domain's own provider;
// ErrConfiguration where that takes no passwords; ErrTransient for the network.
//
// Deprecated: Microsoft retires this flow, and OAuth 2.1 has dropped it; see
// https://aka.ms/msal-ropc-migration. Use AcquireTokenInteractive or
// InitiateDeviceFlow for people, and AcquireTokenForClient or a managed identity
// for services.
func (c *core) AcquireTokenByUsernamePassword(ctx context.Context, r UsernamePasswordRequest) (Result, error) {
	if err := r.check(); err != nil {
		return Result{}, err
	}
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return Result{}, err
	}
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return Result{}, err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return Result{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	g := grant{
		extra:         x,
		scopes:        scopes,
		claims:        claims,
		username:      r.Username,
		correlationID: c.newCorrelationID(r.CorrelationID),
		signIn:        &signIn{},
		partition:     func(_ *place, home string) string { return c.userPartition(home) },
	}
	realm, err := c.userRealm(ctx, p, r.Username, g.correlationID)
	if err != nil {
		return Result{}, err
	}
	if !realm.Federated {
		g.kind = grantPassword
		g.mailbox = "upn:" + r.Username
		g.form = oauth.Form{{Name: "username", Value: r.Username}, {Name: "password", Value: string(r.Password)}, {Name: "scope", Value: scopeParam(scopes)}}
		return c.ask(ctx, p, g)
	}
	federation := wstrust.Client{HTTP: c.http, Memory: c.passwords}
	assertion, err := federation.Assertion(ctx, realm, wstrust.Credentials{Username: r.Username, Password: string(r.Password)})
	if err != nil {
		return Result{}, federationError(err)
	}
	g.kind = assertion.Grant()
	g.form = oauth.Form{{Name: "scope", Value: scopeParam(scopes)}, {Name: "assertion", Value: assertion.Encode()}}
	return c.ask(ctx, p, g)
}

var (
	errNoUsername = errors.New("the user name is empty")
	errNoPassword = errors.New("the password is empty")
)

func (r UsernamePasswordRequest) check() error {
	const op = "sign in with a password"
	switch {
	case r.Username == "":
		return configError(op, "give what the person signs in with", errNoUsername)
	case r.Password == "":
		return configError(op, "is the variable that should hold it set?", errNoPassword)
	}
	return nil
}

// userRealm asks how a person signs in. Hosts without a user realm endpoint,
// which other providers and private clouds are, have no federation.
func (c *core) userRealm(ctx context.Context, p *place, username, correlationID string) (wstrust.Realm, error) {
	host := c.authority.Host // the environment of an issuer may have a path
	if p.meta.Kind == authority.ADFS || c.realmless.has(host, time.Now()) {
		return wstrust.Realm{}, nil
	}
	federation := wstrust.Client{HTTP: c.http, Memory: c.passwords}
	realm, err := federation.Realm(ctx, host, username, correlationID)
	var missing *wstrust.NoRealmError
	var odd *wstrust.DocumentError
	switch {
	case errors.As(err, &missing):
		c.realmless.add(host, time.Now())
		return wstrust.Realm{}, nil
	case p.meta.Kind == authority.OIDC && errors.As(err, &odd) && odd.Status < 500:
		// The endpoint is Microsoft's own. Another provider answers an unknown
		// path as it likes.
		return wstrust.Realm{}, nil
	case err != nil:
		return wstrust.Realm{}, federationError(err)
	}
	return realm, nil
}

// realmlessHosts remembers the hosts that have no user realm endpoint, so that
// they are not told the name of everybody who signs in. The zero value is ready
// to use. There are as many as a client has authorities, which is one or few.
type realmlessHosts struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// realmlessFor is how long a host is remembered. It may learn.
const realmlessFor = 24 * time.Hour

func (h *realmlessHosts) has(host string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return now.Before(h.until[host])
}

func (h *realmlessHosts) add(host string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.until == nil {
		h.until = map[string]time.Time{}
	}
	h.until[host] = now.Add(realmlessFor)
}
