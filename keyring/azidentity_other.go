//go:build unix && !linux && !darwin

package keyring

import "github.com/msal-go/msal/cache"

func openAzidentity(AzidentityOptions) (cache.Store, error) {
	return nil, &Error{Op: "open azidentity's cache", Err: ErrUnsupported}
}
