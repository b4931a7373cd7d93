// Package endpoint is the protocol of the emulated identity platform: one file
// per endpoint or grant. It answers strictly, keeps its state in memory and
// asks a given clock for the time.
package endpoint

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/mint"
	"github.com/msal-go/msal/emulator/internal/page"
)

// Lifetimes are the life spans of what the platform issues. All are set.
type Lifetimes struct {
	AccessToken    time.Duration
	RefreshToken   time.Duration
	Code           time.Duration
	DeviceCode     time.Duration
	DeviceInterval time.Duration
	RefreshIn      time.Duration // zero: not answered

	LongAccessToken time.Duration // where access is evaluated continuously
}

// Config is what a platform needs.
type Config struct {
	Directory *directory.Directory
	Keys      *mint.Keys
	Random    *mint.Source
	Now       func() time.Time
	Lifetimes Lifetimes
	Hosts     []string
	Region    string // of the machine
	LoopLimit int    // equal token requests in five minutes; 0: any number
	ShellUser string // sign-in name of the person in Cloud Shell
	Logger    *slog.Logger
}

// Platform answers requests. It is safe for concurrent use.
type Platform struct {
	dir       *directory.Directory
	keys      *mint.Keys
	random    *mint.Source
	now       func() time.Time
	hosts     []string
	region    string
	shellUser string
	clouds    []cloud
	table     Table
	pages     *page.Pages
	log       *slog.Logger

	loopLimit int

	mu    sync.Mutex // guards what follows
	life  Lifetimes
	state state
}

// New makes a platform.
func New(cfg Config) (*Platform, error) {
	table, err := ParseTable()
	if err != nil {
		return nil, err
	}
	pages, err := page.New()
	if err != nil {
		return nil, err
	}
	return &Platform{
		dir: cfg.Directory, keys: cfg.Keys, random: cfg.Random, now: cfg.Now, hosts: cfg.Hosts, region: cfg.Region, shellUser: cfg.ShellUser,
		clouds: clouds(), table: table, pages: pages, log: cfg.Logger, loopLimit: cfg.LoopLimit, life: cfg.Lifetimes, state: newState(),
	}, nil
}

// Table returns the catalog of errors.
func (p *Platform) Table() Table { return p.table }

// SetLifetimes changes the life spans of what is issued from now on.
func (p *Platform) SetLifetimes(l Lifetimes) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = l
}

