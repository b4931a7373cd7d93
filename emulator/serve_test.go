package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/emulator"
)

func serve(t *testing.T, e *emulator.Emulator, o emulator.ServeOptions) *emulator.Server {
	t.Helper()
	s, err := e.Serve(t.Context(), o)
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

func daemonForm() url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {emulator.DaemonClientID}, "client_secret": {emulator.DaemonSecret}, "scope": {"api://tasks/.default"}}
}

// askToken returns the members of a token answer.
func askToken(ctx context.Context, c *http.Client, address string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(daemonForm().Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return body, fmt.Errorf("status %d, error %v", resp.StatusCode, body["error"])
	}
	return body, nil
}

func TestClientsInMemoryShareTheClockOfABubble(t *testing.T) {
	key := signingKey()
	synctest.Test(t, func(t *testing.T) {
		cfg := emulator.Defaults()
		cfg.SigningKey = key
		e, err := emulator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		c := e.Client()
		c.Timeout = 30 * time.Second
		e.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Delay: 10 * time.Second},
			emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Delay: time.Minute})
		began := time.Now()
		if _, err := askToken(t.Context(), c, tokenURL); err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("a short delay: %v after %v", err, time.Since(began))
		}
		began = time.Now()
		if _, err := askToken(t.Context(), c, tokenURL); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 30*time.Second {
			t.Errorf("a long delay: %v after %v", err, time.Since(began))
		}
		if _, err := askToken(t.Context(), c, tokenURL); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestBrokenConnectionsLookAlikeInMemoryAndOnSockets(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := serve(t, f.emu, emulator.ServeOptions{})
	for name, c := range map[string]*http.Client{"memory": f.emu.Client(), "socket": s.Client()} {
		for _, tt := range []struct {
			fault emulator.Fault
			want  error
		}{
			{emulator.Fault{Reset: true}, syscall.ECONNRESET},
			{emulator.Fault{Truncate: 7}, io.ErrUnexpectedEOF},
		} {
			tt.fault.Times = 1
			f.emu.Inject(tt.fault)
			if body, err := askToken(t.Context(), c, tokenURL); !errors.Is(err, tt.want) {
				t.Errorf("%s: %d members, error %v; want %v", name, len(body), err, tt.want)
			}
		}
		if _, err := askToken(t.Context(), c, tokenURL); err != nil {
			t.Errorf("%s, afterwards: %v", name, err)
		}
	}
}

func TestServerIsReachedUnderEveryName(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Hosts = []string{"login.example.com"} })
	s := serve(t, f.emu, emulator.ServeOptions{Hosts: []string{"login.example.com"}})
	if s.Emulator() != f.emu || !strings.HasSuffix(s.URL(), s.Addr()[strings.LastIndex(s.Addr(), ":"):]) {
		t.Errorf("URL %s, address %s", s.URL(), s.Addr())
	}
	for _, base := range []string{
		loginHost, "https://login.partner.microsoftonline.cn", "https://westus2.login.microsoft.com", "https://login.example.com", s.URL(), s.PlainURL(),
	} {
		body, err := askToken(t.Context(), s.Client(), base+"/"+emulator.DefaultTenantID+"/oauth2/v2.0/token")
		if err != nil || body["access_token"] == nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	f := start(t)
	if s, err := f.emu.Serve(t.Context(), emulator.ServeOptions{Addr: "0.0.0.0:0"}); !errors.Is(err, emulator.ErrNotLoopback) {
		t.Errorf("%v, %v; want ErrNotLoopback", s, err)
	}
	if s, err := f.emu.Serve(t.Context(), emulator.ServeOptions{Hosts: []string{"https://login.example.com"}}); err == nil {
		s.Close()
		t.Error("a URL as a host was accepted")
	}
	s := serve(t, f.emu, emulator.ServeOptions{})
	s.Close()
	if p, err := s.Proxy(t.Context(), emulator.ProxyOptions{}); !errors.Is(err, emulator.ErrServerClosed) {
		t.Errorf("%v, %v; want ErrServerClosed", p, err)
	}
}

func TestServerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := f.emu.Serve(ctx, emulator.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Proxy(ctx, emulator.ProxyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	s.Close() // waits for the end, whoever began it
	if c, err := net.Dial("tcp", s.Addr()); err == nil {
		c.Close()
		t.Error("the port is still open")
	}
	if _, err := os.Stat(p.BundleFile()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the certificates are still there: %v", err)
	}
}

func TestUserAgentOfAServer(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := serve(t, f.emu, emulator.ServeOptions{})
	for _, base := range []string{s.URL(), loginHost} {
		a := startApp(t)
		address := strings.Replace(request(emulator.DesktopClientID, a.redirectURI(), "response_mode", "form_post"), loginHost, base, 1)
		got, err := s.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Visit(t.Context(), address)
		if err != nil || !got.Delivered {
			t.Errorf("%s: %v, %v", base, got, err)
			continue
		}
		if r := <-a.answers; r.Form.Get("code") == "" || r.Method != http.MethodPost {
			t.Errorf("%s: the application got %s", base, r.Method)
		}
	}
}

func TestEnvironmentOfChildren(t *testing.T) {
	t.Parallel()
	s := serve(t, start(t).emu, emulator.ServeOptions{})
	p, err := s.Proxy(t.Context(), emulator.ProxyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	env := append(p.Env(), emulator.AppEnv("t", "c", "s")...)
	for _, want := range []string{
		"HTTP_PROXY=" + p.URL(), "HTTPS_PROXY=" + p.URL(), "NO_PROXY=localhost,127.0.0.1,::1", "http_proxy=" + p.URL(), "https_proxy=" + p.URL(),
		"no_proxy=localhost,127.0.0.1,::1", "SSL_CERT_FILE=" + p.BundleFile(), "REQUESTS_CA_BUNDLE=" + p.BundleFile(), "CURL_CA_BUNDLE=" + p.BundleFile(),
		"NODE_EXTRA_CA_CERTS=" + p.CAFile(), "NODE_USE_ENV_PROXY=1", "MSAL_EMULATOR_URL=" + s.URL(), "AZURE_TENANT_ID=t", "AZURE_CLIENT_ID=c", "AZURE_CLIENT_SECRET=s",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %q", want, env)
		}
	}
	ca, err := os.ReadFile(p.CAFile())
	if err != nil || string(ca) != string(s.CA()) {
		t.Errorf("the file of the authority: %v", err)
	}
}

// TestChildOfProxy is not a test but a program: it asks for a token with
// nothing but its environment, as any unmodified program would.
func TestChildOfProxy(t *testing.T) {
	if os.Getenv("EMULATOR_TEST_CHILD") == "" {
		return
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {os.Getenv("AZURE_CLIENT_ID")}, "client_secret": {os.Getenv("AZURE_CLIENT_SECRET")}, "scope": {"api://tasks/.default"}}
	resp, err := http.PostForm(loginHost+"/"+os.Getenv("AZURE_TENANT_ID")+"/oauth2/v2.0/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		Type string `json:"token_type"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("child: %d %s\n", resp.StatusCode, body.Type)
	if resp, err := http.Get("https://www.example.com/"); err == nil {
		resp.Body.Close()
		t.Error("the child reached the outside")
	}
}

func TestUnmodifiedProgramsGetTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := serve(t, f.emu, emulator.ServeOptions{})
	p, err := s.Proxy(t.Context(), emulator.ProxyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	env := slices.Concat(os.Environ(), p.Env(), emulator.AppEnv(emulator.DefaultTenantID, emulator.DaemonClientID, emulator.DaemonSecret), []string{"EMULATOR_TEST_CHILD=1"})

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildOfProxy$")
	child.Env = env
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "child: 200 Bearer") {
		t.Errorf("go: %v\n%s", err, out)
	}
	tokens := 1
	defer func() {
		if n := len(f.emu.Requests(emulator.EndpointToken)); n != tokens {
			t.Errorf("%d token requests arrived, want %d", n, tokens)
		}
	}()
	curl, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("curl is not installed")
	}
	tokens++
	child = exec.CommandContext(t.Context(), curl, "-q", "-sS", "-d", daemonForm().Encode(), "-o", os.DevNull, "-w", "%{http_code}", tokenURL)
	child.Env = env
	if out, err := child.CombinedOutput(); err != nil || string(out) != "200" {
		t.Errorf("curl: %v\n%s", err, out)
	}
}
