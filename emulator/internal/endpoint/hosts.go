package endpoint

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// cloud is one national cloud: the names it answers to.
type cloud struct {
	network  string // preferred on the wire
	cache    string // preferred in token caches
	aliases  []string
	v1Issuer string // host of the issuer of version 1 tokens
	name     string // cloud_instance_name
	graph    string // msgraph_host
	listed   bool   // appears in the instance discovery document
}

// clouds are the national clouds, in the order of the instance discovery
// document of the real service.
func clouds() []cloud {
	return []cloud{
		{network: "login.microsoftonline.com", cache: "login.windows.net", listed: true,
			aliases:  []string{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"},
			v1Issuer: "sts.windows.net", name: "microsoftonline.com", graph: "graph.microsoft.com"},
		{network: "login.partner.microsoftonline.cn", cache: "login.partner.microsoftonline.cn", listed: true,
			aliases:  []string{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"},
			v1Issuer: "sts.chinacloudapi.cn", name: "partner.microsoftonline.cn", graph: "microsoftgraph.chinacloudapi.cn"},
		{network: "login.microsoftonline.de", cache: "login.microsoftonline.de", listed: true,
			aliases:  []string{"login.microsoftonline.de"},
			v1Issuer: "sts.microsoftonline.de", name: "microsoftonline.de", graph: "graph.microsoft.de"},
		{network: "login.microsoftonline.us", cache: "login.microsoftonline.us", listed: true,
			aliases:  []string{"login.microsoftonline.us", "login.usgovcloudapi.net"},
			v1Issuer: "sts.windows.net", name: "microsoftonline.us", graph: "graph.microsoft.us"},
		{network: "login-us.microsoftonline.com", cache: "login-us.microsoftonline.com", listed: true,
			aliases:  []string{"login-us.microsoftonline.com"},
			v1Issuer: "sts.windows.net", name: "microsoftonline.com", graph: "graph.microsoft.com"},
		sovereign("fr"), sovereign("de"), sovereign("sg"),
	}
}

// sovereign is one of the newer national partner clouds. They are not in the
// public instance discovery document that was seen (unverified).
func sovereign(country string) cloud {
	host := "login.sovcloud-identity." + country
	return cloud{network: host, cache: host, aliases: []string{host}, v1Issuer: "sts.sovcloud-identity." + country,
		name: "sovcloud-identity." + country, graph: "graph.microsoft.com"}
}

// place is where a request arrived: which cloud, and under which address.
type place struct {
	cloud  cloud
	base   string // scheme://host[:port] for addresses in answers
	issuer string // scheme://host[:port] of issuers
	host   string // without port, lower case
	local  bool
	secure bool
	kind   kind
}

// isSecure reports whether a request came over TLS. In-memory transports that
// have no connection leave the URL whole instead.
func isSecure(r *http.Request) bool { return r.TLS != nil || r.URL.Scheme == "https" }

// locate finds out where a request arrived. It reports false for hosts that
// are no identity platform.
func (p *Platform) locate(r *http.Request) (place, bool) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	name := strings.ToLower(host)
	if h, port, err := net.SplitHostPort(name); err == nil {
		name = h
		if port == "443" {
			host = h
		}
	}
	name = strings.Trim(name, "[]")
	secure := isSecure(r)
	if c, ok := p.cloudOf(name); ok {
		return place{cloud: c, base: "https://" + strings.ToLower(host), issuer: "https://" + c.network, host: name, secure: secure}, true
	}
	public := p.clouds[0]
	if isCustomer(name) || isB2C(name) {
		return place{cloud: public, base: "https://" + strings.ToLower(host), issuer: "https://" + name, host: name, secure: secure}, true
	}
	if isLoopback(name) || slices.ContainsFunc(p.hosts, func(h string) bool { return strings.EqualFold(h, name) }) {
		scheme := "http://"
		if secure {
			scheme = "https://"
		}
		return place{cloud: public, base: scheme + host, issuer: scheme + host, host: name, local: true, secure: secure}, true
	}
	return place{host: name, secure: secure, cloud: public, base: "https://" + host}, false
}

// cloudOf finds the cloud of a host name; regional names such as
// westus2.login.microsoft.com belong to the cloud of their parent.
func (p *Platform) cloudOf(name string) (cloud, bool) {
	for _, c := range p.clouds {
		if slices.Contains(c.aliases, name) {
			return c, true
		}
	}
	if _, parent, ok := strings.Cut(name, "."); ok {
		for _, c := range p.clouds {
			if slices.Contains(c.aliases, parent) {
				return c, true
			}
		}
	}
	return cloud{}, false
}

func isCustomer(name string) bool {
	label, ok := strings.CutSuffix(name, ".ciamlogin.com")
	return ok && label != "" && !strings.Contains(label, ".")
}

func isLoopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// issuerV2 is the issuer of version 2 tokens of a tenant, or of the template
// "{tenantid}".
func (pl place) issuerV2(tenant string) string {
	switch pl.kind {
	case b2c:
		return pl.issuer + "/" + tenant + "/v2.0/"
	case customer:
		// Whatever name the host has in the question.
		return "https://" + tenant + ".ciamlogin.com/" + tenant + "/v2.0"
	case adfs:
		return pl.issuer
	case dsts:
		return pl.issuer + "/" + tenant
	}
	return pl.issuer + "/" + tenant + "/v2.0"
}

// issuerV1 is the issuer of version 1 tokens.
func (pl place) issuerV1(tenant string) string {
	return "https://" + pl.cloud.v1Issuer + "/" + tenant + "/"
}
