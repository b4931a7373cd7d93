package endpoint

import (
	"io"
	"net/http"
	"strings"
	"unicode"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/page"
)

// The shortest password and the longest names that the sign-up page takes.
const (
	minPassword = 8
	maxName     = 256
)

// askSignUp shows the page that makes an account, which prompt=create asks for.
func (p *Platform) askSignUp(w http.ResponseWriter, c *Call, x *pending, login, name, problem string) {
	x.page = signUpPage
	data := page.SignUpData{
		Action: "/" + x.path() + "/signup", Hidden: p.remember(x), AppName: x.app().Name,
		TenantName: x.tenantName(), Login: login, Name: name, Error: problem,
	}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.SignUp(out, data) })
}

// signUp answers what that page posts: /{tenant}/signup.
func (p *Platform) signUp(w http.ResponseWriter, r *http.Request, c *Call) {
	x, refused := p.resumeAt(r, c, signUpPage)
	if refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	c.ClientID = x.app().ClientID
	login, name := strings.TrimSpace(c.Form.Get(page.FieldLogin)), strings.TrimSpace(c.Form.Get(page.FieldName))
	user, problem := p.makeAccount(x.req.tenant, login, name, c.Form.Get(page.FieldPassword), c.place.kind != entra)
	if problem != "" {
		p.askSignUp(w, c, x, login, name, problem)
		return
	}
	s := session{user: user, authTime: p.now()}
	p.startSession(w, r, c, s)
	p.proceedWith(w, r, c, x, s)
}

// makeAccount adds a person to a tenant. It returns what is wrong, for people.
// The tenants of an organization take only their own domains; those of
// customers take any that is not another tenant's.
func (p *Platform) makeAccount(tenant *directory.Tenant, login, name, password string, anyDomain bool) (*directory.User, string) {
	local, domain, ok := strings.Cut(login, "@")
	home, known := p.dir.Tenant(domain)
	switch {
	case strings.ContainsFunc(login+name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return nil, "Names have no control characters."
	case !ok || local == "" || !strings.Contains(domain, ".") || len(login) > maxName || strings.ContainsAny(login, " \t\r\n<>\"/\\"):
		return nil, "Type a user name such as dora@contoso.test."
	case known && home != tenant, !known && !anyDomain:
		return nil, "User names here end with another domain."
	case name == "" || len(name) > maxName:
		return nil, "Type your name."
	case len(password) < minPassword || len(password) > maxName:
		return nil, "The password must have 8 to 256 characters."
	}
	user := &directory.User{ObjectID: directory.ID("user", login), TenantID: tenant.ID, UPN: login, Name: name, Password: password,
		OneTimeCode: directory.DefaultOneTimeCode}
	if !p.dir.Create(user) {
		return nil, "That user name is taken. Sign in with it, or choose another."
	}
	return user, ""
}
