package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
	"github.com/msal-go/msal/internal/schema"
)

// maxImport bounds an imported file, in bytes. The caches of people are far
// smaller.
const maxImport = 8 << 20

func newImport(inv *invocation.Invocation) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Take over the tokens of another tool",
		Long: `Merge a token cache of the MSAL family into the own one: of the Azure CLI, azd,
MSAL Extensions, or MSAL for Go, Node, Python, .NET or Java, as plain JSON. "-" is
standard input. What is newer wins: a token that is here is never replaced by an
older one. Expired tokens and those of applications themselves stay where they
are. The file is only read.

The tokens belong to the applications that got them: use them with --client-id.`,
		Example: `  msal cache import ~/.azure/msal_token_cache.json
  msal token arm --client-id 04b07795-8ddb-461a-bbee-02f9e1bf7b46 --tenant organizations
  ssh other.example cat .azure/msal_token_cache.json | msal cache import -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return importFile(cmd.Context(), inv, args[0]) },
	}
}

func importFile(ctx context.Context, inv *invocation.Invocation, path string) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON, output.None)
	if err != nil {
		return err
	}
	data, err := read(ctx, inv, path)
	if err != nil {
		return &importError{path, hintAbout(err), err}
	}
	if hint, err := sealed(data); err != nil {
		return &importError{path, hint, err}
	}
	logins, err := inv.Logins(ctx, invocation.ToKeep)
	if err != nil {
		return err
	}
	got, err := logins.Import(ctx, data)
	var broken *schema.FormatError
	switch {
	case errors.As(err, &broken):
		return &importError{path, "is it a cache of the MSAL family, in JSON?", fmt.Errorf("it is no token cache: at byte %d: %s", broken.Offset, broken.Reason)}
	case errors.Is(err, loginstate.ErrNothing):
		return &importError{path, "is it a cache of the MSAL family, with a sign-in in it?", err}
	case err != nil:
		return err
	}
	tell(inv, got)
	if format == output.JSON {
		return output.WriteJSON(inv.Out, got)
	}
	return nil
}

// importError says why a file was not imported. Nothing was changed.
type importError struct {
	path, hint string
	err        error
}

func (e *importError) Error() string { return "import " + e.path + ": " + e.err.Error() }

// Unwrap gives the reason with what to do.
func (e *importError) Unwrap() error { return &exit.HintedError{Err: e.err, Hint: e.hint} }

var (
	errTooLarge = errors.New("it is too large to be somebody's token cache")
	errNotPlain = errors.New("it is a link, a folder or a device, not a plain file")
	errDPAPI    = errors.New("it is encrypted by Windows (DPAPI)")
	errJWE      = errors.New("it is encrypted (JWE)")
)

func hintAbout(err error) string {
	if errors.Is(err, errNotPlain) {
		return "give the file itself"
	}
	return ""
}

// read reads a file that is one.
func read(ctx context.Context, inv *invocation.Invocation, path string) ([]byte, error) {
	if path == "-" {
		data, err := inv.ReadAll(ctx, maxImport)
		if errors.Is(err, terminal.ErrTooLong) {
			err = errTooLarge
		}
		return data, err
	}
	named, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, bare(err)
	case !named.Mode().IsRegular():
		return nil, errNotPlain
	case named.Size() > maxImport:
		return nil, errTooLarge
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	defer file.Close()
	// What was opened must be what was looked at.
	if opened, err := file.Stat(); err != nil || !os.SameFile(named, opened) {
		return nil, errors.Join(err, errNotPlain)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxImport+1))
	if err == nil && len(data) > maxImport {
		err = errTooLarge
	}
	return data, err
}

// bare drops the path, which the error has already.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// dpapiMark begins every DPAPI blob: its version and its provider's GUID.
var dpapiMark = []byte("\x01\x00\x00\x00\xd0\x8c\x9d\xdf\x01\x15\xd1\x11")

// sealed recognizes caches that other tools have encrypted.
func sealed(data []byte) (hint string, err error) {
	switch {
	case bytes.HasPrefix(data, dpapiMark):
		return "only its owner on its machine can decrypt it, with ProtectedData.Unprotect; pipe the result into: msal cache import -", errDPAPI
	case bytes.HasPrefix(data, []byte("eyJ")) && bytes.Count(data, []byte(".")) == 4:
		return "the key is in the kernel's keyring of the one who wrote it; sign in with: msal login", errJWE
	}
	return "", nil
}

// tell says what came in, and what did not.
func tell(inv *invocation.Invocation, got loginstate.Imported) {
	if got.Added.Total() == 0 {
		inv.Say("Nothing is new.")
	} else {
		inv.Say("%s Imported %s.", inv.ErrStyle.Good("✓"), got.Added)
	}
	for _, left := range []struct {
		n   int
		why string
	}{
		{got.Known, "here already, as old or newer"}, {got.Expired, "expired"}, {got.OfApplications, "of applications themselves, which are not kept"},
		{got.OnBehalf, "for one caller of a service only"}, {got.Unusable, "unusable"},
	} {
		if left.n > 0 {
			inv.Say("  %d left out: %s", left.n, left.why)
		}
	}
	if got.Unknown {
		inv.Say("  Parts that msal does not know were left out.")
	}
	if len(got.Usernames) > 0 {
		inv.Say("  Accounts: %s", terminal.Clean(strings.Join(got.Usernames, ", ")))
	}
	for _, id := range got.ClientIDs {
		inv.Say("  To use them: msal token RESOURCE --client-id %s", terminal.Clean(id))
	}
}
