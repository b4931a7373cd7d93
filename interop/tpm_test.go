//go:build !windows

package interop

import (
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"

	"github.com/msal-go/msal"
)

// swtpm stands in for the TPM of a machine: libtpms is a TPM 2.0 in software,
// which speaks the same commands.

const keyPassword = "tpm-key-password-never-shown"

// newTPM starts a TPM with the command of docs/hardware-keys.md, but for its
// socket, which is opened here so that nobody has to wait for it. pullOut ends
// it before the test does.
func newTPM(t *testing.T) (tpm transport.TPM, pullOut func()) {
	t.Helper()
	program(t, "swtpm")
	state, err := os.MkdirTemp("", "tpm") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	path := filepath.Join(state, "socket")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	inherited, err := listener.File()
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // the child has it
	defer inherited.Close()
	log := new(lockedBuffer)
	cmd := exec.Command(program(t, "sh"), "-c", "exec "+strings.Replace(commands(t, "swtpm"), `path="$STATE"/socket`, "fd=3", 1))
	cmd.Env = append(os.Environ(), "STATE="+state)
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pullOut = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait() // killed
	})
	t.Cleanup(func() {
		pullOut()
		if t.Failed() {
			t.Logf("swtpm says:\n%s", log)
		}
	})
	device, err := linuxudstpm.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return device, pullOut
}

func keyIn(t *testing.T, tpm transport.TPM, template tpm2.TPMTPublic) *tpmKey {
	t.Helper()
	key, err := newTPMKey(tpm, template, []byte(keyPassword))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAKeyInATPMSignsAssertions(t *testing.T) {
	tpm, _ := newTPM(t)
	for alg, tt := range map[string]struct {
		template tpm2.TPMTPublic
		sha1     bool
	}{
		"PS256": {rsaTemplate(), false},
		"RS256": {rsaTemplate(), true},
		"ES256": {ecTemplate(), false},
	} {
		t.Run(alg, func(t *testing.T) {
			key := keyIn(t, tpm, tt.template)
			defer flush(t, key)
			tc := assertionCase{credential: msal.Certificate{Key: key, Chain: []*x509.Certificate{deviceCertificate(t, key)}, SHA1: tt.sha1}}
			checkAlgorithm(t, tc.assertion(t), alg)
		})
	}
}

// flush makes room: a TPM holds about three keys at a time.
func flush(t *testing.T, key *tpmKey) {
	t.Helper()
	if _, err := (tpm2.FlushContext{FlushHandle: key.handle}).Execute(key.tpm); err != nil {
		t.Error(err)
	}
}

// The certificate outlives the program: the same template and password lead to
// the same key.
func TestATPMFindsItsKeyAgain(t *testing.T) {
	tpm, _ := newTPM(t)
	key := keyIn(t, tpm, rsaTemplate())
	cert := deviceCertificate(t, key)
	flush(t, key)
	tc := assertionCase{credential: msal.Certificate{Key: keyIn(t, tpm, rsaTemplate()), Chain: []*x509.Certificate{cert}}}
	checkAlgorithm(t, tc.assertion(t), "PS256")
}

func TestATPMKeyThatCannotSignIsReported(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, key *tpmKey, pullOut func())
		cause error
	}{
		"wrong password":  {func(_ *testing.T, key *tpmKey, _ func()) { key.auth = []byte("wrong-and-never-shown") }, tpm2.TPMRCAuthFail},
		"key is gone":     {func(t *testing.T, key *tpmKey, _ func()) { flush(t, key) }, tpm2.TPMRCReferenceH0},
		"TPM is gone":     {func(_ *testing.T, _ *tpmKey, pullOut func()) { pullOut() }, nil},
		"another key now": {func(t *testing.T, key *tpmKey, _ func()) { key.handle, key.name = otherKey(t, key) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tpm, pullOut := newTPM(t)
			key := keyIn(t, tpm, rsaTemplate())
			cert := msal.Certificate{Key: key, Chain: []*x509.Certificate{deviceCertificate(t, key)}}
			p := startPlatform(t, ours, withCertificate(pemOf("CERTIFICATE", cert.Chain[0].Raw)))
			svc := p.daemon(t, cert)
			tt.spoil(t, key, pullOut)
			_, err := svc.AcquireTokenForClient(t.Context(), daemonRequest)
			var op *msal.OpError
			if !errors.As(err, &op) || !errors.Is(err, msal.ErrConfiguration) || op.Hint == "" {
				t.Fatalf("got %T %v, want an *OpError of ErrConfiguration with a hint", err, err)
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("%v does not lead to %v", err, tt.cause)
			}
			if strings.Contains(err.Error(), "never-shown") {
				t.Error("the error shows a password")
			}
		})
	}
}

// otherKey makes a second key, as when a handle was given to somebody else.
func otherKey(t *testing.T, key *tpmKey) (tpm2.TPMHandle, tpm2.TPM2BName) {
	t.Helper()
	template := rsaTemplate()
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: []byte("another")})
	other := keyIn(t, key.tpm, template)
	return other.handle, other.name
}

func TestATPMKeyOfAnotherCertificateIsRefused(t *testing.T) {
	tpm, _ := newTPM(t)
	key := keyIn(t, tpm, rsaTemplate())
	_, err := msal.NewConfidentialClient("id", msal.Certificate{Key: key, Chain: []*x509.Certificate{appCertificate(t)}}, msal.Options{})
	var refused *msal.CredentialError
	if !errors.As(err, &refused) || refused.Reason != msal.CredentialMismatch {
		t.Errorf("got %v, want a mismatch", err)
	}
}
