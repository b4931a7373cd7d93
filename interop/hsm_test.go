//go:build cgo

package interop

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ThalesGroup/crypto11"
	"github.com/miekg/pkcs11"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// SoftHSM behind PKCS #11 stands in for smart cards and hardware security
// modules. Its tokens are made by the commands of docs/hardware-keys.md.

const (
	tokenLabel = "msal"
	tokenPIN   = "48151623-never-shown"
)

// token is a PKCS #11 token with two keys that never leave it.
type token struct {
	module string // the vendor's shared library
	dir    string // where SoftHSM keeps its tokens
}

// newToken makes a token. It sets environment variables, so that tests with
// tokens run one after the other.
func newToken(t *testing.T) token {
	t.Helper()
	program(t, "pkcs11-tool")
	tok := token{module: softHSM(t), dir: t.TempDir()}
	settings := "directories.tokendir = " + tok.dir + "\nobjectstore.backend = file\nlog.level = ERROR\n"
	t.Setenv("SOFTHSM2_CONF", write(t, t.TempDir(), "softhsm2.conf", []byte(settings)))
	t.Setenv("MODULE", tok.module)
	t.Setenv("PIN", tokenPIN)
	t.Setenv("SO_PIN", "42108-security-officer")
	out := run(t, nil, program(t, "sh"), "-ec", commands(t, "pkcs11-tool"))
	if n := bytes.Count(out, []byte("sensitive, always sensitive, never extractable")); n < 2 {
		t.Fatalf("%d keys cannot leave the token, want 2:\n%s", n, out)
	}
	return tok
}

