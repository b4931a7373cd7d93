package endpoint

import (
	"encoding/base64"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// The grants that redeem SAML assertions (RFC 7522, and its counterpart for
// SAML 1.1).
const (
	grantSAML11 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
	grantSAML20 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
)

// redeemSAML redeems the assertion of a federated provider. It may be used
// again until it expires; the real service is not known to count.
func (p *Platform) redeemSAML(c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	if c.Form.Get("assertion") == "" {
		return nil, p.fail("ParameterMissing", "name", "assertion")
	}
	if !who.app.Public && who.proof == "0" {
		return nil, p.fail("NoCredential")
	}
	scopes, err := p.dir.UserScopes(who.app.ClientID, c.Form.Get("scope"), false)
	if err != nil {
		return nil, p.scopeFailure(err, c.tenant)
	}
	text, ok := decodeAssertion(c, c.Form.Get("assertion"))
	if !ok {
		return nil, p.fail("SAMLAssertionBad", "why", "it is not base64url")
	}
	p.mu.Lock()
	a, known := p.state.assertions[digestOf(text)]
	revoked := known && a.epoch != p.state.epochs[a.user.ObjectID]
	p.mu.Unlock()
	switch {
	case !known:
		return nil, p.fail("SAMLAssertionBad", "why", "it was not issued by a federated provider, or was changed on the way")
	case a.saml20 != (c.Grant == grantSAML20):
		return nil, p.fail("SAMLAssertionBad", "why", "the grant type is that of another version of SAML")
	case !p.now().Before(a.expires):
		return nil, p.fail("SAMLAssertionBad", "why", "it has expired")
	case revoked:
		return nil, p.fail("GrantRevoked")
	}
	c.User = a.user.UPN
	switch {
	case a.user.Disabled:
		return nil, p.fail("UserDisabled")
	case tenant != nil && tenant.ID != a.user.TenantID:
		return nil, p.fail("UserNotInTenant", "user", a.user.UPN, "tenant", tenant.Name, "app", who.app.Name)
	}
	return p.issueFor(c, who, a.user, scopes)
}

// decodeAssertion reads base64url without padding (RFC 7522 section 2.1).
// Released clients send the standard alphabet too.
func decodeAssertion(c *Call, value string) (string, bool) {
	if text, err := base64.RawURLEncoding.Strict().DecodeString(value); err == nil {
		return string(text), true
	}
	text, err := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(value))
	if err != nil {
		return "", false
	}
	c.note(Finding{Rule: "assertion-encoding", Detail: "the assertion is not base64url without padding", Advice: true, Source: "RFC 7522 section 2.1"})
	return string(text), true
}
