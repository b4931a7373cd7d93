package keyring

import (
	"path/filepath"

	"github.com/msal-go/msal/cache"
)

// openVault is where Open keeps its key: the login keychain.
func openVault(o Options) (cache.Store, error) {
	p := keychainPlace{service: o.Name, account: "token cache key", prompt: o.AllowPrompt}
	s := newItem(p, filepath.Join(o.Dir, "key"), o.AllowPrompt, o.Logger)
	s.also = keyLock("TMPDIR", o.Name)
	return s, nil
}
