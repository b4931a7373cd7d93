// Package authority answers where tokens come from: it reads the authority URL
// that a developer types, finds its endpoints, and decides which issuers speak
// for it.
//
// The kinds are Microsoft Entra (https://{host}/{tenant}, including private
// clouds that speak like it), its relatives AD FS, Azure AD B2C and External ID,
// which the URL tells apart, and any OpenID Connect issuer. For the hosts of
// Microsoft's own clouds the endpoints follow from the URL and cost no request. Everything else is asked once and remembered; what a document says
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
	// ADFS authorities are https://{host}/adfs; their configuration is at
	// {authority}/.well-known/openid-configuration.
	ADFS
	// B2C authorities are https://{host}/{tenant}/{policy}, on a host of
	// b2clogin.com and its like or on a custom domain.
	B2C
	// ExternalID authorities (CIAM) are https://{name}.ciamlogin.com, with or
	// without a tenant.
	ExternalID
)

func (k Kind) String() string {
	switch k {
	case Entra:
		return "Entra"
	case OIDC:
		return "OpenID Connect"
	case ADFS:
		return "AD FS"
	case B2C:
		return "Azure AD B2C"
	case ExternalID:
		return "External ID"
	}
	return "unknown"
}

// NamesPeople reports whether the service names people by client_info. The
// others name them by the subject of the ID token.
func (k Kind) NamesPeople() bool { return k == Entra || k == B2C || k == ExternalID }

// Authority is a checked authority URL. It is a comparable value: two URLs that
// mean the same authority are equal. Get one from Parse or ParseOIDC; the zero
// value is no authority.
type Authority struct {
	Kind Kind
	// Host is lower-case and carries a port other than 443.
	Host string
	// Tenant is the first path segment: a GUID, a domain name, or one of common,
	// organizations and consumers. It is empty for OIDC and "adfs" for AD FS.
	// Only on the hosts of Microsoft's clouds, which do not care about case, is
	// it lower-case.
	Tenant string
	// URL is canonical: https, no default port, no trailing slash, no query.
	URL string
}

// String returns the canonical URL.
func (a Authority) String() string { return a.URL }

// Parse reads the authority URL of Entra or one of its relatives: https, a
// host, and a path that begins with the tenant. An empty string means Default.
// Paths longer than the tenant are kept for hosts other than Microsoft's clouds,
// as private clouds and custom domains use them. A path below /dstsv2 is that of
// a dSTS, which is treated as ParseOIDC does. Every error is a *URLError.
func Parse(raw string) (Authority, error) {
	if raw == "" {
		raw = Default
	}
	u, err := split(raw)
	if err != nil {
		return Authority{}, err
	}
	if u.isDSTS() {
		return ParseOIDC(raw)
	}
	if u.isExternalID() && strings.Trim(u.path, "/") == "" {
		// The name of the host is the first label of the tenant's own domain.
		u.path = "/" + strings.TrimSuffix(u.hostname, ciamSuffix) + ".onmicrosoft.com"
	}
	segments, err := u.entraSegments()
	if err != nil {
		return Authority{}, err
	}
	if kind := u.kindOf(segments); kind != Entra {
		return relative(kind, u.host, segments), nil
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
// *URLError: the tenant is not well-formed, or the authority is of a kind that
// has no tenants to choose from.
func (a Authority) WithTenant(tenant string) (Authority, error) {
	if a.Kind != Entra && a.Kind != ExternalID || a.URL == "" {
		return Authority{}, &URLError{Reason: ReasonTenant, Authority: a.URL, Problem: "only Entra and External ID authorities have tenants to choose from",
			Hint: "leave the tenant out, or name it in the authority's own URL"}
	}
	if !validSegment(tenant) || strings.EqualFold(tenant, adfsTenant) { // which would be another kind
		return Authority{}, &URLError{Reason: ReasonTenant, Authority: "https://" + a.Host, Problem: tenantProblem(tenant), Hint: tenantHint}
	}
	hostname, _ := cutPort(a.Host)
	if wellKnown(hostname) {
		tenant = strings.ToLower(tenant)
	}
	segments := strings.Split(strings.TrimPrefix(a.URL, "https://"+a.Host+"/"), "/")
	segments[0] = tenant
	if a.Kind != Entra {
		return relative(a.Kind, a.Host, segments), nil
	}
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
	if a.Kind == OIDC || a.Kind == ADFS {
		return a.URL + wellKnownPath
	}
	return a.URL + "/v2.0" + wellKnownPath
}

const wellKnownPath = "/.well-known/openid-configuration"
