package endpoint

import (
	"net/http"
	"net/url"
	"strings"
)

// instanceDocument is the answer of instance discovery.
type instanceDocument struct {
	TenantDiscovery string     `json:"tenant_discovery_endpoint"`
	Version         string     `json:"api-version,omitempty"`
	Metadata        []metadata `json:"metadata,omitempty"`
}

type metadata struct {
	Network string   `json:"preferred_network"`
	Cache   string   `json:"preferred_cache"`
	Aliases []string `json:"aliases"`
}

// instance answers /common/discovery/instance: is the authority known, and
// under which other names does it go? Version 1.0 answers without the aliases
// (unverified).
func (p *Platform) instance(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet) {
		return
	}
	version := c.Query.Get("api-version")
	switch {
	case version == "":
		p.refuse(w, c, p.fail("ParameterMissing", "name", "api-version"))
		return
	case version != "1.0" && version != "1.1":
		p.refuse(w, c, p.fail("ParameterBad", "name", "api-version"))
		return
	case c.Query.Get("authorization_endpoint") == "":
		p.refuse(w, c, p.fail("ParameterMissing", "name", "authorization_endpoint"))
		return
	}
	asked, err := url.Parse(c.Query.Get("authorization_endpoint"))
	if err != nil || !p.validInstance(c, asked) {
		host := ""
		if err == nil {
			host = asked.Host
		}
		p.refuse(w, c, p.fail("InvalidInstance", "host", host))
		return
	}
	doc := instanceDocument{TenantDiscovery: discoveryAddress(asked)}
	if version == "1.1" {
		doc.Version = version
		doc.Metadata = p.metadata(c, asked)
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, doc)
}

// validInstance accepts https addresses of known hosts. A loopback address is
// only valid when the question itself came to one: the real service would not
// know it, and neither does the emulator under a real name.
func (p *Platform) validInstance(c *Call, u *url.URL) bool {
	name := strings.ToLower(u.Hostname())
	if u.Path == "" || u.Path == "/" || u.User != nil {
		return false
	}
	if c.place.local && (isLoopback(name) || strings.EqualFold(u.Host, hostOf(c.place.base))) {
		return u.Scheme == "https" || u.Scheme == "http"
	}
	if u.Scheme != "https" {
		return false
	}
	_, ok := p.cloudOf(name)
	return ok || isCustomer(name)
}

// discoveryAddress echoes the tenant and the protocol version that were asked.
func discoveryAddress(u *url.URL) string {
	tenant, rest, _ := strings.Cut(strings.TrimLeft(u.EscapedPath(), "/"), "/")
	address := u.Scheme + "://" + strings.ToLower(u.Host) + "/" + tenant
	if strings.Contains(strings.ToLower(rest), "v2.0") {
		address += "/v2.0"
	}
	return address + "/.well-known/openid-configuration"
}

func (p *Platform) metadata(c *Call, asked *url.URL) []metadata {
	var out []metadata
	for _, cl := range p.clouds {
		if cl.listed {
			out = append(out, metadata{Network: cl.network, Cache: cl.cache, Aliases: cl.aliases})
		}
	}
	if c.place.local {
		host := strings.ToLower(asked.Host)
		if _, ok := p.cloudOf(strings.ToLower(asked.Hostname())); !ok {
			out = append(out, metadata{Network: host, Cache: host, Aliases: []string{host}})
		}
	}
	return out
}

func hostOf(base string) string {
	_, host, _ := strings.Cut(base, "://")
	return host
}
