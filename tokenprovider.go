package msal

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/msal-go/msal/internal/oauth"
)

// TokenProvider gets an application's access tokens from elsewhere: a sidecar,
// or another library. The client does the rest, which is to cache them, to let
// many callers wait for one request, and to refresh in time. It is a credential
// for AcquireTokenForClient only; other calls fail with ErrConfiguration.
//
// It may be called from several goroutines at once, for different tokens. Its
// context is that of an AssertionFunc. Its errors reach the caller wrapped, for
// errors.Is and errors.As.
type TokenProvider func(ctx context.Context, r TokenProviderRequest) (TokenProviderResult, error)

// TokenProviderRequest says which token is wanted.
type TokenProviderRequest struct {
	Scopes        []string // as the caller gave them
	ClientID      string   // the client's
	TenantID      string   // as the authority names it: an id or a domain
	Claims        string   // a claims challenge, merged with the client's capabilities; mostly empty
	CorrelationID string   // of the call
}

// TokenProviderResult is a token from elsewhere. Printing it does not show the
// token.
type TokenProviderResult struct {
	// AccessToken is a bearer token (RFC 6750).
	AccessToken string
	// ExpiresIn is the rest of its life. It must be positive.
	ExpiresIn time.Duration
	// RefreshIn is when to get a new one, while this one is still good. Zero
	// is shortly before the end.
	RefreshIn time.Duration
}

// String hides the token.
func (r TokenProviderResult) String() string { return "token for " + r.ExpiresIn.String() }

// GoString hides the token.
func (r TokenProviderResult) GoString() string { return r.String() }

// LogValue hides the token.
func (r TokenProviderResult) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText hides the token, in JSON too.
func (r TokenProviderResult) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (f TokenProvider) bind(*slog.Logger) (prover, string, error) {
	if f == nil {
		return nil, "", configError("use the token provider", "give a function", errors.New("the TokenProvider is nil"))
	}
	return f, "", nil
}

// prove has nothing to add: such a request never reaches the service.
func (f TokenProvider) prove(_ context.Context, a audience) (proof, error) {
	if a.grant != grantClientCredentials {
		return proof{}, configError("request a token", "give NewConfidentialClient another credential", errors.New("a TokenProvider serves AcquireTokenForClient only"))
	}
	return proof{}, nil
}

// exchange sends a token request to whoever answers it.
func (c *core) exchange(ctx context.Context, p *place, g *grant, form oauth.Form) (*oauth.TokenResponse, error) {
	if provide, ok := c.prover.(TokenProvider); ok {
		return provide.token(ctx, TokenProviderRequest{
			Scopes: slices.Clone(g.scopes), ClientID: c.clientID, TenantID: p.meta.Realm, Claims: g.claims, CorrelationID: g.correlationID,
		})
	}
	return c.send(ctx, c.endpoint(p, g), g, form)
}

func (f TokenProvider) token(ctx context.Context, r TokenProviderRequest) (*oauth.TokenResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	t, err := f(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case t.AccessToken == "":
		return nil, &providerError{"no access token"}
	case t.ExpiresIn <= 0:
		return nil, &providerError{"a token that has expired already: ExpiresIn is the rest of its life"}
	case t.RefreshIn < 0 || t.RefreshIn > t.ExpiresIn:
		return nil, &providerError{"a RefreshIn that is not within the token's life"}
	}
	return &oauth.TokenResponse{
		AccessToken: t.AccessToken, TokenType: "Bearer",
		ExpiresIn: t.ExpiresIn, ExtExpiresIn: t.ExpiresIn, RefreshIn: t.RefreshIn,
	}, nil
}

// providerError reports a TokenProvider that returns what makes no sense.
type providerError struct{ what string }

func (e *providerError) Error() string { return "the token provider returned " + e.what }
