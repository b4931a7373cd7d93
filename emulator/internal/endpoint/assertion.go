package endpoint

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// assertionAlgorithms are what certificates may sign with.
var assertionAlgorithms = [...]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"}

// checkAssertion verifies a client assertion (RFC 7523 section 3;
// learn.microsoft.com/entra/identity-platform/certificate-credentials). An
// assertion may be used again until it expires: the real service lets clients
// keep them.
func (p *Platform) checkAssertion(c *Call, tenant *directory.Tenant, app *directory.App, assertion string) *Error {
	switch c.Form.Get("client_assertion_type") {
	case assertionType:
	case "":
		return p.fail("ParameterMissing", "name", "client_assertion_type")
	default:
		return p.fail("ParameterBad", "name", "client_assertion_type")
	}
	if app.Registered {
		return nil
	}
	if isWorkload(app, assertion) {
		return p.checkWorkload(c, app, assertion)
	}
	if len(app.Certificates)+len(app.TrustedIssuers) == 0 {
		return p.fail("NoKeys")
	}
	claims := jwt.MapClaims{}
	var unknown string // why the key is not known
	parser := jwt.NewParser(jwt.WithValidMethods(assertionAlgorithms[:]), jwt.WithTimeFunc(p.now), jwt.WithExpirationRequired(), jwt.WithLeeway(assertionSkew))
	_, err := parser.ParseWithClaims(assertion, claims, func(t *jwt.Token) (any, error) {
		var cert *x509.Certificate
		if cert, unknown = p.namedCertificate(c, app, t.Header); unknown != "" {
			return nil, jwt.ErrTokenUnverifiable
		}
		return cert.PublicKey, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return p.fail("AssertionMalformed", "why", "it is not three parts of base64url JSON")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return p.fail("AssertionSignature", "why", "the signature or its algorithm is wrong")
	case errors.Is(err, jwt.ErrTokenUnverifiable) && unknown != "":
		return p.fail("AssertionSignature", "why", unknown)
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return p.fail("AssertionMalformed", "why", "exp is missing")
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return p.fail("AssertionTime")
	case err != nil:
		return p.fail("AssertionMalformed", "why", "a claim has the wrong type")
	}
	return p.checkAssertionClaims(c, tenant, app, claims)
}

func (p *Platform) checkAssertionClaims(c *Call, tenant *directory.Tenant, app *directory.App, claims jwt.MapClaims) *Error {
	iss, _ := claims.GetIssuer()
	sub, _ := claims.GetSubject()
	if !strings.EqualFold(iss, app.ClientID) || !strings.EqualFold(sub, app.ClientID) {
		return p.fail("AssertionWrongApp")
	}
	audiences, err := claims.GetAudience()
	if err != nil || len(audiences) != 1 || !p.isTokenAudience(c, tenant, audiences[0]) {
		return p.fail("AssertionWrongAudience")
	}
	if id, _ := claims["jti"].(string); id == "" {
		c.note(Finding{Rule: "assertion-jti", Detail: "the client assertion has no jti", Source: "learn.microsoft.com/entra/identity-platform/certificate-credentials; OpenID Connect Core section 9"})
	}
	return nil
}

// isTokenAudience accepts the token endpoint under any name of the cloud, and
// the issuers of the tenant.
func (p *Platform) isTokenAudience(c *Call, tenant *directory.Tenant, audience string) bool {
	if c.place.kind == b2c || c.place.kind == adfs || c.place.kind == dsts {
		return c.isRelativeAudience(tenant, audience)
	}
	u, err := url.Parse(audience)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	name := strings.ToLower(u.Hostname())
	cl, known := p.cloudOf(name)
	switch {
	case known:
		if cl.network != c.place.cloud.network || u.Scheme != "https" {
			return false
		}
	case isCustomer(name):
		if u.Scheme != "https" {
			return false
		}
	case name != c.place.host:
		return false
	}
	segment, rest, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	switch strings.ToLower(rest) {
	case "oauth2/v2.0/token", "oauth2/token", "v2.0", "":
	default:
		return false
	}
	if strings.EqualFold(segment, c.tenant) {
		return true
	}
	found, ok := p.dir.Tenant(segment)
	return ok && found == tenant
}

// assertionSkew is for clients that round the second they sign in up, as MSAL
// Node does. The real service is believed to allow some minutes.
const assertionSkew = time.Second

// matches compares a thumbprint. Official clients send it in standard base64
// with padding, which RFC 7515 section 4.1.7 does not allow; the real service
// is believed to accept it, so it is only noted.
func matches(c *Call, header map[string]any, name string, sum []byte) bool {
	text, _ := header[name].(string)
	if text == "" {
		return false
	}
	if got, err := base64.RawURLEncoding.DecodeString(text); err == nil {
		return bytes.Equal(got, sum)
	}
	got, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		got, err = base64.URLEncoding.DecodeString(text)
	}
	if err != nil || !bytes.Equal(got, sum) {
		return false
	}
	c.note(Finding{Rule: "thumbprint-encoding", Detail: name + " is not base64url without padding", Advice: true, Source: "RFC 7515 sections 2 and 4.1.7"})
	return true
}
