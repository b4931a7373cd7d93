package endpoint

import (
	"crypto/sha256"
	"strings"
	"time"
)

// loopWindow is how long requests are remembered to see a client go in circles.
const loopWindow = 5 * time.Minute

// loop counts equal token requests.
type loop struct {
	since time.Time
	count int
}

// circling counts a token request and refuses it when the same was made too
// often (AADSTS50196). Polls of device codes are meant to be repeated. The
// numbers of the real service are not known.
func (p *Platform) circling(c *Call) *Error {
	if p.loopLimit == 0 || c.Grant == grantDevice || c.Grant == grantDeviceShort {
		return nil
	}
	key := sha256.Sum256([]byte(strings.Join([]string{c.tenant, c.ClientID, c.Grant, c.User, c.Form.Get("scope"), c.Form.Get("claims"),
		c.Form.Get("refresh_token"), c.Form.Get("code"), c.Form.Get("assertion"),
		c.Form.Get("fmi_path"), c.Form.Get("user_id"), c.Form.Get("token_type"), c.Form.Get("req_cnf")}, "\x00")))
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.state.loops[key]
	if now.Sub(l.since) > loopWindow {
		l = loop{since: now}
	}
	l.count++
	p.state.loops[key] = l
	p.state.sweep(now)
	if l.count > p.loopLimit {
		return p.fail("LoopDetected")
	}
	return nil
}
