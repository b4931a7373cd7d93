package loopback

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxConnections = 32
	maxHeaderBytes = 64 << 10
	maxBodyBytes   = 64 << 10
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second
	drainTimeout   = time.Second
)

func newServer(h http.Handler, conns *connections) *http.Server {
	server := &http.Server{
		Handler:           h,
		ConnState:         conns.track,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// "OPTIONS *" is refused like everything else.
		DisableGeneralOptionsHandler: true,
		// What net/http would log may quote a request line, and that may carry
		// an authorization code.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server.SetKeepAlivesEnabled(false) // one request each: idle connections would hold slots
	return server
}

// connections counts the connections of a server, bounds their number and
// knows which ones are idle.
type connections struct {
	slots  chan struct{}
	closed <-chan struct{}
	all    sync.WaitGroup

	mu     sync.Mutex
	states map[net.Conn]http.ConnState
}

func newConnections(closed <-chan struct{}) *connections {
	return &connections{
		slots:  make(chan struct{}, maxConnections),
		closed: closed,
		states: make(map[net.Conn]http.ConnState),
	}
}

// track is the ConnState hook of the server, which reports every connection as
// new before Serve returns and as closed when its goroutine ends.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.all.Add(1)
		c.states[conn] = state
	case http.StateClosed, http.StateHijacked:
		if _, known := c.states[conn]; known {
			delete(c.states, conn)
			<-c.slots
			c.all.Done()
		}
	default:
		c.states[conn] = state
	}
}

// drain ends the server. Browsers open spare connections that they never use;
// those are cut at once, so that only requests in progress are waited for.
func (c *connections) drain(server *http.Server) {
	c.mu.Lock()
	for conn, state := range c.states {
		if state == http.StateNew {
			conn.Close()
		}
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// wait returns when the goroutine of every connection has ended. Serve must
// have returned.
func (c *connections) wait() { c.all.Wait() }

// limit makes Accept wait while there are too many connections. The time-outs
// of the server free the slots of connections that say nothing.
func (c *connections) limit(l net.Listener) net.Listener {
	return &limitedListener{Listener: l, conns: c}
}

type limitedListener struct {
	net.Listener
	conns *connections
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.conns.slots <- struct{}{}:
	case <-l.conns.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.conns.slots
	}
	return conn, err
}
