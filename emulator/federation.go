package emulator

import (
	"net"
	"slices"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/listen"
)

// federation adds a federated domain to the directory.
func (b *builder) federation(path, tenantID string, domains []string, f Federation) error {
	if !isOneOf(domains, f.Domain) {
		return wrong(path+".domain", "is %q, which is not one of its tenant's domains", f.Domain)
	}
	if err := b.claim("federated domain", f.Domain, path+".domain"); err != nil {
		return err
	}
	host := strings.ToLower(either(f.Host, "sts."+f.Domain))
	if strings.ContainsAny(host, "/@: \t") || !strings.Contains(host, ".") || net.ParseIP(host) != nil {
		return wrong(path+".host", "is not a host name without port: %q", host)
	}
	if (listen.Hosts{}).Contains(host) || listen.IsLoopback(host) {
		return wrong(path+".host", "is %q, where the identity platform itself answers", host)
	}
	if err := b.claim("federated provider", host, path+".host"); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "1.3", "2005", "none"}, f.Trust) {
		return wrong(path+".trust", `is %q; use "1.3", "2005", "none", or leave it out for both versions`, f.Trust)
	}
	if !slices.Contains([]string{"", "1.1", "2.0"}, f.SAML) {
		return wrong(path+".saml", `is %q; use "1.1" or "2.0"`, f.SAML)
	}
	b.dir.AddFederation(&directory.Federation{
		Domain: f.Domain, TenantID: tenantID, Host: host, SAML20: f.SAML == "2.0", Published: !f.NoMetadata,
		Trust13: f.Trust == "" || f.Trust == "1.3", Trust2005: f.Trust == "" || f.Trust == "2005",
	})
	return nil
}

func isOneOf(domains []string, domain string) bool {
	return slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) })
}
