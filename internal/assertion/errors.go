package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
)

// The failures that need no details.
var (
	// ErrNoKey: there is no private key.
	ErrNoKey = errors.New("there is no private key: give one, or a PEM file with a PRIVATE KEY block")
	// ErrSeveralKeys: a PEM file holds more than one private key.
	ErrSeveralKeys = errors.New("there are several private keys: leave only the one of the client's certificate")
	// ErrNoCertificate: there is no certificate, or an empty one.
	ErrNoCertificate = errors.New("there is no certificate: give the one registered for the client, parsed from PEM or DER")
	// ErrProtection: a PFX file is encrypted or authenticated in a way that is
	// not read.
	ErrProtection = errors.New("the protection of the PFX data is not supported")
	// ErrX5C: the X5C setting is none of the three.
	ErrX5C = errors.New("unknown x5c setting: use None, Leaf or Chain")
)

// KeyTypeError reports a key that cannot sign assertions.
type KeyTypeError struct {
	Type   string // such as "RSA" or "Ed25519"
	Bits   int    // for an RSA key that is too short
	Legacy bool   // RS256 was asked for
}

func (e *KeyTypeError) Error() string {
	switch {
	case e.Bits > 0:
		return fmt.Sprintf("the RSA key has %d bits: use one of at least %d bits", e.Bits, minRSABits)
	case e.Legacy:
		return fmt.Sprintf("a key of type %s cannot sign with RS256, which the SHA-1 thumbprint needs: use an RSA key", e.Type)
	}
	return fmt.Sprintf("a key of type %s cannot sign client assertions: use an RSA key of at least %d bits (or ECDSA P-256, where the service takes it)", e.Type, minRSABits)
}

// KeyMismatchError reports that the certificate is not that of the key.
type KeyMismatchError struct {
	Subject string // of the first certificate
	Found   int    // where the right one is among those given, or -1
}

func (e *KeyMismatchError) Error() string {
	if e.Found > 0 {
		return fmt.Sprintf("the first certificate (%s) is not that of the private key, but number %d is: put it first", e.Subject, e.Found+1)
	}
	return fmt.Sprintf("the certificate (%s) is not that of the private key: give the two that belong together", e.Subject)
}

// ClaimsError reports an extra claim that JSON cannot express.
type ClaimsError struct {
	Claim string
	Err   error
}

func (e *ClaimsError) Error() string {
	return fmt.Sprintf("the extra claim %q of the client assertion cannot be written as JSON: %v", e.Claim, e.Err)
}

// Unwrap returns the cause.
func (e *ClaimsError) Unwrap() error { return e.Err }

// SignError reports that the key did not sign.
type SignError struct{ Err error }

func (e *SignError) Error() string { return "signing the client assertion: " + e.Err.Error() }

// Unwrap returns what the key said.
func (e *SignError) Unwrap() error { return e.Err }

// EncryptedKeyError reports a private key that is protected by a passphrase,
// and cannot be read or not without it.
type EncryptedKeyError struct {
	Legacy bool // RFC 1423 (Proc-Type: 4,ENCRYPTED) instead of PKCS #8
}

func (e *EncryptedKeyError) Error() string {
	const decrypt = "decrypt it with \"openssl pkcs8 -topk8 -nocrypt -in key.pem -out plain.pem\" and protect the file"
	if e.Legacy {
		return "the private key is encrypted in the legacy way of RFC 1423, which is not secure and not read: encrypt it anew with \"openssl pkcs8 -topk8 -in key.pem -out new.pem\", or " + decrypt
	}
	return "the private key is encrypted (PKCS #8): give its passphrase, or " + decrypt
}

// PFXError reports data that is no usable PFX file. Nothing of it is shown.
type PFXError struct {
	Reason string
	Err    error // ErrNoKey, ErrNoCertificate, ErrProtection, pkcs8.ErrPassphrase, *pkcs8.CostError, or the parser's
}

func (e *PFXError) Error() string { return "the PFX data " + e.Reason }

// Unwrap returns the cause.
func (e *PFXError) Unwrap() error { return e.Err }

// PEMError reports input that is not usable PEM. Nothing of it is shown.
type PEMError struct {
	Block  int    // number of the block, from 1; 0 if it is about the whole
	Type   string // of the block, such as "CERTIFICATE"
	Reason string
	Err    error // of the parser; may be nil
}

func (e *PEMError) Error() string {
	if e.Block == 0 {
		return "the PEM data " + e.Reason
	}
	return fmt.Sprintf("PEM block %d (%s) %s", e.Block, e.Type, e.Reason)
}

// Unwrap returns the parser's error, or nil.
func (e *PEMError) Unwrap() error { return e.Err }

// typeName is what people call the type of a public key.
func typeName(public crypto.PublicKey) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		if k.Curve != nil {
			return "ECDSA " + k.Curve.Params().Name
		}
		return "ECDSA"
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return fmt.Sprintf("%T", public)
}
