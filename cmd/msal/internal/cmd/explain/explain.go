// Package explain is the command "msal explain".
package explain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/aadsts"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
)

// maxInput is more than the log of any failed job, in bytes.
const maxInput = 8 << 20

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [NUMBER | TEXT | -]...",
		Short: "Say what an AADSTS error means and what to do",
		Long: `Say what the error numbers of Microsoft Entra ID mean, who can mend what is
wrong, and how. No network is used.

Give numbers, or any text that has some: an error message, the JSON of an answer,
a log. Without an argument, or with -, the text is read from standard input.
Nothing of it is repeated: it may hold tokens.

For a number that is not known here, the exit code is 1 and the address of
Microsoft's own page is shown.`,
		Example: `  msal explain 50076
  msal explain "AADSTS700016: Application with identifier ..."
  msal explain < failed-pipeline.log
  msal explain 53003 65001 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), inv, args) },
	}
	// The usual message would repeat what was pasted.
	cmd.SetFlagErrorFunc(func(*cobra.Command, error) error { return errFlag })
	return cmd
}

var (
	errFlag = errors.New("msal explain has no such flag; pass text that begins with a dash on standard input")
	errNone = errors.New("no AADSTS number is in there")
)

func run(ctx context.Context, inv *invocation.Invocation, args []string) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
	if err != nil {
		return err
	}
	texts, err := input(ctx, inv, args)
	if err != nil {
		return err
	}
	catalog, err := aadsts.Load()
	if err != nil {
		return err
	}
	found := lookUp(catalog, texts)
	if len(found) == 0 {
		return &exit.UsageError{Problem: errNone.Error(), Hint: "give a number or a text with one, such as: msal explain AADSTS50076", Err: errNone}
	}
	if format == output.JSON {
		err = output.WriteJSON(inv.Out, document{Errors: found})
	} else {
		err = view{inv.OutStyle}.write(inv.Out, found)
	}
	return errors.Join(err, unknown(found))
}

func input(ctx context.Context, inv *invocation.Invocation, args []string) ([]string, error) {
	if len(args) == 0 {
		if inv.InTTY {
			inv.Say("Paste an error, then press Enter and Ctrl-D.")
		}
		args = []string{"-"}
	}
	texts := make([]string, len(args))
	for i, arg := range args {
		if texts[i] = arg; arg != "-" {
			continue
		}
		data, err := inv.ReadAll(ctx, maxInput)
		if err != nil {
			return nil, err
		}
		texts[i] = string(data)
	}
	return texts, nil
}

// lookUp explains every number of the texts, each once.
func lookUp(catalog *aadsts.Catalog, texts []string) []explanation {
	var found []explanation
	seen := map[int]bool{}
	for _, text := range texts {
		for _, n := range aadsts.Numbers(text) {
			if seen[n] {
				continue
			}
			seen[n] = true
			entry, known := catalog.Lookup(n)
			found = append(found, explain(n, entry, known))
		}
	}
	return found
}

// unknown is the error for numbers that nothing is known about.
func unknown(found []explanation) error {
	var names, pages []string
	for _, f := range found {
		if !f.Known {
			names, pages = append(names, fmt.Sprintf("AADSTS%d", f.Code)), append(pages, f.URL)
		}
	}
	if names == nil {
		return nil
	}
	is := " is"
	if len(names) > 1 {
		is = " are"
	}
	return &exit.HintedError{
		Err:  errors.New(strings.Join(names, ", ") + is + " not known to this version of msal"),
		Hint: "Microsoft may say more: " + strings.Join(pages, " "),
	}
}
