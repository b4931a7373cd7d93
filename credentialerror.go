package msal

import (
	"errors"

	"github.com/msal-go/msal/internal/assertion"
	"github.com/msal-go/msal/internal/pkcs8"
)

// CredentialReason says what is wrong with a credential.
type CredentialReason string

// What can be wrong with a credential.
const (
	// CredentialPassphrase: the passphrase is missing or wrong.
	CredentialPassphrase CredentialReason = "passphrase"
	// CredentialEncryption: the private key is protected in a way that is not
	// read, because it is not secure, or would take too long.
	CredentialEncryption CredentialReason = "encryption"
	// CredentialNoKey: there is no private key.
	CredentialNoKey CredentialReason = "no key"
	// CredentialSeveralKeys: there is more than one private key.
	CredentialSeveralKeys CredentialReason = "several keys"
	// CredentialNoCertificate: there is no certificate.
	CredentialNoCertificate CredentialReason = "no certificate"
	// CredentialMismatch: the certificate is another key's.
	CredentialMismatch CredentialReason = "mismatch"
	// CredentialKeyType: keys of that kind or size cannot sign assertions.
	CredentialKeyType CredentialReason = "key type"
	// CredentialMalformed: the data is not what it should be.
	CredentialMalformed CredentialReason = "malformed"
	// CredentialFile: the file cannot be read.
	CredentialFile CredentialReason = "file"
)

// CredentialError reports a credential that cannot be used. Its text shows
// nothing of the credential. It answers to ErrConfiguration.
type CredentialError struct {
	Op     string           // what was being done, such as "read the PFX file"
	Reason CredentialReason // what is wrong
	Err    error            // the details, with what to do
}

func (e *CredentialError) Error() string { return "msal: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *CredentialError) Unwrap() error { return e.Err }

// Is reports whether target is ErrConfiguration.
func (e *CredentialError) Is(target error) bool { return target == ErrConfiguration }

// credentialError gives an error of package assertion its public form.
func credentialError(op string, err error) error {
	reason, ok := credentialReason(err)
	if !ok {
		return configError(op, "", err)
	}
	return &CredentialError{Op: op, Reason: reason, Err: err}
}

func credentialReason(err error) (CredentialReason, bool) {
	var (
		encrypted *assertion.EncryptedKeyError
		algorithm *pkcs8.AlgorithmError
		cost      *pkcs8.CostError
		keyType   *assertion.KeyTypeError
		mismatch  *assertion.KeyMismatchError
		pem       *assertion.PEMError
		pfx       *assertion.PFXError
		thumb     *assertion.ThumbprintError
	)
	switch {
	case errors.As(err, &encrypted) && !encrypted.Legacy, errors.Is(err, pkcs8.ErrPassphrase):
		return CredentialPassphrase, true
	case errors.As(err, &encrypted), errors.As(err, &algorithm), errors.As(err, &cost), errors.Is(err, assertion.ErrProtection):
		return CredentialEncryption, true
	case errors.Is(err, assertion.ErrNoKey):
		return CredentialNoKey, true
	case errors.Is(err, assertion.ErrSeveralKeys):
		return CredentialSeveralKeys, true
	case errors.Is(err, assertion.ErrNoCertificate), errors.Is(err, assertion.ErrPrivateKey):
		return CredentialNoCertificate, true
	case errors.As(err, &mismatch):
		return CredentialMismatch, true
	case errors.As(err, &keyType):
		return CredentialKeyType, true
	case errors.As(err, &pem), errors.As(err, &pfx), errors.As(err, &thumb):
		return CredentialMalformed, true
	}
	return "", false
}
