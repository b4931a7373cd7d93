package endpoint

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/page"
)

const (
	sessionCookie = "ESTSAUTH"
	pendingField  = "ctx"
	pendingLife   = 30 * time.Minute
)

// remember keeps a sign-in while its pages are shown, and returns its handle.
func (p *Platform) remember(x *pending) []page.Field {
	id := p.random.Handle("")
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	x.expires = now.Add(pendingLife)
	p.state.pending[id] = x
	p.state.sweep(now)
	return []page.Field{{Name: pendingField, Value: id}}
}

// resumeAt is resume for an address that only takes what a page posts.
func (p *Platform) resumeAt(r *http.Request, c *Call, at string) (*pending, *Error) {
	if r.Method != http.MethodPost {
		return nil, p.fail("MethodNotAllowed", "allowed", "POST")
	}
	return p.resume(c, at)
}

// resume takes a sign-in up again at the page that was shown last. Each page's
// handle works once.
func (p *Platform) resume(c *Call, at string) (*pending, *Error) {
	id := c.Form.Get(pendingField)
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.state.pending[id]
	delete(p.state.pending, id)
	if x == nil || p.now().After(x.expires) {
		return nil, p.fail("BodyMalformed", "why", "this sign-in has ended; start again from the application")
	}
	if x.user != nil && x.epoch != p.state.epochs[x.user.ObjectID] {
		return nil, p.fail("BodyMalformed", "why", "the sessions of this person were revoked; start again from the application")
	}
	if x.page != at {
		return nil, p.fail("BodyMalformed", "why", "another page of this sign-in has to be answered first")
	}
	return x, nil
}

// askPassword shows the password page of an authorization request.
func (p *Platform) askPassword(w http.ResponseWriter, c *Call, req authRequest, user, problem string) {
	p.showSignIn(w, c, &pending{req: req}, user, problem)
}

func (p *Platform) showSignIn(w http.ResponseWriter, c *Call, x *pending, user, problem string) {
	x.page = loginPage
	data := page.SignInData{
		Action: "/" + x.path() + "/login", Hidden: p.remember(x), AppName: x.app().Name,
		TenantName: x.tenantName(), Error: problem,
	}
	if known, ok := p.dir.User(user); ok {
		data.Username = known.UPN
	} else {
		data.Login = user
	}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.SignIn(out, data) })
}

func (p *Platform) pickAccount(w http.ResponseWriter, c *Call, req authRequest, people []session) {
	x := &pending{req: req, page: loginPage}
	data := page.SignInData{Action: "/" + x.path() + "/login", Hidden: p.remember(x), AppName: req.app.Name, TenantName: x.tenantName()}
	for _, s := range people {
		data.Accounts = append(data.Accounts, page.AccountChoice{UPN: s.user.UPN, Name: s.user.Name})
	}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.SignIn(out, data) })
}

func (x *pending) app() *directory.App {
	if x.device != nil {
		return x.device.app
	}
	return x.req.app
}

func (x *pending) tenant() *directory.Tenant {
	if x.device != nil {
		return x.device.asked
	}
	return x.req.tenant
}

func (x *pending) tenantName() string {
	if t := x.tenant(); t != nil {
		return t.Name
	}
	return ""
}

func (x *pending) path() string {
	if x.req.prefix != "" {
		return x.req.prefix
	}
	if t := x.tenant(); t != nil {
		return t.ID
	}
	if x.device != nil {
		return strings.ToLower(x.device.tenantName)
	}
	return strings.ToLower(x.req.tenantName) // one of the reserved names
}

