package endpoint

import (
	"github.com/msal-go/msal/emulator/internal/directory"
)

// redeemPassword is the resource owner password grant (RFC 6749 section 4.3).
func (p *Platform) redeemPassword(c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	for _, name := range []string{"username", "password"} {
		if c.Form.Get(name) == "" {
			return nil, p.fail("ParameterMissing", "name", name)
		}
	}
	if !who.app.Public && who.proof == "0" {
		return nil, p.fail("NoCredential")
	}
	scopes, err := p.dir.UserScopes(who.app.ClientID, c.Form.Get("scope"), false)
	if err != nil {
		return nil, p.scopeFailure(err, c.tenant)
	}
	if _, federated := p.dir.FederationOf(c.Form.Get("username")); federated {
		// The domain's own provider has the password. That this is the answer of
		// the real service is unverified.
		return nil, p.fail("BadPassword")
	}
	user, refused := p.checkPassword(c, tenant, who.app, c.Form.Get("username"), c.Form.Get("password"))
	if refused != nil {
		return nil, refused
	}
	return p.issueFor(c, who, user, scopes)
}

// issueFor makes the answer for a person who is known without a browser.
func (p *Platform) issueFor(c *Call, who client, user *directory.User, scopes directory.Scopes) (*tokenAnswer, *Error) {
	g, refused := p.grantTo(who, user, scopes)
	if refused != nil {
		return nil, refused
	}
	return p.issue(c, who, g, c.Form.Get("claims"))
}

// grantTo is the grant of a person who signs in now, without a browser.
func (p *Platform) grantTo(who client, user *directory.User, scopes directory.Scopes) (grant, *Error) {
	home, ok := p.dir.Tenant(user.TenantID)
	if !ok {
		return grant{}, p.fail("InternalError")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return grant{app: who.app, user: user, tenant: home, scopes: scopes, authTime: p.now(), epoch: p.state.epochs[user.ObjectID]}, nil
}
