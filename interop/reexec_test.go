package interop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/msal-go/msal/emulator"
)

// The test binary plays other programs when it is started in one of these
// ways.
const (
	childVariable = "MSAL_INTEROP_CHILD" // the name of one of the children
	robotVariable = "MSAL_INTEROP_ROBOT" // where the program xdg-open posts addresses
)

func TestMain(m *testing.M) {
	name := os.Getenv(childVariable)
	switch {
	case filepath.Base(os.Args[0]) == "xdg-open":
		exit(askRobot(os.Getenv(robotVariable), os.Args[len(os.Args)-1]))
	case os.Getenv(pythonShared) != "":
		exit(shareFile())
	case name != "":
		exit(runChild(name))
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// asSystemBrowser makes robot the browser that programs open by xdg-open.
func asSystemBrowser(t *testing.T, robot *emulator.UserAgent) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("xdg-open is the way to open a browser on Linux only")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		if err == nil {
			err = robot.Open(r.Context(), string(address))
		}
		if err != nil {
			t.Errorf("the robot: %v", err)
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "xdg-open")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv(robotVariable, server.URL)
}

// askRobot is all that the program xdg-open does.
func askRobot(robot, address string) error {
	resp, err := http.Post(robot, "text/plain", strings.NewReader(address))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the robot answered %s", resp.Status)
	}
	return nil
}

// child starts this binary as another program, with a few more variables.
func child(t *testing.T, ctx context.Context, name string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(append(os.Environ(), env...), childVariable+"="+name)
	return cmd
}
