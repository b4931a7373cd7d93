package endpoint

import (
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/mint"
)

// kind is a relative of Entra that has addresses and tokens of its own. What
// is said here of their tokens is documented by Microsoft; how they refuse is
// unverified.
type kind int

const (
	entra    kind = iota
	b2c           // Azure AD B2C: https://{name}.b2clogin.com/{tenant}/{policy}
	customer      // External ID: https://{name}.ciamlogin.com/{tenant}
	adfs          // AD FS: https://{host}/adfs
	dsts          // dSTS: https://{host}/dstsv2/{tenant}
)

// dstsPath is in front of the tenant at dSTS.
const dstsPath = "dstsv2"

// adfsPath is where AD FS has everything.
const adfsPath = "adfs"

// adfsRests are the paths below /adfs by what they are called at Entra.
var adfsRests = map[string]string{
	".well-known/openid-configuration": "v2.0/.well-known/openid-configuration",
	"discovery/keys":                   "discovery/v2.0/keys",
	"oauth2/authorize":                 "oauth2/v2.0/authorize",
	"oauth2/token":                     "oauth2/v2.0/token",
	"oauth2/logout":                    "oauth2/v2.0/logout",
	"oauth2/devicecode":                "oauth2/v2.0/devicecode", // since AD FS 2019
	"oauth2/deviceauth":                "oauth2/deviceauth",
	"login":                            "login",
	"signup":                           "signup",
	"mfa":                              "mfa",
	"consent":                          "consent",
}

// relate recognizes the addresses of Entra's relatives, and turns them into
// tenant and rest as Entra has them. It reports false for an address on one of
// their hosts that names nothing there.
func (p *Platform) relate(c *Call) bool {
	switch host := c.place.host; {
	case isCustomer(host):
		c.place.kind = customer
		return p.relateCustomer(c)
	case isB2C(host):
		return p.relateB2C(c)
	case c.place.local && p.relateB2C(c): // a custom domain
		return true
	case p.relateDSTS(c):
		return c.rest != ""
	default:
		return !p.relateADFS(c) || c.rest != ""
	}
}

// relateDSTS reports whether the host is that of a dSTS; then the rest is empty
// for paths that it does not have. Where it has its configuration is what
// MSAL's clients ask for; that it has the other paths of Entra is unverified.
func (p *Platform) relateDSTS(c *Call) bool {
	tenant, ok := p.dir.TenantWithDSTS(c.place.host)
	if !ok {
		return false
	}
	segment, rest, _ := strings.Cut(c.rest, "/")
	asked, found := p.dir.Tenant(segment)
	if !strings.EqualFold(c.tenant, dstsPath) || segment != "common" && (!found || asked != tenant) {
		rest = ""
	}
	if rest == ".well-known/openid-configuration" {
		rest = "v2.0/" + rest
	}
	c.place.base = strings.ToLower(c.place.base)
	c.place.kind, c.place.issuer = dsts, c.place.base+"/"+dstsPath
	c.tenant, c.segment, c.rest, c.known = tenant.ID, segment, rest, true
	return true
}

// relateCustomer insists that the name of the host is the tenant's id or the
// first label of one of its onmicrosoft.com domains.
func (p *Platform) relateCustomer(c *Call) bool {
	tenant, ok := p.dir.Tenant(c.tenant)
	label, _, _ := strings.Cut(c.place.host, ".")
	return ok && (strings.EqualFold(label, tenant.ID) || tenant.Initial(label))
}

// relateB2C insists on a policy of the tenant, and on a host of b2clogin.com
// that has the tenant's name.
func (p *Platform) relateB2C(c *Call) bool {
	policy, rest, _ := strings.Cut(c.rest, "/")
	tenant, ok := p.dir.Tenant(c.tenant)
	if !ok || !slices.ContainsFunc(tenant.Policies, func(have string) bool { return strings.EqualFold(have, policy) }) {
		return false
	}
	if label, _, _ := strings.Cut(c.place.host, "."); isB2C(c.place.host) && !tenant.Initial(label) {
		return false
	}
	if rest == "oauth2/v2.0/devicecode" {
		return false // there is no such endpoint
	}
	c.place.kind, c.policy, c.rest, c.known = b2c, policy, rest, true
	return true
}

// relateADFS reports whether the host is that of an AD FS; then the rest is
// empty for paths that it does not have.
func (p *Platform) relateADFS(c *Call) bool {
	tenant, ok := p.dir.TenantWithADFS(c.place.host)
	if !ok {
		return false
	}
	rest := ""
	if strings.EqualFold(c.tenant, adfsPath) {
		rest = adfsRests[c.rest]
	}
	c.place.base = strings.ToLower(c.place.base)
	c.place.kind, c.place.issuer = adfs, c.place.base+"/"+adfsPath
	c.tenant, c.rest, c.known = tenant.ID, rest, true
	return true
}

func isB2C(name string) bool {
	for _, suffix := range [...]string{".b2clogin.com", ".b2clogin.cn", ".b2clogin.us", ".b2clogin.de"} {
		if label, ok := strings.CutSuffix(name, suffix); ok && label != "" && !strings.Contains(label, ".") {
			return true
		}
	}
	return false
}

