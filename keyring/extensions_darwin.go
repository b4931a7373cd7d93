package keyring

import "github.com/msal-go/msal/cache"

func openExtensions(o ExtensionsOptions) (cache.Store, error) {
	// Without an account, macOS takes any item of the service, such as another
	// program's. Only the library for Go can mean that.
	if o.Service == "" || o.Account == "" && o.Flavor != Go {
		return nil, &Error{Op: "open the token cache", Hint: "give Service and Account as its programs do", Err: errNoItem}
	}
	s := newItem(keychainPlace{service: o.Service, account: o.Account, prompt: o.AllowPrompt}, o.Path, o.AllowPrompt, o.Logger)
	s.content = o.Flavor.signal()
	return s, nil
}
