package endpoint

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/page"
)

// devicePath is where people enter the codes of devices, at the place that a
// request came to.
func (c *Call) devicePath() string {
	segment := "common"
	switch c.place.kind {
	case customer:
		segment = strings.ToLower(c.tenant) // there is no common there
	case adfs, dsts:
		segment = c.prefix()
	}
	return "/" + segment + "/oauth2/deviceauth"
}

// devicePage answers the page where a person enters the code of a device.
func (p *Platform) devicePage(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet, http.MethodPost) {
		return
	}
	if r.Method != http.MethodPost {
		p.askUserCode(w, c, c.Query.Get("otc"), "")
		return
	}
	if c.Form.Has(page.FieldConfirm) {
		p.deviceConfirmed(w, c)
		return
	}
	entered := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, c.Form.Get(page.FieldCode)))
	p.mu.Lock()
	d := p.state.userCodes[entered]
	usable := d != nil && !d.used && !d.approved && !d.declined && p.now().Before(d.expires)
	p.mu.Unlock()
	if !usable {
		c.Err = p.fail("DeviceCodeBad")
		p.askUserCode(w, c, c.Form.Get(page.FieldCode), "That code did not work. Check the code and try again.")
		return
	}
	c.ClientID = d.app.ClientID
	x := &pending{device: d, req: authRequest{prefix: c.prefix()}}
	people := p.sessionsOf(r, authRequest{tenant: d.asked, tenantName: d.tenantName})
	if len(people) == 1 {
		p.proceedWith(w, r, c, x, people[0])
		return
	}
	p.showSignIn(w, c, x, "", "")
}

func (p *Platform) askUserCode(w http.ResponseWriter, c *Call, code, problem string) {
	data := page.DeviceCodeData{Action: c.devicePath(), Code: code, Error: problem}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.DeviceCode(out, data) })
}

// confirmDevice asks whether the person means to sign in on another device,
// which is what protects them from codes that somebody sent them.
func (p *Platform) confirmDevice(w http.ResponseWriter, c *Call, x *pending) {
	x.page = confirmPage
	data := page.DeviceConfirmData{Action: c.devicePath(), Hidden: p.remember(x), AppName: x.device.app.Name, Username: x.user.UPN}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.DeviceConfirm(out, data) })
}

func (p *Platform) deviceConfirmed(w http.ResponseWriter, c *Call) {
	x, refused := p.resume(c, confirmPage)
	if refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	c.User, c.ClientID = x.user.UPN, x.device.app.ClientID
	if c.Form.Get(page.FieldConfirm) != page.ConfirmContinue {
		p.endDevice(w, c, x, false)
		return
	}
	p.mu.Lock()
	agreed := p.state.consented(x.user, x.device.app, x.device.scopes.Resource)
	p.mu.Unlock()
	if !agreed {
		p.askConsent(w, c, x, x.device.scopes)
		return
	}
	p.endDevice(w, c, x, true)
}

// endDevice records the person's decision and shows the last page.
func (p *Platform) endDevice(w http.ResponseWriter, c *Call, x *pending, approve bool) {
	if refused := p.decideDevice(x.device, session{user: x.user, authTime: x.authTime, mfa: x.mfa}, approve); refused != nil {
		p.errorPage(w, c, refused)
		return
	}
	data := page.DoneData{Title: "You are signed in", Message: "You have signed in to " + x.device.app.Name + " on your device. You may now close this window."}
	if !approve {
		data = page.DoneData{Title: "Sign-in canceled", Message: "The device was not signed in. You may now close this window."}
	}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.Done(out, data) })
}

func (p *Platform) decideDevice(d *device, s session, approve bool) *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now().After(d.expires) {
		return p.fail("DeviceExpired")
	}
	if d.approved || d.declined || d.used {
		return p.fail("DeviceCodeBad")
	}
	if !approve {
		d.declined = true
		return nil
	}
	if d.tenant == nil {
		t, ok := p.dir.Tenant(s.user.TenantID)
		if !ok {
			return p.fail("InternalError")
		}
		d.tenant = t
	}
	d.user, d.authTime, d.mfa, d.approved = s.user, s.authTime, s.mfa, true
	d.epoch = p.state.epochs[s.user.ObjectID]
	return nil
}

// ErrUserCode reports a user code that is unknown, expired or decided.
var ErrUserCode = errors.New("the user code is unknown, has expired or was decided before")

// DecideDevice approves or declines a device authorization without a browser.
// An empty UPN is allowed when declining.
func (p *Platform) DecideDevice(userCode, upn string, approve bool) error {
	p.mu.Lock()
	d := p.state.userCodes[strings.ToUpper(strings.ReplaceAll(userCode, "-", ""))]
	p.mu.Unlock()
	if d == nil {
		return ErrUserCode
	}
	s := session{authTime: p.now()}
	if approve {
		user, ok := p.dir.User(upn)
		if !ok {
			return fmt.Errorf("there is no user %q", upn)
		}
		if err := usable(user, d.asked); err != nil {
			return err
		}
		s.user = user
		if e := p.barrier((&pending{device: d}).usage(s)); e != nil {
			if !canBeAsked(e) {
				return e
			}
			s.mfa = true // the person types the code
		}
		p.mu.Lock()
		p.state.consents[consentKey(user, d.app, d.scopes.Resource)] = true
		p.mu.Unlock()
	}
	if p.decideDevice(d, s, approve) != nil {
		return ErrUserCode
	}
	return nil
}

func usable(user *directory.User, tenant *directory.Tenant) error {
	if user.Disabled {
		return fmt.Errorf("the account %q is disabled", user.UPN)
	}
	if tenant != nil && tenant.ID != user.TenantID {
		return fmt.Errorf("the account %q is not in the tenant %q", user.UPN, tenant.Name)
	}
	return nil
}
