package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const secret = "s3cr3t-never-shown"

// serve starts a TLS server and returns it with a client that trusts it.
func serve(t *testing.T, h http.HandlerFunc) (*httptest.Server, *Client) {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	return srv, New(Config{HTTP: srv.Client(), Version: "1.2.3"})
}

func TestPostFormSendsBodyAndStandardHeaders(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	srv, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "hello")
	})
	c := New(Config{HTTP: srv.Client(), Version: "1.2.3", AppName: "de\r\nmo", AppVersion: "7"})
	given := http.Header{"Accept": {"application/json"}}
	res, err := c.PostForm(t.Context(), srv.URL+"/token", "a=1&b=2", given)
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != http.StatusTeapot || string(res.Body) != "hello" || res.Header.Get("X-Answer") != "yes" {
		t.Errorf("answer = %d %q %v", res.Status, res.Body, res.Header)
	}
	if got.Method != http.MethodPost || body != "a=1&b=2" {
		t.Errorf("request = %s %q", got.Method, body)
	}
	want := map[string]string{
		"Content-Type":        "application/x-www-form-urlencoded",
		"Accept":              "application/json",
		"x-client-sku":        "msal-go",
		"x-client-ver":        "1.2.3",
		"x-client-os":         clientOS(runtime.GOOS),
		"x-ms-lib-capability": "retry-after, h429",
		"x-app-name":          "demo",
		"x-app-ver":           "7",
	}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s = %q, want %q", name, got.Header.Get(name), value)
		}
	}
	if len(given) != 1 {
		t.Errorf("the caller's header was changed: %v", given)
	}
}

func TestPostFormOmitsApplicationHeadersWhenUnset(t *testing.T) {
	t.Parallel()
	var got http.Header
	srv, c := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	if _, err := c.PostForm(t.Context(), srv.URL, "a=1", nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x-app-name", "x-app-ver", "Accept"} {
		if _, ok := got[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s was sent: %q", name, got.Get(name))
		}
	}
}

func TestGetSendsNoTelemetry(t *testing.T) {
	t.Parallel()
	var got *http.Request
	srv, c := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	if _, err := c.Get(t.Context(), srv.URL+"/x?y=z", http.Header{"Accept": {"application/json"}}); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodGet || got.URL.String() != "/x?y=z" || got.Header.Get("Accept") != "application/json" {
		t.Errorf("request = %s %s %v", got.Method, got.URL, got.Header)
	}
	for name := range got.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-") || name == "Content-Type" {
			t.Errorf("GET carries %s", name)
		}
	}
}

func TestClientOS(t *testing.T) {
	t.Parallel()
	for goos, want := range map[string]string{"windows": "win32", "linux": "linux", "darwin": "darwin", "freebsd": "freebsd"} {
		if got := clientOS(goos); got != want {
			t.Errorf("clientOS(%s) = %s, want %s", goos, got, want)
		}
	}
}

func TestCallersHTTPClientIsNotChanged(t *testing.T) {
	t.Parallel()
	own := &http.Client{Timeout: time.Hour}
	c := New(Config{HTTP: own})
	if own.CheckRedirect != nil || own.Timeout != time.Hour {
		t.Error("the caller's client was changed")
	}
	if c.http.Timeout != time.Hour {
		t.Error("the caller's time limit was lost")
	}
}

func TestWithoutHTTPClientTheTransportIsPrivate(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	tr, ok := c.http.Transport.(*http.Transport)
	if !ok || http.RoundTripper(tr) == http.DefaultTransport {
		t.Fatalf("transport = %T, want a private *http.Transport", c.http.Transport)
	}
	if tr.Proxy == nil || tr.MaxResponseHeaderBytes != maxHeader {
		t.Error("proxy support or the header bound is missing")
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				var reached atomic.Bool
				evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
				defer evil.Close()
				srv, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, evil.URL+"/path?code="+secret, status)
				})
				lax := srv.Client()
				lax.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
				c := New(Config{HTTP: lax})
				var err error
				if method == http.MethodGet {
					_, err = c.Get(t.Context(), srv.URL, nil)
				} else {
					_, err = c.PostForm(t.Context(), srv.URL, "client_secret="+secret, nil)
				}
				var redirect *RedirectError
				if !errors.As(err, &redirect) {
					t.Fatalf("err = %T %v, want *RedirectError", err, err)
				}
				if redirect.Scheme != "http" || redirect.Target != evil.Listener.Addr().String() || redirect.Host != srv.Listener.Addr().String() {
					t.Errorf("redirect = %+v", redirect)
				}
				if shows(err, secret) || shows(err, "/path") {
					t.Error("the error shows more of the target than its host")
				}
				if reached.Load() {
					t.Error("the redirect was followed")
				}
			})
		}
	}
}

