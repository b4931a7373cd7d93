// Package decode is the command "msal decode".
package decode

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/jwtview"
	"github.com/msal-go/msal/cmd/msal/internal/output"
)

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	return &cobra.Command{
		Use:     "decode [TOKEN | -]",
		Aliases: []string{"jwt"},
		Short:   "Show what is in a token",
		Long: `Show the header and the claims of a JSON Web Token, with times as people say them.

No network is used and no signature is checked: what is shown may have been
written by anybody. Without an argument, or with -, the token is read from
standard input, which keeps it out of the list of processes.`,
		Example: `  msal token graph | msal decode
  msal decode - < token.txt
  msal token graph | msal decode -o json | jq -r .claims.tid`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), inv, args) },
	}
}

type document struct {
	SignatureChecked bool                      `json:"signatureChecked"` // always false; here so that nobody assumes
	Notes            []string                  `json:"notes"`
	Header           map[string]any            `json:"header"`
	Claims           map[string]any            `json:"claims"`
	Times            map[string]output.Instant `json:"times"`
}

func run(ctx context.Context, inv *invocation.Invocation, args []string) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
	if err != nil {
		return err
	}
	text, err := input(ctx, inv, args)
	if err != nil {
		return err
	}
	token, err := jwtview.Parse(text)
	var bad *jwtview.MalformedError
	if errors.As(err, &bad) && bad.Reason == jwtview.Empty {
		return &exit.UsageError{Problem: "there is no token", Hint: bad.Hint, Err: err}
	}
	if bad != nil {
		err = &exit.HintedError{Err: err, Hint: bad.Hint}
	}
	if err != nil && token.Header == nil {
		return err
	}
	now := inv.Now()
	if format == output.JSON {
		return errors.Join(output.WriteJSON(inv.Out, document{
			Notes: token.Notes(now), Header: token.Header, Claims: token.Claims, Times: token.Times(now),
		}), err)
	}
	view := jwtview.View{Style: inv.OutStyle, Now: now}
	if inv.OutTTY {
		view.Width = inv.Width
	}
	return errors.Join(view.Write(inv.Out, token), err)
}

func input(ctx context.Context, inv *invocation.Invocation, args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	if len(args) == 0 && inv.InTTY {
		inv.Say("Paste a token, then press Enter and Ctrl-D.")
	}
	data, err := inv.ReadAll(ctx, jwtview.MaxSize)
	return string(data), err
}
