package endpoint

import (
	"crypto/subtle"
	"io"
	"net/http"
	"strings"

	"github.com/msal-go/msal/emulator/internal/page"
)

// stepUp asks for what the access policies want beside a password, or says that
// there is no way. It reports whether it wrote a page.
func (p *Platform) stepUp(w http.ResponseWriter, c *Call, x *pending, s session) bool {
	e := p.barrier(x.usage(s))
	switch {
	case e == nil:
		return false
	case !canBeAsked(e):
		p.errorPage(w, c, e) // as on the real service, the application does not learn of it
	case e.Name == "SignInTooOld":
		p.showSignIn(w, c, x, s.user.UPN, "")
	default:
		x.enroll = e.Name == "MFAEnrollment"
		p.askFactor(w, c, x, "")
	}
	return true
}

// usage is what a sign-in under way is for.
func (x *pending) usage(s session) usage {
	u := usage{user: s.user, app: x.app(), resource: x.req.scopes.Resource, authTime: s.authTime, mfa: s.mfa}
	claims := x.req.claims
	if x.device != nil {
		u.resource, claims = x.device.scopes.Resource, x.device.claims
	}
	u.asked, _ = parseClaims(claims) // was well formed when it came
	return u
}

// bare drops the blanks that people put into codes.
func bare(code string) []byte { return []byte(strings.ReplaceAll(code, " ", "")) }

func (p *Platform) askFactor(w http.ResponseWriter, c *Call, x *pending, problem string) {
	x.page = factorPage
	data := page.MFAData{Action: "/" + x.path() + "/mfa", Hidden: p.remember(x), AppName: x.app().Name, Username: x.user.UPN, Error: problem}
	if x.enroll {
		data.Code = x.user.OneTimeCode
	}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.MFA(out, data) })
}

// secondFactor answers what the page posts that asks for the second factor, or
// enrolls one: /{tenant}/mfa.
func (p *Platform) secondFactor(w http.ResponseWriter, r *http.Request, c *Call) {
	x, refused := p.resumeAt(r, c, factorPage)
	if refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	c.User, c.ClientID = x.user.UPN, x.app().ClientID
	if subtle.ConstantTimeCompare(bare(c.Form.Get(page.FieldFactor)), bare(x.user.OneTimeCode)) != 1 {
		c.Err = p.fail("FactorWrong")
		p.askFactor(w, c, x, c.Err.Text)
		return
	}
	if x.enroll {
		p.mu.Lock()
		p.state.enrolled[x.user.ObjectID] = true
		p.mu.Unlock()
	}
	s := session{user: x.user, authTime: x.authTime, mfa: true}
	p.startSession(w, r, c, s)
	p.proceedWith(w, r, c, x, s)
}
