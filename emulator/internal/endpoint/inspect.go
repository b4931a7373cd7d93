package endpoint

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// secretNames are parameters that must not appear in an address, because
// addresses end in logs and histories.
var secretNames = [...]string{
	"client_secret", "client_assertion", "assertion", "password", "passwd", "refresh_token", "code_verifier", "device_code", "access_token", "id_token",
	"user_federated_identity_credential",
}

// inspect looks for mistakes that do not depend on the endpoint's own rules.
func (p *Platform) inspect(r *http.Request, c *Call) {
	if !c.known {
		return
	}
	if !c.place.secure && !c.place.local {
		c.note(Finding{Rule: "tls", Detail: "a request for " + c.place.host + " came over plain http", Source: "RFC 6749 sections 3.1 and 3.2: the endpoints require TLS"})
	}
	for _, name := range secretNames {
		if c.Query.Has(name) {
			c.note(Finding{Rule: "secret-in-address", Detail: "the parameter " + name + " is in the query of the address", Source: "RFC 6749 section 2.3.1; RFC 9700 section 4.3"})
		}
	}
	if c.Endpoint == Token || c.Endpoint == DeviceCode {
		p.inspectPost(r, c)
	}
	if c.Endpoint == Authorize {
		inspectAuthorize(c)
	}
	if c.Endpoint == Token || c.Endpoint == DeviceCode || c.Endpoint == Authorize {
		if _, err := parseClaims(c.param("claims")); err != nil {
			c.note(Finding{Rule: "claims", Detail: "the claims parameter is not a claims request in JSON", Source: "OpenID Connect Core section 5.5"})
		}
	}
}

func (p *Platform) inspectPost(r *http.Request, c *Call) {
	if r.Method != http.MethodPost {
		return
	}
	if r.Header.Get("client-request-id") == "" && c.CorrelationID == c.TraceID {
		c.note(Finding{Rule: "correlation", Detail: "no client-request-id", Advice: true,
			Source: "MSAL convention: a GUID per request lets people find it in the logs of the service"})
	}
	for name, values := range c.Form {
		if len(values) > 1 {
			c.note(Finding{Rule: "duplicate-parameter", Detail: "the parameter " + safeName(name) + " is sent " + itoa(len(values)) + " times",
				Source: "RFC 6749 section 3.2: parameters must not be included more than once"})
		}
	}
	if c.Grant == "device_code" {
		c.note(Finding{Rule: "device-grant-name", Detail: "grant_type=device_code instead of the URN", Advice: true, Source: "RFC 8628 section 3.4"})
	}
}

func inspectAuthorize(c *Call) {
	if prompts := strings.Fields(c.param("prompt")); len(prompts) > 1 && slices.Contains(prompts, "none") {
		c.note(Finding{Rule: "prompt-none", Detail: "prompt=none came with another value", Source: "OpenID Connect Core section 3.1.2.1"})
	}
	if c.param("response_type") == "" {
		return
	}
	if c.param("state") == "" {
		c.note(Finding{Rule: "state", Detail: "the authorization request has no state", Advice: true, Source: "RFC 6749 section 10.12"})
	}
	if c.param("code_challenge") == "" && slices.Contains(strings.Fields(c.param("response_type")), "code") {
		c.note(Finding{Rule: "pkce", Detail: "the authorization request has no code_challenge", Advice: true, Source: "RFC 9700 section 2.1.1"})
	}
	if slices.Contains(strings.Fields(c.param("scope")), "openid") && c.param("nonce") == "" {
		c.note(Finding{Rule: "nonce", Detail: "openid was asked without a nonce", Advice: true, Source: "OpenID Connect Core section 3.1.2.1; RFC 9700 section 2.1.1"})
	}
}

// safeName keeps names of parameters printable in findings and errors.
func safeName(name string) string {
	if len(name) > 40 {
		name = name[:40]
	}
	return strings.Map(func(r rune) rune {
		if r < 0x21 || r > 0x7e {
			return '?'
		}
		return r
	}, name)
}
