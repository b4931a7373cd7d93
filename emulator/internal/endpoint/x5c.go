package endpoint

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// namedCertificate finds the certificate that an assertion's header names: a
// registered one by its SHA-1 or SHA-256 thumbprint, as kid in hexadecimal, or
// by sending it whole; or one that a trusted issuer certified, which has to be
// sent. Otherwise it says why there is none.
func (p *Platform) namedCertificate(c *Call, app *directory.App, header map[string]any) (cert *x509.Certificate, why string) {
	chain, why := sentChain(header)
	if why != "" {
		return nil, why
	}
	_, has1 := header["x5t"]
	_, has2 := header["x5t#S256"]
	for _, registered := range app.Certificates {
		if !identifies(c, header, registered) {
			continue
		}
		if len(chain) > 0 && !chain[0].Equal(registered) {
			return nil, "x5c begins with another certificate than the thumbprint names"
		}
		checkOrder(c, chain)
		return p.unexpired(registered)
	}
	if len(chain) == 0 || (has1 || has2) && !identifies(c, header, chain[0]) {
		return nil, "the key was not found; the header's x5t, x5t#S256 or x5c must name a registered certificate"
	}
	checkOrder(c, chain)
	for _, registered := range app.Certificates {
		if !has1 && !has2 && chain[0].Equal(registered) {
			return p.unexpired(registered)
		}
	}
	if p.isTrusted(app, chain) {
		return chain[0], ""
	}
	return nil, "the certificate in x5c is neither registered nor of a trusted subject and issuer"
}

// unexpired refuses a registered certificate after its end. Its beginning is not
// looked at, since the clock of a test may be in the past.
func (p *Platform) unexpired(registered *x509.Certificate) (*x509.Certificate, string) {
	if p.now().After(registered.NotAfter) {
		return nil, "the key used is expired: the registered certificate has ended"
	}
	return registered, ""
}

// identifies says whether a header names a certificate without sending it.
func identifies(c *Call, header map[string]any, cert *x509.Certificate) bool {
	one, two := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw)
	if matches(c, header, "x5t#S256", two[:]) || matches(c, header, "x5t", one[:]) {
		return true
	}
	kid, _ := header["kid"].(string)
	return kid != "" && strings.EqualFold(kid, hex.EncodeToString(one[:]))
}

// sentChain reads x5c (RFC 7515 section 4.1.6): certificates in standard
// base64.
func sentChain(header map[string]any) (chain []*x509.Certificate, why string) {
	value, there := header["x5c"]
	if !there {
		return nil, ""
	}
	list, isList := value.([]any)
	const most = 10
	if !isList || len(list) == 0 || len(list) > most {
		return nil, "x5c is not a list of one to ten certificates"
	}
	for _, item := range list {
		text, _ := item.(string)
		der, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return nil, "x5c is not standard base64, with padding and without line breaks (RFC 7515 section 4.1.6)"
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, "x5c holds something else than certificates"
		}
		chain = append(chain, cert)
	}
	return chain, ""
}

// checkOrder notes a chain whose certificates do not each certify the one
// before. That the real service minds is unverified.
func checkOrder(c *Call, chain []*x509.Certificate) {
	for i := 1; i < len(chain); i++ {
		if !bytes.Equal(chain[i].RawSubject, chain[i-1].RawIssuer) || chain[i-1].CheckSignatureFrom(chain[i]) != nil {
			c.note(Finding{Rule: "x5c-order", Detail: "a certificate in x5c does not certify the one before it", Source: "RFC 7515 section 4.1.6"})
			return
		}
	}
}

// isTrusted says whether a trusted issuer certified the first of chain for the
// subject that it is trusted for.
func (p *Platform) isTrusted(app *directory.App, chain []*x509.Certificate) bool {
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	for _, trust := range app.TrustedIssuers {
		roots := x509.NewCertPool()
		roots.AddCert(trust.Issuer)
		_, err := chain[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, CurrentTime: p.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil && chain[0].Subject.CommonName == trust.Subject {
			return true
		}
	}
	return false
}
