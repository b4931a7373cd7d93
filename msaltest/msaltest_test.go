package msaltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/emulator"
	"github.com/msal-go/msal/msaltest"
)

// fakeTB is a test that may fail without failing the real one.
type fakeTB struct {
	testing.TB

	mu       sync.Mutex
	failures []string
	logs     []string
	cleanups []func()
}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Logf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logs = append(f.logs, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

func (f *fakeTB) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.failures) > 0
}

// run plays a test to its end and returns its failures and logs.
func run(t *testing.T, test func(tb testing.TB)) (failures, logs string) {
	t.Helper()
	f := &fakeTB{TB: t}
	done := make(chan struct{})
	go func() { // Fatal ends a goroutine
		defer close(done)
		test(f)
	}()
	<-done
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	return strings.Join(f.failures, "\n"), strings.Join(f.logs, "\n")
}

func post(t *testing.T, c *http.Client, address string, form url.Values) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body
}

func startDevice(t *testing.T, srv *msaltest.Server) (poll func() (code string)) {
	t.Helper()
	base := srv.Authority() + "/oauth2/v2.0/"
	d := post(t, srv.HTTPClient(), base+"devicecode", url.Values{"client_id": {srv.DeviceClientID()}, "scope": {"openid"}})
	device, ok := d["device_code"].(string)
	if !ok {
		t.Fatalf("no device code: %v", d["error"])
	}
	return func() string {
		got := post(t, srv.HTTPClient(), base+"token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"},
			"client_id": {srv.DeviceClientID()}, "device_code": {device}})
		code, _ := got["error"].(string)
		return code
	}
}

func TestServerGivesTokens(t *testing.T) {
	t.Parallel()
	srv := msaltest.New(t)
	id, secret := srv.Daemon()
	got := post(t, srv.HTTPClient(), srv.Authority()+"/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"},
		"client_id": {id}, "client_secret": {secret}, "scope": {"api://tasks/.default"}})
	if got["access_token"] == nil {
		t.Errorf("error %v", got["error"])
	}
}

func TestServerNamesTheDefaults(t *testing.T) {
	t.Parallel()
	srv := msaltest.New(t)
	web, webSecret := srv.Web()
	daemon, daemonSecret := srv.Daemon()
	const host = "https://login.microsoftonline.com/"
	for _, x := range [][2]string{
		{srv.PublicClientID(), emulator.DesktopClientID}, {srv.DeviceClientID(), emulator.DeviceClientID},
		{web, emulator.WebClientID}, {webSecret, emulator.WebSecret}, {daemon, emulator.DaemonClientID}, {daemonSecret, emulator.DaemonSecret},
		{srv.TenantID(), emulator.DefaultTenantID}, {srv.Authority(), host + emulator.DefaultTenantID},
		{srv.Authority("common"), host + "common"}, {srv.Authority("contoso.test"), host + "contoso.test"},
	} {
		if x[0] != x[1] {
			t.Errorf("got %q, want %q", x[0], x[1])
		}
	}
}

func TestServerTakesAConfiguration(t *testing.T) {
	t.Parallel()
	cfg := emulator.Config{Tenants: []emulator.Tenant{{Name: "Wood Grove", Users: []emulator.User{{UPN: "eve@woodgrove.onmicrosoft.com"}},
		Apps: []emulator.App{{Name: "a", ClientID: "99999999-0000-4000-8000-000000000001", Public: true}}}}}
	srv := msaltest.New(t, cfg)
	if srv.TenantID() != "woodgrove.onmicrosoft.com" || srv.DeviceClientID() != cfg.Tenants[0].Apps[0].ClientID {
		t.Errorf("tenant %q, device client %q", srv.TenantID(), srv.DeviceClientID())
	}
	srv.UserAgent("EVE@woodgrove.onmicrosoft.com") // fails the test if there is no such person
	startDevice(t, srv)                            // fails if the tenant is not found under its name
	if other := msaltest.New(t, emulator.Config{Lenient: true}); other.TenantID() != emulator.DefaultTenantID {
		t.Errorf("without tenants: %q", other.TenantID())
	}
}

func TestMistakesOfATestFailIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(tb testing.TB){
		"two configurations": func(tb testing.TB) { msaltest.New(tb, emulator.Config{}, emulator.Config{}) },
		"bad configuration":  func(tb testing.TB) { msaltest.New(tb, emulator.Config{Tenants: []emulator.Tenant{{}}}) },
		"two tenants":        func(tb testing.TB) { msaltest.New(tb).Authority("a", "b") },
		"nobody":             func(tb testing.TB) { msaltest.New(tb).Browser("nobody@contoso.test") },
		"no such application": func(tb testing.TB) {
			msaltest.New(tb, emulator.Config{Tenants: []emulator.Tenant{{Name: "x"}}}).Daemon()
		},
	} {
		if failures, _ := run(t, test); failures == "" {
			t.Errorf("%s: no failure", name)
		}
	}
}

func TestViolationsFailTheTest(t *testing.T) {
	t.Parallel()
	failures, logs := run(t, func(tb testing.TB) {
		poll := startDevice(t, msaltest.New(tb))
		poll()
		poll() // too soon
	})
	if !strings.Contains(failures, "RFC 8628") {
		t.Errorf("failures: %q", failures)
	}
	if strings.Count(logs, "/oauth2/v2.0/") != 3 {
		t.Errorf("want all three requests in the log:\n%s", logs)
	}
}

func TestViolationsCanBeAllowed(t *testing.T) {
	t.Parallel()
	var rule string
	failures, logs := run(t, func(tb testing.TB) {
		srv := msaltest.New(tb)
		poll := startDevice(t, srv)
		poll()
		poll()
		rule = srv.Emulator().Violations()[0].Rule
		srv.AllowViolations(rule)
	})
	if failures != "" || logs != "" || rule == "" {
		t.Errorf("rule %q, failures %q, logs %q", rule, failures, logs)
	}
}

func TestFailedTestsShowRequestsWithoutSecrets(t *testing.T) {
	t.Parallel()
	_, logs := run(t, func(tb testing.TB) {
		srv := msaltest.New(tb)
		post(t, srv.HTTPClient(), srv.Authority()+"/oauth2/v2.0/token", url.Values{"grant_type": {"client_credentials"},
			"client_id": {emulator.DaemonClientID}, "client_secret": {"planted-secret"}, "scope": {"api://tasks/.default"}})
		tb.Errorf("for some other reason")
	})
	if !strings.Contains(logs, "AADSTS7000215") || strings.Contains(logs, "planted-secret") {
		t.Errorf("log: %s", logs)
	}
	if _, logs := run(t, func(tb testing.TB) { msaltest.New(tb).Emulator(); tb.Errorf("failed") }); !strings.Contains(logs, "none") {
		t.Errorf("log without requests: %q", logs)
	}
	if failures, logs := run(t, func(tb testing.TB) { msaltest.New(tb) }); failures != "" || logs != "" {
		t.Errorf("a good test prints %q and %q", failures, logs)
	}
}

// listener is the application's end of the interactive flow.
func listener(t *testing.T) (redirectURI string, answers <-chan url.Values) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan url.Values, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got <- r.Form
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "http://localhost:" + port, got
}

