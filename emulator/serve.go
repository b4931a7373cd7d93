package emulator

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/msal-go/msal/emulator/internal/listen"
)

// ErrNotLoopback reports a [ServeOptions.Addr] that other machines could
// reach, without [ServeOptions.AllowRemote].
var ErrNotLoopback = listen.ErrNotLoopback

// ErrServerClosed reports the use of a [Server] after its end.
var ErrServerClosed = listen.ErrClosed

// Transport returns a transport that answers every request with the emulator,
// in memory: no sockets, no certificates, and nothing outside the
// testing/synctest bubble that it is used in. It obeys the context of a
// request while the emulator delays the answer or its body, and shows injected
// resets as errors that wrap syscall.ECONNRESET, or io.ErrUnexpectedEOF in the
// middle of a body. It is safe for concurrent use.
func (e *Emulator) Transport() http.RoundTripper { return &listen.Transport{Handler: e} }

// Client returns a client of [Emulator.Transport]. It is the caller's to
// change.
func (e *Emulator) Client() *http.Client { return &http.Client{Transport: e.Transport()} }

// ServeOptions says where and for whom [Emulator.Serve] listens. The zero value
// is a free port that only this machine can reach.
type ServeOptions struct {
	// Addr is the address and port to listen on, such as "127.0.0.1:8443". By
	// default it is a free port of 127.0.0.1 and, where there is one, the same
	// port of ::1.
	Addr string
	// AllowRemote permits an Addr that other machines can reach. They can then
	// sign in as anybody whose test password they know.
	AllowRemote bool
	// Hosts are names and IP addresses that the server has certificates for and
	// its proxies answer for, besides the hosts of the identity platform. List
	// the names of [Config] Hosts that clients use here too. Those of federated
	// identity providers are served without that.
	Hosts []string
}

// Server is an emulator on a port of this machine, for programs that cannot
// take an *http.Client. One port speaks TLS and plain HTTP. Certificates come
// from an authority that lives in memory for 24 hours and that X.509 name
// constraints limit to the hosts of the identity platform and this machine.
// It is safe for concurrent use.
type Server struct {
	emulator *Emulator
	server   *listen.Server
	stop     func() bool
}

// Serve starts a server. It ends with [Server.Close] or with the context. The
// error wraps [ErrNotLoopback], or says why the address cannot be bound.
func (e *Emulator) Serve(ctx context.Context, o ServeOptions) (*Server, error) {
	hosts, err := listen.NewHosts(append(e.platform.FederationHosts(), o.Hosts...)...)
	if err != nil {
		return nil, err
	}
	server, err := listen.Listen(ctx, e, listen.Options{
		Addr: o.Addr, AllowRemote: o.AllowRemote, Hosts: hosts, Log: slog.NewLogLogger(e.log.Handler(), slog.LevelWarn),
	})
	if err != nil {
		return nil, err
	}
	s := &Server{emulator: e, server: server}
	// Nobody is left to tell about an error.
	s.stop = context.AfterFunc(ctx, func() { _ = server.Close() })
	return s, nil
}

// Emulator returns what is served.
func (s *Server) Emulator() *Emulator { return s.emulator }

// Addr returns the address that the server listens on, such as
// "127.0.0.1:43210".
func (s *Server) Addr() string { return s.server.Addr().String() }

// URL returns the address for clients that are pointed at the emulator
// directly: "https://localhost:port". They have to trust [Server.CA].
func (s *Server) URL() string { return "https://localhost:" + s.server.Port() }

// PlainURL returns the address without TLS: "http://127.0.0.1:port". The real
// service has none, and most clients refuse it.
func (s *Server) PlainURL() string { return "http://127.0.0.1:" + s.server.Port() }

// CA returns the certificate of the server's authority in PEM. Its key exists
// in the server's memory alone.
func (s *Server) CA() []byte { return s.server.CA().PEM() }

