package endpoint

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// state is everything that the platform remembers. Platform.mu guards it.
type state struct {
	pending     map[string]*pending    // sign-ins that are under way, by id
	codes       map[string]*code       // by value
	refresh     map[string]*refresh    // by value
	devices     map[string]*device     // by device code
	userCodes   map[string]*device     // by user code
	sessions    map[string][]session   // by cookie
	consents    map[string]bool        // by consentKey
	epochs      map[string]int         // by object id: grants of earlier epochs are dead
	continuous  map[string]*continuous // by uti
	evaluations map[string]evaluation  // by object id

	enrolled map[string]bool // by object id: has got a second factor
	stepUps  map[string]bool // by object id: needs a second factor

	assertions map[[sha256.Size]byte]assertion // by digest
	loops      map[[sha256.Size]byte]loop      // by digest of the request
	sweepAt    int                             // how much there may be before the next sweep
}

func newState() state {
	return state{
		pending: map[string]*pending{}, codes: map[string]*code{}, refresh: map[string]*refresh{},
		devices: map[string]*device{}, userCodes: map[string]*device{}, sessions: map[string][]session{},
		consents: map[string]bool{}, epochs: map[string]int{}, enrolled: map[string]bool{},
		continuous: map[string]*continuous{}, evaluations: map[string]evaluation{}, stepUps: map[string]bool{}, assertions: map[[sha256.Size]byte]assertion{}, loops: map[[sha256.Size]byte]loop{}, sweepAt: sweepAbove,
	}
}

// grant is what a person agreed to: the common part of codes, device codes and
// refresh tokens.
type grant struct {
	app      *directory.App
	user     *directory.User
	tenant   *directory.Tenant
	scopes   directory.Scopes
	platform directory.Platform
	nonce    string
	authTime time.Time
	mfa      bool     // signed in with a second factor
	contexts []string // authentication contexts that were met
	epoch    int      // of the person when they signed in
	expires  time.Time
}

// code is an authorization code.
type code struct {
	grant
	redirect  string
	challenge string
	method    string
	claims    string
	forPage   bool // the second one of a hybrid sign-in
	used      bool
}

// refresh is a refresh token.
type refresh struct {
	grant
	confidential bool
	hardLimit    time.Time // zero: slides
}

// device is a device authorization.
type device struct {
	grant
	asked      *directory.Tenant // nil: common, organizations; whoever approves decides grant.tenant
	tenantName string
	deviceCode string
	claims     string
	userCode   string
	interval   time.Duration
	lastPoll   time.Time
	approved   bool
	declined   bool
	used       bool
}

// session is one person signed in to one browser.
type session struct {
	user     *directory.User
	authTime time.Time
	mfa      bool
}

// pending is a sign-in under way: what was asked, and what is known so far.
type pending struct {
	req      authRequest
	device   *device // instead of req
	user     *directory.User
	authTime time.Time
	mfa      bool
	epoch    int    // of the person when they became known
	enroll   bool   // the second factor is new
	page     string // that was shown last, and may be answered
	expires  time.Time
}

// The pages of a sign-in. What one asks cannot be skipped by posting to another.
const (
	loginPage   = "login"
	signUpPage  = "sign up"
	factorPage  = "second factor"
	consentPage = "consent"
	confirmPage = "confirm"
)

const sweepAbove = 4096

// sweep drops what has expired once there is a lot of it.
func (s *state) sweep(now time.Time) {
	if s.size() < s.sweepAt {
		return
	}
	for id, x := range s.pending {
		if now.After(x.expires) {
			delete(s.pending, id)
		}
	}
	for id, x := range s.codes {
		if now.After(x.expires.Add(time.Hour)) {
			delete(s.codes, id)
		}
	}
	for id, x := range s.devices {
		if now.After(x.expires.Add(time.Hour)) {
			delete(s.devices, id)
			delete(s.userCodes, x.userCode)
		}
	}
	for id, x := range s.refresh {
		if now.After(x.expires.Add(time.Hour)) {
			delete(s.refresh, id)
		}
	}
	for id, x := range s.assertions {
		if now.After(x.expires.Add(time.Hour)) {
			delete(s.assertions, id)
		}
	}
	for id, x := range s.continuous {
		if now.After(x.expires) {
			delete(s.continuous, id)
		}
	}
	for id, x := range s.loops {
		if now.Sub(x.since) > loopWindow {
			delete(s.loops, id)
		}
	}
	s.sweepAt = max(sweepAbove, 2*s.size())
}

func (s *state) size() int {
	return len(s.pending) + len(s.codes) + len(s.devices) + len(s.refresh) + len(s.assertions) + len(s.continuous) + len(s.loops)
}

// isRevoked reports whether a grant was made before its person's grants were
// revoked. Epochs are counted because a test's clock may stand still.
func (s *state) isRevoked(g *grant) bool { return g.epoch != s.epochs[g.user.ObjectID] }

func consentKey(user *directory.User, app, resource *directory.App) string {
	return strings.Join([]string{user.ObjectID, app.ClientID, resource.ClientID}, "|")
}

// consented reports whether a person agreed that an application may use a
// resource.
func (s *state) consented(user *directory.User, app, resource *directory.App) bool {
	return !app.RequireConsent || s.consents[consentKey(user, app, resource)]
}

// userOf finds the person that a token request is about, without checking
// anything, so that faults can be aimed at one person.
func (p *Platform) userOf(c *Call) (string, bool) {
	if name := c.Form.Get("username"); name != "" {
		return name, true
	}
	if name := c.Form.Get("login"); name != "" {
		return name, true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var g *grant
	if x := p.state.refresh[c.Form.Get("refresh_token")]; x != nil {
		g = &x.grant
	} else if x := p.state.codes[c.Form.Get("code")]; x != nil {
		g = &x.grant
	} else if x := p.state.devices[c.Form.Get("device_code")]; x != nil {
		g = &x.grant
	}
	if g == nil || g.user == nil {
		return "", false
	}
	return g.user.UPN, true
}

// Revoke ends all sessions and refresh tokens of a person. It reports whether
// the person exists.
func (p *Platform) Revoke(upn string) bool {
	user, ok := p.dir.User(upn)
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.epochs[user.ObjectID]++
	p.state.evaluate(user, p.now())
	for id, people := range p.state.sessions {
		var kept []session
		for _, s := range people {
			if s.user != user {
				kept = append(kept, s)
			}
		}
		p.state.sessions[id] = kept
	}
	return true
}