// prefix is the path in front of the pages and endpoints of a relative, whose
// addresses are not Entra's; "" for the others.
func (c *Call) prefix() string {
	switch c.place.kind {
	case b2c:
		return strings.ToLower(c.tenant) + "/" + c.policy
	case adfs:
		return adfsPath
	case dsts:
		return dstsPath + "/" + c.segment
	}
	return ""
}

// clientInfo says who signed in. AD FS does not; Azure AD B2C takes the policy
// for a part of the person.
func (c *Call) clientInfo(u *directory.User) string {
	switch c.place.kind {
	case adfs:
		return ""
	case b2c:
		return mint.ClientInfo(&directory.User{ObjectID: u.ObjectID + "-" + c.policy, TenantID: u.TenantID})
	}
	return mint.ClientInfo(u)
}

// claims gives an Entra ID token the claims of the relative that issues it.
func (c *Call) claims(claims jwt.MapClaims, u *directory.User) jwt.MapClaims {
	var foreign []string
	switch c.place.kind {
	case b2c:
		foreign = []string{"preferred_username", "rh", "uti", "tid", "amr"}
		claims["ver"], claims["tfp"], claims["emails"] = "1.0", c.policy, []string{u.UPN}
	case adfs:
		foreign = []string{"preferred_username", "rh", "uti", "tid", "oid", "name", "ver", "amr"}
		claims["upn"], claims["unique_name"] = u.UPN, u.UPN
	}
	for _, name := range foreign {
		delete(claims, name)
	}
	return claims
}

// relativeDocument is the OpenID configuration of Azure AD B2C, AD FS and dSTS.
type relativeDocument struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Device        string   `json:"device_authorization_endpoint,omitempty"`
	EndSession    string   `json:"end_session_endpoint"`
	KeysURI       string   `json:"jwks_uri"`
	ResponseModes []string `json:"response_modes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	Scopes        []string `json:"scopes_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	IDTokenAlgs   []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	Claims        []string `json:"claims_supported"`
}

func (p *Platform) relativeConfiguration(w http.ResponseWriter, c *Call, tenant *directory.Tenant) {
	base := c.place.base + "/" + c.prefix()
	doc := relativeDocument{
		Issuer:        c.place.issuerV2(tenant.ID),
		Authorization: base + "/oauth2/v2.0/authorize", Token: base + "/oauth2/v2.0/token",
		EndSession: base + "/oauth2/v2.0/logout", KeysURI: base + "/discovery/v2.0/keys",
		ResponseModes: []string{"query", "fragment", "form_post"},
		ResponseTypes: []string{"code", "code id_token", "code token", "id_token"},
		Scopes:        []string{"openid"}, SubjectTypes: []string{"pairwise"}, IDTokenAlgs: []string{"RS256"},
		TokenAuth: []string{"client_secret_post", "client_secret_basic"},
		Claims:    []string{"name", "sub", "tfp", "iss", "iat", "exp", "aud", "auth_time", "nonce"},
	}
	switch c.place.kind {
	case dsts:
		doc.Device = base + "/oauth2/v2.0/devicecode"
	case adfs:
		doc.Device = base + "/oauth2/devicecode"
		doc.Authorization, doc.Token = base+"/oauth2/authorize/", base+"/oauth2/token/"
		doc.EndSession, doc.KeysURI = base+"/oauth2/logout", base+"/discovery/keys"
		doc.Scopes = []string{"openid", "profile", "email", "allatclaims", "user_impersonation", "aza", "logon_cert", "vpn_cert", "winhello_cert"}
		doc.TokenAuth = []string{"client_secret_post", "client_secret_basic", "private_key_jwt", "windows_client_authentication"}
		doc.Claims = []string{"aud", "iss", "iat", "exp", "auth_time", "nonce", "at_hash", "c_hash", "sub", "upn", "unique_name", "pwd_url", "pwd_exp", "mfa_auth_time", "sid"}
	}
	writeJSON(w, http.StatusOK, doc)
}

// isRelativeAudience accepts the token endpoint as the configuration spells it,
// and the issuer.
func (c *Call) isRelativeAudience(tenant *directory.Tenant, audience string) bool {
	endpoint := c.place.base + "/" + c.prefix() + "/oauth2/v2.0/token"
	if c.place.kind == adfs {
		endpoint = c.place.base + "/" + adfsPath + "/oauth2/token"
	}
	return strings.EqualFold(strings.TrimSuffix(audience, "/"), endpoint) || tenant != nil && audience == c.place.issuerV2(tenant.ID)
}

// grantHere refuses grants that the place does not have, and notes those that it
// may not have.
func (p *Platform) grantHere(c *Call) *Error {
	switch c.place.kind {
	case b2c:
		switch c.Grant {
		case grantCode, grantRefresh, grantClient, grantPassword:
		default:
			return p.fail("GrantTypeUnknown", "grant", safeName(c.Grant))
		}
	case entra:
		if c.Grant != grantClient && p.isRegional(c.place.host) {
			c.note(Finding{Rule: "regional-grant", Detail: "the grant " + safeName(c.Grant) + " came to a regional endpoint", Advice: true,
				Source: "MSAL sends only client credentials to regional endpoints; what they refuse is unverified"})
		}
	}
	return nil
}

// isRegional reports whether a host of a cloud has a region in front.
func (p *Platform) isRegional(name string) bool {
	for _, c := range p.clouds {
		if slices.Contains(c.aliases, name) {
			return false
		}
	}
	_, known := p.cloudOf(name)
	return known
}
