package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func startProxy(t *testing.T, s *Server, o ProxyOptions) *Proxy {
	t.Helper()
	p, err := s.Proxy(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// proxied returns a client that uses the proxy and trusts the server.
func proxied(t *testing.T, s *Server, p *Proxy) *http.Client {
	t.Helper()
	target, err := url.Parse(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(target), TLSClientConfig: &tls.Config{RootCAs: s.CA().Pool()}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestProxyAnswersForIdentityHosts(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	c := proxied(t, s, startProxy(t, s, ProxyOptions{}))
	for _, target := range []string{
		"https://login.microsoftonline.com/common/v2.0?x=%2F",
		"https://login.microsoftonline.com:8443/x", // any port
		"https://contoso.b2clogin.com/x",
		"http://169.254.169.254/metadata/identity/oauth2/token?resource=a",
		"http://169.254.169.254", // no path
	} {
		want := "GET " + target
		if target == "http://169.254.169.254" {
			want += "/"
		}
		if _, got := get(t, c, target); got != want {
			t.Errorf("%s: %q", target, got)
		}
	}
}

func TestProxyRefusesOtherHosts(t *testing.T) {
	t.Parallel()
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer other.Close()
	s := startServer(t, hello, Options{})
	p := startProxy(t, s, ProxyOptions{})
	for _, tt := range []struct{ request, status, text string }{
		{"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n", "403", `"www.example.com"`},
		{"CONNECT " + other.Listener.Addr().String() + " HTTP/1.1\r\nHost: a\r\n\r\n", "403", "identity platform"},
		{"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", "403", "localhost"},
		{"CONNECT login.microsoftonline.com HTTP/1.1\r\nHost: login.microsoftonline.com\r\n\r\n", "400", "port"},
		{"GET http://www.example.com/x HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "403", "www.example.com"},
		{"GET http://www.example.com/x HTTP/1.1\r\nHost: login.microsoftonline.com\r\n\r\n", "403", "www.example.com"},
		{"GET https://login.microsoftonline.com/ HTTP/1.1\r\nHost: login.microsoftonline.com\r\n\r\n", "400", "CONNECT"},
		{"GET ftp://login.microsoftonline.com/ HTTP/1.1\r\nHost: login.microsoftonline.com\r\n\r\n", "400", "http"},
		{"GET / HTTP/1.1\r\nHost: " + p.addr.String() + "\r\n\r\n", "400", "HTTPS_PROXY"},
	} {
		status, body := raw(t, p.addr.String(), tt.request)
		if status != tt.status || !strings.Contains(body, tt.text) {
			t.Errorf("%q: %s %q, want %s and %q", tt.request, status, body, tt.status, tt.text)
		}
	}
}

// raw sends the bytes of one request and returns status and body.
func raw(t *testing.T, addr, request string) (status, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode), string(data)
}

func TestProxyHidesItselfFromTheHandler(t *testing.T) {
	t.Parallel()
	s := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.URL.IsAbs(), r.URL.Host, r.Host, r.RequestURI, r.Header.Get("Proxy-Connection"), r.Header.Get("Proxy-Authorization"))
	}, Options{})
	p := startProxy(t, s, ProxyOptions{})
	_, body := raw(t, p.addr.String(), "GET http://169.254.169.254/a%2Fb?c HTTP/1.1\r\nHost: evil.example\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n\r\n")
	if body != "false169.254.169.254/a%2Fb?c" {
		t.Errorf("the handler saw %q", body)
	}
}

func TestProxyTunnelsPlainHTTP(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	p := startProxy(t, s, ProxyOptions{})
	conn, err := net.Dial("tcp", p.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// Both requests at once: what the proxy buffers must not be lost.
	fmt.Fprint(conn, "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\nGET /x HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n")
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasSuffix(string(got), "GET http://169.254.169.254/x") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTLSClientsWithoutServerNameGetTheHostOfConnect(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	c := proxied(t, s, startProxy(t, s, ProxyOptions{}))
	// An address is no server name (RFC 6066 section 3).
	if _, got := get(t, c, "https://169.254.169.254/x"); got != "GET https://169.254.169.254/x" {
		t.Errorf("got %q", got)
	}
}

func TestPassthroughCarriesTheRest(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(hello))
	defer secure.Close()
	plain := httptest.NewServer(http.HandlerFunc(hello))
	defer plain.Close()
	s := startServer(t, hello, Options{})
	p := startProxy(t, s, ProxyOptions{Passthrough: true})
	c := proxied(t, s, p)
	c.Transport.(*http.Transport).TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	for _, target := range []string{secure.URL + "/x", plain.URL + "/y?z"} {
		if _, got := get(t, c, target); got != "GET "+target {
			t.Errorf("%s: %q", target, got)
		}
	}
	gone := plain.Listener.Addr().String()
	plain.Close()
	if status, _ := raw(t, p.addr.String(), "CONNECT "+gone+" HTTP/1.1\r\nHost: "+gone+"\r\n\r\n"); status != "502" {
		t.Errorf("unreachable: %s", status)
	}
}

func TestTunnelsEndWithTheirProxy(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := startServer(t, hello, Options{})
	p := startProxy(t, s, ProxyOptions{Passthrough: true})
	conn, err := net.Dial("tcp", p.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: a\r\n\r\n", silent.Addr())
	if resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect}); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	s.Close() // the server's end is the end of its proxies
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the tunnel is still open")
	}
}

