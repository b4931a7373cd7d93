package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	platform "github.com/msal-go/msal/emulator"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
)

type runOptions struct {
	common
	passthrough bool
}

func newRun(inv *invocation.Invocation) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT...]",
		Short: "Run a program, unchanged, against the emulator",
		Long: `Run a program with an environment that leads its requests for the identity
platform to the emulator: a proxy that answers for login.microsoftonline.com and
its kin, and certificates that make it believable. Requests for other hosts are
refused, unless --passthrough lets them out.

AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are those of an
application of the emulator. At the end, what the program asked for and did wrong
is told on standard error. The exit code is the program's.`,
		Example: `  msal emulator run -- ./my-daemon
  msal emulator run --config contoso.yaml -- python3 app.py
  msal emulator run -- msal login`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), inv, args) },
	}
	// What follows the first word that is no flag is the program's.
	cmd.Flags().SetInterspersed(false)
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&o.passthrough, "passthrough", false, "let requests for other hosts out")
	return cmd
}

func (o *runOptions) run(ctx context.Context, inv *invocation.Invocation, args []string) error {
	if len(args) == 0 {
		return &exit.UsageError{Problem: "run what?", Hint: "msal emulator run -- COMMAND [ARGUMENT...]"}
	}
	program, err := exec.LookPath(args[0])
	if err != nil {
		return &exit.UsageError{Problem: fmt.Sprintf("there is no program %q to run", args[0]), Hint: "is it in PATH and executable?", Err: err}
	}
	cfg, err := o.configuration(inv)
	if err != nil {
		return err
	}
	emu, server, err := o.serve(ctx, cfg)
	if err != nil {
		return err
	}
	defer server.Close()
	proxy, err := server.Proxy(ctx, platform.ProxyOptions{Passthrough: o.passthrough})
	if err != nil {
		return err
	}
	defer proxy.Close()
	child := exec.Command(program, args[1:]...)
	child.Args[0] = args[0]
	child.Env = replaced(inv.Environ(), childVariables(cfg, proxy))
	child.Stdin, child.Stdout, child.Stderr = file(inv.In), inv.Out, inv.Err
	err = o.wait(ctx, inv, child)
	inv.Say("%s", summary(emu))
	return err
}

// file hands a real stream on as it is, so that the child has the terminal and
// nobody copies what it does not read.
func file(r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok {
		return f
	}
	return r
}

// replaced returns an environment in which later settings win. Settings of
// another emulator or proxy would contradict ours.
func replaced(before, ours []string) []string {
	set := map[string]bool{}
	for _, line := range ours {
		name, _, _ := strings.Cut(line, "=")
		set[name] = true
	}
	var all []string
	for _, line := range before {
		name, _, _ := strings.Cut(line, "=")
		if !set[name] && name != "MSAL_CA_FILE" && name != "MSAL_AUTHORITY" && name != "AZURE_AUTHORITY_HOST" {
			all = append(all, line)
		}
	}
	return append(all, ours...)
}

// How long a program may take to end after Ctrl-C, before it is killed.
const childGrace = 2 * time.Second

// wait runs the program to its end. On Ctrl-C it and its descendants are asked
// to end, then made to.
func (o *runOptions) wait(ctx context.Context, inv *invocation.Invocation, child *exec.Cmd) error {
	inv.SetGrace(childGrace + time.Second)
	group := newGroup(child, inv.InTTY)
	// A descendant that keeps the streams open must not keep us.
	child.WaitDelay = childGrace
	if err := child.Start(); err != nil {
		return startError(child.Args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	var err error
	select {
	case err = <-ended:
		return o.ended(ctx, err)
	case <-ctx.Done():
	}
	group.interrupt()
	patience := time.NewTimer(childGrace)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		group.kill()
		<-ended
	}
	group.kill() // whatever it left behind
	return context.Cause(ctx)
}

// interruptedCode is what shells make of a program that SIGINT ended.
const interruptedCode = 130

// ended says how the program ended. Ctrl-C at a terminal reaches it and this
// program, in any order: what it ended by is then ours, too.
func (o *runOptions) ended(ctx context.Context, err error) error {
	result := exitOf(err)
	var child *exit.ChildError
	if !errors.As(result, &child) || child.Code != interruptedCode {
		return result
	}
	patience := time.NewTimer(childGrace / 10)
	defer patience.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-patience.C:
		return result
	}
}

func startError(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("start %s: %w", name, err)
}

func exitOf(err error) error {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ended):
		return &exit.ChildError{Code: exitCode(ended)}
	}
	return fmt.Errorf("wait for the program: %w", err)
}
