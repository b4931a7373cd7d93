package endpoint

import (
	"encoding/json"
	"mime"
	"net/http"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/mint"
)

// The grants of the token endpoint.
const (
	grantCode        = "authorization_code"
	grantRefresh     = "refresh_token"
	grantClient      = "client_credentials"
	grantDevice      = "urn:ietf:params:oauth:grant-type:device_code"
	grantDeviceShort = "device_code" // the spelling of some clients; the real service takes both
	grantPassword    = "password"
	grantOnBehalf    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantUserFIC     = "user_fic"
)

// tokenAnswer is a successful answer of the token endpoint.
type tokenAnswer struct {
	TokenType    string `json:"token_type"`
	Scope        string `json:"scope,omitempty"`
	ExpiresIn    int64  `json:"expires_in"`
	ExtExpiresIn int64  `json:"ext_expires_in"`
	RefreshIn    int64  `json:"refresh_in,omitempty"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	ClientInfo   string `json:"client_info,omitempty"`
	Family       string `json:"foci,omitempty"`
	SPACode      string `json:"spa_code,omitempty"`
}

// token answers /{tenant}/oauth2/v2.0/token.
func (p *Platform) token(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodPost) {
		return
	}
	answer, refused := p.redeem(r, c)
	if refused != nil {
		p.refuse(w, c, refused)
		return
	}
	p.sendToken(w, c, answer)
}

// sendToken writes the answer, changed as a fault asks.
func (p *Platform) sendToken(w http.ResponseWriter, c *Call, answer *tokenAnswer) {
	if len(c.Drop) == 0 && len(c.Replace) == 0 {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	text, err := json.Marshal(answer)
	members := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	if err != nil {
		p.refuse(w, c, p.fail("InternalError"))
		return
	}
	for name, value := range c.Replace {
		members[name] = value
	}
	for _, name := range c.Drop {
		delete(members, name)
	}
	writeJSON(w, http.StatusOK, members)
}

func (p *Platform) redeem(r *http.Request, c *Call) (*tokenAnswer, *Error) {
	if refused := p.checkForm(r, c); refused != nil {
		return nil, refused
	}
	if c.Grant == "" {
		return nil, p.fail("ParameterMissing", "name", "grant_type")
	}
	if refused := p.circling(c); refused != nil {
		return nil, refused
	}
	if refused := p.grantHere(c); refused != nil {
		return nil, refused
	}
	tenant, refused := p.tenantOf(c.tenant)
	if refused != nil {
		return nil, refused
	}
	who, refused := p.authenticate(r, c, tenant)
	if refused != nil {
		return nil, refused
	}
	if c.Grant != grantClient && c.Form.Has("fmi_path") {
		return nil, p.fail("ParameterBad", "name", "fmi_path")
	}
	if refused := p.readBinding(c); refused != nil {
		return nil, refused
	}
	switch c.Grant {
	case grantCode:
		return p.redeemCode(r, c, tenant, who)
	case grantRefresh:
		return p.redeemRefresh(r, c, tenant, who)
	case grantClient:
		return p.redeemClient(c, tenant, who)
	case grantDevice, grantDeviceShort:
		return p.redeemDevice(c, tenant, who)
	case grantPassword:
		return p.redeemPassword(c, tenant, who)
	case grantOnBehalf:
		return p.redeemOnBehalf(c, tenant, who)
	case grantUserFIC:
		return p.redeemUserFIC(c, tenant, who)
	case grantSAML11, grantSAML20:
		return p.redeemSAML(c, tenant, who)
	}
	return nil, p.fail("GrantTypeUnknown", "grant", safeName(c.Grant))
}

// checkForm checks that the body is a form and names nothing twice (RFC 6749
// section 3.2).
func (p *Platform) checkForm(r *http.Request, c *Call) *Error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		c.note(Finding{Rule: "content-type", Detail: "the body is not application/x-www-form-urlencoded", Source: "RFC 6749 section 4.1.3 and appendix B"})
		return p.fail("BodyMalformed", "why", "the Content-Type must be application/x-www-form-urlencoded")
	}
	if c.body != nil {
		return p.fail("BodyMalformed", "why", c.body.Error())
	}
	for _, name := range sortedNames(c.Form) {
		if len(c.Form[name]) > 1 {
			return p.fail("ParameterDuplicated", "name", safeName(name))
		}
	}
	return nil
}

// issue makes the answer for a person's grant.
func (p *Platform) issue(c *Call, who client, g grant, claims string) (*tokenAnswer, *Error) {
	asked, refused := p.claimsOf(claims)
	if refused != nil {
		return nil, refused
	}
	p.mu.Lock()
	agreed, life := p.state.consented(g.user, g.app, g.scopes.Resource), p.life
	p.mu.Unlock()
	if !agreed {
		return nil, p.fail("ConsentRequired", "app", g.app.Name)
	}
	if refused := p.admit(c, &g, asked); refused != nil {
		return nil, refused
	}
	life = accessLife(g.scopes.Resource, asked.capabilities, life)
	t := p.describe(c, who, g.tenant.ID, life.AccessToken)
	t.User, t.AuthTime, t.MFA, t.Nonce = g.user, g.authTime, g.mfa, g.nonce
	t.Contexts, t.IDContexts = g.contexts, asked.idContexts
	t.Resource, t.Audience, t.Scopes, t.Capabilities = g.scopes.Resource, audience(g.scopes), g.scopes.Claim(), asked.capabilities
	answer, refused := p.sign(c, t, life)
	if refused != nil {
		return nil, refused
	}
	if len(t.Capabilities) > 0 {
		p.follow(t.ID, g.user, t.Now.Add(t.Lifetime))
	}
	answer.Scope = g.scopes.Granted()
	if g.scopes.OpenID {
		id, err := p.keys.Sign(c.claims(t.IDClaims(), g.user), c.Tamper)
		if err != nil {
			return nil, p.signFailure(err)
		}
		answer.IDToken = id
	}
	if c.Form.Get("client_info") == "1" {
		answer.ClientInfo = c.clientInfo(g.user)
	}
	if g.scopes.Offline {
		answer.RefreshToken = p.newRefresh(g, who, life)
		if g.app.Family {
			answer.Family = "1"
		}
	}
	return answer, nil
}

func (p *Platform) describe(c *Call, who client, tenantID string, lifetime time.Duration) mint.Token {
	return mint.Token{
		Now: p.now(), Lifetime: lifetime, TenantID: tenantID,
		IssuerV1: c.place.issuerV1(tenantID), IssuerV2: c.place.issuerV2(tenantID),
		Client: who.app, ClientAuth: who.proof, ID: p.random.Short(),
	}
}

func (p *Platform) sign(c *Call, t mint.Token, life Lifetimes) (*tokenAnswer, *Error) {
	access, kind, err := p.bind(c, t)
	if err != nil {
		return nil, p.signFailure(err)
	}
	seconds := int64(life.AccessToken.Seconds())
	return &tokenAnswer{TokenType: kind, ExpiresIn: seconds, ExtExpiresIn: seconds, RefreshIn: int64(life.RefreshIn.Seconds()), AccessToken: access}, nil
}

func (p *Platform) signFailure(err error) *Error {
	p.log.Error("a token could not be signed", "error", err)
	return p.fail("InternalError")
}

// audience of a version 1 token is the resource as the client wrote it.
func audience(s directory.Scopes) string {
	if s.Prefix != "" {
		return s.Prefix
	}
	return s.Resource.ClientID
}

// spaLife is the fixed life of refresh tokens of single-page applications.
const spaLife = 24 * time.Hour

func (p *Platform) newRefresh(g grant, who client, life Lifetimes) string {
	now := p.now()
	value := p.random.Handle("1.R")
	r := &refresh{grant: g, confidential: who.proof != "0"}
	r.nonce = "" // belongs to the first ID token alone
	r.expires = now.Add(life.RefreshToken)
	if g.platform == directory.SPA {
		r.hardLimit = now.Add(min(spaLife, life.RefreshToken))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.refresh[value] = r
	p.state.sweep(now)
	return value
}
