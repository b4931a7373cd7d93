package directory

import (
	"slices"
	"strings"
)

// initialDomain is what the domains end with that tenants are born with.
const initialDomain = ".onmicrosoft.com"

// Initial reports whether label is the name that the tenant was born with: the
// first label of one of its onmicrosoft.com domains.
func (t *Tenant) Initial(label string) bool {
	return slices.ContainsFunc(t.Domains, func(d string) bool { return strings.EqualFold(d, label+initialDomain) })
}

// TenantWithADFS finds the tenant whose AD FS has this host name.
func (d *Directory) TenantWithADFS(host string) (*Tenant, bool) {
	return d.tenantAt(host, func(t *Tenant) []string { return t.ADFS })
}

// TenantWithDSTS finds the tenant whose dSTS has this host name.
func (d *Directory) TenantWithDSTS(host string) (*Tenant, bool) {
	return d.tenantAt(host, func(t *Tenant) []string { return t.DSTS })
}

func (d *Directory) tenantAt(host string, names func(*Tenant) []string) (*Tenant, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, t := range d.tenants {
		if slices.ContainsFunc(names(t), func(have string) bool { return strings.EqualFold(have, host) }) {
			return t, true
		}
	}
	return nil, false
}
