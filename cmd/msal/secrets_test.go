//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/cli"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
	"github.com/msal-go/msal/emulator"
)

// listener is standard error with somebody who does what it says: it enters
// device codes.
type listener struct {
	t      *testing.T
	server *emulator.Server

	mu   sync.Mutex
	text bytes.Buffer
	busy sync.WaitGroup
	done bool
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	address, code := addressLine.FindSubmatch(l.text.Bytes()), codeLine.FindSubmatch(l.text.Bytes())
	if address == nil || code == nil || l.done {
		return len(p), nil
	}
	l.done = true
	uri, user := string(address[1]), string(code[1])
	l.busy.Go(func() {
		agent := l.server.UserAgent(emulator.DefaultUser, emulator.DefaultPassword)
		if err := agent.ApproveDevice(l.t.Context(), uri, user); err != nil {
			l.t.Error(err)
		}
	})
	return len(p), nil
}

// Everything that the commands say, with -v, is searched for everything secret
// that passed through them.
func TestNothingSaysASecret(t *testing.T) {
	t.Parallel()
	env, server := testEnvironment(t)
	if err := server.Emulator().SetLifetimes(emulator.Lifetimes{DeviceInterval: time.Second}); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, line := range env {
		name, value, _ := strings.Cut(line, "=")
		values[name] = value
	}
	values["MSAL_CLIENT_ID"] = emulator.DeviceClientID
	home := values["HOME"]
	said := &listener{t: t, server: server}
	run := func(stdin string, want int, args ...string) {
		t.Helper()
		inv := &invocation.Invocation{
			Streams: terminal.Streams{In: strings.NewReader(stdin), Out: said, Err: said, Width: 80},
			Getenv:  func(name string) string { return values[name] }, Environ: func() []string { return env },
			Now: time.Now, CacheDir: func() (string, error) { return home, nil },
		}
		if got := cli.Run(t.Context(), inv, args); got != want {
			t.Fatalf("msal %s: exit code %d, want %d", strings.Join(args, " "), got, want)
		}
	}
	const scope, wrong = "api://tasks/Tasks.Read", "planted-wrong-secret"
	app := []string{"token", "api://tasks", "--client-id", emulator.DaemonClientID, "--client-secret-stdin", "-v", "-o"}
	run("", 0, "login", "--device", "--scope", scope, "-v", "-o", "json")
	tokens := readSecrets(t, filepath.Join(home, "msal", "emulator", "tokens.json"))
	run("", 0, "token", "--scope", scope, "-v", "-o", "none")
	run("", 0, "token", "--scope", scope, "--force-refresh", "-v", "-o", "text")
	tokens = append(tokens, readSecrets(t, filepath.Join(home, "msal", "emulator", "tokens.json"))...)
	run("", 0, "accounts", "-v", "-o", "json")
	run("", 0, "accounts", "-v")
	run("", 0, "cache", "-v")
	run("", 0, "cache", "ls", "-v")
	run("", 0, "cache", "ls", "-v", "-o", "json")
	for _, id := range entryIDs(t, said) {
		run("", 0, "cache", "show", id, "-v")
		run("", 0, "cache", "show", id, "-v", "-o", "json")
	}
	kept := filepath.Join(home, "msal", "emulator", "tokens.json")
	run("", 0, "cache", "import", kept, "-v", "-o", "json")
	run(`{"RefreshToken":{"`+wrong+`":{"secret":"`+wrong+`","x":`, 1, "cache", "import", "-", "-v")
	run(wrong, 1, "cache", "import", "-", "-v", "-o", "json")
	run("", 0, "cache", "rm", "--client-id", "other", "--yes", "-v", "-o", "json")
	if err := os.WriteFile(kept+".copy", []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	run("", 1, "cache", "import", kept+".copy", "-v")
	run(emulator.DaemonSecret, 0, append(app, "text")...)
	run(wrong, 1, append(app, "json")...)
	run("", 0, "demo", "-v", "-o", "json")
	server.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Body: "<p>" + wrong, Status: 502})
	run("", 6, "token", "--scope", scope, "--force-refresh", "-v")
	server.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, AADSTS: 50173})
	run("", 4, "token", "--scope", scope, "--force-refresh", "-v")
	run("", 0, "logout", "-v", "-o", "json")
	run(wrong+"\n", 1, "decode", "-v")
	pasted := `{"error_codes":[50076],"refresh_token":"` + wrong + `","access_token":"` + tokens[0] + `"}`
	run(pasted, 0, "explain", "-v")
	run("", 0, "explain", "-v", "-o", "json", pasted)
	run(pasted+" AADSTS12345", 1, "explain", "-v")
	run(wrong, 64, "explain", "-v")
	run("", 64, "explain", "-v", "--"+tokens[0])
	said.busy.Wait()

	if len(tokens) < 4 {
		t.Fatalf("only %d secrets were found in the cache; the test looks for nothing", len(tokens))
	}
	text := said.text.String()
	if !strings.Contains(text, "token acquired") {
		t.Error("-v logs nothing; the test looks at nothing")
	}
	for _, secret := range append(tokens, emulator.DaemonSecret, emulator.DefaultPassword, wrong) {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("a secret is in the output, after %q", text[max(at-200, 0):at])
		}
	}
	if at := anyJWT.FindStringIndex(text); at != nil {
		t.Errorf("a token is in the output, after %q", text[max(at[0]-200, 0):at[0]])
	}
}

// entryIDs finds the ids that were listed last, as JSON.
func entryIDs(t *testing.T, said *listener) []string {
	t.Helper()
	var ids []string
	for _, m := range regexp.MustCompile(`"id": "([0-9a-f]{8})"`).FindAllStringSubmatch(said.text.String(), -1) {
		ids = append(ids, m[1])
	}
	if len(ids) < 4 {
		t.Fatalf("%d entries are listed", len(ids))
	}
	return ids
}

// readSecrets returns every secret in the token cache.
func readSecrets(t *testing.T, path string) []string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	var cache map[string]map[string]map[string]any
	if err := json.Unmarshal(data, &cache); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, section := range []string{"AccessToken", "RefreshToken", "IdToken"} {
		for _, entry := range cache[section] {
			if s, _ := entry["secret"].(string); s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}