func TestUnreadableRedirectTargetIsNotShown(t *testing.T) {
	t.Parallel()
	srv, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://host:port/"+secret)
		w.WriteHeader(http.StatusFound)
	})
	_, err := c.Get(t.Context(), srv.URL, nil)
	wantTransportError(t, err)
}

func TestOnlyPlainHTTPSIsUsed(t *testing.T) {
	t.Parallel()
	used := false
	c := New(Config{HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		used = true
		return nil, io.EOF
	})}})
	for _, target := range []string{
		"http://login.example.com/" + secret, "HTTP://login.example.com/", "login.example.com", "//login.example.com/x", "",
		"https://", "https:///path", "ftp://login.example.com", "file:///etc/passwd", "https:login.example.com",
		"https://user:" + secret + "@login.example.com/", "https://login.example.com/\n", "https://login.example.com:x/" + secret,
	} {
		for _, call := range []func() (*Response, error){
			func() (*Response, error) { return c.Get(t.Context(), target, nil) },
			func() (*Response, error) { return c.PostForm(t.Context(), target, "a=b", nil) },
		} {
			_, err := call()
			var insecure *InsecureURLError
			if !errors.As(err, &insecure) {
				t.Errorf("%q: err = %T, want *InsecureURLError", target, err)
				continue
			}
			if shows(err, secret) {
				t.Errorf("%q: the error shows a secret", target)
			}
		}
	}
	if used {
		t.Error("a request was sent")
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	size := 0
	srv, c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("x"), size)) })
	size = MaxBody
	res, err := c.Get(t.Context(), srv.URL, nil)
	if err != nil || len(res.Body) != MaxBody {
		t.Fatalf("a body of exactly the limit: err = %v", err)
	}
	size = MaxBody + 1
	_, err = c.Get(t.Context(), srv.URL, nil)
	var tooLarge *BodyTooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.Limit != MaxBody || tooLarge.Status != 200 {
		t.Fatalf("err = %v, want *BodyTooLargeError", err)
	}
}

func TestBodyLimitCountsDecompressedBytes(t *testing.T) {
	t.Parallel()
	srv, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("the transport did not offer gzip")
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(make([]byte, 40*MaxBody))
		z.Close()
	})
	_, err := c.Get(t.Context(), srv.URL, nil)
	var tooLarge *BodyTooLargeError
	if !errors.As(err, &tooLarge) {
		t.Fatalf("err = %v, want *BodyTooLargeError", err)
	}
}

func TestTruncatedBodyIsATransportError(t *testing.T) {
	t.Parallel()
	srv, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"access_token":"`+secret)
	})
	_, err := c.PostForm(t.Context(), srv.URL, "a=b", nil)
	te := wantTransportError(t, err)
	if te.Op != http.MethodPost || te.Host != srv.Listener.Addr().String() || te.Timeout() {
		t.Errorf("error = %+v", te)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the cause is lost: %v", te.Err)
	}
}

func TestStatusIsNeverRetried(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		var calls atomic.Int32
		srv, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.WriteHeader(status)
		})
		res, err := c.PostForm(t.Context(), srv.URL, "a=b", nil)
		if err != nil || res.Status != status || calls.Load() != 1 {
			t.Errorf("%d: err = %v, calls = %d", status, err, calls.Load())
		}
	}
}

func TestLostConnectionAfterSendingIsNotRetried(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv, c := serve(t, func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	})
	_, err := c.PostForm(t.Context(), srv.URL, "client_secret="+secret, nil)
	wantTransportError(t, err)
	if calls.Load() != 1 {
		t.Errorf("the request was sent %d times", calls.Load())
	}
}

