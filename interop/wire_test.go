package interop

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// pair is a name and a value. Forms, queries and headers are lists of them, for
// order is part of what is compared.
type pair struct{ name, value string }

// request is what a client sent, or told a browser to send.
type request struct {
	method, host, path  string
	query, header, form []pair
}

// kinds are the requests by the end of their paths; the first that fits counts.
var kinds = []struct{ suffix, kind string }{
	{"/.well-known/openid-configuration", "configuration"},
	{"/discovery/instance", "instance discovery"},
	{"/discovery/v2.0/keys", "keys"},
	{"/discovery/keys", "keys"},
	{"/devicecode", "device code"},
	{"/authorize", "authorize"},
	{"/token", "token"},
	{"/trust/mex", "federation metadata"},
	{"/usernamemixed", "WS-Trust"},
}

func (r request) kind() string {
	path := strings.ToLower(strings.TrimSuffix(r.path, "/"))
	for _, k := range kinds {
		if strings.HasSuffix(path, k.suffix) {
			return k.kind
		}
	}
	if strings.Contains(path, "/userrealm/") {
		return "user realm"
	}
	return r.path
}

// stage is an emulator that one client plays one flow at, and what it sent. It
// listens on a socket, so that all clients are heard in the same place: behind
// whatever HTTP library they bring along.
type stage struct {
	emu    *emulator.Emulator
	server *httptest.Server
	client *http.Client
	actor  cast
	cache  *msal.TokenCache // of our client, if it is to be shared
	file   *sharedFile      // of MSAL Go, if it is to be shared

	mu       sync.Mutex
	requests []request
}

// cast is who takes part in a flow: what its requests are about.
type cast struct {
	clientID, secret string
	authority        string // tenantURL if empty
	// Values that the flow is given. They differ from run to run.
	assertion, userAssertion, refreshToken string
}

func startStage(t *testing.T, who client, actor cast, change ...func(*emulator.Config)) *stage {
	t.Helper()
	cfg := emulator.Defaults()
	cfg.SigningKey = appKey()
	for _, f := range change {
		f(&cfg)
	}
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if actor.authority == "" {
		actor.authority = tenantURL
	}
	s := &stage{emu: emu, actor: actor}
	s.server = httptest.NewTLSServer(s)
	transport := s.server.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com" // which the certificate is for
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.server.Listener.Addr().String())
	}
	s.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.server.Close()
		judge(t, emu, who)
	})
	return s
}

// ServeHTTP writes a request down and lets the emulator answer it.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body does not come", http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	got := request{method: r.Method, host: r.Host, path: r.URL.Path, query: pairs(r.URL.RawQuery)}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		got.form = pairs(string(body))
	}
	for name, values := range r.Header {
		for _, value := range values {
			got.header = append(got.header, pair{strings.ToLower(name), value})
		}
	}
	slices.SortFunc(got.header, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	s.note(got)
	s.emu.ServeHTTP(w, r)
}

// pairs reads a query or a form without losing its order.
func pairs(encoded string) []pair {
	var out []pair
	for part := range strings.SplitSeq(encoded, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" {
			continue
		}
		if value, err = url.QueryUnescape(value); err == nil {
			out = append(out, pair{name, value})
		}
	}
	return out
}

func (s *stage) note(r request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

// begin forgets what was sent so far: it only led up to the flow.
func (s *stage) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

func (s *stage) sent() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// visit is the person, who opens an address and signs in. The answer has been
// delivered if the client listens on this machine.
func (s *stage) visit(ctx context.Context, address string) (emulator.Answer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return emulator.Answer{}, err
	}
	s.note(request{method: http.MethodGet, host: u.Host, path: u.Path, query: pairs(u.RawQuery)})
	return s.person().Visit(ctx, address)
}

func (s *stage) person() *emulator.UserAgent {
	return s.emu.UserAgent(alice, emulator.DefaultPassword)
}
