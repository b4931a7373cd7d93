package endpoint

import (
	"net/http"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/mint"
)

// configurationDocument is the OpenID Connect discovery document, with the
// members that the real service adds.
type configurationDocument struct {
	TokenEndpoint   string   `json:"token_endpoint"`
	TokenAuth       []string `json:"token_endpoint_auth_methods_supported"`
	KeysURI         string   `json:"jwks_uri"`
	ResponseModes   []string `json:"response_modes_supported"`
	SubjectTypes    []string `json:"subject_types_supported"`
	IDTokenAlgs     []string `json:"id_token_signing_alg_values_supported"`
	ResponseTypes   []string `json:"response_types_supported"`
	Scopes          []string `json:"scopes_supported"`
	Issuer          string   `json:"issuer"`
	RequestURI      bool     `json:"request_uri_parameter_supported"`
	UserInfo        string   `json:"userinfo_endpoint"`
	Authorization   string   `json:"authorization_endpoint"`
	DeviceEndpoint  string   `json:"device_authorization_endpoint"`
	HTTPLogout      bool     `json:"http_logout_supported"`
	FrontLogout     bool     `json:"frontchannel_logout_supported"`
	EndSession      string   `json:"end_session_endpoint"`
	Claims          []string `json:"claims_supported"`
	RegionScope     *string  `json:"tenant_region_scope"`
	Cloud           string   `json:"cloud_instance_name"`
	GraphHost       string   `json:"cloud_graph_host_name"`
	DirectoryHost   string   `json:"msgraph_host"`
	PolicyURL       string   `json:"rbac_url"`
	ChallengeMethod []string `json:"code_challenge_methods_supported"`
}

// configuration answers /{tenant}/v2.0/.well-known/openid-configuration.
func (p *Platform) configuration(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet) {
		return
	}
	tenant, refused := p.tenantOf(c.tenant)
	if refused != nil {
		p.refuse(w, c, refused)
		return
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	if c.place.kind == b2c || c.place.kind == adfs || c.place.kind == dsts {
		p.relativeConfiguration(w, c, tenant)
		return
	}
	path, issuer := pathAndIssuer(c.tenant, tenant)
	base := c.place.base + "/" + path
	doc := configurationDocument{
		TokenEndpoint: base + "/oauth2/v2.0/token",
		TokenAuth:     []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		KeysURI:       base + "/discovery/v2.0/keys",
		ResponseModes: []string{"query", "fragment", "form_post"},
		SubjectTypes:  []string{"pairwise"}, IDTokenAlgs: []string{"RS256"},
		ResponseTypes: []string{"code", "id_token", "code id_token", "id_token token"},
		Scopes:        []string{"openid", "profile", "email", "offline_access"},
		Issuer:        c.place.issuerV2(issuer),
		UserInfo:      "https://" + c.place.cloud.graph + "/oidc/userinfo",
		Authorization: base + "/oauth2/v2.0/authorize", DeviceEndpoint: base + "/oauth2/v2.0/devicecode",
		HTTPLogout: true, FrontLogout: true, EndSession: base + "/oauth2/v2.0/logout",
		Claims: []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat",
			"auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
		Cloud: c.place.cloud.name, GraphHost: "graph.windows.net", DirectoryHost: c.place.cloud.graph, PolicyURL: "https://pas.windows.net",
		ChallengeMethod: []string{"plain", "S256"},
	}
	if tenant != nil {
		region := "WW"
		doc.RegionScope = &region
	}
	writeJSON(w, http.StatusOK, doc)
}

// pathAndIssuer gives the path segment of endpoints and the tenant of the
// issuer: a domain turns into its tenant's id, common and organizations keep
// their name and have a template for an issuer.
func pathAndIssuer(asked string, tenant *directory.Tenant) (path, issuer string) {
	switch name := strings.ToLower(asked); {
	case tenant != nil:
		return tenant.ID, tenant.ID
	case isConsumers(name):
		return name, directory.ConsumerTenant
	default:
		return name, "{tenantid}"
	}
}

// keySet answers /{tenant}/discovery/v2.0/keys.
func (p *Platform) keySet(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet) {
		return
	}
	tenant, refused := p.tenantOf(c.tenant)
	if refused != nil {
		p.refuse(w, c, refused)
		return
	}
	keys, err := p.keys.Published()
	if err != nil {
		p.log.Error("no signing key", "error", err)
		p.refuse(w, c, p.fail("InternalError"))
		return
	}
	_, issuer := pathAndIssuer(c.tenant, tenant)
	set := struct {
		Keys []mint.JWK `json:"keys"`
	}{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.JWK(c.place.cloud.name, c.place.issuerV2(issuer)))
	}
	w.Header().Set("Cache-Control", "max-age=86400, private")
	writeJSON(w, http.StatusOK, set)
}
