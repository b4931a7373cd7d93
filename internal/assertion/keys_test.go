package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"sync"
	"testing"
	"time"
)

// material is made once: RSA keys take a while.
type material struct {
	rsa, rsaOther, rsaShort *rsa.PrivateKey
	ec, ecOther             *ecdsa.PrivateKey
	ed                      ed25519.PrivateKey
	root, issuer            *x509.Certificate // EC chain
	leaf                    *x509.Certificate // rsa, under issuer
	selfRSA, selfEC         *x509.Certificate
}

var made = sync.OnceValue(func() *material {
	m := &material{}
	m.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	m.rsaOther, _ = rsa.GenerateKey(rand.Reader, 2048)
	m.rsaShort, _ = rsa.GenerateKey(rand.Reader, 1024)
	m.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	m.ecOther, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, m.ed, _ = ed25519.GenerateKey(rand.Reader)
	m.root = certify("root", &m.ec.PublicKey, nil, m.ec)
	m.issuer = certify("issuer", &m.ecOther.PublicKey, m.root, m.ec)
	m.leaf = certify("leaf", &m.rsa.PublicKey, m.issuer, m.ecOther)
	m.selfRSA = certify("self", &m.rsa.PublicKey, nil, m.rsa)
	m.selfEC = certify("self", &m.ec.PublicKey, nil, m.ec)
	return m
})

// certify makes a certificate for public, valid from 1999 to 2040. A nil parent
// means self-signed.
func certify(name string, public crypto.PublicKey, parent *x509.Certificate, key crypto.Signer) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: name != "leaf", BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

func certPEM(certs ...*x509.Certificate) string {
	out := ""
	for _, c := range certs {
		out += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return out
}

func keyPEM(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// device is a key that only a crypto.Signer interface leads to, like an HSM.
type device struct {
	crypto.Signer
	sign func(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

func (d device) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return d.sign(rand, digest, opts)
}
