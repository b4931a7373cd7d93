//go:build unix && !darwin

package keyring

import "encoding/base64"

// inBase64 is how MSAL Extensions for .NET, Go and Java keep JSON in the Secret
// Service, which wants text.
type inBase64 struct{}

func (inBase64) decode(value []byte) ([]byte, error) {
	value, err := base64.StdEncoding.AppendDecode(nil, value)
	if err != nil {
		return nil, ErrDamaged
	}
	return value, nil
}

func (inBase64) encode(value []byte) ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, value), nil
}
