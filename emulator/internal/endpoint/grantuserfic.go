package endpoint

import (
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// redeemUserFIC signs a person in with a federated identity credential: a token
// that the application itself got for the token exchange (grant user_fic). Which
// numbers the real service refuses with is unverified; that it asks whether the
// application may act as the person is left out here.
func (p *Platform) redeemUserFIC(c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	if who.proof == "0" {
		return nil, p.fail("NoCredential")
	}
	assertion, name, oid := c.Form.Get("user_federated_identity_credential"), c.Form.Get("username"), c.Form.Get("user_id")
	switch {
	case tenant == nil:
		return nil, p.fail("NoTenant")
	case assertion == "":
		return nil, p.fail("ParameterMissing", "name", "user_federated_identity_credential")
	case name == "" && oid == "":
		return nil, p.fail("ParameterMissing", "name", "username")
	case name != "" && oid != "":
		return nil, p.fail("BodyMalformed", "why", "username and user_id came together")
	}
	scopes, err := p.dir.UserScopes(who.app.ClientID, c.Form.Get("scope"), false)
	if err != nil {
		return nil, p.scopeFailure(err, c.tenant)
	}
	claims, err := p.keys.Verify(assertion)
	if err != nil {
		return nil, p.fail("AssertionBad", "why", "it is expired, or was not issued and signed here")
	}
	if aud, _ := claims["aud"].(string); aud != directory.ExchangeID {
		return nil, p.fail("AssertionAudience")
	}
	if azp, _ := claims["azp"].(string); !strings.EqualFold(azp, who.app.ClientID) {
		return nil, p.fail("AssertionBad", "why", "it was issued to another application")
	}
	if _, isPersons := claims["scp"]; isPersons { // which the application may get for any scope that the person allows
		return nil, p.fail("AssertionBad", "why", "it is the token of a person, not of the application itself")
	}
	if tid, _ := claims["tid"].(string); tid != tenant.ID {
		return nil, p.fail("AssertionBad", "why", "it was issued in another tenant")
	}
	user, ok := p.dir.UserByID(oid)
	if oid == "" {
		user, ok = p.dir.User(name)
	}
	if !ok {
		return nil, p.fail("UserUnknown", "user", name+oid, "tenant", tenant.Name)
	}
	c.User = user.UPN
	switch {
	case user.Disabled:
		return nil, p.fail("UserDisabled")
	case tenant.ID != user.TenantID:
		return nil, p.fail("UserNotInTenant", "user", user.UPN, "tenant", tenant.Name, "app", who.app.Name)
	}
	return p.issueFor(c, who, user, scopes)
}
