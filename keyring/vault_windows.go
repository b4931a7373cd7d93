package keyring

import (
	"path/filepath"

	"github.com/msal-go/msal/cache"
)

// openVault is where Open keeps its key: a file that DPAPI seals for the person.
func openVault(o Options) (cache.Store, error) {
	return codedFile(filepath.Join(o.Dir, "key.dpapi"), dpapi{}, o.Logger)
}
