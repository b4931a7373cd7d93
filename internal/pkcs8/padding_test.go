package pkcs8

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"errors"
	"testing"
)

// A wrong passphrase leaves noise, which sometimes ends like good padding.
func TestOnlyWholeKeysWithRightPaddingComeOut(t *testing.T) {
	t.Parallel()
	salt, iv := []byte("saltsalt"), make([]byte, aes.BlockSize)
	key, err := pbkdf2.Key(sha1.New, passphrase, salt, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(padded []byte) []byte {
		data := make([]byte, len(padded))
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, padded)
		return sealed(t, algorithm{oidPBKDF2, value(t, pbkdf2Parameters{Salt: salt, Iterations: 1})}, algorithm{oidAES256, value(t, iv)}, data)
	}
	sequence := func(n int) []byte { return append([]byte{0x30, byte(n - 2)}, bytes.Repeat([]byte{5, 0}, n/2)[:n-2]...) }
	pad := func(plain []byte, n int) []byte { return append(plain, bytes.Repeat([]byte{byte(n)}, n)...) }
	for name, padded := range map[string][]byte{
		"one byte":    pad(sequence(15), 1),
		"whole block": pad(sequence(16), 16),
	} {
		got, err := Decrypt(seal(padded), []byte(passphrase))
		if err != nil || !bytes.HasPrefix(padded, got) || got[0] != 0x30 {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
	uneven := pad(sequence(12), 4)
	uneven[13] = 3
	for name, padded := range map[string][]byte{
		"none":                pad(sequence(16), 16)[:16],
		"more than a block":   pad(sequence(15), 17),
		"more than there is":  append(sequence(15), 200),
		"uneven":              uneven,
		"a zero":              append(sequence(15), 0),
		"no SEQUENCE within":  pad([]byte{4, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 4),
		"more within":         pad(append(sequence(10), 5, 0), 4),
		"less within":         pad(append([]byte{0x30, 0x7f}, make([]byte, 10)...), 4),
		"nothing but padding": pad(nil, 16),
	} {
		if got, err := Decrypt(seal(padded), []byte(passphrase)); !errors.Is(err, ErrPassphrase) || got != nil {
			t.Errorf("%s: %x, %v, want ErrPassphrase", name, got, err)
		}
	}
}
