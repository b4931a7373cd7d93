package listen

import (
	"context"
	"net"
	"net/http"
)

type connKey struct{}

// abortable makes panic(http.ErrAbortHandler) visible to clients as it is in
// memory: what was written is sent before the connection breaks, and an answer
// that has not begun becomes a reset instead of a polite end.
func abortable(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watched := &watchedWriter{ResponseWriter: w}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				if watched.began {
					// An error means that the client has gone, which is the aim.
					_ = http.NewResponseController(w).Flush()
				} else {
					reset(r.Context())
				}
			}
			panic(p)
		}()
		h.ServeHTTP(watched, r)
	})
}

// watchedWriter knows whether the answer has begun.
type watchedWriter struct {
	http.ResponseWriter
	began bool
}

func (w *watchedWriter) WriteHeader(status int) {
	w.began = w.began || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.began = true
	return w.ResponseWriter.Write(p)
}

func (w *watchedWriter) Flush() {
	w.began = true
	// The interface has no place for an error; the next write reports it.
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find the rest.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// reset breaks the connection of a request with RST, below TLS, which would
// say goodbye first.
func reset(ctx context.Context) {
	conn, ok := ctx.Value(connKey{}).(net.Conn)
	for ok {
		if tcp, is := conn.(*net.TCPConn); is {
			// Where it fails the client sees the end of the stream instead.
			_ = tcp.SetLinger(0)
			tcp.Close()
			return
		}
		var outer interface{ NetConn() net.Conn }
		if outer, ok = conn.(interface{ NetConn() net.Conn }); ok {
			conn = outer.NetConn()
		}
	}
}
