package interop

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// deviceCertificate is signed by the key in the device itself.
func deviceCertificate(t *testing.T, key crypto.Signer) *x509.Certificate {
	t.Helper()
	return sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "interop device"}, KeyUsage: x509.KeyUsageDigitalSignature}, nil, key.Public(), key)
}

// daemon makes a client of p with a credential.
func (p *platform) daemon(t *testing.T, c msal.Credential) *msal.ConfidentialClient {
	t.Helper()
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, c, msal.Options{Authority: tenantURL, HTTPClient: p.client})
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

var daemonRequest = msal.ForClientRequest{Scopes: []string{tasksScope}}

// checkAlgorithm looks at the header of an assertion that the emulator took.
func checkAlgorithm(t *testing.T, jwt, alg string) {
	t.Helper()
	header, _, _ := strings.Cut(jwt, ".")
	if !bytes.Contains(decoded(t, header), []byte(`"alg":"`+alg+`"`)) {
		t.Errorf("the header is %s, want %s", decoded(t, header), alg)
	}
}
