package assertion

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/msal-go/msal/internal/pkcs8"
)

// maxPEM bounds what ParsePEM reads; a key with a long chain has about 20 KiB.
const maxPEM = 256 << 10

// ParsePEM reads one private key (PKCS #8, PKCS #1 or SEC 1) and its
// certificates in any order. The certificate of the key comes first in the
// result, then its issuers as they certify each other, then the rest. A key that
// is encrypted (PKCS #8) is opened with passphrase, unless that is nil.
//
// Errors: ErrNoKey, ErrSeveralKeys, ErrNoCertificate, *EncryptedKeyError,
// *KeyTypeError, *KeyMismatchError, *PEMError, which leads to those of package
// pkcs8.
func ParsePEM(data, passphrase []byte) (crypto.Signer, []*x509.Certificate, error) {
	key, certs, err := parseBlocks(data, passphrase)
	if err != nil {
		return nil, nil, err
	}
	return pair(key, certs)
}

// ParseKey reads the one private key of a PEM file, whatever else is in it. It
// fails like ParsePEM.
func ParseKey(data, passphrase []byte) (crypto.Signer, error) {
	key, _, err := parseBlocks(data, passphrase)
	if err == nil && key == nil {
		err = ErrNoKey
	}
	return key, err
}

// pair puts the certificate of key first.
func pair(key crypto.Signer, certs []*x509.Certificate) (crypto.Signer, []*x509.Certificate, error) {
	if key == nil {
		return nil, nil, ErrNoKey
	}
	if len(certs) == 0 {
		return nil, nil, ErrNoCertificate
	}
	leaf := indexOfKey(key.Public(), certs)
	if leaf < 0 {
		return nil, nil, &KeyMismatchError{Subject: certs[0].Subject.String(), Found: -1}
	}
	return key, orderChain(certs, leaf), nil
}

func parseBlocks(data, passphrase []byte) (key crypto.Signer, certs []*x509.Certificate, err error) {
	if len(data) > maxPEM {
		return nil, nil, tooLarge()
	}
	data = withoutMarks(data)
	begun := bytes.Count(data, begin)
	if begun == 0 {
		return nil, nil, notPEM(data)
	}
	number := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		number++
		switch {
		case isCertificate(block):
			cert, err := parseCertificate(block, number)
			if err != nil {
				return nil, nil, err
			}
			certs = append(certs, cert)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			next, err := parseKey(block, number, passphrase)
			if err != nil {
				return nil, nil, err
			}
			if key != nil && !sameKey(key, next) {
				return nil, nil, ErrSeveralKeys
			}
			key = next
		}
	}
	if number < begun {
		return nil, nil, damaged(begun, number)
	}
	return key, certs, nil
}

var begin = []byte("-----BEGIN ")

// withoutMarks drops byte order marks, also where files were joined: base64
// has none.
func withoutMarks(data []byte) []byte { return bytes.ReplaceAll(data, []byte("\ufeff"), nil) }

// notPEM reports data without any block.
func notPEM(data []byte) error {
	if bytes.Contains(data, []byte("-\x00-\x00-")) { // by one byte or the other
		return &PEMError{Reason: "is UTF-16, as some shells and editors write: save it as UTF-8 or ASCII"}
	}
	return &PEMError{Reason: `has no "-----BEGIN" line: if it is PFX, read it as such; if it is DER, convert it with openssl first`}
}

func tooLarge() error {
	return &PEMError{Reason: fmt.Sprintf("is larger than %d bytes: it is not a key with its certificates", maxPEM)}
}

// damaged reports blocks that the decoder stepped over. Going on without them
// would blame a missing key, or lose a certificate silently.
func damaged(begun, read int) error {
	return &PEMError{Reason: fmt.Sprintf("has %d blocks of which only %d are well-formed: were line breaks lost or was the file cut?", begun, read)}
}

// trusted is OpenSSL's label of a certificate with its settings behind it.
const trusted = "TRUSTED CERTIFICATE"

func isCertificate(block *pem.Block) bool {
	return block.Type == "CERTIFICATE" || block.Type == "X509 CERTIFICATE" || block.Type == trusted
}

func parseCertificate(block *pem.Block, number int) (*x509.Certificate, error) {
	der := block.Bytes
	if block.Type == trusted {
		var first asn1.RawValue
		if _, err := asn1.Unmarshal(der, &first); err == nil {
			der = first.FullBytes
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &PEMError{Block: number, Type: block.Type, Reason: "is not a certificate", Err: err}
	}
	return cert, nil
}

func sameKey(a, b crypto.Signer) bool {
	public, ok := a.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(b.Public())
}

// parseKey reads a key by its content: labels are often wrong.
func parseKey(block *pem.Block, number int, passphrase []byte) (crypto.Signer, error) {
	der := block.Bytes
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		if passphrase == nil {
			return nil, &EncryptedKeyError{}
		}
		var err error
		if der, err = pkcs8.Decrypt(der, passphrase); err != nil {
			return nil, &PEMError{Block: number, Type: block.Type, Reason: "cannot be decrypted: " + err.Error(), Err: err}
		}
	case block.Headers["DEK-Info"] != "" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return nil, &EncryptedKeyError{Legacy: true}
	case block.Type != "PRIVATE KEY" && block.Type != "RSA PRIVATE KEY" && block.Type != "EC PRIVATE KEY":
		return nil, &PEMError{Block: number, Type: label(block.Type), Reason: `is no supported kind of private key: convert it with "openssl pkcs8 -topk8 -nocrypt"`}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if k, err1 := x509.ParsePKCS1PrivateKey(der); err1 == nil {
			return k, nil
		}
		if k, err1 := x509.ParseECPrivateKey(der); err1 == nil {
			return k, nil
		}
		if kind := foreignKey(der); kind != "" {
			return nil, &KeyTypeError{Type: kind}
		}
		return nil, &PEMError{Block: number, Type: block.Type, Reason: "is not a private key", Err: err}
	}
	return asSigner(parsed)
}

func asSigner(parsed any) (crypto.Signer, error) {
	switch k := parsed.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	case *ecdh.PrivateKey:
		return nil, &KeyTypeError{Type: fmt.Sprint(k.Curve())}
	}
	return nil, &KeyTypeError{Type: fmt.Sprintf("%T", parsed)}
}

// label keeps what strangers wrote as a block type out of errors, unless it is
// an ordinary one.
func label(kind string) string {
	const ordinary = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "
	if len(kind) > 40 || strings.Trim(kind, ordinary) != "" {
		return "PRIVATE KEY"
	}
	return kind
}

// orderChain puts the leaf first, then each issuer after what it certified
// (RFC 7515, section 4.1.6), then certificates that belong to nothing.
func orderChain(certs []*x509.Certificate, leaf int) []*x509.Certificate {
	rest := append([]*x509.Certificate{}, certs...)
	var out []*x509.Certificate
	for next := leaf; next >= 0; {
		current := rest[next]
		out = append(out, current)
		rest = append(rest[:next:next], rest[next+1:]...)
		next = -1
		for i, c := range rest {
			if bytes.Equal(c.RawSubject, current.RawIssuer) && current.CheckSignatureFrom(c) == nil {
				next = i
				break
			}
		}
	}
	return append(out, rest...)
}
