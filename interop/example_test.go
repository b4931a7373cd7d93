package interop

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/msal-go/msal/emulator"
)

// startExample builds one of the example programs and starts it as "msal
// emulator run" does. It returns the address that the program says to open.
func startExample(t *testing.T, p *platform, name string, env ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./examples/"+name)
	build.Dir = ".."
	build.Env = append(os.Environ(), "GOWORK=off")
	output(t, nil, build)
	proxy, err := p.server.Proxy(t.Context(), emulator.ProxyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, file)
	cmd.Env = append(append(os.Environ(), proxy.Env()...), env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "open "); ok {
			return address
		}
	}
	t.Fatalf("the program ended before it served: %v", lines.Err())
	return ""
}

func TestTheExampleSignsAPersonInInARealBrowser(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("Go programs read the trust store of the system there, not SSL_CERT_FILE")
	}
	p := startPlatform(t, ours)
	b := p.browser(t)
	site := startExample(t, p, "webapp", "LISTEN=localhost:0", "CLIENT_ID="+emulator.WebClientID, "CLIENT_SECRET="+emulator.WebSecret,
		"AUTHORITY="+tenantURL)
	b.visit(site)
	b.click(`a[href="/login"]`)
	b.fill(`input[name=login]`, alice)
	b.fill(`input[name=passwd]`, emulator.DefaultPassword)
	b.click(`button.primary`)
	b.sees(`form[action="/logout"]`)
	if got := b.text("h1"); got != "Hello "+alice {
		t.Errorf("the application says %q", got)
	}
	b.click(`form[action="/logout"] button`)
	b.sees(`a[href="/login"]`)
	if got := b.text("h1"); got != "Welcome" {
		t.Errorf("after signing out it says %q", got)
	}
}
