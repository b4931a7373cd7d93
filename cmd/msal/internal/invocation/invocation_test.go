package invocation_test

import (
	"errors"
	"testing"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

func TestPeopleAreAskedOnlyWhereTheyAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		tty     bool
		noInput bool
		env     map[string]string
		can     bool
	}{
		{"at a terminal", true, false, nil, true},
		{"in a pipe", false, false, nil, false},
		{"--no-input", true, true, nil, false},
		{"MSAL_NO_INPUT", true, false, map[string]string{"MSAL_NO_INPUT": "1"}, false},
		{"in CI", true, false, map[string]string{"CI": "true"}, false},
		{"not in CI", true, false, map[string]string{"CI": "false"}, true},
	} {
		inv := &invocation.Invocation{Streams: terminal.Streams{InTTY: c.tty}, NoInput: c.noInput, Getenv: func(n string) string { return c.env[n] }}
		if got := inv.CannotAsk(); (got == "") != c.can {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestCtrlCIsObeyedWithinATenthOfASecond(t *testing.T) {
	t.Parallel()
	inv := new(invocation.Invocation)
	if got := inv.Grace(); got <= 0 || got >= 100*time.Millisecond {
		t.Errorf("commands may take %v to tidy up", got)
	}
	inv.SetGrace(time.Second)
	if got := inv.Grace(); got != time.Second {
		t.Errorf("got %v", got)
	}
}

func TestAnUnknownFormatIsAUsageError(t *testing.T) {
	t.Parallel()
	inv := &invocation.Invocation{Output: "yaml"}
	if _, err := inv.Format(output.Text, output.Text); exit.Code(err) != exit.Usage {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAHomeNothingIsKept(t *testing.T) {
	t.Parallel()
	inv := &invocation.Invocation{CacheDir: func() (string, error) { return "", errors.New("no home") }, Getenv: func(string) string { return "" }}
	if _, err := inv.Logins(t.Context(), invocation.ToRead); exit.Code(err) != exit.Usage {
		t.Errorf("got %v", err)
	}
	inv.Cache = "memory"
	if _, err := inv.Logins(t.Context(), invocation.ToKeep); err != nil {
		t.Errorf("in memory: %v", err)
	}
}

func TestLoginsAtAnEmulatorAreKeptApart(t *testing.T) {
	t.Parallel()
	env, base := map[string]string{}, t.TempDir()
	inv := &invocation.Invocation{CacheDir: func() (string, error) { return base, nil }, Getenv: func(n string) string { return env[n] }}
	real, err := inv.Logins(t.Context(), invocation.ToRead)
	if err != nil {
		t.Fatal(err)
	}
	env["MSAL_EMULATOR_URL"] = "https://localhost:1"
	if emulated, err := inv.Logins(t.Context(), invocation.ToRead); err != nil || emulated.Path() == real.Path() {
		t.Errorf("%v, %v", emulated.Path(), err)
	}
}
