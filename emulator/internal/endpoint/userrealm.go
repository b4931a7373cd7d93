package endpoint

import (
	"net/http"
	"strings"
)

// cloudAudience is whom the assertions of federated providers are for. The
// national clouds are believed to have names of their own (unverified).
const cloudAudience = "urn:federation:MicrosoftOnline"

// realmAnswer is version 1.0 of the user realm answer.
type realmAnswer struct {
	Version  string `json:"ver"`
	Kind     string `json:"account_type"`
	Domain   string `json:"domain_name,omitempty"`
	Protocol string `json:"federation_protocol,omitempty"`
	Metadata string `json:"federation_metadata_url,omitempty"`
	Active   string `json:"federation_active_auth_url,omitempty"`
	Cloud    string `json:"cloud_instance_name"`
	Audience string `json:"cloud_audience_urn,omitempty"`
}

// userRealm answers /common/userrealm/{user}: whether the user name's domain
// signs in here (Managed), at a provider of its own (Federated), or is not
// known.
func (p *Platform) userRealm(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet) {
		return
	}
	if c.Query.Get("api-version") != "1.0" {
		c.note(Finding{Rule: "user-realm-version", Detail: "the user realm is asked without api-version=1.0, whose answer this is", Advice: true,
			Source: "MSAL convention: GET /common/userrealm/{user}?api-version=1.0"})
	}
	_, domain, ok := strings.Cut(c.User, "@")
	a := realmAnswer{Version: "1.0", Kind: "Unknown", Domain: domain, Cloud: c.place.cloud.name, Audience: cloudAudience}
	if _, known := p.dir.Tenant(domain); ok && known {
		a.Kind = "Managed"
	}
	if f, federated := p.dir.Federation(domain); ok && federated {
		a.Kind, a.Protocol = "Federated", "WSTrust"
		if f.Published {
			a.Metadata = "https://" + f.Host + metadataPath
		}
		switch {
		case f.Trust2005:
			a.Active = "https://" + f.Host + path2005
		case f.Trust13:
			a.Active = "https://" + f.Host + path13
		}
	}
	writeJSON(w, http.StatusOK, a)
}
