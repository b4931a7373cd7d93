package endpoint

import (
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// redeemDevice is the device authorization grant (RFC 8628 section 3.4).
func (p *Platform) redeemDevice(c *Call, tenant *directory.Tenant, who client) (*tokenAnswer, *Error) {
	value := c.Form.Get("device_code")
	if value == "" {
		return nil, p.fail("ParameterMissing", "name", "device_code")
	}
	if !who.app.Public && who.proof == "0" {
		return nil, p.fail("NoCredential")
	}
	g, claims, refused := p.pollDevice(c, tenant, who, value)
	if refused != nil {
		return nil, refused
	}
	c.User = g.user.UPN
	if asked := c.Form.Get("claims"); asked != "" {
		claims = asked
	}
	return p.issue(c, who, *g, claims)
}

func (p *Platform) pollDevice(c *Call, tenant *directory.Tenant, who client, value string) (g *grant, claims string, refused *Error) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.state.devices[value]
	switch {
	case d == nil || d.app != who.app || d.used:
		return nil, "", p.fail("DeviceCodeBad")
	case now.After(d.expires):
		return nil, "", p.fail("DeviceExpired")
	case d.declined:
		return nil, "", p.fail("DeviceDeclined")
	}
	since := now.Sub(d.lastPoll)
	early := !d.lastPoll.IsZero() && since < d.interval
	d.lastPoll = now
	if early {
		c.note(Finding{Rule: "device-poll", Detail: "polled " + since.Round(time.Millisecond).String() + " after the last poll; the interval is " + d.interval.String(),
			Source: "RFC 8628 section 3.5: wait the interval, and five seconds more after slow_down"})
	}
	switch {
	case d.approved: // released clients never slow down, and the real service serves them
	case early:
		d.interval += 5 * time.Second
		return nil, "", p.fail("DeviceSlowDown")
	default:
		return nil, "", p.fail("DevicePending")
	}
	if tenant != nil && tenant != d.tenant {
		return nil, "", p.fail("CodeWrongTenant")
	}
	if p.state.isRevoked(&d.grant) {
		return nil, "", p.fail("GrantRevoked")
	}
	d.used = true
	taken := d.grant
	return &taken, d.claims, nil
}
