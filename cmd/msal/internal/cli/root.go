package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/accounts"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/cache"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/decode"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/demo"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/emulator"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/explain"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/login"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/logout"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/token"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/version"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
)

const about = `Get tokens of the Microsoft identity platform, look into them, explain
errors, and run an emulator of it on this machine. Not affiliated with Microsoft.

Data goes to standard output, words for people to standard error. Exit codes:
  0   done
  1   failed
  2   cancelled, or nobody answered in time
  4   somebody has to sign in, but nobody can be asked here
  5   refused by a policy, or for lack of consent (-o json has the claims)
  6   failed for now: try again (-o json has retryAfter)
  64  the command line is wrong`

// newRoot returns the root command, and what is to be called after it.
func newRoot(inv *invocation.Invocation) (root *cobra.Command, stop context.CancelFunc) {
	root = &cobra.Command{
		Use:           "msal",
		Short:         "Tokens of the Microsoft identity platform",
		Long:          about,
		Example:       "  msal demo\n  msal emulator run -- ./my-program\n  msal login --client-id ID --tenant TENANT\n  msal token graph | msal decode",
		Version:       msal.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          func(cmd *cobra.Command, args []string) error { return noCommand(cmd, args) },
	}
	cancel := func() {}
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		inv.Started = true
		if inv.Timeout < 0 {
			return &exit.UsageError{Problem: "--timeout is negative"}
		}
		if inv.Timeout > 0 {
			ctx, stop := context.WithTimeoutCause(cmd.Context(), inv.Timeout, exit.ErrTimeLimit)
			cmd.SetContext(ctx)
			cancel = stop
		}
		return nil
	}
	fs := root.PersistentFlags()
	fs.StringVarP(&inv.Output, "output", "o", "", "text, json, or what the command offers: token, header, env, exec-credential, az, azd, curl, none")
	fs.BoolVar(&inv.NoInput, "no-input", false, "never ask anybody; exit with 4 instead (MSAL_NO_INPUT)")
	fs.BoolVarP(&inv.Verbose, "verbose", "v", false, "log what is done, without secrets, on standard error")
	fs.DurationVar(&inv.Timeout, "timeout", 0, "give up after this time, such as 90s")
	// The flag exists, so that this cannot fail.
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(
		[]string{"text", "json", "token", "header", "env", "exec-credential", "az", "azd", "curl", "none"}, cobra.ShellCompDirectiveNoFileComp))
	root.SuggestionsMinimumDistance = 2
	root.SetVersionTemplate("msal {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &flagError{cmd.CommandPath(), err} })
	root.AddCommand(
		demo.New(inv), emulator.New(inv), login.New(inv), token.New(inv),
		accounts.New(inv), logout.New(inv), cache.New(inv), decode.New(inv), explain.New(inv), version.New(inv),
	)
	return root, func() { cancel() }
}

// flagError is a mistake in the flags of a command.
type flagError struct {
	path string
	err  error
}

func (e *flagError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *flagError) Unwrap() error { return e.err }

func hintOf(err error) string {
	var flag *flagError
	if errors.As(err, &flag) {
		return "see: " + flag.path + " --help"
	}
	return "see: msal --help"
}

// noCommand shows the help, or objects to a command that does not exist.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := "see: " + cmd.CommandPath() + " --help"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return &exit.UsageError{Problem: fmt.Sprintf("there is no command %q", args[0]), Hint: hint}
}
