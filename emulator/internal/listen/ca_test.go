package listen

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func newTestAuthority(t *testing.T, extra ...string) *Authority {
	t.Helper()
	hosts, err := NewHosts(extra...)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthority(hosts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthoritySignsForIdentityHostsAndThisMachine(t *testing.T) {
	t.Parallel()
	a := newTestAuthority(t, "login.example.com", "10.1.2.3")
	for _, name := range []string{"login.microsoftonline.com", "Contoso.CIAMLogin.com", "localhost", "127.0.0.1", "::1", "169.254.169.254", "login.example.com", "10.1.2.3"} {
		c, err := a.Certificate(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: a.Pool()}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if leaf.IsCA || !leaf.NotAfter.Equal(a.cert.NotAfter) {
			t.Errorf("%s: CA %t, valid until %v", name, leaf.IsCA, leaf.NotAfter)
		}
	}
}

func TestAuthorityRefusesOtherNames(t *testing.T) {
	t.Parallel()
	a := newTestAuthority(t)
	for _, name := range []string{"", "example.com", "www.microsoft.com", "10.0.0.1", "login.example.com", "*.ciamlogin.com.evil.example"} {
		_, err := a.Certificate(name)
		var e *NameError
		if !errors.As(err, &e) {
			t.Errorf("%q: %v, want a *NameError", name, err)
		}
	}
}

func TestAuthorityForgetsLeavesBeyondItsBound(t *testing.T) {
	t.Parallel()
	a := newTestAuthority(t)
	first, err := a.Certificate("login.microsoftonline.com")
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.Certificate("LOGIN.microsoftonline.com.")
	if err != nil || again != first {
		t.Errorf("a second certificate for the same name, %v", err)
	}
	for i := range maxLeaves + 2 {
		a.leaves[fmt.Sprint(i)] = first
		if i == maxLeaves {
			if _, err := a.Certificate("sts.windows.net"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(a.leaves) > maxLeaves {
		t.Errorf("%d leaves in memory", len(a.leaves))
	}
}

func TestAuthorityCertificate(t *testing.T) {
	t.Parallel()
	a := newTestAuthority(t)
	block, rest := pem.Decode(a.PEM())
	if block == nil || len(rest) != 0 || block.Type != "CERTIFICATE" {
		t.Fatalf("PEM: %q", a.PEM())
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject.CommonName != "msal emulator - do not trust" || !c.IsCA || !c.MaxPathLenZero || !c.PermittedDNSDomainsCritical {
		t.Errorf("subject %q, CA %t, path length zero %t, critical %t", c.Subject.CommonName, c.IsCA, c.MaxPathLenZero, c.PermittedDNSDomainsCritical)
	}
	if life := time.Until(c.NotAfter); life > 24*time.Hour || life < 23*time.Hour {
		t.Errorf("valid for another %v, want 24 h", life)
	}
}

// rogueLeaf is what somebody who stole the key could sign.
func rogueLeaf(t *testing.T, a *Authority, names []string, addrs []net.IP) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	serial, err := newSerial()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, DNSNames: names, IPAddresses: addrs, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.leaf.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der, a.leaf
}

func TestAStolenKeyIsWorthNothingElsewhere(t *testing.T) {
	t.Parallel()
	a := newTestAuthority(t)
	for name, leaf := range map[string]struct {
		names []string
		addrs []net.IP
	}{
		"a name":           {names: []string{"www.example.com"}},
		"one among others": {names: []string{"login.microsoftonline.com", "www.example.com"}},
		"an address":       {addrs: []net.IP{net.IPv4(8, 8, 8, 8)}},
		"an IPv6 address":  {addrs: []net.IP{net.ParseIP("2001:db8::1")}},
	} {
		der, _ := rogueLeaf(t, a, leaf.names, leaf.addrs)
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Verify(x509.VerifyOptions{Roots: a.Pool()})
		var invalid x509.CertificateInvalidError
		if !errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName {
			t.Errorf("%s: %v, want a violation of the name constraints", name, err)
		}
	}
}

func TestCurlRefusesAStolenKeyElsewhere(t *testing.T) {
	t.Parallel()
	curl := program(t, "curl")
	a := newTestAuthority(t)
	der, key := rogueLeaf(t, a, []string{"www.example.com"}, nil)
	good, err := a.Certificate("login.microsoftonline.com")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == "www.example.com" {
			return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
		}
		return good, nil
	}}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }), ErrorLog: log.New(io.Discard, "", 0)}
	defer server.Close()
	go server.Serve(l)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"login.microsoftonline.com": true, "www.example.com": false} {
		out, err := exec.CommandContext(t.Context(), curl, "-q", "-sS", "--noproxy", "*", "--cacert", file, "--connect-to", "::"+l.Addr().String(), "https://"+host+"/").CombinedOutput()
		if (err == nil) != want || want && !bytes.Equal(out, []byte("ok")) {
			t.Errorf("%s: %v, %s", host, err, out)
		}
	}
}
