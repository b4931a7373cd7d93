// Package invocation is what every command is given: streams, environment,
// clock and the flags that all commands share. Nothing here is global, so that
// tests can run commands side by side.
package invocation

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// Invocation is one run of the program.
type Invocation struct {
	terminal.Streams
	Getenv   func(name string) string
	Environ  func() []string        // for children
	Now      func() time.Time       // in the person's time zone
	CacheDir func() (string, error) // folder for per-user state

	// Flags of all commands.
	Output  string
	NoInput bool
	Verbose bool
	Timeout time.Duration

	// Cache is the flag of commands that use logins; see CacheFlag.
	Cache string

	// Started is set once the command line has been understood.
	Started bool

	grace atomic.Int64
}

// defaultGrace is how long a command may tidy up after Ctrl-C. People feel a
// tenth of a second.
const defaultGrace = 80 * time.Millisecond

// Grace is how long the program waits for its command after Ctrl-C.
func (i *Invocation) Grace() time.Duration {
	if d := i.grace.Load(); d > 0 {
		return time.Duration(d)
	}
	return defaultGrace
}

// SetGrace is for commands that have children to end.
func (i *Invocation) SetGrace(d time.Duration) { i.grace.Store(int64(d)) }

// Format reads --output.
func (i *Invocation) Format(fallback output.Format, known ...output.Format) (output.Format, error) {
	f, err := output.ParseFormat(i.Output, fallback, known...)
	if err != nil {
		return "", &exit.UsageError{Problem: err.Error(), Err: err}
	}
	return f, nil
}

// CannotAsk says why no person can be asked; empty if one can.
func (i *Invocation) CannotAsk() string {
	switch ci := i.Getenv("CI"); {
	case i.NoInput:
		return "--no-input forbids to ask"
	case i.Getenv("MSAL_NO_INPUT") != "":
		return "MSAL_NO_INPUT forbids to ask"
	case ci != "" && ci != "false" && ci != "0":
		return "this is a CI job (CI is set)"
	case !i.InTTY:
		return "standard input is not a terminal"
	}
	return ""
}

// Say tells the person something.
func (i *Invocation) Say(format string, args ...any) {
	fmt.Fprintf(i.Err, format+"\n", args...)
}

// Logger logs what the library does to Err with --verbose, and nothing else.
func (i *Invocation) Logger() *slog.Logger {
	if !i.Verbose {
		return nil
	}
	return slog.New(slog.NewTextHandler(i.Err, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: shortTime}))
}

// shortTime leaves the date out: whoever reads along knows it.
func shortTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		a.Value = slog.StringValue(a.Value.Time().Format("15:04:05.000"))
	}
	return a
}

// Times tells times from now.
func (i *Invocation) Times() output.Times { return output.Times{Now: i.Now()} }
