package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// firstByteTimeout is how long a new connection may stay silent.
	firstByteTimeout = 10 * time.Second
	headerTimeout    = 10 * time.Second
	idleTimeout      = 2 * time.Minute
	maxHeaderBytes   = 64 << 10
	// acceptPause keeps a listener without file descriptors from spinning.
	acceptPause = 50 * time.Millisecond
)

// front serves a handler on connections whose first byte tells TLS from plain
// HTTP. It owns every connection and goroutine that it starts.
type front struct {
	ca        *Authority
	tls       *tls.Config
	server    *http.Server
	listeners []net.Listener
	ready     chan net.Conn // connections past the first byte
	ctx       context.Context
	stop      context.CancelFunc

	mu     sync.Mutex
	closed bool
	conns  map[*trackedConn]struct{}
	work   sync.WaitGroup // connections and accept loops; grows under mu while not closed
}

func newFront(ca *Authority, h http.Handler, logs *log.Logger) *front {
	ctx, stop := context.WithCancel(context.Background())
	f := &front{ca: ca, ready: make(chan net.Conn), ctx: ctx, stop: stop, conns: make(map[*trackedConn]struct{})}
	f.tls = f.tlsConfig("")
	f.server = &http.Server{
		Handler:           abortable(h),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          logs,
		ConnState:         f.connState,
		// A handler that has not read the body of its request yet does not notice
		// the end of the connection.
		BaseContext: func(net.Listener) context.Context { return f.ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	return f
}

// start serves the listeners until close.
func (f *front) start(listeners ...net.Listener) {
	f.listeners = listeners
	for _, l := range listeners {
		f.work.Add(1)
		go func() {
			defer f.work.Done()
			f.acceptFrom(l)
		}()
	}
	f.work.Add(1)
	go func() {
		defer f.work.Done()
		// It always ends with an error: close ends it.
		_ = f.server.Serve((*readyListener)(f))
	}()
}

func (f *front) acceptFrom(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err == nil {
			f.offer(conn, "")
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		select {
		case <-time.After(acceptPause):
		case <-f.ctx.Done():
			return
		}
	}
}

// close ends everything and waits for it. It may be called more than once.
func (f *front) close() {
	f.mu.Lock()
	f.closed = true
	conns := make([]*trackedConn, 0, len(f.conns))
	for c := range f.conns {
		conns = append(conns, c)
	}
	f.mu.Unlock()
	for _, l := range f.listeners {
		l.Close()
	}
	for _, c := range conns {
		c.Close()
	}
	f.stop() // after the connections: what handlers still write must not look like an answer
	f.server.Close()
	f.work.Wait()
}

// begin counts a piece of work that close waits for, and reports false when it
// is too late to start.
func (f *front) begin() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.work.Add(1)
	return true
}

// offer hands a connection over to the server. The name is for TLS clients
// that send none.
func (f *front) offer(conn net.Conn, name string) {
	if !f.begin() {
		conn.Close()
		return
	}
	c := f.track(conn)
	go func() {
		served, err := f.sniff(c, name)
		if err == nil {
			select {
			case f.ready <- served:
				return // connState ends the work
			case <-f.ctx.Done():
			}
		}
		c.Close()
		f.work.Done()
	}()
}

// track makes close reach the connection.
func (f *front) track(conn net.Conn) *trackedConn {
	c := &trackedConn{Conn: conn, front: f, r: bufio.NewReader(conn)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		conn.Close() // close has already gone through the list
	} else {
		f.conns[c] = struct{}{}
	}
	return c
}

// sniff looks at the first byte: 0x16 opens a TLS handshake (RFC 8446 section
// 5.1) and no HTTP request.
func (f *front) sniff(c *trackedConn, name string) (net.Conn, error) {
	if err := c.SetReadDeadline(time.Now().Add(firstByteTimeout)); err != nil {
		return nil, err
	}
	first, err := c.r.Peek(1)
	if err != nil {
		return nil, err
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	if first[0] != 0x16 {
		return c, nil
	}
	config := f.tls
	if name != "" {
		config = f.tlsConfig(name)
	}
	return tls.Server(c, config), nil
}

// tlsConfig offers HTTP/1.1 only: a broken connection is then one broken
// request.
func (f *front) tlsConfig(name string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			switch {
			case hello.ServerName != "":
				return f.ca.Certificate(hello.ServerName)
			case name != "":
				return f.ca.Certificate(name)
			}
			host, _, err := net.SplitHostPort(hello.Conn.LocalAddr().String())
			if err != nil {
				return nil, err
			}
			return f.ca.Certificate(host)
		},
	}
}

// connState ends the work of a connection. Each has exactly one last state.
func (f *front) connState(_ net.Conn, s http.ConnState) {
	if s == http.StateClosed || s == http.StateHijacked {
		f.work.Done()
	}
}

// readyListener is the front as the http.Server sees it.
type readyListener front

func (l *readyListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (l *readyListener) Close() error   { return nil }
func (l *readyListener) Addr() net.Addr { return l.listeners[0].Addr() }

// trackedConn is a connection that its front can find, with the bytes that
// were looked at put back.
type trackedConn struct {
	net.Conn
	front *front
	r     *bufio.Reader
}

func (c *trackedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

func (c *trackedConn) Close() error {
	c.front.mu.Lock()
	delete(c.front.conns, c)
	c.front.mu.Unlock()
	return c.Conn.Close()
}

// NetConn returns the connection underneath, as crypto/tls does.
func (c *trackedConn) NetConn() net.Conn { return c.Conn }

// CloseWrite ends the sending half, for tunnels.
func (c *trackedConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
