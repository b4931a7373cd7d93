package authority

import (
	"slices"
	"strings"
)

// The tenants that stand for many.
const (
	tenantCommon        = "common"
	tenantOrganizations = "organizations"
	tenantConsumers     = "consumers"
	// consumersGUID is the tenant of personal Microsoft accounts.
	consumersGUID = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// A cloud is one instance of Entra: its hosts answer for each other. The zero
// value is no cloud.
type cloud struct {
	name string
	// hosts are the aliases. The first one names the cloud in v2.0 issuers.
	hosts []string
	// v1Issuer is the host of issuers of the form https://{host}/{tenant}/.
	v1Issuer string
	// validated says that the hosts are known to be Entra, so that neither
	// instance discovery nor a configuration document has to be fetched.
	validated bool
}

// clouds is never written to. The hosts are those of MSAL Python; which of a
// cloud's hosts names its issuers, and the v1 issuers, are documented for the
// public cloud, China and US Government, and unverified for the others.
var clouds = [...]cloud{
	{name: "Public", v1Issuer: "sts.windows.net", validated: true,
		hosts: []string{"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"}},
	{name: "China", v1Issuer: "sts.chinacloudapi.cn", validated: true,
		hosts: []string{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"}},
	{name: "Germany (legacy)", v1Issuer: "sts.microsoftonline.de", validated: true,
		hosts: []string{"login.microsoftonline.de"}},
	{name: "US Government", v1Issuer: "sts.windows.net", validated: true,
		hosts: []string{"login.microsoftonline.us", "login.usgovcloudapi.net"}},
	{name: "US", v1Issuer: "sts.windows.net", validated: true,
		hosts: []string{"login-us.microsoftonline.com"}},
	{name: "Bleu (France)", v1Issuer: "sts.windows.net", validated: true,
		hosts: []string{"login.sovcloud-identity.fr"}},
	{name: "Delos (Germany)", v1Issuer: "sts.windows.net", validated: true,
		hosts: []string{"login.sovcloud-identity.de"}},
	{name: "Gov SG (Singapore)", v1Issuer: "sts.windows.net", validated: true,
		hosts: []string{"login.sovcloud-identity.sg"}},
	{name: "PPE", v1Issuer: "sts.windows-ppe.net",
		hosts: []string{"login.windows-ppe.net", "sts.windows-ppe.net", "login.microsoft-ppe.com"}},
}

// ciamSuffix marks the hosts of External ID, which run in the public cloud.
const ciamSuffix = ".ciamlogin.com"

func (c cloud) exists() bool { return c.name != "" }

// byAlias returns the cloud that has hostname as one of its hosts.
func byAlias(hostname string) cloud {
	for _, c := range clouds {
		if slices.Contains(c.hosts, hostname) {
			return c
		}
	}
	return cloud{}
}

// wellKnown reports whether hostname needs no instance discovery.
func wellKnown(hostname string) bool {
	return byAlias(hostname).validated
}

// cloudOf returns the cloud that hostname belongs to, as an alias, as a region
// of one (westus2.login.microsoft.com) or as an External ID tenant.
func cloudOf(hostname string) cloud {
	if c := byAlias(hostname); c.exists() {
		return c
	}
	if strings.HasSuffix(hostname, ciamSuffix) {
		return clouds[0]
	}
	if label, rest, ok := strings.Cut(hostname, "."); ok && regionShaped(label) {
		return byAlias(rest)
	}
	return cloud{}
}

// regionShaped reports whether label could be the name of an Azure region: one
// lower-case DNS label.
func regionShaped(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// templated reports whether the endpoints of tenant follow from its name. Those
// of a domain name do not: the service writes them with the tenant's GUID,
// which is what every MSAL keeps in its cache.
func templated(tenant string) bool {
	switch tenant {
	case tenantCommon, tenantOrganizations, tenantConsumers:
		return true
	}
	return validGUID(tenant)
}