func TestProxyWritesAndRemovesTheCertificates(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	dir := t.TempDir()
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, []byte("# roots without a final line end"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.pem")
	env := func(string) string { return roots }
	tests := map[string]struct {
		roots Roots
		want  string
	}{
		"first file that exists": {Roots{Files: []string{missing, roots}}, "# roots without a final line end\n"},
		"SSL_CERT_FILE":          {Roots{Getenv: env, Files: []string{missing}}, "# roots without a final line end\n"},
		"no file":                {Roots{Getenv: func(string) string { return "" }, Files: []string{missing}}, ""},
	}
	for name, tt := range tests {
		p := startProxy(t, s, ProxyOptions{Roots: tt.roots})
		all, err := os.ReadFile(p.BundleFile())
		if err != nil {
			t.Fatal(err)
		}
		ca, err := os.ReadFile(p.CAFile())
		if err != nil {
			t.Fatal(err)
		}
		if string(ca) != string(s.CA().PEM()) || string(all) != tt.want+string(ca) {
			t.Errorf("%s: the files hold %q and %q", name, ca, all)
		}
		if strings.Contains(string(all), "PRIVATE KEY") {
			t.Errorf("%s: a key on disk", name)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		for _, gone := range []string{p.BundleFile(), p.CAFile(), filepath.Dir(p.CAFile())} {
			if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: %s is still there", name, gone)
			}
		}
	}
}

func TestProxyNeedsReadableRoots(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	p, err := s.Proxy(t.Context(), ProxyOptions{Roots: Roots{Files: []string{t.TempDir()}}}) // a directory
	if err == nil {
		p.Close()
		t.Error("no error")
	}
}

func TestProxyOfAClosedServer(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	s.Close()
	if p, err := s.Proxy(t.Context(), ProxyOptions{}); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, %v; want ErrClosed", p, err)
	}
}

// TestChild is not a test but a program: the one that the next test starts.
func TestChild(t *testing.T) {
	targets := os.Getenv("LISTEN_TEST_TARGETS")
	if targets == "" {
		return
	}
	for target := range strings.SplitSeq(targets, " ") {
		resp, err := http.Get(target) // the default client, with nothing set
		if err != nil {
			fmt.Printf("=%s error %v\n", target, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("=%s %d %s %v\n", target, resp.StatusCode, body, err)
	}
}

func TestUnmodifiedProgramsUseTheProxy(t *testing.T) {
	t.Parallel()
	s := startServer(t, hello, Options{})
	p := startProxy(t, s, ProxyOptions{Roots: SystemRoots()})
	env := append(os.Environ(),
		"HTTP_PROXY="+p.URL(), "HTTPS_PROXY="+p.URL(), "http_proxy="+p.URL(), "https_proxy="+p.URL(), "NO_PROXY=", "no_proxy=",
		"SSL_CERT_FILE="+p.BundleFile(), "CURL_CA_BUNDLE="+p.BundleFile(), "REQUESTS_CA_BUNDLE="+p.BundleFile())
	const identity, metadata, other = "https://login.microsoftonline.com/x", "http://169.254.169.254/y", "https://www.example.com/"

	t.Run("go", func(t *testing.T) {
		out := run(t, append(env, "LISTEN_TEST_TARGETS="+strings.Join([]string{identity, metadata, other}, " ")), os.Args[0], "-test.run=^TestChild$")
		for _, want := range []string{"=" + identity + " 200 GET " + identity + " <nil>", "=" + metadata + " 200 GET " + metadata + " <nil>", "=" + other + " error "} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	})
	t.Run("curl", func(t *testing.T) {
		curl := program(t, "curl")
		for _, target := range []string{identity, metadata} {
			if out := run(t, env, curl, "-q", "-sS", target); out != "GET "+target {
				t.Errorf("%s: %q", target, out)
			}
		}
		if out := run(t, env, curl, "-q", "-sS", "-o", "/dev/null", "-w", "%{http_connect}", other); !strings.Contains(out, "403") {
			t.Errorf("%s: %q", other, out)
		}
	})
	t.Run("python requests", func(t *testing.T) {
		python := program(t, "python3", "-c", "import requests")
		if out := run(t, env, python, "-c", "import requests; print(requests.get('"+identity+"').text, end='')"); out != "GET "+identity {
			t.Errorf("%q", out)
		}
	})
}

// program finds a program that works: the arguments, if there are any, make it
// say so by its exit code.
func program(t *testing.T, name string, probe ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil && len(probe) > 0 {
		err = exec.CommandContext(t.Context(), path, probe...).Run()
	}
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s %q: %v", name, probe, err)
	}
	t.Skipf("%s %q: %v", name, probe, err)
	return ""
}

// run returns everything a program prints, whether it fails or not.
func run(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}
