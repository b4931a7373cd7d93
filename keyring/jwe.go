package keyring

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
)

// azidentityKeySize is the size of a key of A128CBC-HS256: half of it is for
// HMAC, half for AES.
const azidentityKeySize = 32

// A kernelKey is a key that the kernel keeps for some days after its last use
// (persistent-keyring(7)), and not beyond the shutdown of the machine.
type kernelKey interface {
	// find returns nil when there is none.
	find() (key []byte, serial int, err error)
	// make returns one that is there by then, by whomever it was made.
	make() (key []byte, serial int, err error)
	// gone says whether there is no key any more that had a serial number.
	gone(serial int) bool
}

// azidentityJWE is how azidentity/cache keeps a cache on Linux: JWE's compact
// form (RFC 7516 section 7.1) with A128CBC-HS256 (RFC 7518 section 5.2.3), but
// WITHOUT the header as additional authenticated data. Libraries for JOSE
// therefore can neither read nor write it.
type azidentityJWE struct{ key kernelKey }

type jweHeader struct {
	Algorithm  string `json:"alg"`
	Encryption string `json:"enc"`
	KeyID      string `json:"kid"`
}

// decode opens a cache. One whose key is gone, which the next start of the machine
// sees to, counts as nothing: nobody will ever open it again. That a new key is
// there by then does not change this: its maker may have died before it sealed
// anything.
func (c azidentityJWE) decode(text []byte) ([]byte, error) {
	keyID, iv, sealed, tag, err := parseJWE(text)
	if err != nil {
		return nil, err
	}
	key, serial, err := c.key.find()
	if err != nil || key == nil {
		return nil, err
	}
	value, err := openCBC(key, iv, sealed, tag)
	if err == nil {
		return value, nil
	}
	if id, badID := strconv.ParseInt(keyID, 10, 32); badID == nil && int(id) != serial && c.key.gone(int(id)) {
		return nil, nil
	}
	return nil, err
}

func (c azidentityJWE) encode(value []byte) ([]byte, error) {
	key, serial, err := c.key.make()
	if err != nil {
		return nil, err
	}
	header, err := json.Marshal(jweHeader{"dir", "A128CBC-HS256", strconv.Itoa(serial)})
	if err != nil {
		return nil, err
	}
	iv := make([]byte, aes.BlockSize)
	if _, err := rand.Read(iv); err != nil {
		return nil, fmt.Errorf("draw a vector: %w", err)
	}
	sealed, tag, err := sealCBC(key, iv, value)
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.AppendEncode
	text := append(encode(nil, header), '.', '.') // the empty segment is the encrypted key, of which "dir" has none
	text = append(encode(text, iv), '.')
	text = append(encode(text, sealed), '.')
	return encode(text, tag), nil
}

func parseJWE(text []byte) (keyID string, iv, sealed, tag []byte, err error) {
	parts := bytes.Split(bytes.TrimSpace(text), []byte{'.'})
	if len(parts) != 5 || len(parts[1]) != 0 {
		return "", nil, nil, nil, ErrDamaged
	}
	for i, part := range parts {
		if parts[i], err = base64.RawURLEncoding.Strict().AppendDecode(nil, part); err != nil {
			return "", nil, nil, nil, ErrDamaged
		}
	}
	var header jweHeader
	if json.Unmarshal(parts[0], &header) != nil || header.Algorithm != "dir" || header.Encryption != "A128CBC-HS256" {
		return "", nil, nil, nil, ErrDamaged
	}
	return header.KeyID, parts[2], parts[3], parts[4], nil
}

func sealCBC(key, iv, value []byte) (sealed, tag []byte, err error) {
	block, err := aes.NewCipher(key[16:azidentityKeySize])
	if err != nil {
		return nil, nil, err
	}
	fill := aes.BlockSize - len(value)%aes.BlockSize
	sealed = append(append(make([]byte, 0, len(value)+fill), value...), bytes.Repeat([]byte{byte(fill)}, fill)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	return sealed, tagCBC(key, iv, sealed), nil
}

func openCBC(key, iv, sealed, tag []byte) ([]byte, error) {
	if len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 || !hmac.Equal(tag, tagCBC(key, iv, sealed)) {
		return nil, ErrDamaged
	}
	block, err := aes.NewCipher(key[16:azidentityKeySize])
	if err != nil {
		return nil, err
	}
	value := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(value, sealed)
	fill := int(value[len(value)-1])
	if fill == 0 || fill > aes.BlockSize || !bytes.Equal(value[len(value)-fill:], bytes.Repeat([]byte{byte(fill)}, fill)) {
		return nil, ErrDamaged
	}
	return value[:len(value)-fill], nil
}

// tagCBC is RFC 7518 section 5.2.2.1, for no additional data, whose length of zero
// bits is the eight bytes at the end.
func tagCBC(key, iv, sealed []byte) []byte {
	mac := hmac.New(sha256.New, key[:16])
	mac.Write(iv)
	mac.Write(sealed)
	mac.Write(make([]byte, 8))
	return mac.Sum(nil)[:16]
}
