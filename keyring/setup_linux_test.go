package keyring_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/keyring"
)

// missing ends a test that needs a part which this machine does not have:
// skipped on a developer's machine, failed with CI=true.
func missing(t *testing.T, part string, cause error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: %v", part, cause)
	}
	t.Skipf("%s is missing: %v; ./test.sh --install installs it", part, cause)
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name, err)
	}
	return path
}

// emptyHome gives the test a home and a session without a bus.
func emptyHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	runtimeDir, err := os.MkdirTemp("", "run") // short: the path of a socket has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runtimeDir) })
	t.Setenv("HOME", home)
	t.Setenv("XDG_RUNTIME_DIR", runtimeDir)
	for _, name := range []string{"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "AZURE_CONFIG_DIR"} {
		t.Setenv(name, "")
		os.Unsetenv(name) // t.Setenv restores it
	}
	return home
}

// A session is a person's, with a bus and perhaps a keyring of its own.
type session struct {
	keyring *exec.Cmd
	bus     *exec.Cmd
}

// busConfig is of a bus that never starts anything by itself.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

// startBus starts a bus at the place where sessions have it.
func startBus(t *testing.T) *session {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a Secret Service is for Linux")
	}
	daemon := program(t, "dbus-daemon")
	home := emptyHome(t)
	config := filepath.Join(home, "bus.conf")
	text := fmt.Sprintf(busConfig, filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{}
	s.bus = exec.Command(daemon, "--config-file="+config, "--nofork", "--nopidfile", "--print-address=1")
	out := start(t, s.bus, "")
	if !out.Scan() {
		t.Fatal("the bus did not start")
	}
	return s
}

// startKeyring starts a session whose keyring is unlocked.
func startKeyring(t *testing.T) *session {
	t.Helper()
	daemon := program(t, "gnome-keyring-daemon")
	s := startBus(t)
	s.startDaemon(t, daemon, "password")
	return s
}

// startDaemon starts a keyring; with a password, it is unlocked.
func (s *session) startDaemon(t *testing.T, daemon, password string) {
	t.Helper()
	args := []string{"--foreground", "--components=secrets", "--control-directory=" + filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "keyring")}
	if password != "" {
		args = append(args, "--unlock")
	}
	s.keyring = exec.Command(daemon, args...)
	start(t, s.keyring, password)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := keyring.AwaitSecretService(ctx); err != nil {
		t.Fatal(err)
	}
}

// start runs a process until the test ends, and returns its lines.
func start(t *testing.T, cmd *exec.Cmd, input string) *bufio.Scanner {
	t.Helper()
	cmd.Stdin = strings.NewReader(input)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	t.Cleanup(func() { end(cmd); reader.Close() })
	return bufio.NewScanner(reader)
}

// end kills a process and waits for it. It may be called twice.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// run runs a program to its end and returns what it prints.
func run(t *testing.T, input, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}

// longestLife of a process that is killed.
const longestLife = 60 * time.Millisecond

// personOf starts a session with a keyring and returns a folder for its stores.
func personOf(t *testing.T) string {
	t.Helper()
	startKeyring(t)
	t.Cleanup(func() { forgetKernelKeys(t) })
	return t.TempDir()
}
