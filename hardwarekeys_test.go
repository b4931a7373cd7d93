package msal_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestAVaultSignsByEllipticCurves(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	vault := newSigningService(private)
	t.Cleanup(vault.Close)
	key := &vaultKey{url: vault.URL + "/keys/daemon/1", client: vault.Client(), public: private.Public()}
	cert := newCertificate(t, private, time.Hour)
	wantToken(t, newWorld(t, withCertificate(cert)), msal.Certificate{Key: key, Chain: []*x509.Certificate{cert}})
}

func TestAVaultThatDoesNotAnswerIsReported(t *testing.T) {
	vault := newSigningService(testKey())
	vault.Close()
	key := &vaultKey{url: vault.URL + "/keys/daemon/1", client: vault.Client(), public: testKey().Public()}
	cert := newCertificate(t, testKey(), time.Hour)
	w := newWorld(t, withCertificate(cert))
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Certificate{Key: key, Chain: []*x509.Certificate{cert}}, w.options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrConfiguration)
	wantHint(t, err, "is the key still there")
}

// longestSalt is a device of its own will, such as older TPMs: the salt of
// RSA-PSS is as long as fits, whatever is asked for.
type longestSalt struct{ *rsa.PrivateKey }

func (d longestSalt) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, isPSS := opts.(*rsa.PSSOptions); isPSS {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: opts.HashFunc()}
	}
	return d.PrivateKey.Sign(r, digest, opts)
}

func TestADeviceWithAnotherSaltIsToldOfRS256(t *testing.T) {
	cert := newCertificate(t, testKey(), time.Hour)
	w := newWorld(t, withCertificate(cert))
	credential := msal.Certificate{Key: longestSalt{testKey()}, Chain: []*x509.Certificate{cert}}
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, w.options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrConfiguration)
	wantHint(t, err, "Certificate.SHA1 asks for RS256")
	if n := len(w.Emulator().Requests(emulator.EndpointToken)); n != 0 {
		t.Errorf("%d requests went out with a signature that nobody confirms", n)
	}
	credential.SHA1 = true
	wantToken(t, w, credential)
}

// A certificate is renewed under its authority: registered by subject and
// issuer, it works at once if its chain is sent.
func TestARenewedCertificateOfATrustedIssuerNeedsItsChain(t *testing.T) {
	authority := testKey()
	certify := func(serial int64, name string, isCA bool, parent *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
			NotAfter: time.Now().Add(time.Hour), IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
		if parent == nil {
			parent = template
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, authority)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := certify(1, "root", true, nil, authority.Public())
	cfg := emulator.Defaults()
	for i := range cfg.Tenants[0].Apps {
		if app := &cfg.Tenants[0].Apps[i]; app.ClientID == emulator.DaemonClientID {
			app.TrustedIssuers = []emulator.TrustedIssuer{{Subject: "daemon", Issuer: pemCertificate(root)}}
		}
	}
	w := newWorld(t, cfg)
	for serial := range int64(2) {
		cert := msal.Certificate{Key: key, Chain: []*x509.Certificate{certify(2+serial, "daemon", false, root, key.Public())}, SendX5C: msal.X5CLeaf}
		wantToken(t, w, cert)
		cert.SendX5C = msal.X5CNone
		c, err := msal.NewConfidentialClient(emulator.DaemonClientID, cert, w.options())
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		if wantError(t, err); asError(t, err).AADSTS[0] != 700027 {
			t.Errorf("got %v, want AADSTS700027", err)
		}
	}
}
