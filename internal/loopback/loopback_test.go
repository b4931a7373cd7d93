package loopback

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const testState = "st-0123456789abcdef"

func listen(t *testing.T, o Options) *Listener {
	t.Helper()
	if o.State == "" {
		o.State = testState
	}
	l, err := Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// exchange sends one request to the listener and returns the whole response.
func exchange(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, body, err := roundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// roundTrip is exchange for goroutines that must not end the test.
func roundTrip(r *http.Request) (*http.Response, string, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func (l *Listener) at(path string) string {
	return "http://127.0.0.1:" + strconv.Itoa(l.port) + path
}

func post(t *testing.T, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func get(t *testing.T, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func goodForm() string {
	return url.Values{"code": {"secret-code"}, "state": {testState}, "client_info": {"e30"}}.Encode()
}

// mustAnswer checks that the listener still waits and takes the right answer.
func mustAnswer(t *testing.T, l *Listener) url.Values {
	t.Helper()
	r := post(t, l.at(l.path), goodForm())
	if l.mode == Query {
		r = get(t, l.at(l.path)+"?"+goodForm())
	}
	if resp, _ := exchange(t, r); resp.StatusCode != http.StatusOK {
		t.Fatalf("the right answer got status %d", resp.StatusCode)
	}
	values, err := l.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestAnswerReachesTheWaiter(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{FormPost, Query} {
		for _, path := range []string{"", "/auth/callback"} {
			l := listen(t, Options{Mode: mode, Path: path})
			values := mustAnswer(t, l)
			if values.Get("code") != "secret-code" {
				t.Errorf("mode %d: not the code that was sent", mode)
			}
			if got := values.Get("client_info"); got != "e30" {
				t.Errorf("mode %d: client_info = %q", mode, got)
			}
		}
	}
}

func TestRedirectURINamesLocalhostPortAndPath(t *testing.T) {
	t.Parallel()
	plain, long := listen(t, Options{}), listen(t, Options{Path: "/auth/callback"})
	if got, want := plain.RedirectURI(), "http://localhost:"+strconv.Itoa(plain.port); got != want {
		t.Errorf("RedirectURI() = %q, want %q", got, want)
	}
	if got, want := long.RedirectURI(), "http://localhost:"+strconv.Itoa(long.port)+"/auth/callback"; got != want {
		t.Errorf("RedirectURI() = %q, want %q", got, want)
	}
}

func TestEveryLoopbackAddressAnswers(t *testing.T) {
	t.Parallel()
	hosts := []string{"127.0.0.1"}
	if probe, err := new(net.ListenConfig).Listen(t.Context(), "tcp6", "[::1]:0"); err == nil {
		probe.Close()
		hosts = append(hosts, "[::1]") // where the machine has it
	}
	for _, host := range hosts {
		l := listen(t, Options{})
		resp, _ := exchange(t, post(t, "http://"+host+":"+strconv.Itoa(l.port)+"/", goodForm()))
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status = %d", host, resp.StatusCode)
		}
	}
}

func TestTakenPortIsATypedError(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Logf("no listener on %s here: %v", address, err)
			continue
		}
		defer taken.Close()
		port := taken.Addr().(*net.TCPAddr).Port
		l, err := Listen(t.Context(), Options{Port: port, State: testState})
		if err == nil {
			l.Close()
			t.Fatalf("%s: a port that somebody else holds was shared", address)
		}
		var portError *PortError
		if !errors.As(err, &portError) || portError.Port != port {
			t.Fatalf("%s: error %T %v, want a *PortError for port %d", address, err, err, port)
		}
		var opError *net.OpError
		if !errors.As(err, &opError) {
			t.Errorf("%s: the operating system's error is not in the chain", address)
		}
	}
}

func TestFixedPortIsUsedAndFreedByClose(t *testing.T) {
	t.Parallel()
	first := listen(t, Options{})
	first.Close()
	second := listen(t, Options{Port: first.port})
	if second.port != first.port {
		t.Errorf("port = %d, want %d", second.port, first.port)
	}
}

func TestUnusableOptionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, option string
		o            Options
	}{
		{"no state", "State", Options{}},
		{"negative port", "Port", Options{State: "s", Port: -1}},
		{"port too large", "Port", Options{State: "s", Port: 65536}},
		{"unknown mode", "Mode", Options{State: "s", Mode: 7}},
		{"relative path", "Path", Options{State: "s", Path: "callback"}},
		{"path of a host", "Path", Options{State: "s", Path: "//evil.test/"}},
		{"path with query", "Path", Options{State: "s", Path: "/a?b=c"}},
		{"path with fragment", "Path", Options{State: "s", Path: "/a#b"}},
		{"path with escape", "Path", Options{State: "s", Path: "/a%2Fb"}},
		{"path with space", "Path", Options{State: "s", Path: "/a b"}},
		{"path with line break", "Path", Options{State: "s", Path: "/a\r\nb"}},
		{"success page does not parse", "SuccessPage", Options{State: "s", SuccessPage: "{{"}},
		{"error page names an unknown field", "ErrorPage", Options{State: "s", ErrorPage: "{{.Code}}"}},
	} {
		l, err := Listen(t.Context(), tc.o)
		if err == nil {
			l.Close()
			t.Errorf("%s: no error", tc.name)
			continue
		}
		var optionError *OptionError
		if !errors.As(err, &optionError) || optionError.Option != tc.option {
			t.Errorf("%s: error %v, want an *OptionError for %s", tc.name, err, tc.option)
		}
	}
}

func TestWaitObeysItsContext(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want context.Canceled", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := l.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait = %v, want context.DeadlineExceeded", err)
	}
	mustAnswer(t, l)
}

