// Package logout is the command "msal logout".
package logout

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/cmd/accounts"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/signin"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

type options struct {
	all     bool
	account string
}

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Forget the tokens of an account",
		Long: `Remove an account and its tokens from this machine. Nothing is revoked at the
service, and the browser stays signed in. No network is used. To remove less, such
as the tokens of one application, see "msal cache rm".`,
		Example: "  msal logout\n  msal logout --account alice@contoso.com\n  msal logout --all",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), inv) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "all accounts, and whatever else was kept")
	cmd.Flags().StringVar(&o.account, "account", "", "user name or home account id (MSAL_ACCOUNT)")
	inv.CacheFlag(cmd, cmd.Flags())
	// The flag exists, so that this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("account", accounts.Complete(inv))
	return cmd
}

func (o *options) run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON, output.None)
	if err != nil {
		return err
	}
	need := invocation.ToRead
	if o.all {
		need = invocation.ToForget
	}
	logins, err := inv.Logins(ctx, need)
	if err != nil {
		return err
	}
	if o.account == "" && !o.all {
		o.account = inv.Getenv("MSAL_ACCOUNT")
	}
	var gone []string
	switch {
	case o.all && o.account != "":
		return &exit.UsageError{Problem: "--all and --account contradict each other", Hint: "leave one of them out"}
	case o.all:
		gone, err = removeAll(ctx, logins)
	default:
		gone, err = o.removeOne(ctx, logins)
	}
	if err != nil {
		return err
	}
	for _, name := range gone {
		inv.Say("%s Signed out %s.", inv.ErrStyle.Good("✓"), inv.ErrStyle.Bold(terminal.Clean(name)))
	}
	if len(gone) == 0 {
		inv.Say("Nobody was signed in.")
	}
	if format == output.JSON {
		return output.WriteJSON(inv.Out, map[string][]string{"signedOut": gone})
	}
	return nil
}

// removeAll works on damaged files too: it is the way out.
func removeAll(ctx context.Context, logins *loginstate.State) ([]string, error) {
	gone := []string{}
	if list, err := logins.Accounts(ctx); err == nil {
		for _, a := range list {
			gone = append(gone, a.Username)
		}
	}
	return gone, logins.Forget(ctx)
}

func (o *options) removeOne(ctx context.Context, logins *loginstate.State) ([]string, error) {
	list, err := logins.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	var found []loginstate.Account
	var names []string
	homes := map[string]bool{}
	for _, a := range list {
		if signin.Matches(a.Account, o.account) {
			found = append(found, a)
			names = append(names, a.Username)
			homes[a.HomeAccountID] = true
		}
	}
	switch {
	case len(found) == 0 && o.account == "":
		return []string{}, nil
	case len(found) == 0:
		return nil, &exit.UsageError{Problem: fmt.Sprintf("no account is called %q", o.account), Hint: "msal accounts lists them"}
	case len(homes) > 1:
		return nil, &exit.UsageError{
			Problem: fmt.Sprintf("%d accounts are signed in: %s", len(homes), strings.Join(names, ", ")),
			Hint:    "say which with --account, or use --all",
		}
	}
	home := found[0].HomeAccountID
	if _, err := logins.Remove(ctx, loginstate.Which{HomeAccountIDs: []string{home}}); err != nil {
		return nil, err
	}
	return names[:1], logins.ForgetLoginOf(loginstate.Which{HomeAccountIDs: []string{home}})
}
