package keyring

import (
	"os"
	"path/filepath"

	"github.com/msal-go/msal/cache"
)

func openAzidentity(o AzidentityOptions) (cache.Store, error) {
	dir, err := orIn(o.Dir, os.UserHomeDir, ".IdentityService")
	if err != nil {
		return nil, &Error{Op: "open azidentity's cache", Hint: "give Dir", Err: err}
	}
	p := keychainPlace{service: o.Name, account: "MSALCache", prompt: o.AllowPrompt}
	return newItem(p, filepath.Join(dir, o.Name), o.AllowPrompt, o.Logger), nil
}
