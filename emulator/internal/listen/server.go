package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// ErrNotLoopback reports an address that other machines could reach.
var ErrNotLoopback = errors.New("listen: the address is not a loopback address; other machines could sign in with test passwords; allow remote clients explicitly if that is what you want")

// ErrClosed reports the use of a closed server.
var ErrClosed = errors.New("listen: the server is closed")

// Options says where and for whom a server listens. The zero value is a free
// port of the loopback interface.
type Options struct {
	// Addr is the address and port to listen on; by default a free port of
	// 127.0.0.1 and, where there is one, the same port of ::1.
	Addr string
	// AllowRemote permits an Addr that is not a loopback address.
	AllowRemote bool
	// Hosts are served besides the well-known ones.
	Hosts Hosts
	// Log receives failed handshakes and the panics of handlers. Nil drops them.
	Log *log.Logger
}

// Server serves a handler over TLS and plain HTTP on one port, with a
// certificate for every identity host that a client asks for.
type Server struct {
	handler http.Handler
	hosts   Hosts
	ca      *Authority
	logs    *log.Logger
	front   *front
	addr    net.Addr
	client  *http.Transport

	mu      sync.Mutex
	proxies []*Proxy
	closed  bool
}

// Listen starts a server. It ends with Close.
func Listen(ctx context.Context, h http.Handler, o Options) (*Server, error) {
	listeners, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	ca, err := NewAuthority(o.Hosts)
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, err
	}
	logs := o.Log
	if logs == nil {
		logs = log.New(discard{}, "", 0)
	}
	s := &Server{handler: h, hosts: o.Hosts, ca: ca, logs: logs, addr: listeners[0].Addr()}
	s.front = newFront(ca, h, logs)
	s.client = s.newTransport()
	s.front.start(listeners...)
	return s, nil
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// open binds the address. Clients that dial "localhost" may try ::1 first, so
// that the default binds it too if it can.
func open(ctx context.Context, o Options) ([]net.Listener, error) {
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen: the address %q: %w", addr, err)
	}
	if !o.AllowRemote && !IsLoopback(host) {
		return nil, fmt.Errorf("%w: %q", ErrNotLoopback, addr)
	}
	var config net.ListenConfig
	first, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: binding %s: %w", addr, err)
	}
	listeners := []net.Listener{first}
	if o.Addr == "" {
		port := strconv.Itoa(first.Addr().(*net.TCPAddr).Port)
		// A machine without IPv6 is served on 127.0.0.1 alone.
		if second, err := config.Listen(ctx, "tcp", net.JoinHostPort("::1", port)); err == nil {
			listeners = append(listeners, second)
		}
	}
	return listeners, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// Port returns the port that the server listens on.
func (s *Server) Port() string {
	_, port, err := net.SplitHostPort(s.addr.String())
	if err != nil {
		return ""
	}
	return port
}

// CA returns the authority that signs the server's certificates.
func (s *Server) CA() *Authority { return s.ca }

// Transport returns a transport that dials this server whatever the host of
// the URL is, and trusts its authority and no other. It is a plain
// *http.Transport with nothing but these two settings: there are clients that
// refuse any other.
func (s *Server) Transport() *http.Transport { return s.client }

func (s *Server) newTransport() *http.Transport {
	var dialer net.Dialer
	target := dialable(s.addr)
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, target)
		},
		TLSClientConfig: &tls.Config{RootCAs: s.ca.Pool()},
	}
}

// dialable turns the address of a listener on all interfaces into one that can
// be dialed everywhere.
func dialable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// Close ends the server, its proxies and all their connections, and waits for
// the handlers. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	proxies := s.proxies
	s.proxies = nil
	s.mu.Unlock()
	var errs []error
	for _, p := range proxies {
		errs = append(errs, p.Close())
	}
	s.front.close()
	s.client.CloseIdleConnections()
	return errors.Join(errs...)
}
