package openurl

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary play the launcher: "exit N" ends at once,
// "visit URL" ends well for the address of the tests only, "stay ADDRESS" runs
// until the listener there hangs up.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		if len(os.Args) != 3 {
			os.Exit(96) // never run the tests again as a launcher
		}
		switch os.Args[1] {
		case "exit":
			code, err := strconv.Atoi(os.Args[2])
			if err != nil {
				code = 99
			}
			os.Exit(code)
		case "visit":
			if os.Args[2] != page {
				os.Exit(97)
			}
			os.Exit(0)
		case "stay":
			conn, err := net.Dial("tcp", os.Args[2])
			if err != nil {
				os.Exit(98)
			}
			io.Copy(io.Discard, conn)
			os.Exit(0)
		}
		os.Exit(95)
	}
	os.Exit(m.Run())
}

func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// house accepts the connection of a launcher that stays, and sends it home
// when the test ends.
func house(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if conn, err := l.Accept(); err == nil {
			conn.Close()
		}
		l.Close()
	})
	return l.Addr().String()
}

func TestLauncherThatEndsWellIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	if err := start(t.Context(), time.Minute, self(t), "exit", "0"); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("start took %v", took)
	}
}

func TestLauncherThatEndsBadlyIsAnError(t *testing.T) {
	t.Parallel()
	err := start(t.Context(), time.Minute, self(t), "exit", "3")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("error %v, want exit status 3", err)
	}
}

func TestLauncherThatCannotStartIsAnError(t *testing.T) {
	t.Parallel()
	err := start(t.Context(), time.Minute, filepath.Join(t.TempDir(), "missing"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want os.ErrNotExist", err)
	}
}

func TestBrowserThatRunsOnHasOpened(t *testing.T) {
	t.Parallel()
	if err := start(t.Context(), 50*time.Millisecond, self(t), "stay", house(t)); err != nil {
		t.Error(err)
	}
}

func TestCanceledContextEndsTheWaitForTheLauncher(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := start(ctx, time.Minute, self(t), "stay", house(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want context.DeadlineExceeded", err)
	}
}

func TestNewOpensWithARealProgram(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	o := New()
	o.GOOS = "linux"
	o.ReadFile = func(string) ([]byte, error) { return nil, os.ErrNotExist }

	t.Setenv("BROWSER", self(t)+" visit %s")
	if err := o.Open(t.Context(), page); err != nil {
		t.Error(err)
	}
	err := o.Open(t.Context(), page+"&other=page")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 97 {
		t.Errorf("error %v, want exit status 97", err)
	}
}
