package msal

import (
	"time"

	"github.com/msal-go/msal/internal/acquire"
	"github.com/msal-go/msal/internal/telemetry"
	"github.com/msal-go/msal/internal/tokencache"
)

// apis are the calls that follow from the grant type.
var apis = map[string]telemetry.API{
	grantRefreshToken:      telemetry.Silent,
	grantClientCredentials: telemetry.ClientCredentials,
	grantAuthorizationCode: telemetry.AuthorizationCode,
	grantDeviceCode:        telemetry.DeviceCode,
	grantJWTBearer:         telemetry.OnBehalfOf,
	grantPassword:          telemetry.UsernamePassword,
	grantUserFIC:           telemetry.UserFIC,
}

// purpose is what telemetry says a request is for.
func (g *grant) purpose() (telemetry.API, telemetry.Reason) {
	switch {
	case g.api != 0:
		return g.api, g.reason
	case g.kind == grantRefreshToken && g.refresh == nil: // not from the cache
		return telemetry.RefreshToken, telemetry.Forced
	case isFederated(g.kind):
		return telemetry.UsernamePassword, g.reason
	}
	return apis[g.kind], g.reason
}

// missed is why the cache will not do for a request that is about to be sent.
func (c *core) missed(q *tokencache.Query, forced bool) telemetry.Reason {
	if forced {
		return telemetry.Forced
	}
	var found Result
	switch state := c.hit(q, q.Scopes, time.Now(), &found); {
	case state == acquire.Stale:
		return telemetry.Aging
	case found.IsZero():
		return telemetry.NoToken
	}
	return telemetry.Expired
}
