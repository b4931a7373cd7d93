package assertion

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msal-go/msal/internal/pkcs8"
)

func TestParsePEMAcceptsAnyOrderAndKind(t *testing.T) {
	t.Parallel()
	m := made()
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(m.rsa)}))
	mislabeled := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(m.rsa)}))
	sec1DER, _ := x509.MarshalECPrivateKey(m.ec)
	sec1 := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1DER}))
	rsaKey := keyPEM(t, m.rsa)
	for name, tc := range map[string]struct {
		in    string
		certs []*x509.Certificate
	}{
		"PKCS 8":            {rsaKey + certPEM(m.leaf), []*x509.Certificate{m.leaf}},
		"PKCS 1":            {certPEM(m.leaf) + pkcs1, []*x509.Certificate{m.leaf}},
		"PKCS 1 mislabeled": {certPEM(m.leaf) + mislabeled, []*x509.Certificate{m.leaf}},
		"SEC 1":             {sec1 + certPEM(m.selfEC), []*x509.Certificate{m.selfEC}},
		"EC in PKCS 8":      {keyPEM(t, m.ec) + certPEM(m.selfEC), []*x509.Certificate{m.selfEC}},
		"chain in order":    {rsaKey + certPEM(m.leaf, m.issuer, m.root), []*x509.Certificate{m.leaf, m.issuer, m.root}},
		"chain reversed":    {certPEM(m.root, m.issuer) + rsaKey + certPEM(m.leaf), []*x509.Certificate{m.leaf, m.issuer, m.root}},
		"stranger last":     {certPEM(m.selfEC, m.issuer, m.leaf) + rsaKey, []*x509.Certificate{m.leaf, m.issuer, m.selfEC}},
		"same key twice":    {rsaKey + pkcs1 + certPEM(m.leaf), []*x509.Certificate{m.leaf}},
		"text between":      {"Bag Attributes\n  friendlyName: x\n" + rsaKey + "\nsubject=CN = leaf\n" + certPEM(m.leaf) + "\nend", []*x509.Certificate{m.leaf}},
		"CRLF and BOM":      {"\ufeff" + strings.ReplaceAll(certPEM(m.leaf)+rsaKey, "\n", "\r\n"), []*x509.Certificate{m.leaf}},
		"BOM in between":    {rsaKey + "\ufeff" + certPEM(m.leaf), []*x509.Certificate{m.leaf}},
		"with trust":        {rsaKey + trustedPEM(m.leaf), []*x509.Certificate{m.leaf}},
		"other blocks":      {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n" + rsaKey + certPEM(m.leaf), []*x509.Certificate{m.leaf}},
	} {
		key, certs, err := ParsePEM([]byte(tc.in), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(certs) != len(tc.certs) {
			t.Errorf("%s: %d certificates, want %d", name, len(certs), len(tc.certs))
			continue
		}
		for i := range certs {
			if !certs[i].Equal(tc.certs[i]) {
				t.Errorf("%s: certificate %d is %s, want %s", name, i, certs[i].Subject, tc.certs[i].Subject)
			}
		}
		if _, err := New(Key{Signer: key, Certificates: certs}); err != nil {
			t.Errorf("%s: the result is not usable: %v", name, err)
		}
	}
}

// trustedPEM is a certificate as OpenSSL writes it with its own settings, here
// an alias.
func trustedPEM(c *x509.Certificate) string {
	settings := []byte{0x30, 5, 0x0c, 3, 'a', 'p', 'p'}
	return string(pem.EncodeToMemory(&pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: append(bytes.Clone(c.Raw), settings...)}))
}

