package keyring

import (
	"os"
	"path/filepath"

	"github.com/msal-go/msal/cache"
)

func openAzidentity(o AzidentityOptions) (cache.Store, error) {
	dir, err := orIn(o.Dir, os.UserCacheDir, ".IdentityService")
	if err != nil {
		return nil, &Error{Op: "open azidentity's cache", Hint: "give Dir", Err: err}
	}
	return codedFile(filepath.Join(dir, o.Name), azidentityJWE{userKey(o.Name)}, o.Logger)
}
