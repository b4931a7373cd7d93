package endpoint

import (
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/msal-go/msal/emulator/internal/page"
)

// respondCode ends an authorization request well.
func (p *Platform) respondCode(w http.ResponseWriter, r *http.Request, c *Call, req authRequest, s session) {
	c.User = s.user.UPN
	tenant, ok := p.dir.Tenant(s.user.TenantID)
	if !ok {
		p.errorPage(w, c, p.fail("InternalError"))
		return
	}
	g := grant{app: req.app, user: s.user, tenant: tenant, scopes: req.scopes, platform: req.platform, nonce: req.nonce,
		authTime: s.authTime, mfa: s.mfa}
	answer := url.Values{"session_state": {p.random.UUID()}}
	if req.types.code {
		answer.Set("code", p.newCode(req, g))
	}
	if req.types.front() {
		if refused := p.addTokens(c, req, g, answer); refused != nil {
			p.respondError(w, r, c, req, refused)
			return
		}
	}
	if info := c.clientInfo(s.user); req.clientInfo && info != "" {
		answer.Set("client_info", info)
	}
	if req.instance {
		answer.Set("cloud_instance_name", c.place.cloud.name)
		answer.Set("cloud_instance_host_name", c.place.cloud.network)
	}
	p.respond(w, r, c, req, answer)
}

// newCode makes an authorization code.
func (p *Platform) newCode(req authRequest, g grant) string {
	now := p.now()
	value := p.random.Handle("1.C")
	p.mu.Lock()
	defer p.mu.Unlock()
	g.epoch, g.expires = p.state.epochs[g.user.ObjectID], now.Add(p.life.Code)
	p.state.codes[value] = &code{grant: g, redirect: req.redirect, challenge: req.challenge, method: req.method, claims: req.claims}
	p.state.sweep(now)
	return value
}

// respondError ends an authorization request badly, in a way that the
// application learns about.
func (p *Platform) respondError(w http.ResponseWriter, r *http.Request, c *Call, req authRequest, e *Error) {
	c.Err = e
	stamp := p.now().UTC().Format(timestampFormat)
	answer := url.Values{"error": {e.Kind}, "error_description": {description(c, e, stamp)}, "error_uri": {c.place.base + "/error?code=" + itoa(e.Code)}}
	if e.Suberror != "" {
		answer.Set("suberror", e.Suberror)
	}
	if e.Claims != "" {
		answer.Set("claims", e.Claims)
	}
	p.respond(w, r, c, req, answer)
}

// respond sends an authorization response in the asked mode (RFC 6749 section
// 4.1.2; OAuth 2.0 Multiple Response Types; OAuth 2.0 Form Post).
func (p *Platform) respond(w http.ResponseWriter, r *http.Request, c *Call, req authRequest, answer url.Values) {
	if req.state != "" {
		answer.Set("state", req.state)
	}
	if req.mode == "form_post" {
		data := page.FormPostData{Action: req.redirect}
		for _, name := range sortedNames(answer) {
			data.Fields = append(data.Fields, page.Field{Name: name, Value: answer.Get(name)})
		}
		target, err := url.Parse(req.redirect)
		if err != nil || target.Scheme != "http" && target.Scheme != "https" {
			p.errorPage(w, c, p.fail("BodyMalformed", "why", "form_post needs an http or https redirect URI"))
			return
		}
		p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.FormPost(out, data) })
		return
	}
	u, err := url.Parse(req.redirect)
	if err != nil { // it matched a registered one, so it parsed before
		p.errorPage(w, c, p.fail("RedirectMismatch", "uri", req.redirect, "app", req.app.ClientID))
		return
	}
	location := u.String()
	switch {
	case req.mode == "fragment":
		location += "#" + answer.Encode()
	case u.RawQuery != "":
		location += "&" + answer.Encode()
	default:
		location += "?" + answer.Encode()
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", location)
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther // a 302 could repeat the password as a POST to the application (RFC 9700 section 4.12)
	}
	w.WriteHeader(status)
}

func sortedNames(v url.Values) []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