// Lifetimes returns the life spans in force.
func (p *Platform) Lifetimes() Lifetimes {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// Serve answers a classified request.
func (p *Platform) Serve(w http.ResponseWriter, r *http.Request, c *Call) {
	p.headers(w, r, c)
	p.inspect(r, c)
	if c.Force != nil && c.Endpoint != Authorize && c.Endpoint != WSTrust {
		p.force(w, c)
		return
	}
	switch c.Endpoint {
	case InstanceDiscovery:
		p.instance(w, r, c)
	case Configuration:
		p.configuration(w, r, c)
	case KeySet:
		p.keySet(w, r, c)
	case Authorize:
		p.authorize(w, r, c)
	case SignIn:
		p.signIn(w, r, c)
	case SignUp:
		p.signUp(w, r, c)
	case SecondFactor:
		p.secondFactor(w, r, c)
	case Consent:
		p.consent(w, r, c)
	case Token:
		p.token(w, r, c)
	case DeviceCode:
		p.deviceCode(w, r, c)
	case DevicePage:
		p.devicePage(w, r, c)
	case UserRealm:
		p.userRealm(w, r, c)
	case Logout:
		p.logout(w, r, c)
	case UserInfo:
		p.userInfo(w, r, c)
	case Resource:
		p.resource(w, r, c)
	case InstanceMetadata:
		p.machine(w, r, c)
	case CloudShell:
		p.shell(w, r, c)
	case FederationMetadata:
		p.federationMetadata(w, r, c)
	case WSTrust:
		p.securityToken(w, r, c)
	default:
		p.nothing(w, r, c)
	}
}

// force answers with the error that a fault asked for, in the endpoint's form.
func (p *Platform) force(w http.ResponseWriter, c *Call) {
	switch c.Endpoint {
	case SignIn, SignUp, SecondFactor, Consent, DevicePage, Logout:
		p.errorPage(w, c, c.Force)
	default:
		p.refuse(w, c, c.Force)
	}
}

// headers are on every answer.
func (p *Platform) headers(w http.ResponseWriter, r *http.Request, c *Call) {
	h := w.Header()
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("x-ms-request-id", c.TraceID)
	h.Set("x-ms-ests-server", "2.1.0 - EMULATOR")
	if c.place.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if asked := r.Header.Get("client-request-id"); asked == c.CorrelationID && !strings.EqualFold(r.Header.Get("return-client-request-id"), "false") {
		h.Set("client-request-id", c.CorrelationID)
	}
	if r.Header.Get("Origin") != "" {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		h.Set("Access-Control-Expose-Headers", "Content-Length, Content-Encoding, WWW-Authenticate, x-ms-request-id, x-ms-clitelem, client-request-id")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
	}
}

// nothing answers what the platform does not have.
func (p *Platform) nothing(w http.ResponseWriter, r *http.Request, c *Call) {
	text := "The msal emulator answers " + c.place.host + ", but has no " + r.URL.Path + ".\n"
	if !c.known {
		text = "The msal emulator does not answer for the host " + c.place.host + ".\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(text))
}

// allow answers preflight requests and wrong methods, and reports whether the
// request goes on.
func (p *Platform) allow(w http.ResponseWriter, r *http.Request, c *Call, methods ...string) bool {
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK)
		return false
	}
	for _, m := range methods {
		if r.Method == m || r.Method == http.MethodHead && m == http.MethodGet {
			return true
		}
	}
	c.note(Finding{Rule: "method", Detail: "the " + c.Endpoint + " endpoint was asked with " + r.Method, Source: "RFC 6749 section 3.2"})
	p.refuse(w, c, p.fail("MethodNotAllowed", "allowed", strings.Join(methods, " and ")))
	return false
}

// refuse answers with an error in JSON.
func (p *Platform) refuse(w http.ResponseWriter, c *Call, e *Error) {
	c.Err = e
	w.Header().Set("x-ms-clitelem", clitelem(e))
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+c.place.host+`"`)
	}
	writeJSON(w, e.Status, p.wire(c, e))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the emulator could not encode its answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// tenantOf finds the tenant of the path. common, organizations and consumers
// give a nil tenant.
func (p *Platform) tenantOf(name string) (*directory.Tenant, *Error) {
	if isConsumers(name) || strings.EqualFold(name, "common") || strings.EqualFold(name, "organizations") {
		return nil, nil
	}
	t, ok := p.dir.Tenant(name)
	if !ok {
		return nil, p.fail("TenantUnknown", "tenant", name)
	}
	return t, nil
}

// isConsumers reports whether a path names the tenant of personal accounts, in
// which the emulator has nobody.
func isConsumers(name string) bool {
	return strings.EqualFold(name, "consumers") || strings.EqualFold(name, directory.ConsumerTenant)
}

// appOf finds the application of a request and checks that it may be used
// with the tenant.
func (p *Platform) appOf(c *Call, tenant *directory.Tenant) (*directory.App, *Error) {
	if c.ClientID == "" {
		return nil, p.fail("ParameterMissing", "name", "client_id")
	}
	app, made := p.dir.Register(c.ClientID)
	if made {
		p.log.Warn("an unknown application was registered because the emulator is lenient", "client_id", c.ClientID)
	}
	switch {
	case app == nil:
		return nil, p.fail("AppUnknown", "app", c.ClientID, "tenant", c.tenant)
	case tenant == nil && !app.UsableIn(""):
		return nil, p.fail("NotMultiTenant", "app", app.Name, "tenant", "/"+c.tenant)
	case tenant != nil && !app.UsableIn(tenant.ID):
		return nil, p.fail("AppUnknown", "app", c.ClientID, "tenant", tenant.Name)
	}
	return app, nil
}

func clitelem(e *Error) string {
	return "1," + itoa(e.Code) + ",0,,"
}
