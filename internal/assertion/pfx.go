package assertion

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/msal-go/msal/internal/pkcs8"
)

// maxPFX bounds what ParsePFX reads.
const maxPFX = 1 << 20

// ParsePFX reads the key and the certificates of a PFX file (PKCS #12, RFC
// 7292), and orders them as ParsePEM does. SHA-1 and SHA-2 MACs and PBMAC1 (RFC
// 9579) are checked.
//
// Errors: *PFXError, which leads to ErrNoKey, ErrNoCertificate, ErrProtection,
// pkcs8.ErrPassphrase or *pkcs8.CostError; *KeyTypeError, *KeyMismatchError.
func ParsePFX(data []byte, password string) (crypto.Signer, []*x509.Certificate, error) {
	if err := checkPFX(data); err != nil {
		return nil, nil, err
	}
	parsed, first, rest, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		return nil, nil, pfxFailure(data, err)
	}
	key, err := asSigner(parsed)
	if err != nil {
		return nil, nil, err
	}
	return pair(key, append([]*x509.Certificate{first}, rest...))
}

// checkPFX refuses what the decoder would have to work on for too long or would
// misunderstand.
func checkPFX(data []byte) error {
	if len(data) > maxPFX {
		return &PFXError{Reason: fmt.Sprintf("is larger than %d bytes: it is not a key with its certificates", maxPFX)}
	}
	if bytes.Contains(data, begin) {
		return &PFXError{Reason: "is PEM: read it as such"}
	}
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(data, &whole)
	if err != nil || len(rest) > 0 || whole.Tag != asn1.TagSequence {
		return &PFXError{Reason: "is not one DER structure: was the file cut, or is it something else (base64 has to be decoded first)?", Err: err}
	}
	if most := iterations(data, 0); most > pkcs8.MaxIterations {
		limit := fmt.Sprintf("%d iterations", pkcs8.MaxIterations)
		return &PFXError{Reason: "asks for more work than is allowed (" + limit + ")", Err: &pkcs8.CostError{Derivation: "PKCS #12", Limit: limit}}
	}
	return nil
}

// iterations finds the largest iteration count that shows without a password:
// the INTEGER after the OCTET STRING of a salt. Counts within encrypted parts
// are not seen, but those can only be made by who knows the password.
func iterations(der []byte, depth int) int {
	const deepest = 24
	most, salted := 0, false
	for len(der) > 0 && depth < deepest {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return most
		}
		der = rest
		number := v.Class == asn1.ClassUniversal && v.Tag == asn1.TagInteger
		if n := 0; number && salted {
			if _, err := asn1.Unmarshal(v.FullBytes, &n); err != nil { // beyond any int
				n = pkcs8.MaxIterations + 1
			}
			most = max(most, n)
		}
		salted = v.Class == asn1.ClassUniversal && v.Tag == asn1.TagOctetString
		if v.IsCompound || salted {
			most = max(most, iterations(v.Bytes, depth+1))
		}
	}
	return most
}

// pfxFailure says what the decoder's error means. For a missing part it has no
// type of its own, so the file is asked which parts it shows to have: the
// common programs leave the key's bag visible, and encrypt its contents.
func pfxFailure(data []byte, err error) error {
	var unknown pkcs12.NotImplementedError
	switch {
	case !hasMAC(data):
		return &PFXError{Reason: "has no MAC, so that nobody would notice a change: export it without -nomac", Err: ErrProtection}
	case errors.As(err, &unknown):
		return &PFXError{Reason: "is protected, or put together, in a way that is not read: " + exportAnew, Err: ErrProtection}
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return &PFXError{Reason: "does not open: " + pkcs8.ErrPassphrase.Error(), Err: pkcs8.ErrPassphrase}
	case !hasOID(data, oidPFXKey) && !hasOID(data, oidPFXSealedKey):
		return &PFXError{Reason: "has no private key that can be read: export it with its private key", Err: ErrNoKey}
	case !hasOID(data, oidPFXCertificate) && !hasOID(data, oidPFXSealed):
		return &PFXError{Reason: "has no certificate: export the key together with it", Err: ErrNoCertificate}
	}
	return &PFXError{Reason: "is not readable: " + exportAnew, Err: err}
}

const exportAnew = `export it anew, with one private key and its certificate, by "openssl pkcs12 -export -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256"`

// hasMAC says whether the PFX has the third of its three parts (RFC 7292
// section 4), which is optional.
func hasMAC(data []byte) bool {
	var parts []asn1.RawValue
	_, err := asn1.Unmarshal(data, &parts)
	return err != nil || len(parts) != 2
}

var (
	oidPFXKey         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidPFXSealedKey   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	oidPFXCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidPFXSealed      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
)

func hasOID(data []byte, id asn1.ObjectIdentifier) bool {
	der, err := asn1.Marshal(id)
	return err == nil && bytes.Contains(data, der)
}
