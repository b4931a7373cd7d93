package keyring

import (
	"path/filepath"

	"github.com/msal-go/msal/cache"
)

// openVault is where Open keeps its key: the login keychain.
func openVault(o Options) (cache.Store, error) {
	p := keychainPlace{service: o.Name, account: "token cache key", prompt: o.AllowPrompt}
	return newItem(p, filepath.Join(o.Dir, "key"), o.AllowPrompt, o.Logger), nil
}
