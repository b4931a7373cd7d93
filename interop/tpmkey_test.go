//go:build !windows

package interop

import (
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"sync"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// tpmKey is a signing key in a TPM 2.0. It shows how much a crypto.Signer for
// a device is.
type tpmKey struct {
	mu     sync.Mutex // a TPM does one thing at a time, and so does its transport
	tpm    transport.TPM
	handle tpm2.TPMHandle
	name   tpm2.TPM2BName
	auth   []byte // the key's password
	public crypto.PublicKey
}

var _ crypto.Signer = (*tpmKey)(nil)

func (k *tpmKey) Public() crypto.PublicKey { return k.public }

// errSalt is about the one choice that a TPM does not leave to its user.
var errSalt = errors.New("a TPM chooses the salt of RSA-PSS itself: as long as the hash")

// Sign signs a SHA-256 digest. The TPM has a source of randomness of its own.
func (k *tpmKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 {
		return nil, errors.New("only SHA-256 is done here")
	}
	pss, isPSS := opts.(*rsa.PSSOptions)
	_, isRSA := k.public.(*rsa.PublicKey)
	switch {
	case isRSA && isPSS && pss.SaltLength != rsa.PSSSaltLengthEqualsHash && pss.SaltLength != crypto.SHA256.Size():
		return nil, errSalt
	case isRSA && isPSS:
		return k.sign(digest, tpm2.TPMAlgRSAPSS)
	case isRSA:
		return k.sign(digest, tpm2.TPMAlgRSASSA)
	}
	return k.sign(digest, tpm2.TPMAlgECDSA)
}

func (k *tpmKey) sign(digest []byte, scheme tpm2.TPMAlgID) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	answer, err := tpm2.Sign{
		KeyHandle:  tpm2.AuthHandle{Handle: k.handle, Name: k.name, Auth: tpm2.PasswordAuth(k.auth)},
		Digest:     tpm2.TPM2BDigest{Buffer: digest},
		InScheme:   tpm2.TPMTSigScheme{Scheme: scheme, Details: tpm2.NewTPMUSigScheme(scheme, &tpm2.TPMSSchemeHash{HashAlg: tpm2.TPMAlgSHA256})},
		Validation: tpm2.TPMTTKHashCheck{Tag: tpm2.TPMSTHashCheck, Hierarchy: tpm2.TPMRHNull}, // the digest was made outside
	}.Execute(k.tpm)
	if err != nil {
		return nil, err
	}
	return signatureOf(answer.Signature, scheme)
}

// signatureOf is what crypto.Signer promises: for ECDSA, ASN.1.
func signatureOf(s tpm2.TPMTSignature, scheme tpm2.TPMAlgID) ([]byte, error) {
	switch scheme {
	case tpm2.TPMAlgRSAPSS:
		rsaPSS, err := s.Signature.RSAPSS()
		if err != nil {
			return nil, err
		}
		return rsaPSS.Sig.Buffer, nil
	case tpm2.TPMAlgRSASSA:
		rsaSSA, err := s.Signature.RSASSA()
		if err != nil {
			return nil, err
		}
		return rsaSSA.Sig.Buffer, nil
	}
	ec, err := s.Signature.ECDSA()
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(ec.SignatureR.Buffer), new(big.Int).SetBytes(ec.SignatureS.Buffer)})
}

// newTPMKey makes a key under the owner hierarchy. The same template gives the
// same key again, for as long as the owner does not clear the TPM.
func newTPMKey(tpm transport.TPM, template tpm2.TPMTPublic, auth []byte) (*tpmKey, error) {
	made, err := tpm2.CreatePrimary{
		PrimaryHandle: tpm2.TPMRHOwner,
		InSensitive:   tpm2.TPM2BSensitiveCreate{Sensitive: &tpm2.TPMSSensitiveCreate{UserAuth: tpm2.TPM2BAuth{Buffer: auth}}},
		InPublic:      tpm2.New2B(template),
	}.Execute(tpm)
	if err != nil {
		return nil, err
	}
	described, err := made.OutPublic.Contents()
	if err != nil {
		return nil, err
	}
	public, err := tpm2.Pub(*described)
	if err != nil {
		return nil, err
	}
	return &tpmKey{tpm: tpm, handle: made.ObjectHandle, name: made.Name, auth: auth, public: public}, nil
}

// signingKey is the template of a key that signs what it is given and never
// leaves the TPM.
func signingKey(kind tpm2.TPMAlgID, parameters tpm2.TPMUPublicParms) tpm2.TPMTPublic {
	return tpm2.TPMTPublic{
		Type: kind, NameAlg: tpm2.TPMAlgSHA256, Parameters: parameters,
		ObjectAttributes: tpm2.TPMAObject{FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, SignEncrypt: true},
	}
}

func rsaTemplate() tpm2.TPMTPublic {
	return signingKey(tpm2.TPMAlgRSA, tpm2.NewTPMUPublicParms(tpm2.TPMAlgRSA, &tpm2.TPMSRSAParms{KeyBits: 2048}))
}

func ecTemplate() tpm2.TPMTPublic {
	return signingKey(tpm2.TPMAlgECC, tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{CurveID: tpm2.TPMECCNistP256}))
}
