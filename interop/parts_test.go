package interop

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds each test of this module that waits for another process.
const patience = time.Minute

// missing ends a test that needs a part which this machine does not have:
// skipped on a developer's machine, failed with CI=true. "./test.sh --install"
// installs all parts. Tests skip otherwise only what a system does not have
// (runtime.GOOS) and what takes seconds (testing.Short).

func missing(t *testing.T, part string, cause error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: %v", part, cause)
	}
	t.Skipf("%s is missing: %v; ./test.sh --install installs it", part, cause)
}

// program finds a program of a real part.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name, err)
	}
	return path
}

// node prepares a script of the folder node, whose packages must be installed.
func node(t *testing.T, ctx context.Context, script string) *exec.Cmd {
	t.Helper()
	path := program(t, "node")
	for _, pkg := range []string{"@azure/msal-node", "jose", "oidc-provider"} {
		_, err := os.Stat(filepath.Join("node", "node_modules", pkg, "package.json"))
		if errors.Is(err, fs.ErrNotExist) {
			missing(t, "npm package "+pkg, err)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(ctx, path, script)
	cmd.Dir = "node"
	return cmd
}

// run runs a program to its end and returns what it prints.
func run(t *testing.T, input []byte, path string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return output(t, input, exec.CommandContext(ctx, path, args...))
}

func output(t *testing.T, input []byte, cmd *exec.Cmd) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(cmd.Path), err, stderr.Bytes())
	}
	return out
}
