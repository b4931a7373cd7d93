package keyring

import "github.com/msal-go/msal/cache"

func openExtensions(o ExtensionsOptions) (cache.Store, error) {
	if o.Service == "" {
		return nil, &Error{Op: "open the token cache", Hint: "give Service and Account as its programs do", Err: errNoItem}
	}
	s := newItem(keychainPlace{service: o.Service, account: o.Account, prompt: o.AllowPrompt}, o.Path, o.AllowPrompt, o.Logger)
	s.content = o.Flavor.signal()
	return s, nil
}