func TestAnswerWinsOverAnEndedContext(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	mustAnswer(t, l)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Wait(ctx); err != nil {
		t.Errorf("Wait = %v after the answer", err)
	}
}

func TestCloseEndsTheWait(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	result := make(chan error, 1)
	go func() {
		_, err := l.Wait(t.Context())
		result <- err
	}()
	l.Close()
	l.Close()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Errorf("Wait = %v, want ErrClosed", err)
	}
}

func TestWaitReturnsAfterThePageIsOut(t *testing.T) {
	t.Parallel()
	for range 50 {
		l := listen(t, Options{})
		done := make(chan struct{})
		go func() { // the program that ends as soon as it has its answer
			defer close(done)
			if _, err := l.Wait(t.Context()); err == nil {
				l.Close()
			}
		}()
		_, body := exchange(t, post(t, l.at("/"), goodForm()))
		if !strings.HasSuffix(body, "</script>\n") {
			t.Fatal("the browser got half a page")
		}
		<-done
	}
}

// orderly is a response writer that sees what is sent before Wait may return.
type orderly struct {
	*httptest.ResponseRecorder
	l       *Listener
	flushed int // bytes that had left when nobody could know of the answer yet
}

func (o *orderly) Flush() {
	select {
	case <-o.l.answered:
	default:
		o.flushed = o.Body.Len()
	}
}

func TestPageIsFlushedBeforeTheAnswerIsKnown(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	w := &orderly{ResponseRecorder: httptest.NewRecorder(), l: l}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, l.RedirectURI()+"/", strings.NewReader(goodForm()))
	r.Header.Set("Content-Type", formType)
	l.handle(w, r)
	if _, err := l.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.flushed == 0 || w.flushed != w.Body.Len() {
		t.Errorf("%d of %d bytes had left before the answer was known", w.flushed, w.Body.Len())
	}
}

func TestOnlyTheFirstAnswerCounts(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	var wg sync.WaitGroup
	statuses := make(chan int, 20)
	for i := range 20 {
		r := post(t, l.at("/"), url.Values{"code": {"code-" + strconv.Itoa(i)}, "state": {testState}}.Encode())
		wg.Go(func() {
			resp, _, err := roundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			statuses <- resp.StatusCode
		})
	}
	wg.Wait()
	close(statuses)
	counts := map[int]int{}
	for status := range statuses {
		counts[status]++
	}
	if counts[http.StatusOK] != 1 || counts[http.StatusConflict] != 19 {
		t.Errorf("statuses = %v, want one 200 and 19 times 409", counts)
	}
	a, _ := l.Wait(t.Context())
	a.Set("code", "changed by one caller")
	if b, _ := l.Wait(t.Context()); b.Get("code") == a.Get("code") {
		t.Error("two callers of Wait share one map")
	}
}

func TestSilentConnectionsDoNotKeepTheAnswerOut(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	for range maxConnections / 2 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(l.port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	mustAnswer(t, l)
	start := time.Now()
	l.Close()
	if took := time.Since(start); took > drainTimeout/2 {
		t.Errorf("Close waited %v for connections that say nothing", took)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	for range maxConnections * 2 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(l.port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	l.conns.mu.Lock()
	open := len(l.conns.states)
	l.conns.mu.Unlock()
	if open > maxConnections {
		t.Errorf("%d connections are served at once, the limit is %d", open, maxConnections)
	}
}

// Not parallel: it looks at all goroutines of the process.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	l := listen(t, Options{})
	idle, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(l.port))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	exchange(t, get(t, l.at("/favicon.ico")))
	mustAnswer(t, l)
	l.Close()
	if left := len(l.conns.states); left != 0 { // nobody else looks any more
		t.Errorf("%d connections are still served after Close", left)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !strings.Contains(string(stacks), "net/http.(*Server)") && !strings.Contains(string(stacks), "net/http.(*conn)") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("goroutines of the server are left:\n%s", stacks)
		}
		runtime.Gosched() // the hook that Close waits for runs just before a goroutine ends
	}
}
