package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

const dialTimeout = 30 * time.Second

// ProxyOptions configures a proxy. The zero value lets nothing out.
type ProxyOptions struct {
	// Passthrough carries requests for other hosts to where they were meant to
	// go, untouched, instead of refusing them with 403.
	Passthrough bool
	// Roots go into the bundle file besides the server's authority; see
	// [SystemRoots].
	Roots Roots
}

// Proxy is an HTTP proxy (RFC 9110 section 9.3.6, RFC 9112 section 3.2.2) on
// the loopback interface. CONNECT and absolute-form requests for identity
// hosts end at the server, all others are refused.
type Proxy struct {
	server      *Server
	front       *front
	addr        net.Addr
	bundle      *bundle
	passthrough bool
	plain       *httputil.ReverseProxy
	outside     *http.Transport
	once        sync.Once
	closeErr    error
}

// Proxy starts a proxy in front of the server, on a port of its own, and
// writes the certificates that its users must trust into a directory for
// temporary files. It ends with its Close or the server's.
func (s *Server) Proxy(ctx context.Context, o ProxyOptions) (*Proxy, error) {
	b, err := o.Roots.write(s.ca.PEM())
	if err != nil {
		return nil, err
	}
	listeners, err := open(ctx, Options{Addr: "127.0.0.1:0"})
	if err != nil {
		return nil, errors.Join(err, b.remove())
	}
	p := &Proxy{server: s, addr: listeners[0].Addr(), bundle: b, passthrough: o.Passthrough}
	p.outside = &http.Transport{DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext}
	p.plain = &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport: p.outside,
		ErrorLog:  s.logs,
	}
	p.front = newFront(s.ca, p, s.logs)
	p.front.start(listeners...)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.Join(ErrClosed, p.Close())
	}
	s.proxies = append(s.proxies, p)
	return p, nil
}

// URL returns the address of the proxy as the proxy variables want it.
func (p *Proxy) URL() string { return "http://" + p.addr.String() }

// CAFile returns the name of the file with the server's authority alone.
func (p *Proxy) CAFile() string { return p.bundle.ca }

// BundleFile returns the name of the file with the roots of this system and
// the server's authority.
func (p *Proxy) BundleFile() string { return p.bundle.all }

// Close ends the proxy and its tunnels, and removes its files. It may be
// called more than once.
func (p *Proxy) Close() error {
	p.once.Do(func() {
		p.front.close()
		p.outside.CloseIdleConnections()
		p.closeErr = p.bundle.remove()
	})
	return p.closeErr
}

// ServeHTTP implements [http.Handler].
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, r)
	case !r.URL.IsAbs():
		http.Error(w, "This is the HTTP proxy of the msal emulator. Set it as HTTP_PROXY and HTTPS_PROXY instead of visiting it.", http.StatusBadRequest)
	case r.URL.Scheme != "http":
		http.Error(w, "This proxy takes only http URLs in the request line. Use CONNECT for https.", http.StatusBadRequest)
	case p.server.hosts.Contains(r.URL.Hostname()):
		p.server.handler.ServeHTTP(w, originForm(r))
	case p.passthrough:
		p.plain.ServeHTTP(w, r)
	default:
		refuse(w, r.URL.Hostname())
	}
}

func refuse(w http.ResponseWriter, host string) {
	http.Error(w, fmt.Sprintf("The msal emulator answers for hosts of the identity platform only, and %q is not one. "+
		"This proxy reaches nothing else; start it with passthrough to let other requests out.", host), http.StatusForbidden)
}

// originForm is the request as the server itself would have received it.
func originForm(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	out.Host = r.URL.Host
	out.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery}
	if out.URL.Path == "" {
		out.URL.Path = "/"
	}
	out.RequestURI = out.URL.RequestURI()
	for _, name := range []string{"Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate"} {
		out.Header.Del(name)
	}
	return out
}

func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	switch {
	case err != nil:
		http.Error(w, "CONNECT wants a host and a port.", http.StatusBadRequest)
	case p.server.hosts.Contains(host):
		if conn := accept(w); conn != nil {
			p.server.front.offer(conn, host)
		}
	case p.passthrough:
		p.tunnel(w, r)
	default:
		refuse(w, host)
	}
}

// accept answers CONNECT and returns the connection, or nil if the client has
// gone.
func accept(w http.ResponseWriter) net.Conn {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		conn.Close()
		return nil
	}
	return &replayConn{Conn: conn, r: buffered}
}

// replayConn reads what the HTTP server has already buffered first.
type replayConn struct {
	net.Conn
	r io.Reader
}

func (c *replayConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// NetConn returns the connection underneath.
func (c *replayConn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends the sending half.
func (c *replayConn) CloseWrite() error { return closeWrite(c.Conn) }

// tunnel connects the client with the host that it asked for.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	if !p.front.begin() { // the connection stops counting when it is hijacked
		return
	}
	defer p.front.work.Done()
	ctx, cancel := context.WithTimeout(p.front.ctx, dialTimeout)
	defer cancel()
	var dialer net.Dialer
	remote, err := dialer.DialContext(ctx, "tcp", r.Host)
	if err != nil {
		http.Error(w, fmt.Sprintf("The host %q cannot be reached.", r.Host), http.StatusBadGateway)
		return
	}
	defer remote.Close()
	local := accept(w)
	if local == nil {
		return
	}
	defer local.Close()
	defer context.AfterFunc(p.front.ctx, func() { remote.Close() })()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		pipe(remote, local)
	}()
	pipe(local, remote)
	<-sent
}

// pipe copies until the source ends, and passes the end on. When that is
// impossible both are closed, so that the other direction ends as well.
func pipe(to, from net.Conn) {
	if _, err := io.Copy(to, from); err == nil && closeWrite(to) == nil {
		return
	}
	to.Close()
	from.Close()
}
