package interop

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// authority certifies appKey for the daemon, as often as it is asked.
type authority struct {
	root, issuer *x509.Certificate
	certify      func() *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	rootKey, issuerKey := newECKey(t), newECKey(t)
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	}
	root := sign(t, ca("interop root"), nil, rootKey.Public(), rootKey)
	issuer := sign(t, ca("interop issuer"), root, issuerKey.Public(), rootKey)
	return authority{root: root, issuer: issuer, certify: func() *x509.Certificate {
		template := &x509.Certificate{Subject: pkix.Name{CommonName: "daemon.interop.test"}, KeyUsage: x509.KeyUsageDigitalSignature}
		return sign(t, template, issuer, appKey().Public(), issuerKey)
	}}
}

// withTrust registers no certificate of the daemon, but its subject and root.
func withTrust(a authority) func(*emulator.Config) {
	return func(cfg *emulator.Config) {
		for i := range cfg.Tenants[0].Apps {
			if app := &cfg.Tenants[0].Apps[i]; app.ClientID == emulator.DaemonClientID {
				app.TrustedIssuers = []emulator.TrustedIssuer{{Subject: "daemon.interop.test", Issuer: pemOf("CERTIFICATE", a.root.Raw)}}
			}
		}
	}
}

// Registration by subject name and issuer: a certificate that was made a
// moment ago works for MSAL Go and for ours if its chain is sent, and not
// otherwise. The emulator looks at the order of the chain.
func TestCertificatesOfATrustedIssuerNeedTheirChain(t *testing.T) {
	a := newAuthority(t)
	p, q := startPlatform(t, msalGo, withTrust(a)), startPlatform(t, ours, withTrust(a))
	for _, chain := range [][]*x509.Certificate{{a.certify(), a.issuer, a.root}, {a.certify(), a.issuer}, {a.certify()}} {
		cred, err := confidential.NewCredFromCert(chain, appKey())
		if err != nil {
			t.Fatal(err)
		}
		for _, sent := range []bool{true, false} {
			want := sent && len(chain) > 1
			var options []confidential.Option
			x5c := msal.X5CNone
			if sent {
				options, x5c = append(options, confidential.WithX5C()), msal.X5CChain
			}
			_, err := p.msalGoConfidential(t, emulator.DaemonClientID, cred, options...).AcquireTokenByCredential(t.Context(), daemonRequest.Scopes)
			if (err == nil) != want {
				t.Errorf("MSAL Go, %d certificates, sent: %t: %v", len(chain), sent, err)
			}
			_, err = q.daemon(t, msal.Certificate{Key: appKey(), Chain: chain, SendX5C: x5c}).AcquireTokenForClient(t.Context(), daemonRequest)
			if (err == nil) != want {
				t.Errorf("ours, %d certificates, sent: %t: %v", len(chain), sent, err)
			}
		}
	}
}

// MSAL Go puts the client's certificate first wherever it was given, and leaves
// the others as they are. ParseCertificate orders them all.
func TestShuffledChainsAreSentInOrder(t *testing.T) {
	a := newAuthority(t)
	leaf := a.certify()
	shuffled := []*x509.Certificate{a.root, leaf, a.issuer}
	text := pemOfKey(t, appKey())
	for _, c := range shuffled {
		text += pemOf("CERTIFICATE", c.Raw)
	}
	cert, err := msal.ParseCertificate([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cert.SendX5C = msal.X5CChain
	if _, err := startPlatform(t, ours, withTrust(a)).daemon(t, cert).AcquireTokenForClient(t.Context(), daemonRequest); err != nil {
		t.Error(err)
	}
	cred, err := confidential.NewCredFromCert(shuffled, appKey())
	if err != nil {
		t.Fatal(err)
	}
	p := startPlatform(t, msalGo, withTrust(a))
	if _, err := p.msalGoConfidential(t, emulator.DaemonClientID, cred, confidential.WithX5C()).AcquireTokenByCredential(t.Context(), daemonRequest.Scopes); err != nil {
		t.Error(err)
	}
	if v := p.Violations(); len(v) != 1 || v[0].Rule != "x5c-order" {
		t.Errorf("violations of MSAL Go: %v", v)
	}
}
