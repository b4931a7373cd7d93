package endpoint

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// authRequest is a checked authorization request.
type authRequest struct {
	app        *directory.App
	tenant     *directory.Tenant // nil: common, organizations, consumers
	tenantName string
	redirect   string
	platform   directory.Platform
	mode       string
	types      responseTypes
	state      string
	nonce      string
	scopes     directory.Scopes
	prompt     string
	loginHint  string
	domainHint string
	maxAge     time.Duration // negative: not asked
	challenge  string
	method     string
	claims     string
	clientInfo bool
	instance   bool   // instance_aware
	prefix     string // of pages, where it is not the tenant
}

// authorize answers /{tenant}/oauth2/v2.0/authorize.
func (p *Platform) authorize(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet, http.MethodPost) {
		return
	}
	req, refused := p.authTarget(c)
	if refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	refused = p.authParameters(c, &req)
	if c.Force != nil {
		refused = c.Force
	}
	if refused != nil {
		p.respondError(w, r, c, req, refused)
		return
	}
	p.enter(w, r, c, req)
}

// authTarget checks what has to be right before anything may be sent to the
// application: tenant, application and redirect URI.
func (p *Platform) authTarget(c *Call) (authRequest, *Error) {
	req := authRequest{tenantName: c.tenant, prefix: c.prefix(), maxAge: -1, mode: "query"}
	for _, values := range []map[string][]string{c.Query, c.Form} {
		for name, v := range values {
			if len(v) > 1 {
				return req, p.fail("ParameterDuplicated", "name", safeName(name))
			}
		}
	}
	if c.body != nil {
		return req, p.fail("BodyMalformed", "why", c.body.Error())
	}
	tenant, refused := p.tenantOf(c.tenant)
	if refused != nil {
		return req, refused
	}
	req.tenant = tenant
	if req.app, refused = p.appOf(c, tenant); refused != nil {
		return req, refused
	}
	req.redirect = c.param("redirect_uri")
	if req.redirect == "" {
		only, ok := req.app.OnlyRedirect()
		if !ok {
			return req, p.fail("NoRedirect")
		}
		req.redirect = only
	}
	platform, ok := req.app.Redirect(req.redirect)
	if !ok {
		return req, p.fail("RedirectMismatch", "uri", req.redirect, "app", req.app.ClientID)
	}
	req.platform = platform
	return req, nil
}

// authParameters checks the rest. Its errors are told to the application.
func (p *Platform) authParameters(c *Call, req *authRequest) *Error {
	req.state, req.nonce = c.param("state"), c.param("nonce")
	req.loginHint, req.claims = c.param("login_hint"), c.param("claims")
	req.domainHint = c.param("domain_hint")
	req.clientInfo = c.param("client_info") == "1"
	req.instance = strings.EqualFold(c.param("instance_aware"), "true")
	if refused := p.authResponse(c, req); refused != nil {
		return refused
	}
	if refused := p.authScope(c, req); refused != nil {
		return refused
	}
	if refused := p.authChallenge(c, req); refused != nil {
		return refused
	}
	if _, refused := p.capabilities(req.claims); refused != nil {
		return refused
	}
	switch prompt := c.param("prompt"); prompt {
	case "", "none", "login", "select_account", "consent", "create":
		req.prompt = prompt
	default:
		return p.fail("PromptUnknown")
	}
	if raw := c.param("max_age"); raw != "" {
		seconds, err := strconv.ParseUint(raw, 10, 31)
		if err != nil {
			return p.fail("ParameterBad", "name", "max_age")
		}
		req.maxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

func (p *Platform) authScope(c *Call, req *authRequest) *Error {
	scopes, err := p.dir.UserScopes(req.app.ClientID, c.param("scope"), true)
	if err != nil {
		return p.scopeFailure(err, c.tenant)
	}
	req.scopes = scopes
	if req.types.idToken && !scopes.OpenID {
		return p.fail("ResponseTypeScope")
	}
	return nil
}

// authChallenge checks PKCE (RFC 7636 section 4.3). The real service accepts
// the method plain, which is also what a missing method means.
func (p *Platform) authChallenge(c *Call, req *authRequest) *Error {
	req.challenge, req.method = c.param("code_challenge"), c.param("code_challenge_method")
	if req.challenge == "" {
		switch {
		case req.platform == directory.SPA && req.types.code: // tokens through the browser have nothing to prove
			return p.fail("PKCERequired")
		case req.method != "":
			return p.fail("ChallengeMissing")
		}
		return nil
	}
	switch req.method {
	case "S256":
		if len(req.challenge) != 43 || !unreserved(req.challenge) {
			return p.fail("ChallengeSize")
		}
	case "", "plain":
		req.method = "plain"
		c.note(Finding{Rule: "pkce-plain", Detail: "the code_challenge_method is plain", Advice: true, Source: "RFC 7636 section 7.2; RFC 9700 section 2.1.1"})
		if len(req.challenge) < 43 || len(req.challenge) > 128 || !unreserved(req.challenge) {
			return p.fail("ChallengeSize")
		}
	default:
		return p.fail("ParameterBad", "name", "code_challenge_method")
	}
	return nil
}

func unreserved(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
	})
}

