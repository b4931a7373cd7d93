package endpoint

import (
	"fmt"
	"net/http"
)

type deviceAnswer struct {
	UserCode   string `json:"user_code"`
	DeviceCode string `json:"device_code"`
	Address    string `json:"verification_uri"`
	ExpiresIn  int64  `json:"expires_in"`
	Interval   int64  `json:"interval"`
	Message    string `json:"message"`
}

// deviceCode answers /{tenant}/oauth2/v2.0/devicecode (RFC 8628 section 3.1).
func (p *Platform) deviceCode(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodPost) {
		return
	}
	answer, refused := p.startDevice(r, c)
	if refused != nil {
		p.refuse(w, c, refused)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Platform) startDevice(r *http.Request, c *Call) (*deviceAnswer, *Error) {
	if refused := p.checkForm(r, c); refused != nil {
		return nil, refused
	}
	tenant, refused := p.tenantOf(c.tenant)
	if refused != nil {
		return nil, refused
	}
	app, refused := p.appOf(c, tenant)
	if refused != nil {
		return nil, refused
	}
	scopes, err := p.dir.UserScopes(app.ClientID, c.Form.Get("scope"), false)
	if err != nil {
		return nil, p.scopeFailure(err, c.tenant)
	}
	if _, refused := p.claimsOf(c.Form.Get("claims")); refused != nil {
		return nil, refused
	}
	now := p.now()
	d := &device{claims: c.Form.Get("claims"), grant: grant{app: app, tenant: tenant, scopes: scopes}, asked: tenant, tenantName: c.tenant,
		deviceCode: p.random.Handle("D"), userCode: p.random.UserCode()}
	p.mu.Lock()
	defer p.mu.Unlock()
	d.expires, d.interval = now.Add(p.life.DeviceCode), p.life.DeviceInterval
	p.state.devices[d.deviceCode], p.state.userCodes[d.userCode] = d, d
	p.state.sweep(now)
	address := c.place.base + c.devicePath()
	return &deviceAnswer{
		UserCode: d.userCode, DeviceCode: d.deviceCode, Address: address,
		ExpiresIn: int64(p.life.DeviceCode.Seconds()), Interval: int64(d.interval.Seconds()),
		Message: fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", address, d.userCode),
	}, nil
}
