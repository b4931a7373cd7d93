package keyring

import (
	"log/slog"

	"github.com/msal-go/msal/cache"
)

// AzidentityOptions says which cache of azidentity/cache to open. The zero value
// is its default cache.
type AzidentityOptions struct {
	// Name is azidentity/cache's Options.Name. The default is "msal.cache".
	Name string
	// CAE is for the tokens of continuous access evaluation (azidentity's
	// EnableCAE; here the client capability "CP1"), which it keeps apart.
	CAE bool
	// Dir is the folder of the cache's file. The default is azidentity's, of
	// version 0.4.
	Dir string
	// AllowPrompt lets macOS ask the person for access.
	AllowPrompt bool
	// Logger gets warnings. Nil is silent.
	Logger *slog.Logger
}

// Azidentity opens the persistent cache of the Azure SDK for Go
// (azidentity/cache 0.4), so that an application and the Azure SDK in it, or
// beside it, share sign-ins. It has the one partition of public clients.
//
// On Linux the file is sealed with a key that the kernel keeps until the machine
// is shut down, or until nobody has used it for some days (three, unless the
// machine says otherwise: persistent-keyring(7)); afterwards the cache is empty. On Windows DPAPI seals it, and on
// macOS it is in the Keychain (not run). Other systems: ErrUnsupported.
//
// azidentity writes without reading what another process has written since it
// last looked, so it may drop tokens that this library has added. Nothing is
// lost the other way round.
//
// Errors are *Error, *cache.FileError or the context's.
func Azidentity(o AzidentityOptions) (cache.Store, error) {
	if o.Name == "" {
		o.Name = "msal.cache"
	}
	if o.CAE {
		o.Name += ".cae"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return openAzidentity(o)
}
