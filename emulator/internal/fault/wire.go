package fault

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Wait holds a request back. It returns early with the error of the context
// when the client gives up.
func Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Reset breaks the connection without an answer: with a TCP reset where there
// is a TCP connection, and otherwise by [http.ErrAbortHandler], which the
// server or the in-memory transport turns into an error. It does not return
// when it has to panic.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	linger(conn)
	_ = conn.Close()
}

// linger makes closing a connection send a reset. TLS and other wrappers are
// taken off first, so that no polite goodbye is sent.
func linger(conn net.Conn) {
	for {
		if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
			_ = tcp.SetLinger(0)
			_ = conn.Close()
			return
		}
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return
		}
		conn = wrapper.NetConn()
	}
}

// Recorder keeps an answer back so that it can be changed.
type Recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// NewRecorder returns an empty answer.
func NewRecorder() *Recorder { return &Recorder{header: http.Header{}, status: http.StatusOK} }

// Header is the header of the answer.
func (r *Recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *Recorder) WriteHeader(status int) { r.status = status }

// Write keeps a part of the body.
func (r *Recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// SendTruncated announces the whole body, sends its first n bytes and breaks
// the connection. A body of n bytes or less is sent whole.
func (r *Recorder) SendTruncated(w http.ResponseWriter, n int) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(r.body.Len()))
	w.WriteHeader(r.status)
	if n >= r.body.Len() {
		_, _ = w.Write(r.body.Bytes())
		return
	}
	_, _ = w.Write(r.body.Bytes()[:n])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
