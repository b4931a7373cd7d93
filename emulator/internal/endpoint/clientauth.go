package endpoint

import (
	"crypto/subtle"
	"net/http"
	"net/url"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// client is an application whose credential, if it sent one, was right.
type client struct {
	app   *directory.App
	proof string // azpacr: "0" none, "1" secret, "2" certificate
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticate finds the client of a token request and checks the credential
// that it presents: a secret in the form or by HTTP Basic (RFC 6749 section
// 2.3.1), or a signed assertion (RFC 7523 section 2.2).
func (p *Platform) authenticate(r *http.Request, c *Call, tenant *directory.Tenant) (client, *Error) {
	secret := c.Form.Get("client_secret")
	if id, basic, ok := basicAuth(r); ok {
		if secret != "" || c.ClientID != "" && c.ClientID != id {
			c.note(Finding{Rule: "two-credentials", Detail: "the client authenticates in two ways at once", Source: "RFC 6749 section 2.3"})
			return client{}, p.fail("BodyMalformed", "why", "the client authenticates in two ways at once")
		}
		c.ClientID, secret = id, basic
	}
	app, refused := p.appOf(c, tenant)
	if refused != nil {
		return client{}, refused
	}
	assertion := c.Form.Get("client_assertion")
	switch {
	case secret != "" && assertion != "":
		c.note(Finding{Rule: "two-credentials", Detail: "a client_secret and a client_assertion came together", Source: "RFC 6749 section 2.3"})
		return client{}, p.fail("BodyMalformed", "why", "a client_secret and a client_assertion came together")
	case secret == "" && assertion == "":
		if c.Form.Get("client_assertion_type") != "" {
			return client{}, p.fail("ParameterMissing", "name", "client_assertion")
		}
		return client{app: app, proof: "0"}, nil
	case app.Public && !app.Confidential() && !app.Registered:
		return client{}, p.fail("ClientIsPublic")
	case assertion != "":
		if refused := p.checkAssertion(c, tenant, app, assertion); refused != nil {
			return client{}, refused
		}
		return client{app: app, proof: "2"}, nil
	}
	if refused := p.checkSecret(app, secret); refused != nil {
		return client{}, refused
	}
	return client{app: app, proof: "1"}, nil
}

func (p *Platform) checkSecret(app *directory.App, secret string) *Error {
	if app.Registered {
		return nil
	}
	for _, s := range app.Secrets {
		if subtle.ConstantTimeCompare([]byte(s), []byte(secret)) == 1 {
			return nil
		}
	}
	for _, s := range app.ExpiredSecrets {
		if subtle.ConstantTimeCompare([]byte(s), []byte(secret)) == 1 {
			return p.fail("SecretExpired")
		}
	}
	return p.fail("BadSecret")
}

// basicAuth reads HTTP Basic with the form encoding that RFC 6749 section
// 2.3.1 asks for.
func basicAuth(r *http.Request) (id, secret string, ok bool) {
	id, secret, ok = r.BasicAuth()
	if !ok {
		return "", "", false
	}
	if s, err := url.QueryUnescape(id); err == nil {
		id = s
	}
	if s, err := url.QueryUnescape(secret); err == nil {
		secret = s
	}
	return id, secret, true
}
