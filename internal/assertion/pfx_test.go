package assertion

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/msal-go/msal/internal/pkcs8"
)

func pfx(t testing.TB, e *pkcs12.Encoder, key any, leaf *x509.Certificate, rest ...*x509.Certificate) []byte {
	t.Helper()
	data, err := e.Encode(key, leaf, rest, "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParsePFXReadsOldAndNewKinds(t *testing.T) {
	t.Parallel()
	m := made()
	for name, tc := range map[string]struct {
		data  []byte
		certs []*x509.Certificate
	}{
		"3DES, SHA-1 MAC":  {pfx(t, pkcs12.LegacyDES, m.rsa, m.leaf, m.issuer, m.root), []*x509.Certificate{m.leaf, m.issuer, m.root}},
		"RC2, SHA-1 MAC":   {pfx(t, pkcs12.LegacyRC2, m.rsa, m.leaf), []*x509.Certificate{m.leaf}},
		"AES, SHA-256 MAC": {pfx(t, pkcs12.Modern2023, m.rsa, m.leaf, m.root, m.issuer), []*x509.Certificate{m.leaf, m.issuer, m.root}},
		"AES, PBMAC1":      {pfx(t, pkcs12.Modern2026, m.rsa, m.leaf), []*x509.Certificate{m.leaf}},
		"root first":       {pfx(t, pkcs12.Modern2023, m.rsa, m.root, m.issuer, m.leaf), []*x509.Certificate{m.leaf, m.issuer, m.root}},
		"EC":               {pfx(t, pkcs12.Modern2023, m.ec, m.selfEC), []*x509.Certificate{m.selfEC}},
	} {
		key, certs, err := ParsePFX(tc.data, "s3cret")
		if err != nil || len(certs) != len(tc.certs) {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
			continue
		}
		for i := range certs {
			if !certs[i].Equal(tc.certs[i]) {
				t.Errorf("%s: certificate %d is %s, want %s", name, i, certs[i].Subject, tc.certs[i].Subject)
			}
		}
		assert(t, mustNew(t, Key{Signer: key, Certificates: certs, X5C: Chain}))
		for _, wrong := range []string{"", "S3cret"} {
			var pe *PFXError
			if _, _, err := ParsePFX(tc.data, wrong); !errors.As(err, &pe) || !errors.Is(err, pkcs8.ErrPassphrase) {
				t.Errorf("%s with another password: err = %v, want ErrPassphrase", name, err)
			}
		}
	}
}

func TestParsePFXReadsWhatOpenSSLWrites(t *testing.T) {
	t.Parallel()
	openssl := findOpenSSL(t)
	m := made()
	dir := t.TempDir()
	write(t, dir, "key.pem", keyPEM(t, m.rsa))
	write(t, dir, "leaf.pem", certPEM(m.leaf))
	write(t, dir, "ca.pem", certPEM(m.issuer, m.root))
	export := func(name string, args ...string) []byte {
		run(t, dir, openssl, append([]string{"pkcs12", "-export", "-out", name}, args...)...)
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	both := []string{"-inkey", "key.pem", "-in", "leaf.pem"}
	password := []string{"-passout", "pass:s3cret"}
	for name, tc := range map[string]struct {
		args     []string
		password string
		certs    int
	}{
		"modern":         {password, "s3cret", 1},
		"chain":          {append([]string{"-certfile", "ca.pem"}, password...), "s3cret", 3},
		"SHA-1 MAC":      {append([]string{"-macalg", "sha1"}, password...), "s3cret", 1},
		"SHA-512 MAC":    {append([]string{"-macalg", "sha512", "-iter", "10000"}, password...), "s3cret", 1},
		"old ciphers":    {append([]string{"-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"}, password...), "s3cret", 1},
		"plain certs":    {append([]string{"-certpbe", "NONE"}, password...), "s3cret", 1},
		"empty password": {[]string{"-passout", "pass:"}, "", 1},
		"odd password":   {[]string{"-passout", "pass:phräse ß"}, "phräse ß", 1},
		"named":          {append([]string{"-name", "my app"}, password...), "s3cret", 1},
	} {
		key, certs, err := ParsePFX(export("a.pfx", append(append([]string{}, both...), tc.args...)...), tc.password)
		if err != nil || len(certs) != tc.certs {
			t.Errorf("%s: %d certificates, %v", name, len(certs), err)
			continue
		}
		assert(t, mustNew(t, Key{Signer: key, Certificates: certs}))
	}
	for name, tc := range map[string]struct {
		args []string
		want error
	}{
		"no key":         {[]string{"-nokeys", "-in", "leaf.pem"}, ErrNoKey},
		"no certificate": {[]string{"-nocerts", "-inkey", "key.pem", "-in", "key.pem"}, ErrNoCertificate},
		"no MAC":         {append([]string{"-nomac"}, both...), ErrProtection},
		"MD5 MAC":        {append([]string{"-macalg", "md5"}, both...), ErrProtection},
	} {
		var pe *PFXError
		if _, _, err := ParsePFX(export("b.pfx", append(tc.args, password...)...), "s3cret"); !errors.As(err, &pe) || !errors.Is(err, tc.want) {
			t.Errorf("%s: err = %v, want %v", name, err, tc.want)
		}
	}
}

func TestParsePFXRefuses(t *testing.T) {
	t.Parallel()
	m := made()
	good := pfx(t, pkcs12.Modern2023, m.rsa, m.leaf)
	x25519, _ := ecdh.X25519().GenerateKey(rand.Reader)
	for _, tc := range []struct {
		name string
		data []byte
		want any
		hint string
	}{
		{"empty", nil, new(*PFXError), "DER"},
		{"text", []byte("s3cret"), new(*PFXError), "DER"},
		{"PEM", []byte(certPEM(m.leaf)), new(*PFXError), "is PEM"},
		{"base64", []byte(base64.StdEncoding.EncodeToString(good)), new(*PFXError), "base64"},
		{"a certificate", m.leaf.Raw, new(*PFXError), "private key"},
		{"cut", good[:len(good)-9], new(*PFXError), "cut"},
		{"more behind", append(append([]byte{}, good...), 0), new(*PFXError), "DER"},
		{"too large", make([]byte, maxPFX+1), new(*PFXError), "larger"},
		{"hours of work", costlyPFX(t, 1<<31-1), new(*pkcs8.CostError), "more work"},
		{"certificate of another key", pfx(t, pkcs12.Modern2023, m.rsaOther, m.leaf), new(*KeyMismatchError), "belong together"},
		{"X25519", pfx(t, pkcs12.Modern2023, x25519, m.leaf), new(*KeyTypeError), "RSA"},
		{"a MAC of a stranger", costlyPFX(t, 1000), pkcs8.ErrPassphrase, "passphrase"},
		{"no key", mustTrust(t, m.leaf), ErrNoKey, "private key"},
	} {
		k, certs, err := ParsePFX(tc.data, "s3cret")
		if k != nil || certs != nil || err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		if sentinel, ok := tc.want.(error); ok && !errors.Is(err, sentinel) || !ok && !errors.As(err, tc.want) {
			t.Errorf("%s: err = %T %v, want %T", tc.name, err, err, tc.want)
		}
		if !shows(err, tc.hint) || shows(err, "s3cret") {
			t.Errorf("%s: %q", tc.name, err)
		}
	}
}

// mustTrust is a PFX file of certificates alone.
func mustTrust(t *testing.T, certs ...*x509.Certificate) []byte {
	t.Helper()
	data, err := pkcs12.Modern2023.EncodeTrustStore(certs, "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// costlyPFX has nothing but a MAC that takes long to check.
func costlyPFX(t *testing.T, iterations int) []byte {
	t.Helper()
	type algorithm struct{ ID asn1.ObjectIdentifier }
	type digest struct {
		Algorithm algorithm
		Value     []byte
	}
	type mac struct {
		Digest     digest
		Salt       []byte
		Iterations int
	}
	type content struct {
		Type asn1.ObjectIdentifier
		Data []byte `asn1:"tag:0,explicit"`
	}
	der, err := asn1.Marshal(struct {
		Version int
		Safe    content
		Mac     mac
	}{3, content{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, []byte{0x30, 0}},
		mac{digest{algorithm{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}}, make([]byte, 20)}, []byte("salt"), iterations}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestX5CListReadsCertificatesAlone(t *testing.T) {
	t.Parallel()
	m := made()
	b64 := base64.StdEncoding.EncodeToString
	leaf, issuer := b64(m.leaf.Raw), b64(m.issuer.Raw)
	for name, tc := range map[string]struct{ in, want string }{
		"one":            {certPEM(m.leaf), leaf},
		"in their order": {certPEM(m.issuer, m.leaf), issuer + " " + leaf},
		"beside a key":   {keyPEM(t, m.rsa) + "text\n" + certPEM(m.leaf), leaf},
		"CRLF":           {strings.ReplaceAll(certPEM(m.leaf), "\n", "\r\n"), leaf},
		"no markers":     {"\n " + leaf[:64] + "\n" + leaf[64:] + "\n", leaf},
	} {
		got, err := X5CList([]byte(tc.in))
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, tc := range []struct {
		name, in string
		want     any
	}{
		{"empty", "", new(*PEMError)},
		{"text", "s3cret", new(*PEMError)},
		{"base64 of something else", b64([]byte("something else")), new(*PEMError)},
		{"only a key", keyPEM(t, m.rsa), ErrPrivateKey},
		{"an encrypted key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", ErrPrivateKey},
		{"something else", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", ErrNoCertificate},
		{"bad certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", new(*PEMError)},
		{"cut", certPEM(m.leaf) + certPEM(m.issuer)[:90], new(*PEMError)},
		{"too large", strings.Repeat(certPEM(m.leaf), 400), new(*PEMError)},
	} {
		got, err := X5CList([]byte(tc.in))
		if got != nil || err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		if sentinel, ok := tc.want.(error); ok && !errors.Is(err, sentinel) || !ok && !errors.As(err, tc.want) {
			t.Errorf("%s: err = %T %v, want %T", tc.name, err, err, tc.want)
		}
		if shows(err, "s3cret") {
			t.Errorf("%s: the error shows the input", tc.name)
		}
	}
}

func FuzzParsePFX(f *testing.F) {
	m := made()
	for _, e := range []*pkcs12.Encoder{pkcs12.LegacyDES, pkcs12.LegacyRC2, pkcs12.Modern2023, pkcs12.Modern2026} {
		f.Add(pfx(f, e.WithIterations(1), m.ec, m.selfEC))
	}
	f.Add(m.leaf.Raw)
	f.Fuzz(func(t *testing.T, data []byte) {
		if iterations(data, 0) > 10_000 {
			return // allowed, but slow
		}
		key, certs, err := ParsePFX(data, "s3cret")
		if err != nil {
			if key != nil || certs != nil {
				t.Error("a failed parse left something behind")
			}
			return
		}
		if indexOfKey(key.Public(), certs) != 0 {
			t.Error("the first certificate is not that of the key")
		}
	})
}
