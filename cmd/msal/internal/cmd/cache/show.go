package cache

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

func newShow(inv *invocation.Invocation) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show one entry",
		Long: `Show an entry by its id from "msal cache ls", or by the beginning of the id. The
token itself is written only with -o token, bare, for pipes such as the one below.
Whoever has a refresh token is its owner, for months and from anywhere.`,
		Example: "  msal cache show 3f2a91c0\n  msal cache show 3f2a91c0 -o json\n  msal cache show 3f2a91c0 -o token | msal decode",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return show(cmd.Context(), inv, args[0]) },
	}
}

func show(ctx context.Context, inv *invocation.Invocation, id string) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON, output.Token)
	if err != nil {
		return err
	}
	logins, err := inv.Logins(ctx, invocation.ToRead)
	if err != nil {
		return err
	}
	list, err := entries(ctx, logins)
	if err != nil {
		return err
	}
	e, err := pick(list, id)
	if err != nil {
		return err
	}
	switch {
	case format == output.JSON:
		return output.WriteJSON(inv.Out, describe(e))
	case format == output.Token && e.Secret == "":
		return &exit.UsageError{Problem: "there is no token in an entry of the type " + string(e.Type)}
	case format == output.Token:
		_, err := fmt.Fprintln(inv.Out, e.Secret)
		return err
	}
	return write(inv, e)
}

// pick finds the entry that is meant.
func pick(list []entry, id string) (entry, error) {
	var found []entry
	for _, e := range list {
		if id != "" && strings.HasPrefix(e.ID, strings.ToLower(id)) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return entry{}, &exit.UsageError{Problem: "there is no entry with this id", Hint: "msal cache ls lists them; expired access tokens are not there"}
	}
	return entry{}, &exit.UsageError{Problem: fmt.Sprintf("%d entries begin with this id", len(found)), Hint: "give more of it"}
}

// write tells everything but the secret.
func write(inv *invocation.Invocation, e entry) error {
	times := inv.Times()
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return times.Full(t) + " (" + times.Relative(t) + ")"
	}
	secret := ""
	if e.Secret != "" {
		secret = fmt.Sprintf("%d characters, not shown (-o token)", len(e.Secret))
	}
	for _, row := range [][2]string{
		{"id", e.ID}, {"type", string(e.Type)}, {"user", e.User}, {"home account id", e.HomeAccountID}, {"client id", e.ClientID},
		{"cloud", e.Environment}, {"tenant", e.Realm}, {"scopes", e.Target}, {"token type", e.TokenType}, {"key id", e.KeyID},
		{"family", e.FamilyID}, {"authority type", e.AuthorityType}, {"account source", e.AccountSource}, {"cached", at(e.CachedAt)},
		{"written", at(e.LastModified)}, {"refresh after", at(e.RefreshOn)}, {"expires", at(e.ExpiresOn)}, {"token", secret},
	} {
		if row[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(inv.Out, "%s  %s\n", inv.OutStyle.Dim(terminal.Pad(row[0], 15)), terminal.Clean(row[1])); err != nil {
			return err
		}
	}
	return nil
}
