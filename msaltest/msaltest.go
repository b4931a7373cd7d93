// Package msaltest gives a test an identity platform of its own.
//
//	func TestSignIn(t *testing.T) {
//		srv := msaltest.New(t)
//		app, err := msal.NewPublicClient(srv.PublicClientID(), msal.Options{
//			Authority: srv.Authority(), HTTPClient: srv.HTTPClient(),
//		})
//		...
//		res, err := app.AcquireTokenInteractive(ctx, msal.InteractiveRequest{
//			Scopes: scopes, OpenURL: srv.Browser("alice@contoso.test"),
//		})
//
// Everything is in memory and nothing listens on a port, so that tests can run
// in parallel, offline, and in a testing/synctest bubble, whose clock then
// moves client and platform alike; call [New] inside the bubble.
//
// The test fails when the client under test does what a specification forbids,
// even if it gets a token: see [emulator.Emulator.Violations]. When it fails
// for any reason, the requests that the platform received are logged without
// their secrets.
package msaltest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/msal-go/msal/emulator"
)

// authorityHost is the host under which clients find the emulator. They do not
// need an option for it, because it is the real one.
const authorityHost = "https://login.microsoftonline.com/"

// Server is an identity platform for one test. It is safe for concurrent use.
type Server struct {
	tb       testing.TB
	config   emulator.Config
	emulator *emulator.Emulator
	ctx      context.Context // ends with the test
	visits   sync.WaitGroup  // of browsers

	mu     sync.Mutex
	waived map[string]bool // rules that the test breaks on purpose
	ended  bool
}

// New starts an identity platform that ends with the test. Without a
// configuration it is [emulator.Defaults]; more than one is a mistake and fails
// the test, as does one that the emulator refuses.
func New(tb testing.TB, cfg ...emulator.Config) *Server {
	tb.Helper()
	if len(cfg) > 1 {
		tb.Fatal("msaltest: New takes one configuration at most")
	}
	config := emulator.Defaults()
	if len(cfg) == 1 {
		tenants := config.Tenants
		if config = cfg[0]; len(config.Tenants) == 0 {
			config.Tenants = tenants
		}
	}
	e, err := emulator.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{tb: tb, config: config, emulator: e, ctx: ctx, waived: make(map[string]bool)}
	tb.Cleanup(func() {
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		cancel()
		s.visits.Wait()
		s.report()
	})
	return s
}

// report fails the test for what the client did wrong, and shows the requests
// of a test that failed.
func (s *Server) report() {
	s.tb.Helper()
	for _, v := range s.emulator.Violations() {
		if !s.waives(v.Rule) {
			s.tb.Errorf("the client broke a rule: %s", v)
		}
	}
	if !s.tb.Failed() {
		return
	}
	var b strings.Builder
	for _, x := range s.emulator.Journal() {
		b.WriteString("\n\t")
		b.WriteString(x.String())
		for _, v := range x.Violations {
			b.WriteString("\n\t\t" + v.String())
		}
	}
	if b.Len() == 0 {
		b.WriteString(" none")
	}
	s.tb.Logf("the requests that the platform received:%s", b.String())
}

func (s *Server) waives(rule string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waived[rule]
}

// AllowViolations lets the test break rules on purpose. The names are those of
// [emulator.Violation]; the violations stay in the emulator's list.
func (s *Server) AllowViolations(rules ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		s.waived[r] = true
	}
}

// Emulator returns the platform: to inject faults, move its clock, look at what
// it received, or act as the administrator.
func (s *Server) Emulator() *emulator.Emulator { return s.emulator }

// HTTPClient returns a client that reaches the platform under all of its host
// names, and nothing else. It is the caller's to change.
func (s *Server) HTTPClient() *http.Client { return s.emulator.Client() }

// Authority returns the authority URL of the first tenant, or of the one named:
// by id, by domain, or one of "common", "organizations" and "consumers".
func (s *Server) Authority(tenant ...string) string {
	s.tb.Helper()
	switch len(tenant) {
	case 0:
		return authorityHost + s.TenantID()
	case 1:
		return authorityHost + tenant[0]
	}
	s.tb.Fatal("msaltest: Authority takes one tenant at most")
	return ""
}

// TenantID returns the id of the first tenant, or its domain if the
// configuration leaves the id out.
func (s *Server) TenantID() string {
	s.tb.Helper()
	t := s.config.Tenants[0]
	switch {
	case t.ID != "":
		return t.ID
	case len(t.Domains) > 0:
		return t.Domains[0]
	}
	return strings.ToLower(strings.ReplaceAll(t.Name, " ", "")) + ".onmicrosoft.com"
}

