package endpoint

import (
	"net/http"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// redeemRefresh is the refresh token grant (RFC 6749 section 6). As on the
// real service the old token stays valid, works for every resource, and for
// the family of the application.
func (p *Platform) redeemRefresh(r *http.Request, c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	value := c.Form.Get("refresh_token")
	if value == "" {
		return nil, p.fail("ParameterMissing", "name", "refresh_token")
	}
	x, refused := p.findRefresh(value, who)
	if refused != nil {
		return nil, refused
	}
	if refused := p.checkPlatform(r, c, x.platform, who); refused != nil {
		return nil, refused
	}
	if x.confidential && who.proof == "0" {
		return nil, p.fail("NoCredential")
	}
	g := x.grant
	g.app = who.app
	c.User = g.user.UPN
	switch {
	case g.user.Disabled:
		return nil, p.fail("UserDisabled")
	case tenant != nil && tenant.ID != g.user.TenantID:
		return nil, p.fail("UserNotInTenant", "user", g.user.UPN, "tenant", tenant.Name, "app", who.app.Name)
	}
	if refused := p.narrow(c, &g); refused != nil {
		return nil, refused
	}
	g.scopes.Offline = true // a refresh always brings the next refresh token
	answer, refused := p.issue(c, who, g, c.Form.Get("claims"))
	if refused == nil && !x.hardLimit.IsZero() {
		p.mu.Lock()
		p.state.refresh[answer.RefreshToken].hardLimit = x.hardLimit // the 24 hours do not start again
		p.mu.Unlock()
	}
	return answer, refused
}

// findRefresh returns a copy, as others may redeem the token at the same time.
func (p *Platform) findRefresh(value string, who client) (*refresh, *Error) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.state.refresh[value]
	switch {
	case x == nil:
		return nil, p.fail("RequestMalformed")
	case x.app != who.app && (!x.app.Family || !who.app.Family):
		return nil, p.fail("ClientMismatch")
	case p.state.isRevoked(&x.grant):
		return nil, p.fail("GrantRevoked")
	case !x.hardLimit.IsZero() && now.After(x.hardLimit):
		return nil, p.fail("SpaGrantExpired")
	case now.After(x.expires):
		return nil, p.fail("RefreshExpired")
	}
	x.expires = now.Add(p.life.RefreshToken) // inactivity starts again
	found := *x
	return &found, nil
}