// foreignPEM is a private key with an algorithm of somebody else.
func foreignPEM(t *testing.T, parameters asn1.RawValue, id ...int) string {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: id, Parameters: parameters}, []byte("s3cret")})
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestParsePEMNamesKeysThatNobodyReads(t *testing.T) {
	t.Parallel()
	ec := []int{1, 2, 840, 10045, 2, 1}
	curve := func(id ...int) asn1.RawValue {
		der, err := asn1.Marshal(asn1.ObjectIdentifier(id))
		if err != nil {
			t.Fatal(err)
		}
		return asn1.RawValue{FullBytes: der}
	}
	for want, in := range map[string]string{
		"Ed448": foreignPEM(t, asn1.RawValue{}, 1, 3, 101, 113),
		"X448":  foreignPEM(t, asn1.RawValue{}, 1, 3, 101, 111),
		"DSA":   foreignPEM(t, asn1.NullRawValue, 1, 2, 840, 10040, 4, 1),
		"RSA-PSS (with that restriction in the key)":            foreignPEM(t, asn1.RawValue{}, 1, 2, 840, 113549, 1, 1, 10),
		"1.2.3 (object identifier)":                             foreignPEM(t, asn1.RawValue{}, 1, 2, 3),
		"ECDSA with curve 1.3.132.0.10":                         foreignPEM(t, curve(1, 3, 132, 0, 10), ec...),
		"ECDSA with the curve's parameters instead of its name": foreignPEM(t, asn1.NullRawValue, ec...),
	} {
		var kind *KeyTypeError
		if _, _, err := ParsePEM([]byte(in), nil); !errors.As(err, &kind) || kind.Type != want || shows(err, "s3cret") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	for name, in := range map[string]string{
		"RSA":     foreignPEM(t, asn1.NullRawValue, 1, 2, 840, 113549, 1, 1, 1),
		"P-256":   foreignPEM(t, curve(1, 2, 840, 10045, 3, 1, 7), ec...),
		"Ed25519": foreignPEM(t, asn1.RawValue{}, 1, 3, 101, 112),
	} {
		var damaged *PEMError
		if _, _, err := ParsePEM([]byte(in), nil); !errors.As(err, &damaged) {
			t.Errorf("a damaged %s key: got %v", name, err)
		}
	}
}

func TestParsePEMRefuses(t *testing.T) {
	t.Parallel()
	m := made()
	key, cert := keyPEM(t, m.rsa), certPEM(m.leaf)
	block := func(kind, body string) string {
		return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n"
	}
	x25519, _ := ecdh.X25519().GenerateKey(rand.Reader)
	lines := strings.Split(key, "\n")
	for _, tc := range []struct {
		name string
		in   string
		want any
		hint string
	}{
		{"empty", "", new(*PEMError), "BEGIN"},
		{"garbage", "\x00\xff" + lines[2], new(*PEMError), "BEGIN"},
		{"DER", string(m.leaf.Raw), new(*PEMError), "PFX"},
		{"UTF-16", strings.Join(strings.Split(cert, ""), "\x00") + "\x00", new(*PEMError), "UTF-16"},
		{"too large", strings.Repeat(cert, 400), new(*PEMError), "larger"},
		{"no key", cert, ErrNoKey, "PRIVATE KEY"},
		{"public key only", block("PUBLIC KEY", "AAAA"), ErrNoKey, "PRIVATE KEY"},
		{"no certificate", key, ErrNoCertificate, "certificate"},
		{"several keys", key + keyPEM(t, m.rsaOther) + cert, ErrSeveralKeys, "only the one"},
		{"keys of two kinds", key + keyPEM(t, m.ec) + cert, ErrSeveralKeys, "only the one"},
		{"certificate of another key", keyPEM(t, m.rsaOther) + cert, new(*KeyMismatchError), "belong together"},
		{"PKCS 8 encrypted", block("ENCRYPTED PRIVATE KEY", "AAAA") + cert, new(*EncryptedKeyError), "openssl pkcs8"},
		{"RFC 1423", block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233\n\nAAAA") + cert, new(*EncryptedKeyError), "RFC 1423"},
		{"RFC 1423 EC", block("EC PRIVATE KEY", "DEK-Info: DES-EDE3-CBC,00112233\n\nAAAA") + cert, new(*EncryptedKeyError), "openssl pkcs8"},
		{"OpenSSH", block("OPENSSH PRIVATE KEY", "AAAA") + cert, new(*PEMError), "convert"},
		{"odd label", block("s3cret-label PRIVATE KEY", "AAAA") + cert, new(*PEMError), "convert"},
		{"X25519", keyPEM(t, x25519) + cert, new(*KeyTypeError), "RSA"},
		{"bad key", block("PRIVATE KEY", lines[1]) + cert, new(*PEMError), "block 1 (PRIVATE KEY) is not a private key"},
		{"bad certificate", key + block("CERTIFICATE", lines[1]), new(*PEMError), "block 2 (CERTIFICATE) is not a certificate"},
		{"certificate as key", strings.ReplaceAll(cert, "CERTIFICATE", "PRIVATE KEY"), new(*PEMError), "not a private key"},
		{"key as certificate", strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"), new(*PEMError), "not a certificate"},
		{"cut file", cert + key[:len(key)/2], new(*PEMError), "cut"},
		{"cut chain", key + cert + certPEM(m.issuer)[:100], new(*PEMError), "cut"},
		{"escaped line breaks", strings.ReplaceAll(key+cert, "\n", `\n`), new(*PEMError), "line breaks"},
		{"joined lines", strings.ReplaceAll(key+cert, "\n", " "), new(*PEMError), "line breaks"},
	} {
		k, certs, err := ParsePEM([]byte(tc.in), nil)
		if k != nil || certs != nil || err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		if sentinel, ok := tc.want.(error); ok && !errors.Is(err, sentinel) || !ok && !errors.As(err, tc.want) {
			t.Errorf("%s: err = %T %v, want %T", tc.name, err, err, tc.want)
		}
		if !shows(err, tc.hint) {
			t.Errorf("%s: %q does not say %q", tc.name, err, tc.hint)
		}
		if shows(err, lines[1][:16]) || shows(err, "s3cret") {
			t.Errorf("%s: the error shows the input", tc.name)
		}
	}
}

func TestParsePEMReadsWhatOpenSSLWrites(t *testing.T) {
	t.Parallel()
	openssl := findOpenSSL(t)
	dir := t.TempDir()
	ssl := func(args ...string) { run(t, dir, openssl, args...) }
	ssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "pkcs8.pem", "-out", "cert.pem", "-subj", "/CN=app", "-days", "30")
	ssl("rsa", "-in", "pkcs8.pem", "-traditional", "-out", "pkcs1.pem")
	ssl("pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", "pass:s3cret", "-out", "encrypted.pem")
	ssl("rsa", "-in", "pkcs8.pem", "-traditional", "-aes128", "-passout", "pass:s3cret", "-out", "rfc1423.pem")
	ssl("pkcs12", "-export", "-inkey", "pkcs8.pem", "-in", "cert.pem", "-name", "app", "-passout", "pass:s3cret", "-out", "app.pfx")
	ssl("pkcs12", "-in", "app.pfx", "-nodes", "-passin", "pass:s3cret", "-out", "bag.pem")
	ssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "ec.pem")
	ssl("req", "-x509", "-new", "-key", "ec.pem", "-out", "eccert.pem", "-subj", "/CN=ec", "-days", "30")
	ssl("pkcs8", "-topk8", "-nocrypt", "-in", "encrypted.pem", "-passin", "pass:s3cret", "-out", "decrypted.pem")
	read := func(names ...string) (all []byte) {
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		return all
	}
	for _, names := range [][]string{{"pkcs8.pem", "cert.pem"}, {"cert.pem", "pkcs1.pem"}, {"bag.pem"}, {"ec.pem", "eccert.pem"}, {"decrypted.pem", "cert.pem"}} {
		key, certs, err := ParsePEM(read(names...), nil)
		if err != nil {
			t.Errorf("%v: %v", names, err)
			continue
		}
		assert(t, mustNew(t, Key{Signer: key, Certificates: certs, X5C: Chain}))
	}
	for name, args := range map[string][]string{
		"encrypted.pem": nil, "v2aes128.pem": {"-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"}, "v2des3.pem": {"-v2", "des3", "-v2prf", "hmacWithSHA1"}, "scrypt.pem": {"-scrypt"},
	} {
		ssl(append([]string{"pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", "pass:s3cret", "-out", name}, args...)...)
		key, certs, err := ParsePEM(read("cert.pem", name), []byte("s3cret"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		assert(t, mustNew(t, Key{Signer: key, Certificates: certs}))
		for _, wrong := range []string{"", "other"} {
			if _, _, err := ParsePEM(read("cert.pem", name), []byte(wrong)); !errors.Is(err, pkcs8.ErrPassphrase) || !shows(err, "block 2") {
				t.Errorf("%s with another passphrase: err = %v, want ErrPassphrase", name, err)
			}
		}
	}
	if _, _, err := ParsePEM(read("pkcs8.pem", "cert.pem"), []byte("s3cret")); err != nil {
		t.Errorf("a passphrase that is not needed: %v", err)
	}
	for name, legacy := range map[string]bool{"encrypted.pem": false, "rfc1423.pem": true} {
		passphrase := []byte(nil)
		if legacy {
			passphrase = []byte("s3cret") // it does not help
		}
		_, _, err := ParsePEM(read(name, "cert.pem"), passphrase)
		var ee *EncryptedKeyError
		if !errors.As(err, &ee) || ee.Legacy != legacy {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	var pe *PEMError
	if _, _, err := ParsePEM(read("app.pfx"), nil); !errors.As(err, &pe) {
		t.Errorf("PFX: err = %v", err)
	}
}

func FuzzParsePEM(f *testing.F) {
	m := made()
	f.Add([]byte(keyPEM(f, m.ec) + certPEM(m.selfEC)))
	f.Add([]byte(keyPEM(f, m.rsa) + certPEM(m.root, m.leaf, m.issuer)))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n-----BEGIN "))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, certs, err := ParsePEM(data, []byte("s3cret"))
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
