package emulator_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator"
)

// authorities are a root, an issuer below it, and a stranger; a daemon's
// certificate is trusted by its subject and the root.
type authorities struct {
	*fixture
	key                            *ecdsa.PrivateKey // everybody's
	root, issuer, leaf, registered *x509.Certificate
	renewed, other, expired, ended *x509.Certificate
	stranger, strangers            *x509.Certificate
}

func startAuthorities(t *testing.T) authorities {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &ecKeyed{t, key}
	a := authorities{key: key}
	a.root = ca.certify("root", nil, time.Hour)
	a.issuer = ca.certify("issuer", a.root, time.Hour)
	a.leaf, a.renewed = ca.certify("daemon", a.issuer, time.Hour), ca.certify("daemon", a.issuer, time.Hour)
	a.other, a.expired = ca.certify("daemon2", a.issuer, time.Hour), ca.certify("daemon", a.issuer, -time.Minute)
	a.registered, a.ended = ca.certify("registered", a.issuer, time.Hour), ca.certify("ended", a.issuer, -time.Minute)
	a.stranger = ca.certify("stranger", nil, time.Hour)
	a.strangers = ca.certify("daemon", a.stranger, time.Hour)
	a.fixture = start(t, func(c *emulator.Config) {
		c.Tenants[0].Apps[3].Certificates = []string{textOf(a.registered), textOf(a.ended)}
		c.Tenants[0].Apps[3].TrustedIssuers = []emulator.TrustedIssuer{{Subject: "daemon", Issuer: textOf(a.root)}}
	})
	return a
}

func textOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// ecKeyed certifies its own key: the names alone tell certificates apart.
type ecKeyed struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

func (k *ecKeyed) certify(name string, parent *x509.Certificate, life time.Duration) *x509.Certificate {
	k.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		k.t.Fatal(err)
	}
	isCA := !strings.HasPrefix(name, "daemon")
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life),
		IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature}
	if isCA {
		template.KeyUsage |= x509.KeyUsageCertSign
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, k.key.Public(), crypto.Signer(k.key))
	if err != nil {
		k.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		k.t.Fatal(err)
	}
	return cert
}

// x5c is a header with certificates, and the thumbprint of the first if named.
func x5c(named bool, chain ...*x509.Certificate) map[string]any {
	var list []string
	for _, c := range chain {
		list = append(list, base64.StdEncoding.EncodeToString(c.Raw))
	}
	header := map[string]any{"x5c": list}
	if named {
		header["x5t#S256"] = thumbprint(chain[0])
	}
	return header
}

func thumbprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (a authorities) present(t *testing.T, header map[string]any) answer {
	t.Helper()
	b := assertions{fixture: a.fixture, now: a.emu.Now()}
	return b.present(t, jwt.SigningMethodES256, a.key, header, b.claims())
}

func TestChainsOfCertificatesAreAccepted(t *testing.T) {
	t.Parallel()
	a := startAuthorities(t)
	for name, header := range map[string]map[string]any{
		"registered, with its chain":    x5c(true, a.registered, a.issuer, a.root),
		"registered, sent alone":        x5c(true, a.registered),
		"registered, without a name":    x5c(false, a.registered),
		"trusted, with its chain":       x5c(true, a.leaf, a.issuer, a.root),
		"trusted, without the root":     x5c(true, a.leaf, a.issuer),
		"trusted, without a thumbprint": x5c(false, a.leaf, a.issuer),
		"renewed":                       x5c(true, a.renewed, a.issuer),
	} {
		if got := a.present(t, header); got.Status != 200 {
			t.Errorf("%s: %s %q", name, got.summary(), got.text("error_description"))
		}
	}
	if v := a.emu.Violations(); len(v) != 0 {
		t.Errorf("violations: %v", v)
	}
}

func TestChainsOfCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	a := startAuthorities(t)
	std := base64.StdEncoding.EncodeToString(a.registered.Raw)
	named := func(value any) map[string]any {
		return map[string]any{"x5t#S256": thumbprint(a.registered), "x5c": value}
	}
	for name, header := range map[string]map[string]any{
		"another first":               named([]string{base64.StdEncoding.EncodeToString(a.issuer.Raw), std}),
		"empty":                       named([]string{}),
		"a string":                    named(std),
		"a number within":             named([]any{7}),
		"base64url":                   named([]string{base64.RawURLEncoding.EncodeToString(a.registered.Raw)}),
		"line breaks":                 named([]string{std[:64] + "\n" + std[64:]}),
		"no certificate":              named([]string{"AAAA"}),
		"too many":                    named(strings.Split(strings.Repeat(std+" ", 11), " ")[:11]),
		"trusted, but not sent":       {"x5t#S256": thumbprint(a.leaf)},
		"trusted, sent without chain": x5c(true, a.leaf),
		"another subject":             x5c(true, a.other, a.issuer),
		"another issuer":              x5c(true, a.strangers, a.stranger),
		"registered, but expired":     {"x5t#S256": thumbprint(a.ended)},
		"registered, sent, expired":   x5c(false, a.ended),
		"expired":                     x5c(true, a.expired, a.issuer),
		"another thumbprint":          {"x5t#S256": thumbprint(a.renewed), "x5c": x5c(false, a.leaf, a.issuer)["x5c"]},
	} {
		refused(t, name, a.present(t, header), 401, "invalid_client", 700027)
	}
}

func TestChainsOutOfOrderAreNoted(t *testing.T) {
	t.Parallel()
	a := startAuthorities(t)
	if got := a.present(t, x5c(true, a.registered, a.root, a.issuer)); got.Status != 200 {
		t.Errorf("%s", got.summary())
	}
	if v := a.emu.Violations(); len(v) != 1 || v[0].Rule != "x5c-order" {
		t.Errorf("violations: %v", v)
	}
}
