// Package cache is the command "msal cache": what is kept, where, and how to
// have less of it, or more.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

const about = `Show where the tokens of "msal login" are kept, how they are protected, and how
many there are. The commands below list, show, remove and import them. No network
is used, and no token is shown unless it is asked for.

The file has the format of Microsoft's libraries (MSAL), which other tools can
read, and write under the lock of MSAL Extensions, while msal commands run.

With --cache keyring, or MSAL_CACHE=keyring, the tokens are in files that are
sealed with a key in the keyring of the operating system: Secret Service, DPAPI or
Keychain. It has to be unlocked, and it is an error if there is none. These logins
are apart from those in the file. The default stays the file, because other tools
read it, and because a session without a keyring, such as one over SSH, finds the
logins there too.`

const examples = `  msal cache
  msal cache ls -o json | jq -r '.[] | select(.type == "RefreshToken").clientId'
  msal cache show 3f2a91c0
  msal cache import ~/.azure/msal_token_cache.json
  msal cache rm --client-id 04b07795-8ddb-461a-bbee-02f9e1bf7b46`

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "cache",
		Short:   "See and change which tokens are kept",
		Long:    about,
		Example: examples,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &exit.UsageError{Problem: fmt.Sprintf("there is no command %q", "cache "+args[0]), Hint: "see: msal cache --help"}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return status(cmd.Context(), inv) },
	}
	inv.CacheFlag(cmd, cmd.PersistentFlags())
	cmd.AddCommand(newList(inv), newShow(inv), newRemove(inv), newImport(inv))
	return cmd
}

type statusDocument struct {
	Kind      string           `json:"kind"`
	Path      string           `json:"path,omitempty"`
	Encrypted bool             `json:"encrypted"`
	Mode      string           `json:"mode,omitempty"`
	Private   bool             `json:"private"`
	Entries   loginstate.Count `json:"entries"`
	Total     int              `json:"total"`
}

func status(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON)
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
	d := statusDocument{Kind: string(logins.Kind()), Path: logins.Path(), Private: true, Entries: count(list), Total: len(list)}
	protection, err := d.protect()
	if err != nil {
		return err
	}
	if format == output.JSON {
		return output.WriteJSON(inv.Out, d)
	}
	where := d.Path
	if where == "" {
		where = "memory: nothing is kept"
	}
	style := inv.OutStyle
	_, err = fmt.Fprintf(inv.Out, "%s  %s\n%s  %s\n%s  %s\n",
		style.Dim("where     "), style.Bold(terminal.Clean(where)), style.Dim("protection"), protection, style.Dim("entries   "), d.Entries)
	return err
}

// protect looks at who can read the tokens, and says it.
func (d *statusDocument) protect() (string, error) {
	switch {
	case d.Path == "":
		return "gone when the command ends", nil
	case d.Kind == string(loginstate.Keyring) && d.Total == 0:
		return "nothing is there yet", nil
	case d.Kind == string(loginstate.Keyring):
		d.Encrypted = true
		return "sealed; the key is in the keyring of the operating system", nil
	}
	info, err := os.Lstat(d.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return "nothing is there yet", nil
	}
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		return "the access rights of your profile; not encrypted", nil
	}
	d.Mode = fmt.Sprintf("%04o", info.Mode().Perm())
	if d.Private = info.Mode().Perm()&0o077 == 0; !d.Private {
		return "others may read it (mode " + d.Mode + "): chmod 600 it; not encrypted", nil
	}
	return "only you can read it (mode " + d.Mode + "); not encrypted", nil
}
