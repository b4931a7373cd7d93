// Package demo is the command "msal demo": the library against the emulator, on
// this machine alone, with a report of what happened.
package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

type options struct{ browser bool }

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See tokens being acquired, on this machine alone",
		Long: `Start the emulator on this machine and acquire tokens from it in every way that
the library knows so far, over TLS, with the code that talks to the real service.
Nothing leaves the machine and nothing is kept.

Every step is checked against the emulator's own record of the requests. The exit
code is 0 only if all of them went as they should.`,
		Example: "  msal demo\n  msal demo --browser\n  msal demo -o json | jq '.steps[] | {name, milliseconds}'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), inv) },
	}
	cmd.Flags().BoolVar(&o.browser, "browser", false, "sign in yourself, in your browser")
	return cmd
}

// step is one act of the demo.
type step struct {
	name string
	did  string // what is done, for people
	// from is where the token has to come from; grant is the token request
	// that the emulator must have answered last. Empty means none at all.
	from  msal.ResultSource
	grant string
	act   func(context.Context) (msal.Result, error)
}

// StepError says which step failed. It hides the kind of its cause: whatever
// that was, the demo has failed.
type StepError struct {
	Step string
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("the step %q failed: %v", e.Step, e.Err) }

// outcome is a step that has been done.
type outcome struct {
	Name         string  `json:"name"`
	Did          string  `json:"did"`
	Source       string  `json:"source,omitempty"`
	Grant        string  `json:"grant,omitempty"`
	Requests     int     `json:"requests"`
	Milliseconds float64 `json:"milliseconds"`
	Error        string  `json:"error,omitempty"`
	took         time.Duration
}

func (o *options) run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
	if err != nil {
		return err
	}
	r := &report{inv: inv, json: format == output.JSON}
	wait := inv.Wait(ctx, terminal.Fixed("starting the emulator"))
	s, err := open(ctx, inv, o.browser)
	wait.Stop()
	if err != nil {
		return err
	}
	defer s.close()
	r.begin(s.server.URL())
	var last msal.Result
	for _, st := range s.steps() {
		result, err := take(ctx, s, r, st)
		if err != nil {
			return r.failed(&StepError{st.name, err})
		}
		if !result.IsZero() {
			last = result
		}
	}
	if err := s.clean(); err != nil {
		return r.failed(&StepError{"the emulator's verdict", err})
	}
	return r.end(last)
}

// take does a step and holds it against what the emulator saw.
func take(ctx context.Context, s *stage, r *report, st step) (msal.Result, error) {
	var wait *terminal.Progress
	if !s.browser || st.grant != grantCode {
		wait = r.inv.Wait(ctx, terminal.Fixed(st.name))
	}
	before := len(s.emu.Journal())
	started := time.Now()
	result, err := st.act(ctx)
	took := time.Since(started)
	if wait != nil {
		wait.Stop()
	}
	if ctx.Err() != nil {
		return msal.Result{}, context.Cause(ctx)
	}
	requests, grant := s.since(before)
	if err == nil {
		err = st.check(result, grant)
	}
	done := outcome{Name: st.name, Did: st.did, Source: string(result.Source), Grant: grant, Requests: requests,
		Milliseconds: float64(took.Microseconds()) / 1000, took: took}
	if err != nil {
		done.Error = err.Error()
	}
	return result, firstError(err, r.step(done))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// check compares a step with what was to happen.
func (st step) check(r msal.Result, grant string) error {
	switch {
	case st.grant != grant:
		return fmt.Errorf("the emulator answered the grant %q, not %q", grant, st.grant)
	case st.from != "" && r.IsZero():
		return fmt.Errorf("there is no token")
	case r.Source != st.from:
		return fmt.Errorf("the token came from %q, not from %q", r.Source, st.from)
	}
	return nil
}
