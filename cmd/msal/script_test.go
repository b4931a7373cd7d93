package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/msal-go/msal/cmd/msal/internal/cli"
	"github.com/msal-go/msal/emulator"
)

// The scripts under testdata/script are the manual of the command line: one per
// thing that people want to do, run against an emulator over TLS. In them,
// "browse" is the person's browser, and "enter-code" a person with a phone.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"msal":       func() { os.Exit(cli.Main()) },
		"browse":     func() { os.Exit(browse()) },
		"enter-code": func() { os.Exit(enterCode()) },
		"plant":      func() { os.Exit(plant()) },
	})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.RunT(discreet{t}, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fault": injectFault, "exitcode": exitCode, "revoke": revoke, "private": private,
			"session": session, "sealed": sealed, "sealedfiles": sealedFiles,
		},
		Condition: condition,
	})
}

// discreet keeps tokens out of the log of a failed script.
type discreet struct{ *testing.T }

var anyJWT = regexp.MustCompile(`eyJ[\w-]*\.[\w-]*\.[\w-]*`)

func (d discreet) Log(args ...any) {
	d.T.Helper()
	d.T.Log(anyJWT.ReplaceAllString(fmt.Sprint(args...), "eyJ[redacted]"))
}

func (d discreet) Run(name string, f func(testscript.T)) {
	d.T.Run(name, func(t *testing.T) { f(discreet{t}) })
}

func (discreet) Verbose() bool { return testing.Verbose() }

// signingKey is made once: every emulator of these tests may share it.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// quickExit keeps programs built with the race detector from sleeping for a
// second before they end.
const quickExit = "atexit_sleep_ms=0"

// certificate is a client certificate, and the same with its private key.
var certificate = sync.OnceValues(func() (public, both []byte) {
	key, err := signingKey()
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	public = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return public, append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), public...)
})

// platformKey is where a script's emulator is kept among its values.
type platformKey struct{}

// setUp gives a script an emulator of its own, the environment that
// "msal emulator start" prints for it, and a browser.
func setUp(env *testscript.Env) error {
	key, err := signingKey()
	if err != nil {
		return err
	}
	cfg := emulator.Defaults()
	cfg.SigningKey = key
	cfg.Lifetimes.DeviceInterval = time.Second
	public, both := certificate()
	for i, a := range cfg.Tenants[0].Apps {
		if a.ClientID == emulator.DaemonClientID {
			cfg.Tenants[0].Apps[i].Certificates = []string{string(public)}
		}
	}
	if err := os.WriteFile(filepath.Join(env.WorkDir, "daemon.pem"), both, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(env.WorkDir, "no-key.pem"), public, 0o600); err != nil {
		return err
	}
	emu, err := emulator.New(cfg)
	if err != nil {
		return err
	}
	server, err := emu.Serve(context.Background(), emulator.ServeOptions{})
	if err != nil {
		return err
	}
	people := httptest.NewServer(person{server})
	env.Defer(func() {
		people.Close()
		server.Close()
	})
	env.Values[platformKey{}] = server
	ca := filepath.Join(env.WorkDir, "emulator.pem")
	if err := os.WriteFile(ca, server.CA(), 0o600); err != nil {
		return err
	}
	family, err := filepath.Abs(filepath.Join("..", "..", "internal", "schema", "testdata", "family"))
	if err != nil {
		return err
	}
	for _, v := range [][2]string{
		{"FAMILY", family},
		{"MSAL_EMULATOR_URL", server.URL()}, {"MSAL_CA_FILE", ca},
		{"MSAL_TENANT", emulator.DefaultTenantID}, {"MSAL_CLIENT_ID", emulator.DesktopClientID},
		{"TENANT", emulator.DefaultTenantID}, {"DAEMON_ID", emulator.DaemonClientID}, {"DAEMON_SECRET", emulator.DaemonSecret},
		{"DEVICE_ID", emulator.DeviceClientID}, {"ALICE", emulator.DefaultUser}, {"BOB", emulator.SecondUser},
		{"HOME", env.WorkDir}, {"XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache")},
		{"BROWSER", "browse"}, {"TEST_PEOPLE", people.URL}, {"TEST_USER", emulator.DefaultUser},
		{"TZ", "UTC"}, {"NO_COLOR", "1"}, {"CI", ""}, {"GORACE", quickExit},
	} {
		env.Setenv(v[0], v[1])
	}
	return nil
}

// person is a person with a browser, for programs that run as children of the
// tests: they name what is to be opened.
type person struct{ server *emulator.Server }

func (p person) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	agent := p.server.UserAgent(r.FormValue("user"), emulator.DefaultPassword)
	var err error
	switch code := r.FormValue("code"); {
	case code == "":
		err = agent.Open(r.Context(), r.FormValue("url"))
	case r.FormValue("refuse") != "":
		err = agent.DenyDevice(r.Context(), r.FormValue("url"), code)
	default:
		err = agent.ApproveDevice(r.Context(), r.FormValue("url"), code)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

// ask has the person do something.
func ask(form url.Values) error {
	form.Set("user", os.Getenv("TEST_USER"))
	resp, err := http.PostForm(os.Getenv("TEST_PEOPLE"), form)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return errors.New(string(text))
	}
	return nil
}

// browse opens an address, as the command in $BROWSER does.
func browse() int {
	if err := ask(url.Values{"url": {os.Args[1]}}); err != nil {
		fmt.Fprintln(os.Stderr, "browse:", err)
		return 1
	}
	return 0
}

var (
	addressLine = regexp.MustCompile(`open (\S+) in a browser`)
	codeLine    = regexp.MustCompile(`enter the code (\S+)`)
)

// enterCode reads what msal says, repeats it, and does what it asks for.
func enterCode() int {
	var address string
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(lines.Text())
		if m := addressLine.FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
		m := codeLine.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		form := url.Values{"url": {address}, "code": {m[1]}}
		if len(os.Args) > 1 && os.Args[1] == "-refuse" {
			form.Set("refuse", "1")
		}
		if err := ask(form); err != nil {
			fmt.Fprintln(os.Stderr, "enter-code:", err)
			return 1
		}
	}
	return 0
}

func serverOf(ts *testscript.TestScript) *emulator.Server {
	return ts.Value(platformKey{}).(*emulator.Server)
}

// injectFault arms a fault of the token endpoint:
// fault [grant] aadsts=N suberror=S claims=JSON status=N retry-after=SECONDS.
func injectFault(ts *testscript.TestScript, neg bool, args []string) {
	f := emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: -1}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		number, _ := strconv.Atoi(value)
		switch name {
		case "grant":
			f.Match.Grant = value
		case "aadsts":
			f.AADSTS = number
		case "suberror":
			f.Suberror = value
		case "claims":
			f.Claims = value
		case "status":
			f.Status = number
		case "retry-after":
			f.RetryAfter = time.Duration(number) * time.Second
		default:
			ts.Fatalf("fault: unknown %q", name)
		}
	}
	serverOf(ts).Emulator().ClearFaults()
	serverOf(ts).Emulator().Inject(f)
}

// exitCode runs a program and compares its exit code: exitcode 4 msal login.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: exitcode CODE PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended interface{ ExitCode() int }
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// revoke ends the sessions of a person at the service.
func revoke(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(serverOf(ts).Emulator().Revoke(args[0]))
}

// private checks that only the owner can read files.
func private(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if info.Mode().Perm()&0o077 != 0 {
			ts.Fatalf("%s has the mode %v", name, info.Mode())
		}
	}
}
