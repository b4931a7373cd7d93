package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
)

// ErrRequest reports a request that no HTTP client could send: the scheme is
// neither http nor https, the host is missing, or a header is malformed.
var ErrRequest = errors.New("listen: the request cannot be sent")

// PanicError reports a handler that panicked with anything else than
// http.ErrAbortHandler, which is a defect of the handler.
type PanicError struct {
	Value any
	Stack []byte
}

// Error shows the value of the panic and where it happened.
func (e *PanicError) Error() string {
	return fmt.Sprintf("listen: the handler panicked: %v\n%s", e.Value, e.Stack)
}

// Transport answers requests by calling a handler: no sockets, no timers of
// its own, and no goroutine besides the one that runs the handler, which ends
// with it. In a testing/synctest bubble everything it does is in the bubble.
//
// The answer is delivered whole when the handler returns. A handler that
// flushes, or writes more than a megabyte, delivers what it has and streams
// the rest. The end of the request's context ends the request and the
// handler's context, wherever they are: waiting for the headers or reading the
// body. Values of the request's context do not reach the handler, as they
// would not over a wire.
//
// A Transport is safe for concurrent use.
type Transport struct {
	Handler http.Handler
}

// RoundTrip implements [http.RoundTripper]. It returns [ErrRequest] for a
// request that cannot be sent, the cause of the request's context when that
// ends first, an error that wraps syscall.ECONNRESET when the handler aborts
// before it has written anything, and a [*PanicError] when it panics.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	in, err := incoming(req)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	handlerCtx, cancel := context.WithCancel(context.Background())
	ex := newExchange(req, cancel)
	stop := context.AfterFunc(ctx, cancel)
	go func() {
		defer in.Body.Close()
		defer cancel()
		defer stop()
		ex.run(t.Handler, in.WithContext(handlerCtx))
	}()
	select {
	case <-ex.ready:
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // whatever came first: the outcome must not be a matter of luck
		cancel()
		return nil, context.Cause(ctx)
	}
	return ex.response()
}

// incoming turns a client's request into what a server would see of it.
func incoming(req *http.Request) (*http.Request, error) {
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	uri := req.URL.RequestURI()
	target, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, fmt.Errorf("%w: the path cannot be parsed", ErrRequest) // it may carry secrets
	}
	in := &http.Request{
		Method:        req.Method,
		URL:           target,
		RequestURI:    uri,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        req.Header.Clone(),
		Body:          req.Body,
		ContentLength: req.ContentLength,
		Host:          req.Host,
		RemoteAddr:    "127.0.0.1:0",
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body, in.ContentLength = http.NoBody, 0
	}
	if req.URL.Scheme == "https" {
		in.TLS = connectionState(req)
	}
	setWireHeaders(in, req)
	return in, nil
}

// setWireHeaders adds the headers that net/http writes by itself.
func setWireHeaders(in, req *http.Request) {
	if in.Header == nil {
		in.Header = make(http.Header)
	}
	in.Header.Del("Host")
	if _, ok := req.Header["User-Agent"]; !ok {
		in.Header.Set("User-Agent", "Go-http-client/1.1")
	}
	switch {
	case in.Body == http.NoBody:
		in.Header.Del("Content-Length")
		in.ContentLength = 0
	case in.ContentLength > 0:
		in.Header.Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
	default: // a body of unknown length
		in.ContentLength = -1
		in.TransferEncoding = []string{"chunked"}
	}
}

func checkRequest(req *http.Request) error {
	switch {
	case req.URL == nil:
		return fmt.Errorf("%w: it has no URL", ErrRequest)
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: unsupported protocol scheme %q", ErrRequest, req.URL.Scheme)
	case req.URL.Hostname() == "":
		return fmt.Errorf("%w: it has no host", ErrRequest)
	case req.Method != "" && !isToken(req.Method):
		return fmt.Errorf("%w: invalid method %q", ErrRequest, req.Method)
	}
	for name, values := range req.Header {
		if !isToken(name) {
			return fmt.Errorf("%w: invalid header name %q", ErrRequest, name)
		}
		for _, v := range values {
			if !isFieldValue(v) {
				return fmt.Errorf("%w: invalid value of the header %q", ErrRequest, name)
			}
		}
	}
	return nil
}

// isToken reports whether s is a token (RFC 9110 section 5.6.2): a method or a
// header name.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isFieldValue reports whether s has no control character but the tab (RFC
// 9110 section 5.5).
func isFieldValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func connectionState(req *http.Request) *tls.ConnectionState {
	return &tls.ConnectionState{
		Version:           tls.VersionTLS13,
		HandshakeComplete: true,
		CipherSuite:       tls.TLS_AES_128_GCM_SHA256,
		ServerName:        req.URL.Hostname(),
	}
}

// errReset is what a client sees of a connection that the other side reset.
func errReset() error {
	return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
}

// broken is the error of a connection that ended in the middle of a body.
var broken = io.ErrUnexpectedEOF
