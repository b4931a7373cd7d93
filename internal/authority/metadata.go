package authority

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// Metadata is what there is to know about an authority. It is shared by all
// who ask: do not change it.
type Metadata struct {
	Kind                        Kind
	AuthorizationEndpoint       string
	TokenEndpoint               string
	DeviceAuthorizationEndpoint string // may be empty
	JWKSURI                     string // may be empty
	EndSessionEndpoint          string // may be empty
	// Issuer is the issuer of the authority's documents and may contain
	// {tenantid}. Use AcceptsIssuer to judge the issuer of a token.
	Issuer string
	// Environment is the host as the developer typed it, lower-case, with a port
	// other than 443. That of an OIDC issuer on a host that is not Microsoft's
	// has the issuer's path behind it, such as op.example/realms/prod, where a
	// capital letter is escaped. Tokens are stored under it.
	Environment string
	// Environments are all environments whose tokens are good for this
	// authority: its own first, then its aliases, then its own without the port.
	Environments []string
	// Realm is the first path segment of the token endpoint, as MSAL Python has
	// it in its cache: common, organizations and consumers stay themselves, and a
	// tenant that was typed as a domain name usually becomes its GUID. The rule
	// holds for OIDC too, where the segment may be any word, or absent: it is
	// Environment that tells issuers apart.
	Realm string
	// QueryOnly says that answers of a sign-in cannot be posted: the document
	// lists response modes, and form_post is not among them.
	QueryOnly bool
	// NamesIssuer says that the document promises an issuer in every answer of
	// the authorization endpoint (RFC 9207 section 3).
	NamesIssuer bool
}

// document holds the members of OpenID Provider Metadata that are used (OpenID
// Connect Discovery 1.0, section 3; RFC 8628, section 4).
type document struct {
	Issuer                      string   `json:"issuer"`
	AuthorizationEndpoint       string   `json:"authorization_endpoint"`
	TokenEndpoint               string   `json:"token_endpoint"`
	DeviceAuthorizationEndpoint string   `json:"device_authorization_endpoint"`
	JWKSURI                     string   `json:"jwks_uri"`
	EndSessionEndpoint          string   `json:"end_session_endpoint"`
	ResponseModes               []string `json:"response_modes_supported"`
	NamesIssuer                 bool     `json:"authorization_response_iss_parameter_supported"`
}

// builtIn returns the metadata of an authority on a host of Microsoft's clouds,
// when all of it follows from the URL.
func builtIn(a Authority) (*Metadata, bool) {
	hostname, _ := cutPort(a.Host)
	if a.Kind != Entra || !wellKnown(hostname) || !templated(a.Tenant) {
		return nil, false
	}
	hosts := byAlias(hostname).hosts
	base := "https://" + a.Host + "/" + a.Tenant
	m := &Metadata{
		Kind:                        Entra,
		AuthorizationEndpoint:       base + "/oauth2/v2.0/authorize",
		TokenEndpoint:               base + "/oauth2/v2.0/token",
		DeviceAuthorizationEndpoint: base + "/oauth2/v2.0/devicecode",
		JWKSURI:                     base + "/discovery/v2.0/keys",
		EndSessionEndpoint:          base + "/oauth2/v2.0/logout",
		Environment:                 a.environment(),
		Environments:                a.environments(hosts),
		Realm:                       a.Tenant,
	}
	tenant := a.Tenant
	switch tenant {
	case tenantCommon, tenantOrganizations:
		tenant = tenantTemplate
	case tenantConsumers:
		tenant = consumersGUID
	}
	m.Issuer = "https://" + hosts[0] + "/" + tenant + "/v2.0"
	return m, true
}

// parseDocument reads the OpenID configuration of a and checks that it may
// speak for a. aliases are the other hosts of a's service.
func parseDocument(a Authority, aliases []string, body []byte) (*Metadata, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, &MetadataError{Step: StepConfiguration, Authority: a.URL, Host: a.Host,
			Problem: "the answer is not the JSON object of an OpenID configuration", Hint: hintFor(a)}
	}
	ok := false
	switch {
	case d.Issuer == "":
	case a.Kind == OIDC:
		ok = checkOIDCIssuer(a, d.Issuer)
	case a.Kind == Entra:
		ok = checkEntraIssuer(a, aliases, d.Issuer)
	default:
		ok = checkRelativeIssuer(a, d.Issuer)
	}
	if !ok {
		return nil, &IssuerError{Authority: a.URL, Issuer: d.Issuer}
	}
	if err := d.checkEndpoints(a, aliases); err != nil {
		return nil, err
	}
	m := &Metadata{
		Kind:                        a.Kind,
		AuthorizationEndpoint:       d.AuthorizationEndpoint,
		TokenEndpoint:               d.TokenEndpoint,
		DeviceAuthorizationEndpoint: d.DeviceAuthorizationEndpoint,
		JWKSURI:                     d.JWKSURI,
		EndSessionEndpoint:          d.EndSessionEndpoint,
		Issuer:                      d.Issuer,
		Environment:                 a.environment(),
		Environments:                a.environments(aliases),
		Realm:                       firstSegment(d.TokenEndpoint),
		QueryOnly:                   len(d.ResponseModes) > 0 && !slices.Contains(d.ResponseModes, "form_post"),
		NamesIssuer:                 d.NamesIssuer,
	}
	if a.Kind == ADFS {
		m.Realm = adfsTenant
	}
	if a.Kind != OIDC && !validSegment(m.Realm) {
		return nil, badEndpoint(a, "token_endpoint", "its path names no tenant")
	}
	return m, nil
}

// checkEndpoints makes sure that codes, secrets and tokens cannot be sent to
// anyone but the authority: all endpoints are https, and those of an Entra
// authority, or of an OIDC authority on a host of Microsoft's clouds, are on the
// same service.
func (d document) checkEndpoints(a Authority, aliases []string) error {
	hostname, _ := cutPort(a.Host)
	bound := a.Kind != OIDC || cloudOf(hostname).exists()
	for _, e := range [...]struct {
		name, url string
		required  bool
	}{
		{"authorization_endpoint", d.AuthorizationEndpoint, true},
		{"token_endpoint", d.TokenEndpoint, true},
		{"device_authorization_endpoint", d.DeviceAuthorizationEndpoint, false},
		{"jwks_uri", d.JWKSURI, false},
		{"end_session_endpoint", d.EndSessionEndpoint, false},
	} {
		if e.url == "" {
			if e.required {
				return badEndpoint(a, e.name, "it is missing")
			}
			continue
		}
		host, ok := endpointHost(e.url)
		if !ok {
			return badEndpoint(a, e.name, "it is not an https URL")
		}
		if bound && !a.owns(aliases, host) {
			return badEndpoint(a, e.name, "it is on "+quoted(host)+", which is neither the authority's host nor in its cloud")
		}
	}
	return nil
}

func badEndpoint(a Authority, name, problem string) error {
	return &MetadataError{Step: StepConfiguration, Authority: a.URL, Host: a.Host,
		Problem: "its " + name + " cannot be used: " + problem, Hint: hintFor(a)}
}

// endpointHost returns the canonical host of an https endpoint. A query is
// allowed: B2C names policies there.
func endpointHost(endpoint string) (string, bool) {
	base, _, _ := strings.Cut(endpoint, "?")
	p, err := split(base)
	return p.host, err == nil && badText(endpoint) == "" && !strings.Contains(endpoint, "#")
}

func firstSegment(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	segment, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return segment
}
