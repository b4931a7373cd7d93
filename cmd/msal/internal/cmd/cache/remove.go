package cache

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/cmd/accounts"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/signin"
)

type removeOptions struct {
	account, clientID string
	all, yes          bool
}

func newRemove(inv *invocation.Invocation) *cobra.Command {
	var o removeOptions
	cmd := &cobra.Command{
		Use:     "rm",
		Aliases: []string{"remove"},
		Short:   "Remove the tokens of an account, of an application, or all",
		Long: `Remove tokens from this machine: of an account, of an application, of an
application for one account, or all. An account goes with its last token. Nothing
is revoked at the service. You are asked first; where nobody can be asked, --yes
is needed.`,
		Example: `  msal cache rm --account alice@contoso.com
  msal cache rm --client-id 04b07795-8ddb-461a-bbee-02f9e1bf7b46 --yes
  msal cache rm --all --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), inv) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.account, "account", "", "user name or home account id")
	fs.StringVarP(&o.clientID, "client-id", "c", "", "application")
	fs.BoolVar(&o.all, "all", false, "everything, damaged files that were set aside as well")
	fs.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	// The flag exists, so that this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("account", accounts.Complete(inv))
	return cmd
}

func (o *removeOptions) run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON, output.None)
	if err != nil {
		return err
	}
	switch {
	case o.all && (o.account != "" || o.clientID != ""):
		return &exit.UsageError{Problem: "--all contradicts --account and --client-id", Hint: "leave it out"}
	case !o.all && o.account == "" && o.clientID == "":
		return &exit.UsageError{Problem: "what is to be removed?", Hint: "use --account, --client-id or --all"}
	}
	logins, err := inv.Logins(ctx, invocation.ToRead)
	if err != nil {
		return err
	}
	which, name, err := o.which(ctx, logins)
	if err != nil {
		return err
	}
	if agreed, err := o.ask(ctx, inv, name); err != nil {
		return err
	} else if !agreed {
		return exit.ErrInterrupted
	}
	gone, err := remove(ctx, logins, which, o.all)
	if err != nil {
		return err
	}
	inv.Say("%s Removed %s.", inv.ErrStyle.Good("✓"), gone)
	if format == output.JSON {
		return output.WriteJSON(inv.Out, map[string]loginstate.Count{"removed": gone})
	}
	return nil
}

// which finds out what is meant, and what to call it.
func (o *removeOptions) which(ctx context.Context, logins *loginstate.State) (w loginstate.Which, name string, err error) {
	if o.all {
		return w, "everything", nil
	}
	w.ClientID, name = o.clientID, "all tokens"
	if o.clientID != "" {
		name += " of the application " + o.clientID
	}
	if o.account == "" {
		return w, name, nil
	}
	list, err := logins.Accounts(ctx)
	if err != nil {
		return w, "", err
	}
	for _, a := range list {
		if signin.Matches(a.Account, o.account) && !slices.Contains(w.HomeAccountIDs, a.HomeAccountID) {
			w.HomeAccountIDs = append(w.HomeAccountIDs, a.HomeAccountID)
		}
	}
	switch len(w.HomeAccountIDs) {
	case 0:
		return w, "", &exit.UsageError{Problem: fmt.Sprintf("no account is called %q", o.account), Hint: "msal accounts lists them"}
	case 1:
	default:
		return w, "", &exit.UsageError{Problem: fmt.Sprintf("%d accounts are called %q", len(w.HomeAccountIDs), o.account),
			Hint: "give a home account id from: msal accounts -o json"}
	}
	return w, name + " of " + o.account, nil
}

func (o *removeOptions) ask(ctx context.Context, inv *invocation.Invocation, name string) (bool, error) {
	if o.yes {
		return true, nil
	}
	if no := inv.CannotAsk(); no != "" {
		return false, &exit.UsageError{Problem: "nobody can be asked whether to remove " + name + ": " + no, Hint: "add --yes"}
	}
	return inv.Confirm(ctx, "Remove "+name+"?")
}

// remove works on damaged files too, if all is to go.
func remove(ctx context.Context, logins *loginstate.State, which loginstate.Which, all bool) (loginstate.Count, error) {
	if !all {
		gone, err := logins.Remove(ctx, which)
		if err != nil {
			return gone, err
		}
		return gone, logins.ForgetLoginOf(which)
	}
	list, _ := entries(ctx, logins) // only to tell how many
	return count(list), logins.Forget(ctx)
}
