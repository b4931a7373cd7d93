//go:build !unix && !windows

package keyring

import "github.com/msal-go/msal/cache"

func openExtensions(ExtensionsOptions) (cache.Store, error) {
	return nil, &Error{Op: "open the token cache", Err: ErrUnsupported}
}
