package cache

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/cmd/accounts"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

type listOptions struct{ kind, account, clientID string }

func newList(inv *invocation.Invocation) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:     "ls",
		Aliases: []string{"list"},
		Short:   "List what is kept, without the tokens themselves",
		Long: `List accounts, refresh tokens, access tokens that have not expired, ID tokens and
applications. The id in front is for "msal cache show".`,
		Example: "  msal cache ls\n  msal cache ls --type RefreshToken --account alice@contoso.com\n  msal cache ls -o json",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), inv) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.kind, "type", "", "only Account, RefreshToken, AccessToken, IdToken or AppMetadata")
	fs.StringVar(&o.account, "account", "", "only of this user name or home account id")
	fs.StringVarP(&o.clientID, "client-id", "c", "", "only of this application")
	// The flags exist, so that these cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("account", accounts.Complete(inv))
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(kindNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func kindNames() []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return names
}

func (o *listOptions) run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
	if err != nil {
		return err
	}
	if o.kind != "" && !slices.ContainsFunc(kindNames(), func(k string) bool { return strings.EqualFold(k, o.kind) }) {
		return &exit.UsageError{Problem: "there is no such type of entry", Hint: "use " + strings.Join(kindNames(), ", ")}
	}
	logins, err := inv.Logins(ctx, invocation.ToRead)
	if err != nil {
		return err
	}
	list, err := entries(ctx, logins)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(e entry) bool { return !o.wants(e) })
	if format == output.JSON {
		documents := make([]document, len(list))
		for i, e := range list {
			documents[i] = describe(e)
		}
		return output.WriteJSON(inv.Out, documents)
	}
	if len(list) == 0 {
		inv.Say("There is nothing.")
		return nil
	}
	rows := make([][]string, len(list))
	for i, e := range list {
		expires := ""
		if !e.ExpiresOn.IsZero() {
			expires = inv.Times().Clock(e.ExpiresOn) + " (" + inv.Times().Relative(e.ExpiresOn) + ")"
		}
		rows[i] = []string{e.ID, string(e.Type), e.User, e.ClientID, e.Realm, expires, e.Target}
		for j, cell := range rows[i] {
			rows[i][j] = cmp.Or(terminal.Clean(cell), "-") // so that nobody takes one column for another
		}
	}
	return output.WriteTable(inv.Out, inv.OutStyle, []string{"ID", "TYPE", "USER", "CLIENT", "TENANT", "EXPIRES", "SCOPES"}, rows)
}

func (o *listOptions) wants(e entry) bool {
	return (o.kind == "" || strings.EqualFold(string(e.Type), o.kind)) &&
		(o.account == "" || strings.EqualFold(e.User, o.account) || strings.EqualFold(e.HomeAccountID, o.account)) &&
		(o.clientID == "" || e.ClientID == o.clientID)
}
