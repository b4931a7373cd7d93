package msal_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// wantToken gets a token with credential, from the service.
func wantToken(t *testing.T, w *world, credential msal.Credential) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, w.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Fatal(err)
	}
	return c
}

// wantReason fails unless err is a *CredentialError for reason.
func wantReason(t *testing.T, err error, reason msal.CredentialReason) {
	t.Helper()
	wantError(t, err, msal.ErrConfiguration)
	var ce *msal.CredentialError
	if !errors.As(err, &ce) || ce.Reason != reason {
		t.Errorf("got %T %v, want a *CredentialError with reason %q", err, err, reason)
	}
}

// The files in internal/pkcs8/testdata are OpenSSL's.
func storedKey(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("internal", "pkcs8", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func storedCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(storedKey(t, "plain.pem"))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return newCertificate(t, key.(*ecdsa.PrivateKey), time.Hour)
}

func TestEncryptedKeyBringsAToken(t *testing.T) {
	cert := storedCertificate(t)
	for _, name := range []string{"aes256-sha256.pem", "aes192-sha512.pem", "aes128-sha1.pem", "des3-sha256.pem", "scrypt.pem", "plain.pem"} {
		t.Run(name, func(t *testing.T) {
			credential, err := msal.ParseEncryptedCertificate(append(storedKey(t, name), pemCertificate(cert)...), "correct-horse")
			if err != nil {
				t.Fatal(err)
			}
			wantToken(t, newWorld(t, withCertificate(cert)), credential)
		})
	}
}

func newPFX(t *testing.T, e *pkcs12.Encoder, key any, certs ...*x509.Certificate) []byte {
	t.Helper()
	data, err := e.Encode(key, certs[0], certs[1:], planted)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPFXBringsAToken(t *testing.T) {
	cert := newCertificate(t, testKey(), time.Hour)
	for name, encoder := range map[string]*pkcs12.Encoder{"SHA-1 MAC": pkcs12.LegacyDES, "SHA-256 MAC": pkcs12.Modern2023} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.pfx")
			if err := os.WriteFile(path, newPFX(t, encoder, testKey(), cert), 0o600); err != nil {
				t.Fatal(err)
			}
			credential, err := msal.ReadPFX(path, planted)
			if err != nil {
				t.Fatal(err)
			}
			credential.SendX5C = msal.X5CLeaf
			wantToken(t, newWorld(t, withCertificate(cert)), credential)
		})
	}
}

func TestPFXKeepsTheChain(t *testing.T) {
	cert, other := newCertificate(t, testKey(), time.Hour), storedCertificate(t)
	credential, err := msal.ParsePFX(newPFX(t, pkcs12.Modern2023, testKey(), other, cert), planted)
	if err != nil || len(credential.Chain) != 2 || !credential.Chain[0].Equal(cert) || !credential.Chain[1].Equal(other) {
		t.Errorf("got %v, %v; want the certificate of the key first", credential, err)
	}
}

