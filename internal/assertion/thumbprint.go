package assertion

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// ThumbprintError reports text that is no thumbprint of a certificate, or not
// the one that is needed.
type ThumbprintError struct {
	Problem string
}

func (e *ThumbprintError) Error() string {
	return "the thumbprint " + e.Problem + ": give that of the certificate registered for the client, " +
		"40 hexadecimal digits for SHA-1 or 64 for SHA-256, with or without colons between the bytes"
}

// ParseThumbprint reads the SHA-1 or SHA-256 digest of a certificate as tools
// show it. It fails with *ThumbprintError, which does not repeat the text.
func ParseThumbprint(text string) ([]byte, error) {
	digits := text
	if strings.Contains(text, ":") {
		parts := strings.Split(text, ":")
		for _, p := range parts {
			if len(p) != 2 {
				return nil, &ThumbprintError{"has its colons at odd places"}
			}
		}
		digits = strings.Join(parts, "")
	}
	sum, err := hex.DecodeString(digits)
	if strings.Trim(digits, "0123456789abcdefABCDEF") != "" {
		return nil, &ThumbprintError{"has other characters than hexadecimal digits"}
	}
	if err != nil || len(sum) != sha1.Size && len(sum) != sha256.Size {
		return nil, &ThumbprintError{fmt.Sprintf("has %d digits", len(digits))}
	}
	return sum, nil
}

// legacy reports whether assertions are to name the certificate by SHA-1.
func (k *Key) legacy() (bool, error) {
	switch len(k.Thumbprint) {
	case 0:
		return k.Legacy, nil
	case sha1.Size:
		return true, nil
	case sha256.Size:
		if k.Legacy {
			return false, &ThumbprintError{"is of SHA-256 where SHA-1 is asked for"}
		}
		return false, nil
	}
	return false, &ThumbprintError{fmt.Sprintf("has %d bytes", len(k.Thumbprint))}
}

// thumbprint is the digest that names the certificate. leaf may be nil if the
// thumbprint is given.
func (k *Key) thumbprint(leaf *x509.Certificate, legacy bool) ([]byte, error) {
	switch {
	case leaf == nil:
		return k.Thumbprint, nil
	case len(k.Thumbprint) > 0 && !bytes.Equal(k.Thumbprint, digest(leaf, legacy)):
		return nil, &ThumbprintError{"is not that of the certificate beside it"}
	}
	return digest(leaf, legacy), nil
}

func digest(c *x509.Certificate, legacy bool) []byte {
	if legacy {
		sum := sha1.Sum(c.Raw)
		return sum[:]
	}
	sum := sha256.Sum256(c.Raw)
	return sum[:]
}

// nameCertificate adds the thumbprint to a header: base64url without padding
// (RFC 7515, sections 4.1.7 and 4.1.8).
func nameCertificate(options *jose.SignerOptions, sum []byte, legacy bool) {
	name := jose.HeaderKey("x5t#S256")
	if legacy {
		name = "x5t"
	}
	options.WithHeader(name, base64.RawURLEncoding.EncodeToString(sum))
}
