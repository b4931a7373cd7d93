package oauth

import (
	"net/url"
	"strings"
)

// Param is one field of a form.
type Param struct{ Name, Value string }

// Form is an ordered form body. Servers do not care for the order; people who
// compare captures with those of other MSAL libraries do.
type Form []Param

// Add appends a field. An empty value is dropped, as all MSAL libraries do.
func (f *Form) Add(name, value string) {
	if value != "" {
		*f = append(*f, Param{name, value})
	}
}

// Get returns the last value of name, which is the one that is sent.
func (f Form) Get(name string) string {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i].Name == name && f[i].Value != "" {
			return f[i].Value
		}
	}
	return ""
}

// Encode renders application/x-www-form-urlencoded. A field that occurs twice
// is sent once, at its first position and with its last value; empty values are
// dropped.
func (f Form) Encode() string {
	var b strings.Builder
	for i, p := range f {
		if p.Value == "" || f[:i].Get(p.Name) != "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(f.Get(p.Name)))
	}
	return b.String()
}