func TestFailedDialIsRetriedOnce(t *testing.T) {
	t.Parallel()
	srv, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		io.WriteString(w, r.PostForm.Get("a"))
	})
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, tc := range []struct {
		name  string
		fails int32
		cause error
		dials int32
		ok    bool
	}{
		{"once", 1, refused, 2, true},
		{"twice", 2, refused, 2, false},
		{"no such host", 1, &net.DNSError{Err: "no such host", Name: "login.example.com"}, 2, true},
		{"not a network error", 1, errors.New("policy says no"), 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var dials atomic.Int32
			tr := srv.Client().Transport.(*http.Transport).Clone()
			tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				if dials.Add(1) <= tc.fails {
					return nil, tc.cause
				}
				return (&net.Dialer{}).DialContext(ctx, network, srv.Listener.Addr().String())
			}
			defer tr.CloseIdleConnections()
			res, err := New(Config{HTTP: &http.Client{Transport: tr}}).PostForm(t.Context(), srv.URL, "a=b", nil)
			if tc.ok && (err != nil || string(res.Body) != "b") {
				t.Errorf("err = %v", err)
			}
			if !tc.ok {
				wantTransportError(t, err)
				if !errors.Is(err, tc.cause) {
					t.Errorf("the cause is lost: %v", err)
				}
			}
			if dials.Load() != tc.dials {
				t.Errorf("dials = %d, want %d", dials.Load(), tc.dials)
			}
		})
	}
}

func TestUntrustedCertificateIsNamedAndNotRetried(t *testing.T) {
	t.Parallel()
	srv, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	srv.Config.ErrorLog = discardLog()
	c := New(Config{})
	_, err := c.PostForm(t.Context(), srv.URL, "client_secret="+secret, nil)
	te := wantTransportError(t, err)
	if !shows(te, "certificate is not trusted") || te.Timeout() {
		t.Errorf("error = %q", te)
	}
}

func TestTransportErrorSaysWhyButQuotesNothing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		cause error
		want  string
	}{
		{errors.New("policy says no"), "policy says no"},
		{errors.New(`malformed HTTP response "` + secret + `"`), "malformed HTTP response ..."},
		{fmt.Errorf("wrapped: %w", textproto.ProtocolError("malformed MIME header line: "+secret)), "not valid HTTP"},
		{errors.New(strings.Repeat("long ", 100) + secret), "..."},
		{&net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset")}, "read tcp: connection reset"},
		{&net.DNSError{Err: "no such host", Name: "login.example.com"}, "no such host"},
		{tls.AlertError(40), "handshake failure"},
		{io.EOF, "closed before the answer was complete"},
	} {
		c := New(Config{HTTP: &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, tc.cause })}})
		_, err := c.Get(t.Context(), "https://login.example.com/x?code="+secret, nil)
		te := wantTransportError(t, err)
		if !strings.HasPrefix(te.Error(), "GET login.example.com: ") || !shows(te, tc.want) {
			t.Errorf("error = %q, want %q", te, tc.want)
		}
		var outer *url.Error
		if errors.As(err, &outer) {
			t.Error("the cause repeats the URL")
		}
	}
}

func TestAnswerThatIsNotHTTPIsNotShown(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"HTTP/1.1 2x0 " + secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secret + "\r\n",
	} {
		srv, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			buf.WriteString(answer)
			buf.Flush()
			conn.Close()
		})
		_, err := c.Get(t.Context(), srv.URL, nil)
		wantTransportError(t, err)
	}
}

// wantTransportError fails unless err is one that shows no secret.
func wantTransportError(t *testing.T, err error) *TransportError {
	t.Helper()
	var te *TransportError
	if !errors.As(err, &te) {
		t.Fatalf("err = %T, want *TransportError", err)
	}
	if shows(err, secret) {
		t.Fatal("the error shows a secret")
	}
	return te
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// shows reports whether an error's text has text in it: for hints that must be
// there and secrets that must not.
func shows(err error, text string) bool { return strings.Contains(fmt.Sprint(err), text) }
