// Package pkcs8 decrypts private keys that a passphrase protects: the
// EncryptedPrivateKeyInfo of RFC 5958, section 3, with the PBES2 scheme of RFC
// 8018, section 6.2, in the ciphers that OpenSSL writes.
//
// The older schemes (PBES1 and those of PKCS #12) are refused: their ciphers
// are broken, and OpenSSL has not written them by default since 2016.
package pkcs8

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/asn1"
	"errors"
)

// maxInput bounds what is looked at; an encrypted RSA key of 16384 bits has
// about 10 KiB.
const maxInput = 64 << 10

// ErrPassphrase reports a passphrase that does not fit. It cannot be told from
// a damaged file: the format has no check of its own.
var ErrPassphrase = errors.New("the passphrase is wrong, or the key is damaged")

// FormatError reports data that is no encrypted private key. It shows nothing
// of the data.
type FormatError struct {
	Reason string
	Err    error // of the ASN.1 parser; may be nil
}

func (e *FormatError) Error() string { return "the encrypted private key " + e.Reason }

// Unwrap returns the parser's error, or nil.
func (e *FormatError) Unwrap() error { return e.Err }

// AlgorithmError reports a scheme, key derivation or cipher that is not read.
type AlgorithmError struct {
	Name string // its name, or its object identifier
	Weak bool   // known, and not secure
}

func (e *AlgorithmError) Error() string {
	why := " is not supported"
	if e.Weak {
		why = " is not secure and not read"
	}
	return "the private key's encryption " + e.Name + why + `: convert it with "openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out new.pem"`
}

type algorithm struct {
	ID         asn1.ObjectIdentifier
	Parameters asn1.RawValue `asn1:"optional"`
}

type encryptedKey struct {
	Algorithm algorithm
	Data      []byte
}

type pbes2Parameters struct {
	Derivation algorithm
	Cipher     algorithm
}

// Decrypt returns the PrivateKeyInfo (PKCS #8, DER) within an
// EncryptedPrivateKeyInfo (DER).
//
// Errors: ErrPassphrase, *FormatError, *AlgorithmError, *CostError.
func Decrypt(der, passphrase []byte) ([]byte, error) {
	if len(der) > maxInput {
		return nil, &FormatError{Reason: "is too large to be one key"}
	}
	var sealed encryptedKey
	if err := parse(der, &sealed, "is not an EncryptedPrivateKeyInfo (RFC 5958)"); err != nil {
		return nil, err
	}
	if !sealed.Algorithm.ID.Equal(oidPBES2) {
		return nil, unsupported(sealed.Algorithm.ID)
	}
	var scheme pbes2Parameters
	if err := parse(sealed.Algorithm.Parameters.FullBytes, &scheme, "has malformed parameters of PBES2 (RFC 8018)"); err != nil {
		return nil, err
	}
	c, iv, err := readCipher(scheme.Cipher)
	if err != nil {
		return nil, err
	}
	if len(sealed.Data) == 0 || len(sealed.Data)%c.block != 0 {
		return nil, &FormatError{Reason: "was cut: its length is no multiple of the cipher's block"}
	}
	derive, err := readDerivation(scheme.Derivation, c.key)
	if err != nil {
		return nil, err
	}
	key, err := derive(passphrase)
	if err != nil {
		return nil, err
	}
	return open(c, key, iv, sealed.Data)
}

// open decrypts and removes the padding of RFC 8018, section 6.1.1. A wrong
// passphrase gives right padding once in 256 times, so what comes out must look
// like a PrivateKeyInfo as well.
func open(c cbc, key, iv, data []byte) ([]byte, error) {
	block, err := c.make(key)
	if err != nil {
		return nil, &FormatError{Reason: "has a key of the wrong length", Err: err}
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	n := int(plain[len(plain)-1])
	if n == 0 || n > c.block {
		return nil, ErrPassphrase
	}
	for _, b := range plain[len(plain)-n:] {
		if int(b) != n {
			return nil, ErrPassphrase
		}
	}
	plain = plain[:len(plain)-n]
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(plain, &whole); err != nil || len(rest) > 0 || whole.Tag != asn1.TagSequence {
		return nil, ErrPassphrase
	}
	return plain, nil
}

// cbc is a block cipher in CBC mode.
type cbc struct {
	key, block int // sizes in bytes
	make       func(key []byte) (cipher.Block, error)
}

func readCipher(a algorithm) (cbc, []byte, error) {
	var c cbc
	switch {
	case a.ID.Equal(oidAES128):
		c = cbc{16, aes.BlockSize, aes.NewCipher}
	case a.ID.Equal(oidAES192):
		c = cbc{24, aes.BlockSize, aes.NewCipher}
	case a.ID.Equal(oidAES256):
		c = cbc{32, aes.BlockSize, aes.NewCipher}
	case a.ID.Equal(oidDES3):
		c = cbc{24, des.BlockSize, des.NewTripleDESCipher}
	default:
		return cbc{}, nil, unsupported(a.ID)
	}
	var iv []byte
	if err := parse(a.Parameters.FullBytes, &iv, "has a malformed initialization vector"); err != nil {
		return cbc{}, nil, err
	}
	if len(iv) != c.block {
		return cbc{}, nil, &FormatError{Reason: "has an initialization vector of the wrong length"}
	}
	return c, iv, nil
}

// parse reads all of der.
func parse(der []byte, to any, reason string) error {
	rest, err := asn1.Unmarshal(der, to)
	if err != nil || len(rest) > 0 {
		return &FormatError{Reason: reason, Err: err}
	}
	return nil
}