// scopeFailure turns a refused scope parameter into the error of the wire.
func (p *Platform) scopeFailure(err error, tenant string) *Error {
	var bad *directory.ScopeError
	if !errors.As(err, &bad) {
		return p.fail("InternalError")
	}
	switch bad.Problem {
	case directory.ScopeMissing:
		return p.fail("ParameterMissing", "name", "scope")
	case directory.ScopeResourceUnknown:
		return p.fail("ResourceUnknown", "resource", bad.Value, "tenant", tenant)
	case directory.ScopeManyResources:
		return p.fail("ManyResources", "scope", bad.Value)
	case directory.ScopeDefaultMixed:
		return p.fail("ScopeDefaultMixed")
	case directory.ScopeNotDefault:
		return p.fail("ScopeNotDefault", "scope", bad.Value)
	}
	return p.fail("ScopeUnknown", "scope", bad.Value)
}

// enter decides what the person sees: nothing (single sign-on), the account
// picker, the password page, or an error for the application.
func (p *Platform) enter(w http.ResponseWriter, r *http.Request, c *Call, req authRequest) {
	people := p.sessionsOf(r, req)
	hinted := slices.IndexFunc(people, func(s session) bool { return strings.EqualFold(s.user.UPN, req.loginHint) })
	switch {
	case req.prompt == "none":
		p.silent(w, r, c, req, people, hinted)
	case req.prompt == "create" && req.tenant != nil && req.tenant.SignUp:
		p.askSignUp(w, c, &pending{req: req}, req.loginHint, "", "")
	case req.prompt == "login" || req.prompt == "create": // where nobody can sign up, people sign in
		p.askPassword(w, c, req, req.loginHint, "")
	case req.loginHint != "" && hinted >= 0:
		p.proceed(w, r, c, req, people[hinted])
	case req.loginHint != "" && req.prompt != "select_account":
		p.askPassword(w, c, req, req.loginHint, "")
	case len(people) == 0:
		p.askPassword(w, c, req, req.loginHint, "")
	case len(people) == 1 && req.prompt != "select_account":
		p.proceed(w, r, c, req, people[0])
	default:
		p.pickAccount(w, c, req, people)
	}
}

// silent answers prompt=none.
func (p *Platform) silent(w http.ResponseWriter, r *http.Request, c *Call, req authRequest, people []session, hinted int) {
	var s session
	switch {
	case req.loginHint != "" && hinted >= 0:
		s = people[hinted]
	case req.loginHint != "" || len(people) == 0:
		p.respondError(w, r, c, req, p.fail("NotSignedIn"))
		return
	case len(people) > 1:
		p.respondError(w, r, c, req, p.fail("AccountSelectionRequired"))
		return
	default:
		s = people[0]
	}
	p.mu.Lock()
	agreed := p.state.consented(s.user, req.app, req.scopes.Resource)
	p.mu.Unlock()
	barrier := p.barrier((&pending{req: req}).usage(s))
	switch {
	case p.tooOld(req, s.authTime):
		p.respondError(w, r, c, req, p.fail("NotSignedIn"))
	case !agreed:
		e := p.fail("ConsentRequired", "app", req.app.Name)
		e.Kind = "consent_required"
		p.respondError(w, r, c, req, e)
	case barrier != nil:
		barrier.Kind = "interaction_required"
		p.respondError(w, r, c, req, barrier)
	default:
		p.respondCode(w, r, c, req, s)
	}
}

// sessionsOf lists who is signed in to this browser and may use the tenant.
func (p *Platform) sessionsOf(r *http.Request, req authRequest) []session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || isConsumers(req.tenantName) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []session
	for _, s := range p.state.sessions[cookie.Value] {
		if !s.user.Disabled && (req.tenant == nil || s.user.TenantID == req.tenant.ID) && p.hinted(req, s.user) {
			out = append(out, s)
		}
	}
	return out
}

// hinted reports whether a person may be whom domain_hint means: a domain is its
// tenant's people, consumers is nobody here, and what is not known is no hint.
// That the real service passes other people's sessions over is unverified.
func (p *Platform) hinted(req authRequest, user *directory.User) bool {
	if strings.EqualFold(req.domainHint, "consumers") {
		return false
	}
	t, known := p.dir.Tenant(req.domainHint)
	return !known || t.ID == user.TenantID
}

func (p *Platform) tooOld(req authRequest, authTime time.Time) bool {
	// Zero asks for a sign-in now, like prompt=login, also where the clock of a
	// test stands still (OpenID Connect Core section 3.1.2.1).
	return req.maxAge == 0 || req.maxAge > 0 && p.now().Sub(authTime) > req.maxAge
}