// Client returns a client that dials the server whatever the host of a URL is,
// and trusts the server's authority and no other. Its transport is a plain
// *http.Transport that the server owns, because some clients refuse others.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.server.Transport()} }

// Close ends the server, its proxies and their connections, and waits for the
// requests under way. It may be called more than once.
func (s *Server) Close() error {
	s.stop()
	return s.server.Close()
}

// ProxyOptions configures [Server.Proxy]. The zero value lets nothing out.
type ProxyOptions struct {
	// Passthrough carries requests for hosts that are not the identity
	// platform's to where they were meant to go, untouched. By default they are
	// answered with 403, which guarantees that a child stays offline.
	Passthrough bool
}

// Proxy is an HTTP proxy that lets unmodified programs use the emulator under
// the real host names. It listens on this machine only. It is safe for
// concurrent use.
type Proxy struct {
	server *Server
	proxy  *listen.Proxy
}

// Proxy starts a proxy on a port of its own. It writes two files with
// certificates into the directory for temporary files: the server's authority,
// and the same together with what this system trusts. Close removes them; the
// end of the server closes the proxy too. The error wraps [ErrServerClosed], or
// says what could not be bound, read or written.
func (s *Server) Proxy(ctx context.Context, o ProxyOptions) (*Proxy, error) {
	p, err := s.server.Proxy(ctx, listen.ProxyOptions{Passthrough: o.Passthrough, Roots: listen.SystemRoots()})
	if err != nil {
		return nil, err
	}
	return &Proxy{server: s, proxy: p}, nil
}

// URL returns the address of the proxy: "http://127.0.0.1:port".
func (p *Proxy) URL() string { return p.proxy.URL() }

// CAFile returns the name of a file with the server's authority.
func (p *Proxy) CAFile() string { return p.proxy.CAFile() }

// BundleFile returns the name of a file with the certificates that this system
// trusts and the server's authority.
func (p *Proxy) BundleFile() string { return p.proxy.BundleFile() }

// Env returns variables, each as "NAME=value", that make a child process use
// the proxy and trust it; append them to os.Environ(). Go programs on Linux and
// the BSDs, curl, Python's requests and Node.js 24 or later need nothing else.
// Where Go uses the trust store of the system (Windows, macOS), and for Java,
// the authority has to be added there.
func (p *Proxy) Env() []string {
	const direct = "localhost,127.0.0.1,::1"
	vars := []string{
		"SSL_CERT_FILE=" + p.BundleFile(),
		"REQUESTS_CA_BUNDLE=" + p.BundleFile(),
		"CURL_CA_BUNDLE=" + p.BundleFile(),
		"NODE_EXTRA_CA_CERTS=" + p.CAFile(),
		"NODE_USE_ENV_PROXY=1",
		"MSAL_EMULATOR_URL=" + p.server.URL(),
	}
	for _, v := range []string{"HTTP_PROXY=" + p.URL(), "HTTPS_PROXY=" + p.URL(), "NO_PROXY=" + direct} {
		name, value, _ := strings.Cut(v, "=")
		vars = append(vars, v, strings.ToLower(name)+"="+value) // programs differ in the case they read
	}
	return vars
}

// AppEnv returns the variables with which Azure SDKs and tools sign in as an
// application with a secret: AZURE_TENANT_ID, AZURE_CLIENT_ID and
// AZURE_CLIENT_SECRET. For the application of [Defaults] it is
//
//	env := append(proxy.Env(), emulator.AppEnv(emulator.DefaultTenantID, emulator.DaemonClientID, emulator.DaemonSecret)...)
func AppEnv(tenantID, clientID, secret string) []string {
	return []string{"AZURE_TENANT_ID=" + tenantID, "AZURE_CLIENT_ID=" + clientID, "AZURE_CLIENT_SECRET=" + secret}
}

// Close ends the proxy and its tunnels, and removes its files. It may be
// called more than once.
func (p *Proxy) Close() error { return p.proxy.Close() }
