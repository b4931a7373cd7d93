package keyring_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tests of Windows, DPAPI and locks between processes among them, run under
// Wine, whose implementations are independent of Microsoft's.
func TestWindowsUnderWine(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some twenty seconds")
	}
	wine, compiler := program(t, "wine"), program(t, "x86_64-w64-mingw32-gcc")
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	do := func(environment []string, name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env = append(os.Environ(), environment...)
		file, err := os.Create(filepath.Join(dir, "output")) // no pipe: Wine's servers keep it open
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		cmd.Stdout, cmd.Stderr = file, file
		failed := cmd.Run()
		out, err := os.ReadFile(file.Name())
		if err = errors.Join(failed, err); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
		}
		return string(out)
	}
	tests := filepath.Join(dir, "keyring.test.exe")
	do([]string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"}, "go", "test", "-c", "-o", tests, ".")

	prefix := []string{"WINEPREFIX=" + filepath.Join(dir, "prefix"), "WINEDEBUG=-all", "DISPLAY=", "WAYLAND_DISPLAY=", "WINEDLLOVERRIDES=mscoree,mshtml="}
	defer func() { // of this prefix only
		end := exec.Command(program(t, "wineserver"), "-k", "-w")
		end.Env = append(os.Environ(), prefix...)
		_ = end.Run()
	}()
	do(prefix, wine, "wineboot", "-i")
	do(nil, compiler, "-shared", "-O2", "-o", filepath.Join(dir, "prefix", "drive_c", "windows", "system32", "bcryptprimitives.dll"),
		"testdata/wine/bcryptprimitives.c", "-ladvapi32")
	out := do(prefix, wine, tests, "-test.v", "-test.short")
	if !strings.Contains(out, "--- PASS: TestSharedFilesAreSealedByDPAPI") {
		t.Errorf("what ran was:\n%s", out)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "acknowledged") || strings.Contains(line, "seed") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
