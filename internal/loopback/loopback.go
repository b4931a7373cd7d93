// Package loopback waits on this machine for the answer that a browser brings
// back from the sign-in page (RFC 8252 sections 7.3 and 8.3).
//
// The listener binds the loopback addresses only. It takes the first request
// that has the right host, path, method, form and state, and answers every
// other one with a polite refusal without giving up: browsers ask for icons,
// scanners knock, other pages try their luck.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// Mode says how the authorization server hands the answer over.
type Mode int

const (
	// FormPost takes the answer from the body of a POST
	// (response_mode=form_post). It is the default, because the answer then
	// never shows in an address bar or a browser history.
	FormPost Mode = iota
	// Query takes the answer from the query string of a GET
	// (response_mode=query).
	Query
)

// Options configures a [Listener]. Only State is required.
type Options struct {
	// Port is the TCP port. 0 means any free one, which suits Microsoft Entra:
	// it ignores the port of a registered http://localhost.
	Port int
	// Path is the path of the redirect URI. "" means "/".
	Path string
	// State is the state parameter of the authorization request. An answer
	// with another one is not for us.
	State string
	// Mode is the response mode of the authorization request.
	Mode Mode
	// SuccessPage and ErrorPage replace the pages that the person sees at the
	// end. They are html/template sources over an [Outcome]. "" means the
	// built-in page. Inline style elements work; scripts do not.
	SuccessPage string
	ErrorPage   string
	// WelcomePage is a page to begin at, an html/template source over a
	// [Welcome]. "" means that there is none. See [Listener.Welcome].
	WelcomePage string
}

// Outcome is what a page may show of an answer. Both fields are empty after a
// success. They were chosen by whoever answered: html/template escapes them.
type Outcome struct {
	Error       string // the error parameter, such as "access_denied"
	Description string // the error_description parameter
}

// ErrAborted is returned by [Listener.Wait] when the person followed the abort
// link of the welcome page.
var ErrAborted = errors.New("loopback: the person left the sign-in")

// ErrClosed is returned by [Listener.Wait] after [Listener.Close].
var ErrClosed = errors.New("loopback: the listener was closed before the browser came back")

// PortError reports that no listener could be opened on a port.
type PortError struct {
	Port int // 0 if any port would have done
	Err  error
}

func (e *PortError) Error() string {
	if e.Port == 0 {
		return fmt.Sprintf("loopback: cannot listen on any port of this machine: %v; use a flow without a browser on this machine, such as the device code flow", e.Err)
	}
	return fmt.Sprintf("loopback: cannot listen on port %d of this machine: %v; stop the program that uses it, or use port 0 for any free one", e.Port, e.Err)
}

// Unwrap returns the error of the operating system.
func (e *PortError) Unwrap() error { return e.Err }

// OptionError reports a value of [Options] that cannot work.
type OptionError struct {
	Option string // the name of the field
	Err    error
}

func (e *OptionError) Error() string { return fmt.Sprintf("loopback: option %s: %v", e.Option, e.Err) }

// Unwrap returns what is wrong with the value.
func (e *OptionError) Unwrap() error { return e.Err }

// Listener waits for one answer. Its methods are safe for concurrent use.
// Close must be called.
type Listener struct {
	path  string
	state string
	mode  Mode
	port  int
	pages *pages

	signIn atomic.Pointer[string] // where the welcome page leads; nil: there is none

	server *http.Server
	conns  *connections
	serve  sync.WaitGroup

	claimed  atomic.Bool // set by the request that brings the answer
	answer   url.Values  // written once, before answered is closed
	answered chan struct{}
	failure  error // written once, before failed is closed
	failed   chan struct{}
	failOnce sync.Once

	closeOnce sync.Once
	closed    chan struct{}
}