// signIn answers what the sign-in pages post: /{tenant}/login.
func (p *Platform) signIn(w http.ResponseWriter, r *http.Request, c *Call) {
	x, refused := p.resumeAt(r, c, loginPage)
	if refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	account := c.Form.Get(page.FieldAccount)
	switch {
	case account == page.AccountOther:
		p.showSignIn(w, c, x, "", "")
		return
	case account != "":
		c.User = account
		for _, s := range p.sessionsOf(r, x.req) {
			if x.req.prompt == "login" || x.req.prompt == "create" {
				break // the page asked for the password, whoever has a session
			}
			if strings.EqualFold(s.user.UPN, account) && !p.tooOld(x.req, s.authTime) {
				p.proceedWith(w, r, c, x, s)
				return
			}
		}
		p.showSignIn(w, c, x, account, "")
		return
	}
	user, refused := p.checkPassword(c, x.tenant(), x.app(), strings.TrimSpace(c.Form.Get(page.FieldLogin)), c.Form.Get(page.FieldPassword))
	if refused != nil {
		c.Err = refused
		p.showSignIn(w, c, x, c.Form.Get(page.FieldLogin), refused.Text)
		return
	}
	s := session{user: user, authTime: p.now()}
	p.startSession(w, r, c, s)
	p.proceedWith(w, r, c, x, s)
}

// checkPassword finds the person who signs in.
func (p *Platform) checkPassword(c *Call, tenant *directory.Tenant, app *directory.App, login, password string) (*directory.User, *Error) {
	c.User = login
	user, ok := p.dir.User(login)
	if !ok {
		return nil, p.fail("UserUnknown", "user", login, "tenant", c.tenant)
	}
	switch {
	case isConsumers(c.tenant):
		return nil, p.fail("UserNotInTenant", "user", login, "tenant", c.tenant, "app", app.Name)
	case tenant != nil && user.TenantID != tenant.ID:
		return nil, p.fail("UserNotInTenant", "user", login, "tenant", tenant.Name, "app", app.Name)
	case user.Password != password:
		return nil, p.fail("BadPassword")
	case user.Disabled:
		return nil, p.fail("UserDisabled")
	case user.PasswordExpired:
		return nil, p.fail("PasswordExpired")
	}
	return user, nil
}

// startSession puts a person into the browser's session.
func (p *Platform) startSession(w http.ResponseWriter, r *http.Request, c *Call, s session) {
	id := ""
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		id = cookie.Value
	}
	fresh := p.random.Handle("")
	p.mu.Lock()
	people, known := p.state.sessions[id]
	var kept []session
	for _, other := range people {
		if other.user != s.user {
			kept = append(kept, other)
		}
	}
	if known {
		delete(p.state.sessions, id) // a new identifier at each sign-in: no session fixation
	}
	p.state.sessions[fresh] = append(kept, s)
	p.mu.Unlock()
	http.SetCookie(w, p.cookie(c, fresh))
}

func (p *Platform) cookie(c *Call, value string) *http.Cookie {
	cookie := &http.Cookie{Name: sessionCookie, Value: value, Path: "/", HttpOnly: true, Secure: c.place.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

func (p *Platform) proceed(w http.ResponseWriter, r *http.Request, c *Call, req authRequest, s session) {
	if p.tooOld(req, s.authTime) {
		p.askPassword(w, c, req, s.user.UPN, "")
		return
	}
	p.proceedWith(w, r, c, &pending{req: req}, s)
}

// proceedWith goes on once it is known who the person is: a second factor and
// consent if needed, then the answer.
func (p *Platform) proceedWith(w http.ResponseWriter, r *http.Request, c *Call, x *pending, s session) {
	x.user, x.authTime, x.mfa = s.user, s.authTime, s.mfa
	p.mu.Lock()
	x.epoch = p.state.epochs[s.user.ObjectID]
	p.mu.Unlock()
	c.User = s.user.UPN
	if p.stepUp(w, c, x, s) {
		return
	}
	if x.device != nil {
		p.confirmDevice(w, c, x)
		return
	}
	p.mu.Lock()
	agreed := p.state.consented(s.user, x.req.app, x.req.scopes.Resource)
	p.mu.Unlock()
	if !agreed || x.req.prompt == "consent" {
		p.askConsent(w, c, x, x.req.scopes)
		return
	}
	p.respondCode(w, r, c, x.req, s)
}
