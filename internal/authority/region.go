package authority

import (
	"net/netip"
	"net/url"
	"strings"
)

// publicRegions is the host that answers for all regions of the public cloud.
const publicRegions = "login.microsoft.com"

// ValidRegion reports whether name can be the name of an Azure region, such as
// westus2. Nothing else may come near a host name.
func ValidRegion(name string) bool {
	return regionShaped(name) && 'a' <= name[0] && name[0] <= 'z'
}

// RegionalTokenEndpoint is the token endpoint of m in an Azure region:
// {region}.login.microsoft.com for the public cloud, {region}.{host} for others.
// It reports false where there are no regions: for other kinds than Entra, for
// addresses without a name, and for names that no region has.
func (m *Metadata) RegionalTokenEndpoint(region string) (string, bool) {
	u, err := url.Parse(m.TokenEndpoint)
	host, ok := endpointHost(m.TokenEndpoint)
	if err != nil || !ok || m.Kind != Entra || !ValidRegion(region) {
		return "", false
	}
	name, port := cutPort(host)
	own, around := byAlias(name), cloudOf(name)
	switch {
	case own.name == clouds[0].name:
		name = publicRegions
	case !own.exists() && around.exists():
		return "", false // it is the host of a region already
	}
	if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") {
		return "", false
	}
	u.Host = region + "." + name
	if port != "" {
		u.Host += ":" + port
	}
	return u.String(), true
}
