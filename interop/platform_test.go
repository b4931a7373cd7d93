package interop

import (
	"context"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/msal-go/msal/emulator"
)

const (
	alice      = emulator.DefaultUser
	bob        = emulator.SecondUser
	tenantURL  = "https://login.microsoftonline.com/" + emulator.DefaultTenantID
	tasksScope = "api://tasks/.default"
)

// platform is the emulator on a socket. Strangers reach it under the real host
// names through client, and know nothing of it.
type platform struct {
	*emulator.Emulator
	server *emulator.Server
	client *http.Client
}

// startPlatform starts an emulator whose violations are judged at the end:
// those of a released client of others are expected by name.
func startPlatform(t *testing.T, clients client, change ...func(*emulator.Config)) *platform {
	t.Helper()
	cfg := emulator.Defaults()
	cfg.SigningKey = appKey() // any key will do, and making one takes long
	for _, f := range change {
		f(&cfg)
	}
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	// Not the test's context: children end in the cleanup, and then the server.
	server, err := emu.Serve(context.Background(), emulator.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		judge(t, emu, clients)
	})
	return &platform{Emulator: emu, server: server, client: server.Client()}
}

// withCertificate registers the certificate of appCertificate for the daemon.
func withCertificate(pem string) func(*emulator.Config) {
	return func(cfg *emulator.Config) {
		for i := range cfg.Tenants[0].Apps {
			if app := &cfg.Tenants[0].Apps[i]; app.ClientID == emulator.DaemonClientID {
				app.Certificates = []string{pem}
			}
		}
	}
}

// person is a scripted browser that signs upn in.
func (p *platform) person(upn string) *emulator.UserAgent {
	return p.server.UserAgent(upn, emulator.DefaultPassword)
}

// browser is a real Chromium that sees the platform under its real name.
func (p *platform) browser(t *testing.T) *browser {
	t.Helper()
	const host = "login.microsoftonline.com"
	return openBrowser(t, reach{
		trust: trusted(t, p.server, host),
		hosts: map[string]string{host: p.server.Addr()},
	})
}

// trusted returns the certificate that the server shows for a host.
func trusted(t *testing.T, s *emulator.Server, host string) []*x509.Certificate {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA()) {
		t.Fatal("the server's authority is no PEM")
	}
	return []*x509.Certificate{certificateOf(t, s.Addr(), host, roots)}
}

// client says whose mistakes are expected.
type client int

const (
	ours   client = iota // none are
	msalGo               // azidentity too: it is a shell around MSAL Go
	msalNode
	goOIDC
)

// knownHabits are what released clients of others do against a specification.
// The emulator answers them as the service is believed to, and journals them.
// A violation that is not listed here fails the test: either the client has
// changed, or the emulator is wrong about the rule.
var knownHabits = map[client]map[string]string{
	msalGo: {
		"device-poll": "MSAL Go starts polling after 50 ms and never waits longer than 5 s, whatever the interval",
		"x5c-order":   "MSAL Go puts the client's certificate first, and leaves the others as they were given",
	},
	goOIDC: {},
}

func judge(t *testing.T, emu *emulator.Emulator, who client) {
	t.Helper()
	for _, v := range emu.Violations() {
		if cause, known := knownHabits[who][v.Rule]; known {
			t.Logf("expected of this client (%s): %v", cause, v)
		} else {
			t.Errorf("the client did wrong: %v", v)
		}
	}
	for _, a := range emu.Advice() {
		t.Logf("advice: %v", a)
	}
	if t.Failed() {
		for _, x := range emu.Journal() {
			t.Log(x)
		}
	}
}
