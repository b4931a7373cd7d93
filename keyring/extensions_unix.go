//go:build unix && !darwin

package keyring

import "github.com/msal-go/msal/cache"

func openExtensions(o ExtensionsOptions) (cache.Store, error) {
	if o.Schema == "" && len(o.Attributes) == 0 {
		return nil, &Error{Op: "open the token cache", Hint: "give Schema and Attributes as its programs do", Err: errNoItem}
	}
	if o.Flavor == DotNet && len(o.Attributes) == 0 {
		return nil, &Error{Op: "open the token cache", Hint: "give the two Attributes of its programs: without, any secret would do", Err: errNoItem}
	}
	p := secretPlace{
		schema: o.Schema, anySchema: o.Flavor == DotNet, attributes: o.Attributes,
		label: o.Label, collection: o.Collection, prompt: o.AllowPrompt,
	}
	s := newItem(p, o.Path, o.AllowPrompt, o.Logger)
	s.content = o.Flavor.signal()
	return coded{s, o.Flavor.form()}, nil
}

// form is what a flavor puts into the Secret Service.
func (f Flavor) form() codec {
	if f == DotNet || f == Go {
		return inBase64{}
	}
	return plain{}
}
