package keyring

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/msal-go/msal/cache"
)

// AzureCLIOptions says where the Azure CLI keeps its tokens. The zero value is
// the default place.
type AzureCLIOptions struct {
	// Dir is the CLI's folder. The default is $AZURE_CONFIG_DIR, or .azure in
	// the person's home.
	Dir string
	// AllowPrompt lets the system ask the person to unlock the keyring.
	AllowPrompt bool
	// Logger gets warnings. Nil is silent.
	Logger *slog.Logger
}

// AzureCLI opens the token cache of the Azure CLI, where the CLI wrote it last: a
// DPAPI file on Windows; elsewhere a plain file, or the keyring if the CLI
// encrypts ("az config set core.encrypt_token_cache=true"). It has the one
// partition of public clients.
//
// The tokens belong to the CLI: they are for its application
// (04b07795-8ddb-461a-bbee-02f9e1bf7b46), and a client with that id finds them.
// Better leave writing to the CLI: it keeps who is signed in elsewhere too.
//
// Errors are *Error, *cache.FileError or the context's. Names of files and items
// are those of version 2.45; those of newer versions are as published, and not
// run.
func AzureCLI(o AzureCLIOptions) (cache.Store, error) {
	if o.Dir == "" {
		o.Dir = os.Getenv("AZURE_CONFIG_DIR")
	}
	dir, err := orIn(o.Dir, os.UserHomeDir, ".azure")
	if err != nil {
		return nil, &Error{Op: "open the Azure CLI's token cache", Hint: "give Dir", Err: err}
	}
	x := ExtensionsOptions{Flavor: Python, AllowPrompt: o.AllowPrompt, Logger: o.Logger}
	path := filepath.Join(dir, "msal_token_cache")
	var form string
	if runtime.GOOS == "windows" {
		form = lastWritten(path, ".bin", ".json")
	} else {
		form = lastWritten(path, ".json", ".sig", ".bin")
	}
	x.Path = path + form
	switch {
	case form == ".json":
		x.Plain = true
	case form == ".sig":
		x.Schema, x.Attributes = "Microsoft Azure CLI", map[string]string{"type": "Token cache"}
		x.Service, x.Account = "Microsoft Azure CLI", "Token cache"
	default: // 2.45, when told to encrypt; the names are its own
		x.Schema, x.Attributes = "my_schema_name", map[string]string{"my_attr1": "foo", "my_attr2": "bar"}
		x.Service, x.Account = "my_service_name", "my_account_name"
	}
	return MSALExtensions(x)
}

// lastWritten returns which of the files that begin with path is the newest, and
// the first one if there is none. Who tells the CLI to encrypt, or not to, has
// what it kept before lying beside it.
func lastWritten(path string, suffixes ...string) string {
	newest := suffixes[0]
	var at time.Time
	for _, suffix := range suffixes {
		if info, err := os.Lstat(path + suffix); err == nil && info.ModTime().After(at) {
			newest, at = suffix, info.ModTime()
		}
	}
	return newest
}
