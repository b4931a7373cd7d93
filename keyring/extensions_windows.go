package keyring

import "github.com/msal-go/msal/cache"

func openExtensions(o ExtensionsOptions) (cache.Store, error) {
	return codedFile(o.Path, dpapi{}, o.Logger)
}