// Listen opens the port and starts answering. The context bounds the opening
// only; call [Listener.Close] to stop.
//
// Both 127.0.0.1 and ::1 are bound where the machine has them, because
// "localhost" may mean either to a browser, and whoever else held one of them
// would be handed the answer. The errors are a [*PortError] or an
// [*OptionError].
func Listen(ctx context.Context, o Options) (*Listener, error) {
	if o.Path == "" {
		o.Path = "/"
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	pages, err := newPages(o)
	if err != nil {
		return nil, err
	}
	sockets, port, err := bind(ctx, o.Port)
	if err != nil {
		return nil, &PortError{Port: o.Port, Err: err}
	}
	l := &Listener{
		path: o.Path, state: o.State, mode: o.Mode, port: port, pages: pages,
		answered: make(chan struct{}), failed: make(chan struct{}), closed: make(chan struct{}),
	}
	l.conns = newConnections(l.closed)
	l.server = newServer(http.HandlerFunc(l.handle), l.conns)
	for _, socket := range sockets {
		l.serve.Go(func() {
			if err := l.server.Serve(l.conns.limit(socket)); !errors.Is(err, http.ErrServerClosed) {
				l.fail(err)
			}
		})
	}
	return l, nil
}

func (o Options) check() error {
	switch {
	case o.State == "":
		return &OptionError{"State", errors.New("is empty; without it anyone could answer")}
	case o.Port < 0 || o.Port > 65535:
		return &OptionError{"Port", errors.New("must be between 0 and 65535")}
	case o.Mode != FormPost && o.Mode != Query:
		return &OptionError{"Mode", errors.New("must be FormPost or Query")}
	}
	u, err := url.Parse(o.Path)
	if err != nil || u.Path != o.Path || !strings.HasPrefix(o.Path, "/") || strings.HasPrefix(o.Path, "//") || u.EscapedPath() != o.Path {
		return &OptionError{"Path", errors.New("must be a plain path that begins with a slash, such as /callback")}
	}
	return nil
}

// RedirectURI returns the redirect_uri of the authorization request:
// "http://localhost:PORT", and the path unless it is "/".
func (l *Listener) RedirectURI() string {
	uri := "http://localhost:" + strconv.Itoa(l.port)
	if l.path != "/" {
		uri += l.path
	}
	return uri
}

// Wait returns the parameters of the answer, which has the right state and
// either a code or an error, as soon as the browser has got its page. It
// returns the error of the context, [ErrAborted] or [ErrClosed]. After the answer it may be
// called again, with the same result.
func (l *Listener) Wait(ctx context.Context) (url.Values, error) {
	select {
	case <-l.answered: // wins over a context that ended at the same time
		return l.copyAnswer(), nil
	default:
	}
	select {
	case <-l.answered:
		return l.copyAnswer(), nil
	case <-l.failed:
		if errors.Is(l.failure, ErrAborted) {
			return nil, ErrAborted
		}
		return nil, fmt.Errorf("loopback: waiting on port %d: %w", l.port, l.failure)
	case <-l.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *Listener) copyAnswer() url.Values {
	values := make(url.Values, len(l.answer))
	for name, v := range l.answer {
		values[name] = []string{v[0]}
	}
	return values
}

// Close lets requests in progress end, for a second at most, closes the port
// and returns when no goroutine of the listener is left. It may be called more
// than once.
func (l *Listener) Close() {
	l.closeOnce.Do(func() {
		close(l.closed)
		l.conns.drain(l.server)
		l.serve.Wait()
		l.conns.wait()
	})
}

// deliver hands the answer to Wait.
func (l *Listener) deliver(values url.Values) {
	l.answer = values
	close(l.answered)
}

func (l *Listener) fail(err error) {
	l.failOnce.Do(func() {
		l.failure = err
		close(l.failed)
	})
}

// bind opens the same port on every loopback address that the machine has.
func bind(ctx context.Context, port int) ([]net.Listener, int, error) {
	const attempts = 20 // for a port that is free on both addresses
	var failure error
	for range attempts {
		sockets, got, err := bindOnce(ctx, port)
		if err == nil {
			return sockets, got, nil
		}
		failure = err
		if port != 0 || ctx.Err() != nil {
			break
		}
	}
	return nil, 0, failure
}

func bindOnce(ctx context.Context, port int) ([]net.Listener, int, error) {
	var config net.ListenConfig
	v4, err := config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, 0, err
	}
	got := v4.Addr().(*net.TCPAddr).Port
	v6, err := config.Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(got)))
	if err == nil {
		return []net.Listener{v4, v6}, got, nil
	}
	// No IPv6 at all is fine. A port that somebody else holds is not.
	probe, noIPv6 := config.Listen(ctx, "tcp6", "[::1]:0")
	if noIPv6 != nil {
		return []net.Listener{v4}, got, nil
	}
	probe.Close()
	v4.Close()
	return nil, 0, err
}
