package listen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	// authorityName is what people see who find the certificate in a store.
	authorityName = "msal emulator - do not trust"
	// validity is short because the certificate is worth nothing after the run.
	validity = 24 * time.Hour
	// backdate forgives clients whose clock is behind.
	backdate = time.Hour
	// maxLeaves bounds the memory that a client with many names can take.
	maxLeaves = 1024
)

// NameError reports a name that the authority does not sign for.
type NameError struct {
	Name string
}

// Error says which name was asked for and how to add it.
func (e *NameError) Error() string {
	return fmt.Sprintf("listen: no certificate for %q: not a host of the identity platform; add it to the hosts of the server if it should be one", e.Name)
}

// Authority is a certificate authority whose key exists only in memory. Name
// constraints (RFC 5280 section 4.2.1.10) limit it to the identity hosts and
// this machine, so that a leaked certificate file endangers nothing else. It
// is valid for 24 hours and safe for concurrent use.
type Authority struct {
	hosts Hosts
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	leaf  *ecdsa.PrivateKey // shared by all leaves: there is one server

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// NewAuthority makes a new key and a self-signed certificate for it.
func NewAuthority(hosts Hosts) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("listen: making the key of the certificate authority: %w", err)
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("listen: making the key of the server: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:                serial,
		Subject:                     pkix.Name{CommonName: authorityName},
		NotBefore:                   now.Add(-backdate),
		NotAfter:                    now.Add(validity),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         permittedNames(hosts),
		PermittedIPRanges:           permittedAddrs(hosts),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("listen: signing the certificate authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("listen: reading the certificate authority back: %w", err)
	}
	return &Authority{hosts: hosts, cert: cert, key: key, leaf: leaf, leaves: make(map[string]*tls.Certificate)}, nil
}

func permittedNames(h Hosts) []string {
	names := append([]string{"localhost"}, domains[:]...)
	return append(names, h.names...)
}

func permittedAddrs(h Hosts) []*net.IPNet {
	prefixes := []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
		netip.PrefixFrom(netip.IPv6Loopback(), 128),
		netip.PrefixFrom(metadataAddress, 32),
	}
	for _, a := range h.addrs {
		prefixes = append(prefixes, netip.PrefixFrom(a, a.BitLen()))
	}
	nets := make([]*net.IPNet, len(prefixes))
	for i, p := range prefixes {
		nets[i] = &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
	}
	return nets
}

// PEM returns the certificate that clients must trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Pool returns a pool with the authority as its only root.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Certificate returns the certificate for a host name or IP address. A name
// that is neither an identity host nor this machine is a [*NameError].
func (a *Authority) Certificate(name string) (*tls.Certificate, error) {
	name = normal(strings.Trim(name, "[]"))
	if !a.hosts.Contains(name) && !IsLoopback(name) {
		return nil, &NameError{Name: name}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.leaves[name]; c != nil {
		return c, nil
	}
	c, err := a.sign(name)
	if err != nil {
		return nil, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	a.leaves[name] = c
	return c, nil
}

func (a *Authority) sign(name string) (*tls.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    a.cert.NotBefore,
		NotAfter:     a.cert.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	// The subject says nothing: common names end at 64 bytes and clients read
	// the alternative names.
	if addr, err := netip.ParseAddr(name); err == nil {
		template.IPAddresses = []net.IP{addr.AsSlice()}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.leaf.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("listen: signing the certificate of %q: %w", name, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.leaf}, nil
}

// newSerial returns a positive number of up to 127 bits, as RFC 5280 section
// 4.1.2.2 wants it.
func newSerial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("listen: making a serial number: %w", err)
	}
	return n.Add(n, big.NewInt(1)), nil
}
