// Package authority answers where tokens come from: it reads the authority URL
// that a developer types, finds its endpoints, and decides which issuers speak
// for it.
//
// Two kinds exist here: Microsoft Entra (https://{host}/{tenant}, including
// private clouds that speak like it) and any OpenID Connect issuer. For the
// hosts of Microsoft's own clouds the endpoints follow from the URL and cost no
// request. Everything else is asked once and remembered; what a document says
// is believed only after its issuer and its endpoints have been checked.
package authority

import (
	"errors"
	"strings"
)

// Default is the authority of an empty string.
const Default = "https://login.microsoftonline.com/common"

// Kind tells how an authority is asked for its endpoints.
type Kind int

const (
	// Entra authorities are https://{host}/{tenant}; their configuration is at
	// {authority}/v2.0/.well-known/openid-configuration.
	Entra Kind = iota
	// OIDC authorities are the issuers of OpenID Connect Discovery 1.0; their
	// configuration is at {issuer}/.well-known/openid-configuration.
	OIDC
)

func (k Kind) String() string {
	switch k {
	case Entra:
		return "Entra"
	case OIDC:
		return "OpenID Connect"
	}
	return "unknown"
}

// Authority is a checked authority URL. It is a comparable value: two URLs that
// mean the same authority are equal. Get one from Parse or ParseOIDC; the zero
// value is no authority.
type Authority struct {
	Kind Kind
	// Host is lower-case and carries a port other than 443.
	Host string
	// Tenant is the first path segment: a GUID, a domain name, or one of common,
	// organizations and consumers. It is empty for OIDC. Only on the hosts of
	// Microsoft's clouds, which do not care about case, is it lower-case.
	Tenant string
	// URL is canonical: https, no default port, no trailing slash, no query.
	URL string
}

// String returns the canonical URL.
func (a Authority) String() string { return a.URL }

// Parse reads an Entra-style authority URL: https, a host, and a path that
// begins with the tenant. An empty string means Default. Paths longer than the
// tenant are kept for hosts other than Microsoft's clouds, as private clouds and
// custom domains use them. Every error is a *URLError.
func Parse(raw string) (Authority, error) {
	if raw == "" {
		raw = Default
	}
	u, err := split(raw)
	if err != nil {
		return Authority{}, err
	}
	segments, err := u.entraSegments()
	if err != nil {
		return Authority{}, err
	}
	if wellKnown(u.hostname) {
		if len(segments) > 1 {
			return Authority{}, u.fail(ReasonPath, "the path has more than the tenant",
				"use https://"+u.host+"/"+strings.ToLower(segments[0]))
		}
		segments[0] = strings.ToLower(segments[0])
	}
	return entra(u.host, segments), nil
}

// ParseOIDC reads the issuer URL of any OpenID Connect provider: https, a host,
// and any path, without query or fragment (OpenID Connect Discovery 1.0,
// section 2). A trailing slash makes no difference. Every error is a *URLError.
func ParseOIDC(issuer string) (Authority, error) {
	u, err := split(issuer)
	if err != nil {
		var malformed *URLError
		if errors.As(err, &malformed) && malformed.Hint == shapeHint {
			malformed.Hint = issuerHint
		}
		return Authority{}, err
	}
	path, err := u.issuerPath()
	if err != nil {
		return Authority{}, err
	}
	return Authority{Kind: OIDC, Host: u.host, URL: "https://" + u.host + path}, nil
}

// WithTenant returns the same authority for another tenant. The error is a
// *URLError: the tenant is not well-formed, or the authority is an OIDC issuer,
// which has no tenants.
func (a Authority) WithTenant(tenant string) (Authority, error) {
	if a.Kind != Entra || a.URL == "" {
		return Authority{}, &URLError{Reason: ReasonTenant, Authority: a.URL, Problem: "only Entra authorities have tenants",
			Hint: "leave the tenant out, or name it in the authority's own URL"}
	}
	if !validSegment(tenant) {
		return Authority{}, &URLError{Reason: ReasonTenant, Authority: "https://" + a.Host, Problem: tenantProblem(tenant), Hint: tenantHint}
	}
	hostname, _ := cutPort(a.Host)
	if wellKnown(hostname) {
		tenant = strings.ToLower(tenant)
	}
	segments := strings.Split(strings.TrimPrefix(a.URL, "https://"+a.Host+"/"), "/")
	segments[0] = tenant
	return entra(a.Host, segments), nil
}

func entra(host string, segments []string) Authority {
	return Authority{
		Kind:   Entra,
		Host:   host,
		Tenant: segments[0],
		URL:    "https://" + host + "/" + strings.Join(segments, "/"),
	}
}

// configurationURL is where the OpenID configuration of a is, unless instance
// discovery says otherwise.
func (a Authority) configurationURL() string {
	if a.Kind == OIDC {
		return a.URL + wellKnownPath
	}
	return a.URL + "/v2.0" + wellKnownPath
}

const wellKnownPath = "/.well-known/openid-configuration"
