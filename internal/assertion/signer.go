package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"github.com/go-jose/go-jose/v4"
)

// minRSABits is the least that RFC 7518, sections 3.3 and 3.5, allow.
const minRSABits = 2048

// keySigner lets go-jose sign with any crypto.Signer. go-jose has such a thing
// of its own, but its PSS salt is as long as fits, where RFC 7518, section 3.5,
// demands the length of the hash, and strict verifiers refuse it.
type keySigner struct {
	key       crypto.Signer
	public    crypto.PublicKey
	algorithm jose.SignatureAlgorithm
}

func newKeySigner(key crypto.Signer, legacy bool) (*keySigner, error) {
	if isNil(key) {
		return nil, ErrNoKey
	}
	s := &keySigner{key: key, public: key.Public()}
	switch public := s.public.(type) {
	case *rsa.PublicKey:
		if public == nil || public.N == nil {
			return nil, ErrNoKey
		}
		if public.N.BitLen() < minRSABits {
			return nil, &KeyTypeError{Type: typeName(public), Bits: public.N.BitLen()}
		}
		s.algorithm = jose.PS256
		if legacy {
			s.algorithm = jose.RS256
		}
	case *ecdsa.PublicKey:
		if public == nil {
			return nil, ErrNoKey
		}
		if public.Curve != elliptic.P256() || legacy {
			return nil, &KeyTypeError{Type: typeName(public), Legacy: legacy}
		}
		s.algorithm = jose.ES256
	default:
		return nil, &KeyTypeError{Type: typeName(s.public), Legacy: legacy}
	}
	return s, nil
}

// isNil finds the nil pointer that a caller gets who did not look at the error
// of a parser, and puts into the interface.
func isNil(key crypto.Signer) bool {
	switch k := key.(type) {
	case nil:
		return true
	case *rsa.PrivateKey:
		return k == nil
	case *ecdsa.PrivateKey:
		return k == nil
	}
	return false
}

// Public implements jose.OpaqueSigner. It carries no key id: the header names
// the certificate instead.
func (s *keySigner) Public() *jose.JSONWebKey { return &jose.JSONWebKey{Key: s.public} }

// Algs implements jose.OpaqueSigner.
func (s *keySigner) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{s.algorithm} }

// SignPayload implements jose.OpaqueSigner. The signature is verified: devices
// exist that ignore the asked padding, and the service would only say that the
// assertion is invalid.
func (s *keySigner) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	if alg != s.algorithm {
		return nil, jose.ErrUnsupportedAlgorithm
	}
	digest := sha256.Sum256(payload)
	switch public := s.public.(type) {
	case *rsa.PublicKey:
		return s.signRSA(public, digest[:])
	case *ecdsa.PublicKey:
		return s.signECDSA(public, digest[:])
	}
	return nil, jose.ErrUnsupportedAlgorithm
}

func (s *keySigner) signRSA(public *rsa.PublicKey, digest []byte) ([]byte, error) {
	if s.algorithm == jose.RS256 {
		signature, err := s.key.Sign(rand.Reader, digest, crypto.SHA256)
		if err != nil {
			return nil, err
		}
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature) != nil {
			return nil, ErrWrongSignature
		}
		return signature, nil
	}
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
	signature, err := s.key.Sign(rand.Reader, digest, pss)
	if err != nil {
		return nil, err
	}
	if rsa.VerifyPSS(public, crypto.SHA256, digest, signature, pss) != nil {
		return nil, ErrWrongSignature
	}
	return signature, nil
}

// signECDSA turns the ASN.1 signature of crypto.Signer into the two
// fixed-length numbers of RFC 7518, section 3.4.
func (s *keySigner) signECDSA(public *ecdsa.PublicKey, digest []byte) ([]byte, error) {
	signature, err := s.key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	if !ecdsa.VerifyASN1(public, digest, signature) {
		return nil, ErrWrongSignature
	}
	var numbers struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &numbers); err != nil {
		return nil, err
	}
	out := make([]byte, 64)
	numbers.R.FillBytes(out[:32])
	numbers.S.FillBytes(out[32:])
	return out, nil
}

// ErrWrongSignature: the key signed, but not what it was asked to, or not so.
var ErrWrongSignature = errors.New("the key returned a signature that its own public key does not confirm")

// matchLeaf insists that the first certificate belongs to public.
func matchLeaf(public crypto.PublicKey, certs []*x509.Certificate) error {
	if len(certs) == 0 {
		return ErrNoCertificate
	}
	for _, c := range certs {
		if c == nil || len(c.Raw) == 0 {
			return ErrNoCertificate
		}
	}
	if i := indexOfKey(public, certs); i != 0 {
		return &KeyMismatchError{Subject: certs[0].Subject.String(), Found: i}
	}
	return nil
}

// indexOfKey finds the certificate of public, or returns -1.
func indexOfKey(public crypto.PublicKey, certs []*x509.Certificate) int {
	key, ok := public.(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return -1
	}
	for i, c := range certs {
		if key.Equal(c.PublicKey) {
			return i
		}
	}
	return -1
}
