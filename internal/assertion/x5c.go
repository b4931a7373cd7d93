package assertion

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
)

// ErrPrivateKey: only a private key came where certificates were expected.
var ErrPrivateKey = errors.New("this is a private key: give the certificate, which is public, and keep the key to yourself")

// X5CList returns the certificates of PEM text in its order, as the x5c header
// has them (RFC 7515, section 4.1.6). Private keys beside them are not looked
// at. The base64 of one certificate without its BEGIN and END lines will do.
//
// Errors: ErrPrivateKey, ErrNoCertificate, *PEMError.
func X5CList(data []byte) ([]string, error) {
	if len(data) > maxPEM {
		return nil, tooLarge()
	}
	data = withoutMarks(data)
	begun := bytes.Count(data, begin)
	if begun == 0 {
		return bareCertificate(string(data))
	}
	var list []string
	var number int
	var sawKey bool
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		number++
		sawKey = sawKey || strings.HasSuffix(block.Type, "PRIVATE KEY")
		if !isCertificate(block) {
			continue
		}
		cert, err := parseCertificate(block, number)
		if err != nil {
			return nil, err
		}
		list = append(list, encodeX5C(cert))
	}
	switch {
	case number < begun:
		return nil, damaged(begun, number)
	case len(list) == 0 && sawKey:
		return nil, ErrPrivateKey
	case len(list) == 0:
		return nil, ErrNoCertificate
	}
	return list, nil
}

func bareCertificate(text string) ([]string, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err == nil {
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(der); err == nil {
			return []string{encodeX5C(cert)}, nil
		}
	}
	return nil, &PEMError{Reason: `has no "-----BEGIN CERTIFICATE" line and is not the base64 of a certificate`, Err: err}
}

// encodeX5C is base64 with padding and without line breaks.
func encodeX5C(c *x509.Certificate) string { return base64.StdEncoding.EncodeToString(c.Raw) }