// softHSM finds SoftHSM's library where distributions put it.
func softHSM(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/softhsm", "/usr/lib/*/softhsm", "/usr/lib64/pkcs11", "/usr/local/lib/softhsm", "/opt/homebrew/lib/softhsm"} {
		if found, _ := filepath.Glob(pattern + "/libsofthsm2.so"); len(found) > 0 {
			return found[0]
		}
	}
	missing(t, "SoftHSM", errors.New("libsofthsm2.so is in none of the usual folders"))
	return ""
}

// login opens the token. logout is called at the end of the test, unless the
// test does so: crypto11 panics the second time.
func (tok token) login(t *testing.T) (session *crypto11.Context, logout func()) {
	t.Helper()
	session, err := crypto11.Configure(&crypto11.Config{Path: tok.module, TokenLabel: tokenLabel, Pin: tokenPIN})
	if err != nil {
		t.Fatal(err)
	}
	logout = sync.OnceFunc(func() {
		if err := session.Close(); err != nil {
			t.Logf("closing the session: %v", err)
		}
	})
	t.Cleanup(logout)
	return session, logout
}

// credential finds the key by its label and makes a certificate for it.
func credential(t *testing.T, session *crypto11.Context, label string) msal.Certificate {
	t.Helper()
	key, err := session.FindKeyPair(nil, []byte(label))
	if err != nil || key == nil {
		t.Fatalf("the key %s is not found: %v", label, err)
	}
	return msal.Certificate{Key: key, Chain: []*x509.Certificate{deviceCertificate(t, key)}}
}

func TestAKeyInATokenSignsAssertions(t *testing.T) {
	session, _ := newToken(t).login(t)
	rsa, ec := credential(t, session, "daemon"), credential(t, session, "daemon-ec")
	legacy := rsa
	legacy.SHA1 = true
	whole := rsa
	whole.SendX5C = msal.X5CChain
	for alg, cert := range map[string]msal.Certificate{"PS256": rsa, "RS256": legacy, "PS256 with x5c": whole, "ES256": ec} {
		t.Run(alg, func(t *testing.T) {
			tc := assertionCase{credential: cert}
			checkAlgorithm(t, tc.assertion(t), strings.Fields(alg)[0])
		})
	}
}

func TestManyClientsSignInATokenAtOnce(t *testing.T) {
	session, _ := newToken(t).login(t)
	cert := credential(t, session, "daemon")
	p := startPlatform(t, ours, withCertificate(pemOf("CERTIFICATE", cert.Chain[0].Raw)))
	var wg sync.WaitGroup
	for range 16 {
		svc := p.daemon(t, cert)
		wg.Go(func() {
			if _, err := svc.AcquireTokenForClient(t.Context(), daemonRequest); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestATokenKeyOfAnotherCertificateIsRefused(t *testing.T) {
	session, _ := newToken(t).login(t)
	cert := credential(t, session, "daemon")
	cert.Chain = credential(t, session, "daemon-ec").Chain
	_, err := msal.NewConfidentialClient(emulator.DaemonClientID, cert, msal.Options{})
	var refused *msal.CredentialError
	if !errors.As(err, &refused) || refused.Reason != msal.CredentialMismatch {
		t.Errorf("got %v, want a mismatch", err)
	}
}

// A program that opens its token when it first needs it learns of a wrong PIN
// from the token request.
func TestAWrongPINIsReportedAndNotShown(t *testing.T) {
	const wrong = "wrong-and-never-shown"
	tok := newToken(t)
	opened := msal.CertificateFunc(func(context.Context) (msal.Certificate, error) {
		_, err := crypto11.Configure(&crypto11.Config{Path: tok.module, TokenLabel: tokenLabel, Pin: wrong})
		return msal.Certificate{}, err
	})
	p := startPlatform(t, ours)
	_, err := p.daemon(t, opened).AcquireTokenForClient(t.Context(), daemonRequest)
	wantDeviceError(t, err, pkcs11.Error(pkcs11.CKR_PIN_INCORRECT))
	if n := len(p.Requests(emulator.EndpointToken)); n != 0 {
		t.Errorf("%d token requests were sent without a credential", n)
	}
	for _, secret := range []string{wrong, tokenPIN} {
		if strings.Contains(err.Error(), secret) {
			t.Error("the error shows a PIN")
		}
	}
}

// wantDeviceError fails unless err is of this library, and leads to what the
// device said.
func wantDeviceError(t *testing.T, err error, cause pkcs11.Error) {
	t.Helper()
	var op *msal.OpError
	var said pkcs11.Error
	if !errors.As(err, &op) || !errors.As(err, &said) || said != cause {
		t.Fatalf("got %T %v, want an *OpError that leads to %v", err, err, cause)
	}
}

// A token that is pulled out: what was signed serves on, the next signature
// fails, and a new session goes on.
func TestATokenThatIsRemovedIsReported(t *testing.T) {
	tok := newToken(t)
	session, logout := tok.login(t)
	cert := credential(t, session, "daemon")
	p := startPlatform(t, ours, withCertificate(pemOf("CERTIFICATE", cert.Chain[0].Raw)))
	before, after := p.daemon(t, cert), p.daemon(t, cert)
	if _, err := before.AcquireTokenForClient(t.Context(), daemonRequest); err != nil {
		t.Fatal(err)
	}
	slot := tok.remove(t)
	if err := before.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := before.AcquireTokenForClient(t.Context(), daemonRequest); err != nil {
		t.Errorf("the assertion that was signed before does not serve: %v", err)
	}
	_, err := after.AcquireTokenForClient(t.Context(), daemonRequest)
	if !errors.Is(err, msal.ErrConfiguration) || !strings.Contains(err.Error(), "is the key still there") {
		t.Errorf("got %v, want ErrConfiguration with a hint", err)
	}
	var said pkcs11.Error
	if !errors.As(err, &said) {
		t.Errorf("%v does not lead to what the token said", err)
	}
	if strings.Contains(err.Error(), tokenPIN) {
		t.Error("the error shows the PIN")
	}
	logout()
	slot.putBack(t)
	session, _ = tok.login(t)
	key, err := session.FindKeyPair(nil, []byte("daemon"))
	if err != nil || key == nil {
		t.Fatalf("after it was put back, the key is not found: %v", err)
	}
	cert.Key = key
	if _, err := p.daemon(t, cert).AcquireTokenForClient(t.Context(), daemonRequest); err != nil {
		t.Errorf("after it was put back: %v", err)
	}
}

// removal is a token out of its slot: SoftHSM's files, moved elsewhere.
type removal struct{ from, to string }

func (tok token) remove(t *testing.T) removal {
	t.Helper()
	r := removal{from: tok.dir, to: filepath.Join(t.TempDir(), "pocket")}
	if err := os.Rename(r.from, r.to); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r removal) putBack(t *testing.T) {
	t.Helper()
	if err := os.Rename(r.to, r.from); err != nil {
		t.Fatal(err)
	}
}
