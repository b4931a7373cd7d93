package listen

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

// maxBuffered is how far a handler may run ahead of its reader.
const maxBuffered = 1 << 20

// exchange is one request in flight: the http.ResponseWriter of the handler at
// one end, and the body of the client's response at the other.
type exchange struct {
	req    *http.Request
	cancel context.CancelFunc // of the handler's context
	header http.Header        // belongs to the handler's goroutine
	ready  chan struct{}      // closed when RoundTrip can return

	mu        sync.Mutex
	sent      http.Header // header as it was at WriteHeader
	status    int         // 0 until the handler has chosen
	declared  int64       // Content-Length, or -1
	written   int64
	buf       []byte // written and not yet read
	delivered bool
	closed    bool          // the client closed the body
	end       error         // io.EOF or why the body broke; nil while the handler runs
	changed   chan struct{} // closed and replaced when any of the above changes
}

func newExchange(req *http.Request, cancel context.CancelFunc) *exchange {
	return &exchange{
		req: req, cancel: cancel, header: make(http.Header), declared: -1,
		ready: make(chan struct{}), changed: make(chan struct{}),
	}
}

// run calls the handler and turns how it ended into the end of the body.
func (e *exchange) run(h http.Handler, in *http.Request) {
	returned := false
	defer func() {
		switch p := recover(); {
		case returned:
			e.finish(nil)
		case p == nil || p == http.ErrAbortHandler: // nil: runtime.Goexit, as testing.T.FailNow does
			e.finish(broken)
		default:
			e.finish(&PanicError{Value: p, Stack: debug.Stack()})
		}
	}()
	h.ServeHTTP(e, in)
	returned = true
}

// finish ends the body: with a nil error if the handler returned.
func (e *exchange) finish(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		e.choose(http.StatusOK)
		err = io.EOF
		if !e.bodiless() && e.declared > e.written {
			err = broken // promised more than it wrote
		}
		if ctx := e.req.Context(); ctx.Err() != nil {
			err = context.Cause(ctx) // it may have returned for that reason
		}
	}
	e.end = err
	e.deliver()
	e.signal()
}

// Header implements [http.ResponseWriter].
func (e *exchange) Header() http.Header { return e.header }

// WriteHeader implements [http.ResponseWriter].
func (e *exchange) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("listen: invalid status code %d", status))
	}
	if status < 200 {
		return // informational answers have no reader here
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.choose(status)
}

// choose fixes status and headers, once. It is called with the lock held.
func (e *exchange) choose(status int) {
	if e.status != 0 {
		return
	}
	e.status = status
	e.sent = e.header.Clone()
	if v := e.sent.Get("Content-Length"); v != "" {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n >= 0 {
			e.declared = n
		} else {
			e.sent.Del("Content-Length")
		}
	}
	if e.sent.Get("Date") == "" {
		e.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
}

// Write implements [http.ResponseWriter]. It waits for the reader when it is
// a megabyte ahead.
func (e *exchange) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.choose(http.StatusOK)
	switch {
	case e.req.Method == http.MethodHead:
		return len(p), nil
	case e.bodiless():
		return 0, http.ErrBodyNotAllowed
	case e.declared >= 0 && e.written+int64(len(p)) > e.declared:
		return 0, http.ErrContentLength
	}
	if err := e.room(); err != nil {
		return 0, err
	}
	if e.written == 0 && len(p) > 0 {
		e.detectType(p)
	}
	e.written += int64(len(p))
	e.buf = append(e.buf, p...)
	e.signal()
	return len(p), nil
}

// room waits until the buffer has some. It is called with the lock held and
// gives it up while it waits.
func (e *exchange) room() error {
	ctx := e.req.Context()
	for {
		if e.closed || ctx.Err() != nil {
			return errReset() // nobody reads any more
		}
		if len(e.buf) < maxBuffered {
			return nil
		}
		e.deliver()
		changed := e.changed
		e.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		e.mu.Lock()
	}
}

func (e *exchange) detectType(p []byte) {
	if _, ok := e.sent["Content-Type"]; !ok && !e.delivered {
		e.sent.Set("Content-Type", http.DetectContentType(p))
	}
}

// Flush implements [http.Flusher]: the client gets the headers and what was
// written so far.
func (e *exchange) Flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.choose(http.StatusOK)
	e.deliver()
	e.signal()
}

func (e *exchange) deliver() {
	if !e.delivered {
		e.delivered = true
		close(e.ready)
	}
}

func (e *exchange) signal() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// bodiless reports whether the answer has no body whatever is written.
func (e *exchange) bodiless() bool {
	return e.req.Method == http.MethodHead || e.status == http.StatusNoContent || e.status == http.StatusNotModified
}

// response returns what RoundTrip returns, once delivered.
func (e *exchange) response() (*http.Response, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.status == 0 { // the handler ended without an answer
		if e.end == broken {
			return nil, errReset()
		}
		return nil, e.end
	}
	resp := &http.Response{
		Status:        fmt.Sprintf("%03d %s", e.status, http.StatusText(e.status)),
		StatusCode:    e.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        e.sent.Clone(),
		Body:          (*body)(e),
		ContentLength: e.declared,
		Request:       e.req,
	}
	if e.req.URL.Scheme == "https" {
		resp.TLS = connectionState(e.req)
	}
	switch {
	case e.bodiless() && e.end == io.EOF:
		resp.Body = http.NoBody
		if e.req.Method != http.MethodHead {
			resp.ContentLength = 0
		}
	case e.declared < 0 && e.end == io.EOF:
		resp.ContentLength = e.written
		resp.Header.Set("Content-Length", strconv.FormatInt(e.written, 10))
	case e.declared < 0:
		resp.TransferEncoding = []string{"chunked"}
	}
	return resp, nil
}

// body is the reading end of an exchange.
type body exchange

// Read implements [io.Reader]. The end of the request's context ends it, even
// if there is something left to read: a client that cancels too early must
// learn about it here and not in production.
func (b *body) Read(p []byte) (int, error) {
	e := (*exchange)(b)
	ctx := e.req.Context()
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		switch {
		case e.closed:
			return 0, http.ErrBodyReadAfterClose
		case len(e.buf) == 0 && e.end != nil:
			return 0, e.end
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case len(p) == 0:
			return 0, nil
		case len(e.buf) > 0:
			n := copy(p, e.buf)
			e.buf = e.buf[n:]
			e.signal()
			return n, nil
		}
		changed := e.changed
		e.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		e.mu.Lock()
	}
}

// Close implements [io.Closer]. A handler that still writes sees its context
// end.
func (b *body) Close() error {
	e := (*exchange)(b)
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		e.signal()
	}
	e.cancel()
	return nil
}
