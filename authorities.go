package msal

import (
	"context"
	"errors"
	"strings"

	"github.com/msal-go/msal/internal/authority"
)

// Cloud is the host of a national cloud of Entra ID.
type Cloud string

// The clouds. The hosts that a cloud goes by besides answer for the same tokens.
const (
	AzurePublic       Cloud = "login.microsoftonline.com"
	AzureChina        Cloud = "login.partner.microsoftonline.cn" // MSAL Python's older name for it is login.chinacloudapi.cn
	AzureUSGovernment Cloud = "login.microsoftonline.us"
	AzureGovFR        Cloud = "login.sovcloud-identity.fr" // Bleu
	AzureGovDE        Cloud = "login.sovcloud-identity.de" // Delos
	AzureGovSG        Cloud = "login.sovcloud-identity.sg"
)

// AuthorityURL makes the authority of a tenant in a cloud, or on a host of your
// own, for Options.Authority. Slashes around either part are dropped; nothing is
// checked before a client is made.
func AuthorityURL(cloud Cloud, tenant string) string {
	return "https://" + strings.TrimRight(string(cloud), "/") + "/" + strings.Trim(tenant, "/")
}

// AuthorityMetadata is what there is to know about an authority, as documents
// that you fetched before: a client that is given them never asks for them. They
// are checked as if they had been fetched.
type AuthorityMetadata struct {
	// OpenIDConfiguration is the JSON document of OpenID Connect Discovery 1.0
	// section 3, which the authority serves at
	// "/.well-known/openid-configuration".
	OpenIDConfiguration []byte
	// InstanceDiscovery is the JSON answer of instance discovery, which tells
	// the other hosts of the authority. It may be left out; hosts of
	// Microsoft's clouds are known.
	InstanceDiscovery []byte
}

func (c *core) newResolver(a authority.Authority, o Options) (*authority.Resolver, error) {
	opts := authority.Options{
		InstanceDiscovery: discovery(o.InstanceDiscovery),
		Stale: func(ctx context.Context, a authority.Authority, err error) {
			c.log.WarnContext(ctx, "the authority's metadata cannot be renewed; going on with what is known", "authority", a.URL, "error", c.loggableError(err))
		},
	}
	for _, raw := range o.KnownAuthorities {
		host, err := authority.KnownHost(raw)
		if err != nil {
			return nil, configError("read KnownAuthorities", "", err)
		}
		opts.Known = append(opts.Known, host)
	}
	if o.HTTPCache != nil { // else the resolver's own memory is enough
		opts.Documents = &o.HTTPCache.entries.Documents
	}
	switch given := o.Metadata; {
	case len(given.OpenIDConfiguration) > 0:
		m, err := authority.Read(a, given.OpenIDConfiguration, given.InstanceDiscovery)
		if err != nil {
			return nil, configError("read Metadata", "", err)
		}
		opts.Given = map[authority.Authority]*authority.Metadata{a: m}
	case len(given.InstanceDiscovery) > 0:
		return nil, configError("read Metadata", "give the OpenID configuration too, or nothing", errors.New("it has no OpenIDConfiguration"))
	}
	return authority.NewResolver(c.http, opts), nil
}