func authorizeURL(srv *msaltest.Server, redirectURI string) string {
	q := url.Values{"client_id": {srv.PublicClientID()}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "response_mode": {"form_post"},
		"scope": {"openid"}, "state": {"a-state"}, "nonce": {"a-nonce"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}
	return srv.Authority() + "/oauth2/v2.0/authorize?" + q.Encode()
}

func TestBrowserSignsInBehindTheScenes(t *testing.T) {
	t.Parallel()
	srv := msaltest.New(t)
	for name, tt := range map[string]struct {
		open func(context.Context, string) error
		want string // parameter of the answer
	}{
		"agrees":  {srv.Browser(emulator.DefaultUser), "code"},
		"cancels": {srv.CancelingBrowser(emulator.SecondUser), "error"},
	} {
		redirect, answers := listener(t)
		if err := tt.open(t.Context(), authorizeURL(srv, redirect)); err != nil {
			t.Fatal(err)
		}
		if got := <-answers; got.Get(tt.want) == "" || got.Get("state") != "a-state" {
			t.Errorf("%s: no %s", name, tt.want)
		}
	}
}

func TestBrowserReportsItsFailure(t *testing.T) {
	t.Parallel()
	failures, _ := run(t, func(tb testing.TB) {
		srv := msaltest.New(tb)
		if err := srv.Browser(emulator.DefaultUser)(t.Context(), authorizeURL(srv, "https://evil.example/")); err != nil {
			t.Error(err)
		}
		for len(srv.Emulator().Requests(emulator.EndpointAuthorize)) == 0 {
			runtime.Gosched() // the end of the test would end the visit first
		}
		for !tb.Failed() {
			runtime.Gosched()
		}
	})
	if !strings.Contains(failures, "AADSTS50011") {
		t.Errorf("failures: %q", failures)
	}
}

func TestBrowserStopsWithItsClientAndItsTest(t *testing.T) {
	for name, end := range map[string]func(cancel context.CancelFunc){
		"client": func(cancel context.CancelFunc) { cancel() },
		"test":   func(context.CancelFunc) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var open func(context.Context, string) error
				failures, _ := run(t, func(tb testing.TB) {
					srv := msaltest.New(tb)
					srv.Emulator().Inject(emulator.Fault{Delay: time.Hour})
					open = srv.Browser(emulator.DefaultUser)
					if err := open(ctx, authorizeURL(srv, "http://localhost:1")); err != nil {
						t.Error(err)
					}
					synctest.Wait() // the visit waits for the delayed page
					end(cancel)
					synctest.Wait()
				})
				if failures != "" {
					t.Errorf("failures: %q", failures)
				}
				if err := open(t.Context(), "https://login.microsoftonline.com/"); !errors.Is(err, msaltest.ErrTestEnded) {
					t.Errorf("after the end: %v", err)
				}
			})
		})
	}
}

func TestServerWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := msaltest.New(t)
		poll := startDevice(t, srv)
		if got := poll(); got != "authorization_pending" {
			t.Errorf("first poll: %q", got)
		}
		time.Sleep(5 * time.Second) // long enough: no violation
		if got := poll(); got != "authorization_pending" {
			t.Errorf("second poll: %q", got)
		}
		time.Sleep(15 * time.Minute)
		if got := poll(); got != "expired_token" {
			t.Errorf("last poll: %q", got)
		}
	})
}

// People of the configuration give their second factor, and people who are not
// in it make an account first.
func TestBrowsersGiveSecondFactorsAndMakeAccounts(t *testing.T) {
	t.Parallel()
	cfg := emulator.Defaults()
	cfg.Tenants[0].SignUp = true
	cfg.Tenants[0].Access = []emulator.AccessPolicy{{Name: "everything", Require: emulator.RequireMFA}}
	srv := msaltest.New(t, cfg)
	for prompt, open := range map[string]func(context.Context, string) error{
		"login":  srv.Browser(emulator.DefaultUser),
		"create": srv.NewPerson("dora@contoso.test", "open-sesame"),
	} {
		answers := make(chan url.Values, 1)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		app := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { answers <- r.URL.Query() })}
		go app.Serve(listener)
		q := url.Values{"client_id": {srv.PublicClientID()}, "redirect_uri": {"http://localhost:" + fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)},
			"response_type": {"code"}, "scope": {"User.Read"}, "prompt": {prompt}, "state": {prompt}}
		if err := open(t.Context(), srv.Authority()+"/oauth2/v2.0/authorize?"+q.Encode()); err != nil {
			t.Fatal(err)
		}
		if got := <-answers; got.Get("code") == "" || got.Get("state") != prompt {
			t.Errorf("prompt=%s: the answer has the error %q", prompt, got.Get("error"))
		}
		app.Close()
	}
	if n := len(srv.Emulator().Requests(emulator.EndpointSecondFactor)); n != 2 {
		t.Errorf("%d second factors, want 2", n)
	}
}
