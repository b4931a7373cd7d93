package directory

import "strings"

// Federation is a domain whose people sign in at an identity provider of their
// own.
type Federation struct {
	Domain    string
	TenantID  string
	Host      string // of the provider
	Trust13   bool   // it takes user names and passwords by WS-Trust 1.3
	Trust2005 bool   // it takes them by WS-Trust of February 2005
	SAML20    bool   // its assertions are SAML 2.0, otherwise 1.1
	Published bool   // it publishes metadata
}

// AddFederation adds a federated domain.
func (d *Directory) AddFederation(f *Federation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.federations = append(d.federations, f)
}

// Federation finds the federation of a domain.
func (d *Directory) Federation(domain string) (*Federation, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, f := range d.federations {
		if strings.EqualFold(f.Domain, domain) {
			return f, true
		}
	}
	return nil, false
}

// FederationAt finds the federation whose provider has this host name.
func (d *Directory) FederationAt(host string) (*Federation, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, f := range d.federations {
		if strings.EqualFold(f.Host, host) {
			return f, true
		}
	}
	return nil, false
}

// FederationHosts lists the host names of federated providers.
func (d *Directory) FederationHosts() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	hosts := make([]string, 0, len(d.federations))
	for _, f := range d.federations {
		hosts = append(hosts, f.Host)
	}
	return hosts
}

// FederationOf finds the federation that a sign-in name belongs to.
func (d *Directory) FederationOf(upn string) (*Federation, bool) {
	_, domain, ok := strings.Cut(upn, "@")
	if !ok {
		return nil, false
	}
	return d.Federation(domain)
}
