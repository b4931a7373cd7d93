package assertion

import (
	"crypto/x509/pkix"
	"encoding/asn1"
)

// foreignKey names the kind of a private key that the standard library does not
// read (PKCS #8, RFC 5208 section 5), so that a good key is not called a
// damaged one. It is empty for everything else.
func foreignKey(der []byte) string {
	var wrapped struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if rest, err := asn1.Unmarshal(der, &wrapped); err != nil || len(rest) > 0 {
		return ""
	}
	id := wrapped.Algorithm.Algorithm.String()
	switch id {
	case "1.2.840.113549.1.1.1", "1.3.101.110", "1.3.101.112": // RSA, X25519, Ed25519: would have been read
		return ""
	case "1.2.840.10045.2.1":
		return foreignCurve(wrapped.Algorithm.Parameters)
	case "1.2.840.113549.1.1.10":
		return "RSA-PSS (with that restriction in the key)"
	case "1.2.840.10040.4.1":
		return "DSA"
	case "1.3.101.111":
		return "X448"
	case "1.3.101.113":
		return "Ed448"
	}
	return id + " (object identifier)"
}

// foreignCurve names a curve (RFC 5480 section 2.1.1).
func foreignCurve(parameters asn1.RawValue) string {
	var curve asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(parameters.FullBytes, &curve); err != nil {
		return "ECDSA with the curve's parameters instead of its name"
	}
	switch id := curve.String(); id {
	case "1.2.840.10045.3.1.7", "1.3.132.0.33", "1.3.132.0.34", "1.3.132.0.35": // would have been read
		return ""
	default:
		return "ECDSA with curve " + id
	}
}
