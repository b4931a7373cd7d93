package msal_test

import (
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// locker is a certificate that may be exchanged, or out of reach.
type locker struct {
	mu   sync.Mutex
	cert msal.Certificate
	err  error
}

func (l *locker) put(cert msal.Certificate, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cert, l.err = cert, err
}

func (l *locker) get(context.Context) (msal.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cert, l.err
}

func issued(key crypto.Signer, cert *x509.Certificate) msal.Certificate {
	return msal.Certificate{Key: key, Chain: []*x509.Certificate{cert}}
}

func TestExchangedCertificateCountsAtOnce(t *testing.T) {
	old, renewed := newCertificate(t, testKey(), time.Hour), newCertificate(t, testKey(), 2*time.Hour)
	w := newWorld(t, withCertificates(old, renewed))
	watch, change := w.watch()
	l := &locker{cert: issued(testKey(), old)}
	c := newDaemon(t, msal.CertificateFunc(l.get), w.options(change))
	for _, cert := range []*x509.Certificate{old, old, renewed, renewed} {
		// A new slice each time, as when the file is parsed again.
		l.put(issued(testKey(), cert), nil)
		if err := ask(t, c); err != nil {
			t.Fatal(err)
		}
	}
	got := watch.assertions()
	if got[0] != got[1] || got[2] != got[3] {
		t.Error("an equal certificate was signed with anew")
	}
	if got[1] == got[2] {
		t.Error("the old certificate was used after the exchange")
	}
}

// withCertificates is withCertificate for several.
func withCertificates(certs ...*x509.Certificate) emulator.Config {
	cfg := withCertificate(certs[0])
	for i, app := range cfg.Tenants[0].Apps {
		if app.ClientID == emulator.DaemonClientID {
			for _, cert := range certs[1:] {
				app.Certificates = append(app.Certificates, pemCertificate(cert))
			}
			cfg.Tenants[0].Apps[i] = app
		}
	}
	return cfg
}

func TestChangeOfAnythingInTheCertificateIsSignedAnew(t *testing.T) {
	cert := newCertificate(t, testKey(), time.Hour)
	w := newWorld(t, withCertificate(cert))
	watch, change := w.watch()
	l := &locker{}
	c := newDaemon(t, msal.CertificateFunc(l.get), w.options(change))
	device := func() crypto.Signer { return &countingSigner{Signer: testKey()} }
	session := device()
	steps := []struct {
		change string
		next   msal.Certificate
		fresh  bool
	}{
		{"the first", issued(testKey(), cert), true},
		{"nothing", issued(testKey(), cert), false},
		{"x5c", msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}, SendX5C: msal.X5CLeaf}, true},
		{"thumbprint", msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}, SHA1: true}, true},
		{"claims", msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}, Claims: map[string]any{"a": 1}}, true},
		{"another claim", msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}, Claims: map[string]any{"a": 2}}, true},
		{"no certificate but its thumbprint", msal.Certificate{Key: testKey(), Thumbprint: fmt.Sprintf("%x", sha256.Sum256(cert.Raw))}, true},
		{"its other thumbprint", msal.Certificate{Key: testKey(), Thumbprint: fmt.Sprintf("%x", sha1.Sum(cert.Raw))}, true},
		{"the same thumbprint", msal.Certificate{Key: testKey(), Thumbprint: fmt.Sprintf("%x", sha1.Sum(cert.Raw))}, false},
		{"a device", issued(session, cert), true},
		{"the same device", issued(session, cert), false},
		{"a new session of the device", issued(device(), cert), true},
	}
	for i, step := range steps {
		l.put(step.next, nil)
		if err := ask(t, c); err != nil {
			t.Fatalf("%s: %v", step.change, err)
		}
		if got := watch.assertions(); i > 0 && (got[i] != got[i-1]) != step.fresh {
			t.Errorf("%s: signed anew: %v, want %v", step.change, !step.fresh, step.fresh)
		}
	}
}

func TestEarlierCertificateServesWhileNoNewOneComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cert := newCertificate(t, testKey(), time.Hour)
		w := newWorld(t, withCertificate(cert))
		down := errors.New("the vault is down")
		l := &locker{err: down}
		c := newDaemon(t, msal.CertificateFunc(l.get), w.options())
		wantError(t, ask(t, c), down) // there is no earlier one yet
		l.put(msal.Certificate{Key: testKey()}, nil)
		wantReason(t, ask(t, c), msal.CredentialNoCertificate)
		l.put(issued(testKey(), cert), nil)
		if err := ask(t, c); err != nil {
			t.Fatal(err)
		}
		bad := issued(testKey(), cert)
		bad.Claims = map[string]any{"f": func() {}}
		for name, give := range map[string]func(){
			"error":        func() { l.put(msal.Certificate{}, down) },
			"nothing":      func() { l.put(msal.Certificate{}, nil) },
			"unusable one": func() { l.put(bad, nil) },
		} {
			give()
			if err := ask(t, c); err != nil {
				t.Errorf("%s: %v, want the earlier certificate to serve", name, err)
			}
		}
		if n := strings.Count(w.log.String(), "going on with the one before"); n != 3 {
			t.Errorf("%d warnings, want 3", n)
		}
		l.put(msal.Certificate{}, down)
		time.Sleep(2 * time.Hour) // the earlier one has expired
		wantError(t, ask(t, c), down)
	})
}

func TestManyRequestsMayAskForTheCertificate(t *testing.T) {
	cert := newCertificate(t, testKey(), time.Hour)
	w := newWorld(t, withCertificate(cert))
	l := &locker{cert: issued(testKey(), cert)}
	c := newDaemon(t, msal.CertificateFunc(l.get), w.options())
	var wg sync.WaitGroup
	for _, scope := range []string{tasksScope, "https://graph.microsoft.com/.default"} {
		for range 4 {
			wg.Go(func() {
				if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{scope}}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}
