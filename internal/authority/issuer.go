package authority

import "strings"

// tenantTemplate stands for the tenant in the issuer of a document that
// describes many tenants (common, organizations).
const tenantTemplate = "{tenantid}"

// IssuerError reports a configuration document whose issuer does not speak for
// the authority. Nothing of the document was kept.
type IssuerError struct {
	Authority string
	Issuer    string // as in the document; empty when it has none
}

func (e *IssuerError) Error() string {
	what := "has the issuer " + quoted(e.Issuer) + ", which does not speak for it"
	if e.Issuer == "" {
		what = "has no issuer"
	}
	return "the OpenID configuration of " + quoted(e.Authority) + " " + what +
		"; check the authority: it must be the issuer's own URL, or a host of the issuer's cloud"
}

// issuer is an issuer URL taken apart.
type issuer parts

// parseIssuer takes an issuer URL apart. It refuses what no issuer has:
// anything but https, user information, a query, a fragment.
func parseIssuer(s string) (issuer, bool) {
	p, err := split(s)
	return issuer(p), err == nil
}

// checkOIDCIssuer decides whether the issuer s may describe the OIDC authority
// a. The rules and their order are those of MSAL Python 1.36: the exact match of
// OpenID Connect Discovery 1.0 section 4.3 comes first, and what Microsoft's
// own issuers do differently follows.
func checkOIDCIssuer(a Authority, s string) bool {
	iss, ok := parseIssuer(s)
	if !ok {
		return false
	}
	hostname, _ := cutPort(a.Host)
	own, theirs := cloudOf(hostname), cloudOf(iss.hostname)
	switch {
	case strings.TrimRight(s, "/") == a.URL:
		return true
	case iss.host == a.Host:
		return true
	case strings.HasSuffix(iss.hostname, ciamSuffix):
		return checkExternalID(a, iss)
	case theirs.exists() && (!own.exists() || own.name == theirs.name):
		// A custom domain in front of Microsoft's cloud, or an alias.
		return true
	case regionOf(a.Host, iss.host):
		return true
	}
	return b2cHost(iss.hostname)
}

// checkExternalID admits the issuer https://{t}.ciamlogin.com[/{t}[/v2.0]] for
// the authority that names t in its path, or else in its host.
func checkExternalID(a Authority, iss issuer) bool {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(a.URL, "https://"+a.Host), "/"), "/")
	if tenant == "" {
		tenant, _, _ = strings.Cut(a.Host, ".")
	}
	tenant = strings.ToLower(tenant)
	if strings.TrimSuffix(iss.hostname, ciamSuffix) != tenant {
		return false
	}
	switch strings.ToLower(strings.TrimRight(iss.path, "/")) {
	case "", "/" + tenant, "/" + tenant + "/v2.0":
		return true
	}
	return false
}

// regionOf reports whether host is {region}.{of}.
func regionOf(of, host string) bool {
	label, rest, ok := strings.Cut(host, ".")
	return ok && rest == of && regionShaped(label)
}

func b2cHost(hostname string) bool {
	for _, suffix := range [...]string{".b2clogin.com", ".b2clogin.cn", ".b2clogin.us", ".b2clogin.de"} {
		if strings.HasSuffix(hostname, suffix) {
			return true
		}
	}
	return false
}

// checkEntraIssuer decides whether the issuer s may describe the Entra
// authority a: it must be on the authority's own host, on one of its aliases, or
// in its cloud.
func checkEntraIssuer(a Authority, aliases []string, s string) bool {
	iss, ok := parseIssuer(s)
	return ok && sameService(a.Host, aliases, iss.host)
}

// sameService reports whether host is authorityHost, one of its aliases, or in
// its cloud. Hosts of a cloud count with the default port or the authority's.
func sameService(authorityHost string, aliases []string, host string) bool {
	if host == authorityHost {
		return true
	}
	name, port := cutPort(host)
	ownName, ownPort := cutPort(authorityHost)
	if name == ownName || port != "" && port != ownPort {
		return false // another port is another service
	}
	for _, alias := range aliases {
		if alias == host || alias == name {
			return true
		}
	}
	c := cloudOf(name)
	return c.exists() && c.name == cloudOf(ownName).name
}

// AcceptsIssuer decides whether iss may be the issuer of an ID token that came
// from m's token endpoint, given the token's tid claim (empty if it has none).
//
// OIDC and the relatives of Entra: iss is exactly the issuer of the document
// (OpenID Connect Core 1.0, section 3.1.3.7), where {tenantid} stands for tid;
// External ID keeps to the authority's tenant besides. Entra: iss is the issuer of
// the document, or https://{host}/{tid}/v2.0 on the authority's host, an alias or
// its cloud, or the v1.0 form https://sts.windows.net/{tid}/; tid is a GUID; and it
// is the tenant of the authority, where that is a certain one.
func (m *Metadata) AcceptsIssuer(iss, tid string) bool {
	templated := strings.Contains(m.Issuer, tenantTemplate)
	if m.Issuer != "" && !templated && iss == m.Issuer {
		certain := m.Kind == Entra || m.Kind == ExternalID
		return !certain || tid == "" || m.acceptsTenant(tid)
	}
	if !validGUID(tid) {
		return false
	}
	if m.Kind != Entra {
		return templated && iss == strings.ReplaceAll(m.Issuer, tenantTemplate, tid)
	}
	if !m.acceptsTenant(tid) {
		return false
	}
	if templated && iss == strings.ReplaceAll(m.Issuer, tenantTemplate, tid) {
		return true
	}
	p, ok := parseIssuer(iss)
	if !ok || iss != "https://"+p.host+p.path {
		return false // tokens carry the canonical form
	}
	switch p.path {
	case "/" + tid + "/v2.0":
		return sameService(m.Environment, m.Environments, p.host)
	case "/" + tid + "/":
		return p.host == m.v1IssuerHost()
	}
	return false
}

// acceptsTenant decides whether users of the tenant tid may come from m.
func (m *Metadata) acceptsTenant(tid string) bool {
	switch realm := strings.ToLower(m.Realm); {
	case realm == tenantConsumers:
		return strings.EqualFold(tid, consumersGUID)
	case realm == tenantOrganizations:
		return !strings.EqualFold(tid, consumersGUID)
	case validGUID(realm):
		return strings.EqualFold(tid, realm)
	}
	return true
}

func (m *Metadata) v1IssuerHost() string {
	hostname, _ := cutPort(m.Environment)
	if c := cloudOf(hostname); c.exists() {
		return c.v1Issuer
	}
	return clouds[0].v1Issuer
}
