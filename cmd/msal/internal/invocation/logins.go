package invocation

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// CacheFlag defines --cache in a set of flags of cmd.
func (i *Invocation) CacheFlag(cmd *cobra.Command, fs *pflag.FlagSet) {
	fs.StringVar(&i.Cache, "cache", "", "where logins are kept: auto (a file), file, memory (nowhere) or keyring (sealed; the system's keyring has the key) (MSAL_CACHE)")
	// The flag exists, so that this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("cache", cobra.FixedCompletions(loginstate.Kinds(), cobra.ShellCompDirectiveNoFileComp))
}

// Need is what a command wants of the logins.
type Need int

// The needs.
const (
	ToRead      Need = iota // what is there; a folder that is not there stays so
	ToKeep                  // and to add something to them; it is an error if nothing can be kept
	ToTryToKeep             // and to add something, but can do without
	ToForget                // to remove all that is there, also what cannot be read
)

// Logins opens the logins. Those at an emulator are kept apart, so that trying
// something out does not change who is signed in for real. The person is told of
// damage.
func (i *Invocation) Logins(ctx context.Context, need Need) (*loginstate.State, error) {
	kind, err := i.cacheKind()
	if err != nil {
		return nil, err
	}
	folder, err := i.folder()
	if err != nil && kind != loginstate.Memory {
		return nil, err
	}
	o := loginstate.Options{Kind: kind, Logger: i.Logger(), Make: need == ToKeep || need == ToTryToKeep, Blind: need == ToForget, SetAside: func(where string) {
		i.Say("%s %s", i.ErrStyle.Warn("warning: a damaged file of logins was set aside; people may have to sign in again:"), terminal.Clean(where))
	}}
	logins, err := folder.Open(ctx, o)
	if err != nil && need == ToTryToKeep && kind == loginstate.Auto && loginstate.Unwritable(err) {
		i.Say("%s %s", i.ErrStyle.Warn("warning: tokens cannot be kept here:"), terminal.Clean(err.Error()))
		o.Kind = loginstate.Memory
		return folder.Open(ctx, o)
	}
	return logins, err
}

func (i *Invocation) cacheKind() (loginstate.Kind, error) {
	given := i.Cache
	if given == "" {
		given = i.Getenv("MSAL_CACHE")
	}
	kind, err := loginstate.ParseKind(given)
	if err != nil {
		return "", &exit.UsageError{Problem: err.Error(), Hint: "see --cache and MSAL_CACHE", Err: err}
	}
	return kind, nil
}

func (i *Invocation) folder() (loginstate.Folder, error) {
	dir, err := i.CacheDir()
	if err != nil {
		return loginstate.Folder{}, &exit.UsageError{Problem: "there is no folder to keep logins in: " + err.Error(),
			Hint: "set HOME or XDG_CACHE_HOME, or use --cache memory", Err: err}
	}
	folder := loginstate.In(dir)
	if i.Getenv("MSAL_EMULATOR_URL") != "" {
		folder = folder.Apart("emulator")
	}
	return folder, nil
}
