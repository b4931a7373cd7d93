package msal

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/msal-go/msal/internal/assertion"
)

// ParseCertificate reads a certificate, its issuers and its private key from
// PEM, in any order: "CERTIFICATE" blocks and one unencrypted "PRIVATE KEY",
// "RSA PRIVATE KEY" or "EC PRIVATE KEY". Errors are *CredentialError.
func ParseCertificate(pem []byte) (Certificate, error) {
	key, chain, err := assertion.ParsePEM(pem, nil)
	return newCertificate("read the client certificate", key, chain, err)
}

// ParseEncryptedCertificate is ParseCertificate for a private key that a
// passphrase protects: an "ENCRYPTED PRIVATE KEY" (PKCS #8) with AES or triple
// DES and a key derived by PBKDF2 or scrypt, as OpenSSL writes them. A key that
// is not encrypted is read as well. The legacy encryption of "RSA PRIVATE KEY"
// blocks (RFC 1423) and PBES1 are not secure and refused with advice.
//
// Errors are *CredentialError; CredentialPassphrase is a wrong passphrase.
func ParseEncryptedCertificate(pem []byte, passphrase Secret) (Certificate, error) {
	key, chain, err := assertion.ParsePEM(pem, []byte(passphrase))
	return newCertificate("read the client certificate", key, chain, err)
}

// ParsePrivateKey reads a private key from PEM, in the forms that
// ParseEncryptedCertificate reads; an empty passphrase is for keys that are not
// encrypted. Certificates in it are ignored. It is for a Certificate of which
// only the Thumbprint is known. Errors are *CredentialError.
func ParsePrivateKey(pem []byte, passphrase Secret) (crypto.Signer, error) {
	var secret []byte
	if passphrase != "" {
		secret = []byte(passphrase)
	}
	key, err := assertion.ParseKey(pem, secret)
	if err != nil {
		return nil, credentialError("read the private key", err)
	}
	return key, nil
}

// ParsePFX reads a certificate, its issuers and its private key from a PFX file
// (PKCS #12, RFC 7292) in DER, old or new. The password may be empty.
//
// Errors are *CredentialError; CredentialPassphrase is a wrong password.
func ParsePFX(data []byte, password Secret) (Certificate, error) {
	key, chain, err := assertion.ParsePFX(data, string(password))
	return newCertificate("read the PFX data", key, chain, err)
}

func newCertificate(op string, key crypto.Signer, chain []*x509.Certificate, err error) (Certificate, error) {
	if err != nil {
		return Certificate{}, credentialError(op, err)
	}
	return Certificate{Key: key, Chain: chain}, nil
}

// ReadPFX is ParsePFX for the file at path. It is read once; CertificateFunc is
// for files that change.
func ReadPFX(path string, password Secret) (Certificate, error) {
	const most = 1 << 20
	data, err := readFile(path, most)
	if err != nil {
		return Certificate{}, &CredentialError{Op: "read the PFX file", Reason: CredentialFile, Err: err}
	}
	return ParsePFX(data, password)
}

// ExtractCerts returns the certificates of PEM text, in its order, as the x5c
// header has them: base64 without line breaks (RFC 7515 section 4.1.6). Private
// keys in it are ignored. Certificate.SendX5C does this by itself; ExtractCerts
// is for programs that make their own assertions. Errors are *CredentialError.
func ExtractCerts(pem []byte) ([]string, error) {
	list, err := assertion.X5CList(pem)
	if err != nil {
		return nil, credentialError("read the certificates", err)
	}
	return list, nil
}

// readFile reads a whole regular file of at most most bytes. A symbolic link is
// followed once, when it is opened: Kubernetes swaps what its links lead to.
func readFile(path string, most int64) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() { // opening a pipe could wait forever
		return nil, fmt.Errorf("%s: %w", path, errNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s: %w", path, errTooLarge)
	}
	return data, nil
}

var (
	errNotRegular = errors.New("it is not a regular file")
	errTooLarge   = errors.New("the file is too large to be a credential: is it the right one?")
)
