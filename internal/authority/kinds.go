package authority

import "strings"

const (
	// adfsTenant is the path of AD FS, which has no tenants.
	adfsTenant = "adfs"
	// dstsPath begins the path of a dSTS.
	dstsPath = "dstsv2"
	// policyPrefix begins the names of the policies of Azure AD B2C.
	policyPrefix = "b2c_"
	// policyPath may stand before the tenant in the paths of Azure AD B2C.
	policyPath = "tfp"
)

func (p parts) isExternalID() bool { return strings.HasSuffix(p.hostname, ciamSuffix) }

func (p parts) isDSTS() bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(p.path, "/"), "/")
	return strings.EqualFold(first, dstsPath)
}

// kindOf tells the relatives of Entra apart, by the rules of MSAL Python. On a
// custom domain, Azure AD B2C shows only by the name of its policy.
func (p parts) kindOf(segments []string) Kind {
	switch {
	case p.isExternalID():
		return ExternalID
	case strings.EqualFold(segments[0], adfsTenant):
		return ADFS
	case b2cHost(p.hostname):
		return B2C
	case len(segments) == 2 && len(segments[1]) > len(policyPrefix) && strings.EqualFold(segments[1][:len(policyPrefix)], policyPrefix):
		return B2C
	}
	return Entra
}

// relative makes an authority of another kind than Entra. Its path stays as it
// was typed: who answers there may care about case.
func relative(kind Kind, host string, segments []string) Authority {
	a := Authority{Kind: kind, Host: host, Tenant: segments[0], URL: "https://" + host + "/" + strings.Join(segments, "/")}
	switch {
	case kind == ADFS:
		a.Tenant = adfsTenant
	case kind == B2C && strings.EqualFold(a.Tenant, policyPath) && len(segments) > 1:
		a.Tenant = segments[1]
	}
	return a
}

// owns decides whether an endpoint on host belongs to a: it is on a's host, or,
// for Entra, on one of its aliases or in its cloud. The relatives of Entra have
// no other hosts; two customers of External ID are two services.
func (a Authority) owns(aliases []string, host string) bool {
	if a.Kind == Entra || a.Kind == OIDC {
		return sameService(a.Host, aliases, host)
	}
	return host == a.Host
}

// checkRelativeIssuer decides whether the issuer s may describe an authority of
// AD FS, Azure AD B2C or External ID: it is on the authority's host, or where
// the service puts it instead.
func checkRelativeIssuer(a Authority, s string) bool {
	iss, ok := parseIssuer(s)
	if !ok {
		return false
	}
	hostname, port := cutPort(a.Host)
	_, theirPort := cutPort(iss.host)
	switch {
	case iss.host == a.Host:
		return true
	case theirPort != "" && theirPort != port:
		return false // another port is another service
	case a.Kind == ExternalID:
		// https://{tenant id}.ciamlogin.com/{tenant id}/v2.0, whatever name the
		// host has in the authority.
		id, isCIAM := strings.CutSuffix(iss.hostname, ciamSuffix)
		return isCIAM && validGUID(id) && (!validGUID(a.Tenant) || strings.EqualFold(id, a.Tenant)) &&
			strings.EqualFold(strings.TrimRight(iss.path, "/"), "/"+id+"/v2.0")
	case a.Kind == B2C:
		// A custom domain stands before a host of the service.
		return b2cHost(iss.hostname) && !b2cHost(hostname)
	}
	return false
}
