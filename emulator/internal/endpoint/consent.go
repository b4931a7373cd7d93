package endpoint

import (
	"io"
	"net/http"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/page"
)

func (p *Platform) askConsent(w http.ResponseWriter, c *Call, x *pending, scopes directory.Scopes) {
	x.page = consentPage
	list := strings.Fields(scopes.Granted())
	if scopes.Offline {
		list = append(list, "offline_access")
	}
	data := page.ConsentData{Action: "/" + x.path() + "/consent", Hidden: p.remember(x), AppName: x.app().Name, Username: x.user.UPN, Scopes: list}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.Consent(out, data) })
}

// consent answers what the consent page posts: /{tenant}/consent.
func (p *Platform) consent(w http.ResponseWriter, r *http.Request, c *Call) {
	x, refused := p.resumeAt(r, c, consentPage)
	if refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	c.User = x.user.UPN
	if c.Form.Get(page.FieldConsent) != page.ConsentAccept {
		if x.device != nil {
			p.endDevice(w, c, x, false)
			return
		}
		p.respondError(w, r, c, x.req, p.fail("ConsentDeclined"))
		return
	}
	resource := x.req.scopes.Resource
	if x.device != nil {
		resource = x.device.scopes.Resource
	}
	p.mu.Lock()
	p.state.consents[consentKey(x.user, x.app(), resource)] = true
	p.mu.Unlock()
	if x.device != nil {
		p.endDevice(w, c, x, true)
		return
	}
	p.respondCode(w, r, c, x.req, session{user: x.user, authTime: x.authTime, mfa: x.mfa})
}