// PublicClientID returns the client id of the first public application that
// takes interactive sign-ins: [emulator.DesktopClientID] by default. The test
// fails if the configuration has none with an explicit id.
func (s *Server) PublicClientID() string {
	s.tb.Helper()
	return s.find("public client with a native redirect URI", func(a emulator.App) bool {
		return a.Public && len(a.RedirectURIs.Native) > 0
	}).ClientID
}

// DeviceClientID returns the client id of the first public application without
// redirect URIs: [emulator.DeviceClientID] by default. The test fails if the
// configuration has none with an explicit id.
func (s *Server) DeviceClientID() string {
	s.tb.Helper()
	return s.find("public client without redirect URIs", func(a emulator.App) bool {
		r := a.RedirectURIs
		return a.Public && len(r.Native)+len(r.Web)+len(r.SPA) == 0
	}).ClientID
}

// Web returns the client id and the secret of the first application that is a
// web server: [emulator.WebClientID] by default. The test fails if the
// configuration has none with an explicit id.
func (s *Server) Web() (clientID, secret string) {
	s.tb.Helper()
	a := s.find("web application with a secret", func(a emulator.App) bool {
		return len(a.Secrets) > 0 && len(a.RedirectURIs.Web) > 0
	})
	return a.ClientID, a.Secrets[0]
}

// Daemon returns the client id and the secret of the first application that
// acts for itself: [emulator.DaemonClientID] by default. The test fails if the
// configuration has none with an explicit id.
func (s *Server) Daemon() (clientID, secret string) {
	s.tb.Helper()
	a := s.find("application with a secret and no redirect URI", func(a emulator.App) bool {
		return len(a.Secrets) > 0 && len(a.RedirectURIs.Web) == 0 && len(a.IdentifierURIs) == 0
	})
	return a.ClientID, a.Secrets[0]
}

func (s *Server) find(what string, is func(emulator.App) bool) emulator.App {
	s.tb.Helper()
	for _, t := range s.config.Tenants {
		for _, a := range t.Apps {
			if a.ClientID != "" && is(a) {
				return a
			}
		}
	}
	s.tb.Fatalf("msaltest: the configuration has no %s that names its client id", what)
	return emulator.App{}
}

// UserAgent returns a scripted browser without cookies for a person of the
// configuration. The test fails if there is no such person.
func (s *Server) UserAgent(upn string) *emulator.UserAgent {
	s.tb.Helper()
	for _, t := range s.config.Tenants {
		for _, u := range t.Users {
			if !strings.EqualFold(u.UPN, upn) {
				continue
			}
			password := u.Password
			if password == "" {
				password = emulator.DefaultPassword
			}
			return s.emulator.UserAgent(u.UPN, password)
		}
	}
	s.tb.Fatalf("msaltest: the configuration has no user %q", upn)
	return nil
}

// Browser returns a function for clients that call one to open the person's
// browser. The person signs in, agrees to everything, and the answer is
// delivered to the client's own listener; all in the background, as a browser
// would. A visit that fails fails the test, unless the context that the client
// gave has ended or the test is over. Calls of one function share cookies.
func (s *Server) Browser(upn string) func(ctx context.Context, url string) error {
	s.tb.Helper()
	return s.inBackground(s.UserAgent(upn).Open)
}

// NewPerson is [Server.Browser] with a person who is not in the configuration:
// somebody who makes an account where the client asks for prompt=create, and
// signs in with it later. The configuration's tenant has to let people sign up.
func (s *Server) NewPerson(upn, password string) func(ctx context.Context, url string) error {
	return s.inBackground(s.emulator.UserAgent(upn, password).Open)
}

// CancelingBrowser is [Server.Browser] with a person who does not agree, so
// that the client is answered with error=access_denied.
func (s *Server) CancelingBrowser(upn string) func(ctx context.Context, url string) error {
	s.tb.Helper()
	agent := s.UserAgent(upn)
	return s.inBackground(func(ctx context.Context, url string) error {
		answer, err := agent.Cancel(ctx, url)
		if err == nil && !answer.Delivered {
			err = emulator.ErrNotDelivered
		}
		return err
	})
}

// ErrTestEnded reports a browser that was opened after the end of its test.
var ErrTestEnded = errors.New("msaltest: the test has ended")

func (s *Server) inBackground(visit func(ctx context.Context, url string) error) func(context.Context, string) error {
	return func(ctx context.Context, url string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended {
			return ErrTestEnded
		}
		s.visits.Go(func() {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(s.ctx, cancel)()
			// Whoever ended the visit does not want to hear that it ended.
			if err := visit(ctx, url); err != nil && ctx.Err() == nil {
				s.tb.Errorf("the browser: %v", err)
			}
		})
		return nil
	}
}
