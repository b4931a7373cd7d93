package endpoint

import "testing"

// FuzzBinding reads what clients send as their key.
func FuzzBinding(f *testing.F) {
	f.Add("eyJraWQiOiJrIn0")
	f.Add(`{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"k"}`)
	f.Fuzz(func(t *testing.T, cnf string) {
		if id, ok := confirmation(cnf); ok != (id != "") {
			t.Errorf("the key %q is good: %v", id, ok)
		}
		if key, ok := confirmedKey(cnf); ok && (key.N.BitLen() < 2048 || key.E < 2) {
			t.Errorf("a key of %d bits was taken", key.N.BitLen())
		}
	})
}
