package msal

import (
	"context"
	"errors"
	"time"

	"github.com/msal-go/msal/internal/oauth"
)

// grantUserFIC is Entra's own: a user's token for a federated identity credential
// (https://learn.microsoft.com/entra/agent-id/identity-platform/agent-user-oauth-flow).
const grantUserFIC = "user_fic"

// UserFederatedIdentityCredentialRequest asks for a token of a user whom an
// application, such as an agent, may sign in by itself.
type UserFederatedIdentityCredentialRequest struct {
	// Scopes of one resource, without openid, profile and offline_access.
	Scopes []string
	// Assertion is the federated identity credential: a token of the
	// application for api://AzureADTokenExchange. Printing the request does not
	// show it.
	Assertion Secret
	// Username or UserObjectID says who is signed in, such as
	// agent@contoso.com. Give one of both.
	Username, UserObjectID string
	// Claims is a claims challenge that a resource answered with.
	Claims string
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

var (
	errNoCredential = errors.New("there is no assertion")
	errNobody       = errors.New("neither Username nor UserObjectID is given")
	errTwoNames     = errors.New("both Username and UserObjectID are given")
)

// AcquireTokenByUserFederatedIdentityCredential signs a user in with a federated
// identity credential instead of a password: an agent acts as its user (grant
// user_fic of Microsoft Entra ID). It never looks at the cache, but fills it:
// call AcquireTokenSilent with Result.Account from then on.
//
// Errors: *Error from the service, which is ErrInteractionRequired when it does
// not take the assertion or the user; ErrConfiguration for what the caller gave;
// ErrTransient for the network.
func (c *ConfidentialClient) AcquireTokenByUserFederatedIdentityCredential(ctx context.Context, r UserFederatedIdentityCredentialRequest) (Result, error) {
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
		kind:          grantUserFIC,
		extra:         x,
		scopes:        scopes,
		claims:        claims,
		username:      r.Username,
		mailbox:       "upn:" + r.Username,
		correlationID: c.newCorrelationID(r.CorrelationID),
		signIn:        &signIn{},
		partition:     func(_ *place, home string) string { return c.userPartition(home) },
	}
	if r.UserObjectID != "" {
		g.mailbox = "Oid:" + r.UserObjectID + "@" + p.meta.Realm
	}
	g.form = oauth.Form{
		{Name: "user_federated_identity_credential", Value: string(r.Assertion)},
		{Name: "user_id", Value: r.UserObjectID},
		{Name: "username", Value: r.Username},
		{Name: "scope", Value: scopeParam(scopes)},
	}
	return c.ask(ctx, p, g)
}

func (r UserFederatedIdentityCredentialRequest) check() error {
	const op = "sign in with a federated identity credential"
	switch {
	case r.Assertion == "":
		return configError(op, "give the application's token for api://AzureADTokenExchange", errNoCredential)
	case r.Username == "" && r.UserObjectID == "":
		return configError(op, "say who is to be signed in", errNobody)
	case r.Username != "" && r.UserObjectID != "":
		return configError(op, "give one of them", errTwoNames)
	}
	return nil
}
