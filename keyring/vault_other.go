//go:build !unix && !windows

package keyring

import "github.com/msal-go/msal/cache"

func openVault(Options) (cache.Store, error) {
	return nil, &Error{Op: "open the keyring", Err: ErrUnsupported}
}
