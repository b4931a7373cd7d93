// Package accounts is the command "msal accounts".
package accounts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "accounts",
		Short:   "List who is signed in",
		Long:    "List the accounts that msal login has brought. No network is used.",
		Example: "  msal accounts\n  msal accounts -o json | jq -r '.[].username'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), inv) },
	}
	inv.CacheFlag(cmd, cmd.Flags())
	return cmd
}

type document struct {
	Username      string   `json:"username"`
	Tenant        string   `json:"tenant"`
	Environment   string   `json:"environment"`
	HomeAccountID string   `json:"homeAccountId"`
	ClientIDs     []string `json:"clientIds"`
	TokenExpires  string   `json:"tokenExpiresOn,omitempty"`
}

func run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
	if err != nil {
		return err
	}
	logins, err := inv.Logins(ctx, invocation.ToRead)
	if err != nil {
		return err
	}
	list, err := logins.Accounts(ctx)
	if err != nil {
		return err
	}
	if format == output.JSON {
		documents := make([]document, len(list))
		for i, a := range list {
			documents[i] = describe(a)
		}
		return output.WriteJSON(inv.Out, documents)
	}
	if len(list) == 0 {
		inv.Say("Nobody is signed in. Run: msal login")
		return nil
	}
	return write(inv, list)
}

func describe(a loginstate.Account) document {
	d := document{Username: a.Username, Tenant: a.Realm, Environment: a.Environment, HomeAccountID: a.HomeAccountID, ClientIDs: a.ClientIDs}
	if d.ClientIDs == nil {
		d.ClientIDs = []string{}
	}
	if !a.ExpiresOn.IsZero() {
		d.TokenExpires = a.ExpiresOn.UTC().Format(time.RFC3339)
	}
	return d
}

func write(inv *invocation.Invocation, list []loginstate.Account) error {
	times := inv.Times()
	rows := make([][]string, len(list))
	for i, a := range list {
		last := "none"
		if !a.ExpiresOn.IsZero() {
			last = times.Expiry(a.ExpiresOn)
		}
		rows[i] = []string{terminal.Clean(a.Username), terminal.Clean(a.Realm), terminal.Clean(a.Environment), clients(a.ClientIDs), last}
	}
	return output.WriteTable(inv.Out, inv.OutStyle, []string{"USER", "TENANT", "CLOUD", "APPLICATION", "TOKEN"}, rows)
}

func clients(ids []string) string {
	switch len(ids) {
	case 0:
		return "none"
	case 1:
		return terminal.Clean(ids[0])
	}
	return terminal.Clean(ids[0]) + fmt.Sprintf(" +%d", len(ids)-1)
}

// Names lists the user names for completion; none where they cannot be read.
func Names(ctx context.Context, inv *invocation.Invocation, prefix string) []string {
	logins, err := inv.Logins(ctx, invocation.ToRead)
	if err != nil {
		return nil
	}
	list, err := logins.Accounts(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, a := range list {
		if strings.HasPrefix(a.Username, prefix) {
			names = append(names, a.Username)
		}
	}
	return names
}

// Complete is Names as a completion of cobra.
func Complete(inv *invocation.Invocation) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		return Names(cmd.Context(), inv, prefix), cobra.ShellCompDirectiveNoFileComp
	}
}
