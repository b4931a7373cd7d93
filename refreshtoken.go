package msal

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/oauth"
)

// RefreshTokenRequest brings a refresh token of another library along.
type RefreshTokenRequest struct {
	// RefreshToken as the other library kept it.
	RefreshToken string
	// Scopes of one resource, without openid, profile and offline_access.
	Scopes []string
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// String names the request without its secrets.
func (r RefreshTokenRequest) String() string {
	return "redemption of a refresh token for " + strings.Join(r.Scopes, " ")
}

// GoString is String.
func (r RefreshTokenRequest) GoString() string { return r.String() }

// LogValue is String.
func (r RefreshTokenRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String, so that JSON shows no secret either.
func (r RefreshTokenRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// AcquireTokenByRefreshToken redeems a refresh token that an application kept
// for itself, as ADAL's users did, and records what it brings: from then on
// AcquireTokenSilent serves the account. Use it once for each user, to migrate.
func (c *core) AcquireTokenByRefreshToken(ctx context.Context, r RefreshTokenRequest) (Result, error) {
	if r.RefreshToken == "" {
		return Result{}, configError("redeem the refresh token", "give the one that your application kept", errors.New("it is empty"))
	}
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return Result{}, err
	}
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return Result{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	return c.ask(ctx, p, grant{
		kind:          grantRefreshToken,
		extra:         x,
		scopes:        scopes,
		correlationID: c.newCorrelationID(r.CorrelationID),
		signIn:        &signIn{},
		partition:     func(_ *place, home string) string { return c.userPartition(home) },
		form:          oauth.Form{{Name: "refresh_token", Value: r.RefreshToken}, {Name: "scope", Value: scopeParam(scopes)}},
	})
}
