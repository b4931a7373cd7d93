//go:build unix && !darwin

package keyring

import (
	"path/filepath"

	"github.com/msal-go/msal/cache"
)

// openVault is where Open keeps its key: the Secret Service.
func openVault(o Options) (cache.Store, error) {
	p := secretPlace{
		schema:     "io.github.msal_go.TokenCacheKey",
		attributes: map[string]string{"name": o.Name},
		label:      "Key of the token cache of " + o.Name,
		prompt:     o.AllowPrompt,
	}
	s := newItem(p, filepath.Join(o.Dir, "key"), o.AllowPrompt, o.Logger)
	s.also = keyLock("XDG_RUNTIME_DIR", o.Name)
	return s, nil
}
