package endpoint

import (
	"net/http"
	"strings"
)

// userRealm answers /common/userrealm/{user}: whether the user name's domain
// signs in here (Managed) or is not known. Federated domains are not emulated.
func (p *Platform) userRealm(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet) {
		return
	}
	_, domain, ok := strings.Cut(c.User, "@")
	kind := "Unknown"
	if _, known := p.dir.Tenant(domain); ok && known {
		kind = "Managed"
	}
	writeJSON(w, http.StatusOK, struct {
		Version  string `json:"ver"`
		Kind     string `json:"account_type"`
		Domain   string `json:"domain_name,omitempty"`
		Cloud    string `json:"cloud_instance_name"`
		Audience string `json:"cloud_audience_urn,omitempty"`
	}{"1.0", kind, domain, c.place.cloud.name, "urn:federation:MicrosoftOnline"})
}
