package httpx

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// pipes is a listener whose connections are in memory, so that a synctest
// bubble sees every wait on them.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// servePipe is serve inside a synctest bubble.
func servePipe(t *testing.T, cfg Config, h http.HandlerFunc) *Client {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = p
	srv.Config.ErrorLog = discardLog()
	srv.StartTLS()
	tr := srv.Client().Transport.(*http.Transport).Clone()
	tr.DialContext = p.dial
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		srv.CloseClientConnections()
		srv.Close()
	})
	cfg.HTTP = &http.Client{Transport: tr}
	return New(cfg)
}

func stallBeforeHeader(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // without it the server does not see the client leave
	<-r.Context().Done()
	panic(http.ErrAbortHandler) // returning would answer properly, in a race with the client
}

func stallInBody(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	io.WriteString(w, `{"access_token":"`+secret)
	http.NewResponseController(w).Flush()
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func TestTimeLimitCoversHeaderAndBody(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{"header": stallBeforeHeader, "body": stallInBody} {
		for _, limit := range []time.Duration{0, 5 * time.Second} {
			t.Run(name+" "+limit.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := servePipe(t, Config{Timeout: limit}, h)
					want := limit
					if want == 0 {
						want = DefaultTimeout
					}
					start := time.Now()
					_, err := c.PostForm(t.Context(), "https://example.com/token", "client_secret="+secret, nil)
					te := wantTransportError(t, err)
					if took := time.Since(start); took != want {
						t.Errorf("ended after %v, want %v", took, want)
					}
					if !te.Timeout() || te.limit != want || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("error = %+v", te)
					}
				})
			})
		}
	}
}

func TestCallersContextEndsTheExchange(t *testing.T) {
	t.Run("deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := servePipe(t, Config{}, stallInBody)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			_, err := c.Get(ctx, "https://example.com/", nil)
			te := wantTransportError(t, err)
			if time.Since(start) != 2*time.Second || !te.Timeout() || te.limit != 0 {
				t.Errorf("after %v: %+v", time.Since(start), te)
			}
		})
	})
	t.Run("cancel", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := servePipe(t, Config{}, stallBeforeHeader)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			_, err := c.Get(ctx, "https://example.com/", nil)
			te := wantTransportError(t, err)
			if te.Timeout() || !errors.Is(err, context.Canceled) {
				t.Errorf("error = %+v", te)
			}
		})
	})
}

func TestNegativeTimeoutMeansNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := servePipe(t, Config{Timeout: -1}, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) })
		if _, err := c.Get(t.Context(), "https://example.com/", nil); err != nil {
			t.Error(err)
		}
	})
}

func TestNoSecondTryAfterTheContextEnded(t *testing.T) {
	t.Parallel()
	tries := 0
	ctx, cancel := context.WithCancel(t.Context())
	c := New(Config{HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		tries++
		cancel()
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	})}})
	_, err := c.Get(ctx, "https://example.com/", nil)
	wantTransportError(t, err)
	if tries != 1 {
		t.Errorf("tries = %d, want 1", tries)
	}
}
