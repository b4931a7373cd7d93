package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/msal-go/msal/emulator"
)

// openTerminal returns both ends of a pseudo-terminal: a person's side and a
// program's.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("this machine has no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// screen keeps what a program writes to its terminal, and knows when something
// appears there.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	news chan struct{}
}

func watch(r io.Reader) *screen {
	s := &screen{news: make(chan struct{}, 1)}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := r.Read(buffer)
			s.mu.Lock()
			s.text.Write(buffer[:n])
			s.mu.Unlock()
			select {
			case s.news <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *screen) waitFor(t *testing.T, text string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.news:
		case <-limit:
			t.Fatalf("%q did not appear on the terminal; there is:\n%s", text, anyJWT.ReplaceAllString(s.String(), "[token]"))
		}
	}
}

// testEnvironment starts an emulator and returns what msal needs to use it.
func testEnvironment(t *testing.T) (env []string, server *emulator.Server) {
	t.Helper()
	return environmentOf(t, emulator.Defaults())
}

func environmentOf(t *testing.T, cfg emulator.Config) (env []string, server *emulator.Server) {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	cfg.SigningKey = key
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server, err = emu.Serve(t.Context(), emulator.ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	home := t.TempDir()
	ca := home + "/emulator.pem"
	if err := os.WriteFile(ca, server.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CACHE_HOME=" + home, "TERM=xterm", "NO_COLOR=1", "BROWSER=true", "GORACE=" + quickExit,
		"MSAL_EMULATOR_URL=" + server.URL(), "MSAL_CA_FILE=" + ca, "MSAL_TENANT=" + emulator.DefaultTenantID,
		"MSAL_CLIENT_ID=" + emulator.DesktopClientID,
	}, server
}

// startOnTerminal runs msal with a terminal of its own, as a login shell would.
func startOnTerminal(t *testing.T, env []string, args ...string) (cmd *exec.Cmd, person *os.File, seen *screen) {
	t.Helper()
	person, program := openTerminal(t)
	cmd = exec.Command("msal", args...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, person, watch(person)
}

// promptly is how long the end may take at most. People get it within a tenth
// of a second; the rest is for machines that are busy with other tests.
const promptly = 5 * time.Second

func TestCtrlCEndsEveryPromptWithExitCode2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, prompt string
		args         []string
	}{
		{"the browser", "waiting for the browser, 4:5", []string{"login"}},
		{"a device code", "waiting for you to sign in, 14:5", []string{"login", "--device"}},
		{"a token's sign-in", "waiting for the browser", []string{"token", "graph"}},
		{"a client secret", "Client secret: ", []string{"token", "graph", "--client-secret-stdin"}},
		{"a pasted token", "Paste a token", []string{"decode"}},
		{"the emulator", "Press Ctrl-C to stop it", []string{"emulator", "start"}},
		{"the demo", "Browser", []string{"demo", "--browser"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env, _ := testEnvironment(t)
			cmd, person, seen := startOnTerminal(t, env, c.args...)
			if c.name == "the demo" {
				c.prompt = "waiting for the browser"
			}
			seen.waitFor(t, c.prompt)
			pressed := time.Now()
			if _, err := person.Write([]byte{3}); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			took := time.Since(pressed)
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.ExitCode() != 2 {
				t.Errorf("ended with %v, want exit code 2; the terminal shows:\n%s", err, seen)
			}
			if took > promptly {
				t.Errorf("took %v to end", took)
			}
			t.Logf("ended after %v", took.Round(time.Millisecond))
			state, err := unix.IoctlGetTermios(int(person.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			if state.Lflag&unix.ECHO == 0 {
				t.Error("the terminal is left without echo")
			}
		})
	}
}

func TestASecretIsNotEchoed(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(t)
	cmd, person, seen := startOnTerminal(t, env, "token", "api://tasks", "--client-id", emulator.DaemonClientID, "--client-secret-stdin", "-o", "text")
	seen.waitFor(t, "Client secret: ")
	if _, err := person.WriteString(emulator.DaemonSecret + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v; the terminal shows:\n%s", err, seen)
	}
	seen.waitFor(t, "the application itself")
	if strings.Contains(seen.String(), emulator.DaemonSecret) {
		t.Error("the secret is on the terminal")
	}
}

func TestATerminalShowsNoTokenUnlessAskedByName(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(t)
	env = append(env, "MSAL_CLIENT_ID="+emulator.DaemonClientID, "MSAL_CLIENT_SECRET="+emulator.DaemonSecret)
	for _, c := range []struct {
		format string
		code   int
		token  bool
	}{
		{"", 0, false}, {"text", 0, false}, {"none", 0, false}, {"token", 0, true},
		{"json", 64, false}, {"header", 64, false}, {"env", 64, false}, {"curl", 64, false},
		{"az", 64, false}, {"azd", 64, false}, {"exec-credential", 64, false},
	} {
		t.Run("-o "+c.format, func(t *testing.T) {
			t.Parallel()
			cmd, _, seen := startOnTerminal(t, env, "token", "api://tasks", "--output="+c.format)
			err := cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("%v, want exit code %d", err, c.code)
			}
			if c.token {
				seen.waitFor(t, "eyJ")
			} else if anyJWT.MatchString(seen.String()) {
				t.Error("the token is on the terminal")
			}
		})
	}
}

func TestCtrlCEndsAProgramThatIsRunAndItsChildren(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script string }{
		{"that obeys", "echo ready; exec sleep 100"},
		{"that ignores it", "trap '' INT; echo ready; sleep 100 & wait; sleep 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "msal", "emulator", "run", "--", "sh", "-c", c.script)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(out)
			if line, err := lines.ReadString('\n'); line != "ready\n" {
				t.Fatalf("the program said %q, %v", line, err)
			}
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			// The pipe ends when the last descendant has ended.
			if _, err := io.Copy(io.Discard, lines); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 2 {
				t.Errorf("%v, want exit code 2; standard error:\n%s", err, said.String())
			}
			if !strings.Contains(said.String(), "emulator: 0 requests") {
				t.Errorf("no summary on standard error:\n%s", said.String())
			}
		})
	}
}

// A program at a terminal can read from it, and gets the Ctrl-C of its user.
func TestAProgramThatIsRunKeepsTheTerminal(t *testing.T) {
	t.Parallel()
	env, _ := testEnvironment(t)
	cmd, person, seen := startOnTerminal(t, env, "emulator", "run", "--", "sh", "-c", `echo ready; read -r line; echo "got $line"; exec sleep 100`)
	seen.waitFor(t, "ready")
	if _, err := person.WriteString("hello\n"); err != nil {
		t.Fatal(err)
	}
	seen.waitFor(t, "got hello")
	pressed := time.Now()
	if _, err := person.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 2 {
		t.Errorf("%v, want exit code 2; the terminal shows:\n%s", err, seen)
	}
	if took := time.Since(pressed); took > promptly {
		t.Errorf("took %v to end; the terminal shows:\n%s", took, seen)
	}
}
