package listen

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hello says how the request came in.
func hello(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(w, "%s %s://%s%s", r.Method, scheme, r.Host, r.RequestURI)
}

func startServer(t *testing.T, h http.HandlerFunc, o Options) *Server {
	t.Helper()
	s, err := Listen(t.Context(), h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestServerAnswersEveryHostOnOnePort(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	c := &http.Client{Transport: s.Transport()}
	for _, target := range []string{
		"https://login.microsoftonline.com/common/discovery/instance?api-version=1.1",
		"https://contoso.ciamlogin.com/x",
		"https://login.partner.microsoftonline.cn/x",
		"http://169.254.169.254/metadata/identity/oauth2/token",
		"https://localhost:" + s.Port() + "/x",
		"http://127.0.0.1:" + s.Port() + "/x",
		"https://127.0.0.1:" + s.Port() + "/x",
	} {
		if _, got := get(t, c, target); got != "GET "+target {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestServerIsReachedByName(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.CA().Pool()}}}
	defer c.CloseIdleConnections()
	for _, host := range []string{"localhost", "127.0.0.1"} {
		target := "https://" + host + ":" + s.Port() + "/"
		if _, got := get(t, c, target); got != "GET "+target {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestServerHasNoCertificateForOtherHosts(t *testing.T) {
	t.Parallel()
	lines := make(lineWriter, 8)
	s := startServer(t, hello, Options{Log: log.New(lines, "", 0)})
	resp, err := (&http.Client{Transport: s.Transport()}).Get("https://www.example.com/")
	if err == nil {
		resp.Body.Close()
		t.Fatal("www.example.com was answered")
	}
	if line := <-lines; !strings.Contains(line, `no certificate for "www.example.com"`) {
		t.Errorf("log: %q", line)
	}
}

// lineWriter hands log lines over.
type lineWriter chan string

func (l lineWriter) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

func TestServerTakesMoreHosts(t *testing.T) {
	t.Parallel()
	hosts, err := NewHosts("login.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, hello, Options{Hosts: hosts})
	if _, got := get(t, &http.Client{Transport: s.Transport()}, "https://login.example.com/x"); got != "GET https://login.example.com/x" {
		t.Errorf("got %q", got)
	}
}

func TestServerRefusesAddresses(t *testing.T) {
	t.Parallel()
	taken := startServer(t, hello, Options{})
	for _, tt := range []struct {
		addr string
		is   error
	}{
		{"0.0.0.0:0", ErrNotLoopback},
		{":0", ErrNotLoopback},
		{"192.0.2.1:0", ErrNotLoopback},
		{taken.Addr().String(), syscall.EADDRINUSE},
		{"127.0.0.1", nil},
		{"127.0.0.1:notaport", nil},
	} {
		s, err := Listen(t.Context(), http.HandlerFunc(hello), Options{Addr: tt.addr})
		if err == nil {
			s.Close()
			t.Errorf("%s: no error", tt.addr)
		} else if tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v, want %v", tt.addr, err, tt.is)
		}
	}
}

func TestServerListensEverywhereOnlyWhenAllowed(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{Addr: "0.0.0.0:0", AllowRemote: true})
	if _, got := get(t, &http.Client{Transport: s.Transport()}, "https://login.microsoftonline.com/x"); got != "GET https://login.microsoftonline.com/x" {
		t.Errorf("got %q", got)
	}
}

func TestServerBreaksConnectionsOnAbort(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/middle":
			io.WriteString(w, "hel")
			panic(http.ErrAbortHandler)
		case "/promised":
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "hel")
			panic(http.ErrAbortHandler)
		case "/flushed":
			io.WriteString(w, "hel")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		panic(http.ErrAbortHandler)
	}, Options{})
	c := &http.Client{Transport: s.Transport()}
	for _, scheme := range []string{"https", "http"} {
		// POST, because net/http sends a GET again by itself.
		resp, err := c.Post(scheme+"://login.microsoftonline.com/reset", "text/plain", strings.NewReader("x"))
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v, want a reset", scheme, err)
		}
		for _, path := range []string{"/middle", "/promised", "/flushed"} {
			resp, err := c.Post(scheme+"://login.microsoftonline.com"+path, "text/plain", strings.NewReader("x"))
			if err != nil {
				t.Errorf("%s%s: %v", scheme, path, err)
				continue
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(got) != "hel" || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s%s: %q, %v", scheme, path, got, err)
			}
		}
	}
}

func TestServerLogsThePanicOfAHandler(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	s := startServer(t, func(http.ResponseWriter, *http.Request) { panic("a defect") }, Options{Log: log.New(&logs, "", 0)})
	resp, err := (&http.Client{Transport: s.Transport()}).Post("https://login.microsoftonline.com/", "text/plain", strings.NewReader("x"))
	if err == nil {
		resp.Body.Close()
		t.Error("no error")
	}
	s.Close()
	if !strings.Contains(logs.String(), "a defect") {
		t.Errorf("log: %q", logs.String())
	}
}

func TestSilentConnectionsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	for range 5 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	get(t, &http.Client{Transport: s.Transport()}, "https://login.microsoftonline.com/")
	s.Close() // returns although the silent ones are still open
}

func TestCloseEndsHandlersAndConnections(t *testing.T) {
	t.Parallel()
	entered, left := make(chan struct{}), make(chan struct{})
	s := startServer(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(left)
	}, Options{})
	failed := make(chan error, 1)
	go func() {
		resp, err := (&http.Client{Transport: s.Transport()}).Post("https://login.microsoftonline.com/", "text/plain", strings.NewReader("x"))
		if err == nil {
			resp.Body.Close()
		}
		failed <- err
	}()
	<-entered
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-left:
	default:
		t.Error("Close returned before the handler")
	}
	if err := <-failed; err == nil {
		t.Error("the client got an answer")
	}
	if c, err := net.Dial("tcp", s.Addr().String()); err == nil {
		c.Close()
		t.Error("the port is still open")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

func TestServersLeaveNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		s, err := Listen(t.Context(), http.HandlerFunc(hello), Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Proxy(t.Context(), ProxyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c := proxied(t, s, p)
		get(t, c, "https://login.microsoftonline.com/")
		get(t, &http.Client{Transport: s.Transport()}, "https://login.microsoftonline.com/")
		c.CloseIdleConnections()
		s.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched() // the client's own goroutines end in their time
	}
	if n := runtime.NumGoroutine(); n > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after:\n%s", before, n, stacks[:runtime.Stack(stacks, true)])
	}
}

func TestListenHonorsItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := Listen(ctx, http.HandlerFunc(hello), Options{Addr: "localhost:0"})
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// lockedBuffer collects log lines of several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