func TestUnreadableCredentialsSayWhy(t *testing.T) {
	cert := newCertificate(t, testKey(), time.Hour)
	crt := pemCertificate(storedCertificate(t))
	sealed := string(storedKey(t, "aes256-sha256.pem"))
	encrypted := func(in, passphrase string) func() error {
		return func() error {
			_, err := msal.ParseEncryptedCertificate([]byte(in), msal.Secret(passphrase))
			return err
		}
	}
	pfx := func(data []byte, password string) func() error {
		return func() error {
			_, err := msal.ParsePFX(data, msal.Secret(password))
			return err
		}
	}
	file := func(path string) func() error {
		return func() error {
			_, err := msal.ReadPFX(path, planted)
			return err
		}
	}
	certs := func(in string) func() error {
		return func() error {
			_, err := msal.ExtractCerts([]byte(in))
			return err
		}
	}
	trust, err := pkcs12.Modern2023.EncodeTrustStore([]*x509.Certificate{cert}, planted)
	if err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(t.TempDir(), "large.pfx")
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
	for _, tt := range []struct {
		name   string
		parse  func() error
		reason msal.CredentialReason
		hint   string
	}{
		{"wrong passphrase", encrypted(sealed+crt, planted), msal.CredentialPassphrase, "passphrase is wrong"},
		{"empty passphrase", encrypted(sealed+crt, ""), msal.CredentialPassphrase, "passphrase is wrong"},
		{"no passphrase", func() error { _, err := msal.ParseCertificate([]byte(sealed + crt)); return err }, msal.CredentialPassphrase, "give its passphrase"},
		{"legacy encryption", encrypted(legacy+crt, planted), msal.CredentialEncryption, "RFC 1423"},
		{"old scheme", encrypted(string(storedKey(t, "pbe-sha1-3des.pem"))+crt, planted), msal.CredentialEncryption, "-v2 aes-256-cbc"},
		{"no key", encrypted(crt, planted), msal.CredentialNoKey, "give one"},
		{"no certificate", encrypted(sealed, "correct-horse"), msal.CredentialNoCertificate, "registered"},
		{"two keys", encrypted(sealed+otherKey(t)+crt, "correct-horse"), msal.CredentialSeveralKeys, "leave only the one"},
		{"another's key", encrypted(sealed+pemCertificate(cert), "correct-horse"), msal.CredentialMismatch, "belong together"},
		{"noise", encrypted(planted, planted), msal.CredentialMalformed, "BEGIN"},
		{"PFX, wrong password", pfx(newPFX(t, pkcs12.Modern2023, testKey(), cert), "other"), msal.CredentialPassphrase, "passphrase is wrong"},
		{"PFX, no password", pfx(newPFX(t, pkcs12.LegacyDES, testKey(), cert), ""), msal.CredentialPassphrase, "passphrase is wrong"},
		{"PFX without a key", pfx(trust, planted), msal.CredentialNoKey, "with its private key"},
		{"PFX of another's key", pfx(newPFX(t, pkcs12.Modern2023, testKey(), storedCertificate(t)), planted), msal.CredentialMismatch, "belong together"},
		{"PEM as PFX", pfx([]byte(sealed+crt), planted), msal.CredentialMalformed, "is PEM"},
		{"empty PFX", pfx(nil, planted), msal.CredentialMalformed, "DER"},
		{"PFX file missing", file(filepath.Join(t.TempDir(), "none.pfx")), msal.CredentialFile, "none.pfx"},
		{"PFX file is a directory", file(t.TempDir()), msal.CredentialFile, "regular file"},
		{"PFX file too large", file(large), msal.CredentialFile, "too large"},
		{"certificates: a key", certs(sealed), msal.CredentialNoCertificate, "private key"},
		{"certificates: noise", certs(planted), msal.CredentialMalformed, "BEGIN CERTIFICATE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.parse()
			wantReason(t, err, tt.reason)
			wantHint(t, err, tt.hint)
		})
	}
}

func TestShortKeysSayWhy(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	credential := msal.Certificate{Key: key, Chain: []*x509.Certificate{newCertificate(t, key, time.Hour)}}
	_, err = msal.NewConfidentialClient(emulator.DaemonClientID, credential, msal.Options{})
	wantReason(t, err, msal.CredentialKeyType)
}

func TestExtractCertsIsTheX5CHeader(t *testing.T) {
	one, two := newCertificate(t, testKey(), time.Hour), storedCertificate(t)
	got, err := msal.ExtractCerts([]byte(pemCertificate(one) + string(storedKey(t, "plain.pem")) + pemCertificate(two)))
	if err != nil {
		t.Fatal(err)
	}
	if b64 := base64.StdEncoding.EncodeToString; len(got) != 2 || got[0] != b64(one.Raw) || got[1] != b64(two.Raw) {
		t.Errorf("got %d certificates, or others", len(got))
	}
}
