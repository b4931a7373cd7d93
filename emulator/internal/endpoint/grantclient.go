package endpoint

import (
	"github.com/msal-go/msal/emulator/internal/directory"
)

// redeemClient is the client credentials grant (RFC 6749 section 4.4).
func (p *Platform) redeemClient(c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	if who.proof == "0" {
		return nil, p.fail("CredentialMissing")
	}
	if tenant == nil {
		return nil, p.fail("NoTenant")
	}
	scopes, err := p.dir.AppScopes(c.Form.Get("scope"))
	if err != nil {
		return nil, p.scopeFailure(err, c.tenant)
	}
	if scopes.Extra {
		c.note(Finding{Rule: "client-credentials-scope", Detail: "scopes of OpenID Connect came with client_credentials", Advice: true,
			Source: "learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow: the scope is <resource>/.default"})
	}
	capabilities, refused := p.capabilities(c.Form.Get("claims"))
	if refused != nil {
		return nil, refused
	}
	life := accessLife(scopes.Resource, capabilities, p.Lifetimes())
	t := p.describe(c, who, tenant.ID, life.AccessToken)
	t.Resource, t.Audience, t.Capabilities = scopes.Resource, audience(scopes), capabilities
	if path := c.Form.Get("fmi_path"); path != "" {
		if scopes.Resource.ClientID != directory.ExchangeID { // that the real service wants it so is unverified
			return nil, p.fail("ParameterBad", "name", "fmi_path")
		}
		t.Subject = directory.FMISubject(tenant.ID, who.app.ClientID, path)
	}
	for _, role := range scopes.Resource.Roles {
		if who.app.HasRole(scopes.Resource, role) {
			t.Roles = append(t.Roles, role)
		}
	}
	return p.sign(c, t, life)
}
