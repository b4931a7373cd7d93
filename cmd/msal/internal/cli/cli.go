// Package cli puts the commands together, and is the only place that knows
// about the process: signals, streams, environment and the exit code.
package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// Main runs the command line of this process and returns its exit code. After
// Ctrl-C the command has a moment to tidy up; then the program ends, whatever
// the command waits for.
func Main() int {
	inv := &invocation.Invocation{
		Streams: terminal.System(os.Getenv), Getenv: os.Getenv, Environ: os.Environ,
		Now: time.Now, CacheDir: os.UserCacheDir,
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan int, 1)
	go func() { done <- Run(ctx, inv, os.Args[1:]) }()
	select {
	case code := <-done:
		return code
	case <-signals:
	}
	cancel(exit.ErrInterrupted)
	patience := time.NewTimer(inv.Grace())
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
		fmt.Fprintln(inv.Err, "Cancelled.")
	}
	return exit.Cancelled
}

// Run runs one command line and returns the exit code. What went wrong has been
// told when it returns.
func Run(ctx context.Context, inv *invocation.Invocation, args []string) int {
	root, stop := newRoot(inv)
	defer stop()
	root.SetArgs(args)
	root.SetIn(inv.In)
	root.SetOut(inv.Out)
	root.SetErr(inv.Err)
	root.SetContext(ctx)
	cmd, err := root.ExecuteC()
	if err == nil {
		return exit.OK
	}
	if !inv.Started {
		// Whatever cobra objects to before a command has begun is a mistake on
		// the command line.
		err = &exit.UsageError{Problem: err.Error(), Hint: hintOf(err), Err: err}
	}
	if cause := context.Cause(cmd.Context()); cause != nil {
		err = cause // whatever the command made of it
	}
	exit.Write(inv.Err, inv.ErrStyle, err, inv.Output == "json")
	return exit.Code(err)
}
