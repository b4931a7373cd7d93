package endpoint

import (
	"slices"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// redeemOnBehalf is the on-behalf-of grant: a middle tier exchanges the token
// that it was called with (RFC 7523 with requested_token_use).
func (p *Platform) redeemOnBehalf(c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	if who.proof == "0" {
		return nil, p.fail("NoCredential")
	}
	switch {
	case c.Form.Get("assertion") == "":
		return nil, p.fail("ParameterMissing", "name", "assertion")
	case c.Form.Get("requested_token_use") == "":
		return nil, p.fail("ParameterMissing", "name", "requested_token_use")
	case c.Form.Get("requested_token_use") != "on_behalf_of":
		return nil, p.fail("ParameterBad", "name", "requested_token_use")
	}
	scopes, err := p.dir.UserScopes(who.app.ClientID, c.Form.Get("scope"), false)
	if err != nil {
		return nil, p.scopeFailure(err, c.tenant)
	}
	claims, err := p.keys.Verify(c.Form.Get("assertion"))
	if err != nil {
		return nil, p.fail("AssertionBad", "why", "it is expired, or was not issued and signed here")
	}
	aud, _ := claims["aud"].(string)
	if aud != who.app.ClientID && !slices.Contains(who.app.IdentifierURIs, aud) {
		return nil, p.fail("AssertionAudience")
	}
	scp, _ := claims["scp"].(string)
	oid, _ := claims["oid"].(string)
	user, ok := p.dir.UserByID(oid)
	if !ok || scp == "" {
		return nil, p.fail("AssertionBad", "why", "it is not an access token of a person")
	}
	c.User = user.UPN
	switch {
	case user.Disabled:
		return nil, p.fail("UserDisabled")
	case tenant != nil && tenant.ID != user.TenantID:
		return nil, p.fail("UserNotInTenant", "user", user.UPN, "tenant", tenant.Name, "app", who.app.Name)
	}
	g, refused := p.grantTo(who, user, scopes)
	if refused != nil {
		return nil, refused
	}
	g.inherit(claims)
	return p.issue(c, who, g, c.Form.Get("claims"))
}
