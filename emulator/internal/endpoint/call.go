package endpoint

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/mint"
)

// The names of the endpoints, for the journal and for faults.
const (
	InstanceDiscovery = "instance_discovery"
	Configuration     = "openid_configuration"
	KeySet            = "keys"
	Authorize         = "authorize"
	SignIn            = "sign_in"
	SignUp            = "sign_up"
	SecondFactor      = "second_factor"
	Consent           = "consent"
	Token             = "token"
	DeviceCode        = "device_code"
	DevicePage        = "device_page"
	UserRealm         = "user_realm"
	Logout            = "logout"
	UserInfo          = "user_info"
	Resource          = "resource"
	WSTrust           = "ws_trust"
	InstanceMetadata  = "instance_metadata"
	CloudShell        = "cloud_shell"
	Other             = "other"

	FederationMetadata = "federation_metadata"
)

// Finding is something that a client did and should not have done.
type Finding struct {
	Rule   string
	Detail string
	Source string
	Advice bool // a recommendation, not a requirement
}

// Call is one request as the platform understands it. The caller makes it with
// [Platform.Classify], may set the Tamper fields, and reads the rest after
// [Platform.Serve].
type Call struct {
	Endpoint      string
	Query         url.Values
	Form          url.Values
	Grant         string
	ClientID      string
	User          string // sign-in name, as soon as it is known
	TraceID       string
	CorrelationID string
	Err           *Error
	Findings      []Finding

	// What a fault asks of the answer.
	Force   *Error
	Tamper  mint.Tamper
	Drop    []string
	Replace map[string]any

	place  place
	known  bool   // the host is an identity platform
	tenant string // path segment, as asked
	rest   string // path after the tenant, lower case
	policy string // of Azure AD B2C, lower case

	segment string // that names the tenant at dSTS, lower case
	body    error  // what was wrong with the body

	binding    binding               // of the access token, as asked
	federation *directory.Federation // whose identity provider is asked; nil: the platform
}

func (c *Call) note(f Finding) { c.Findings = append(c.Findings, f) }

// param reads a parameter from the form, or for pages from the query.
func (c *Call) param(name string) string {
	if v := c.Form.Get(name); v != "" {
		return v
	}
	if c.Endpoint == Token || c.Endpoint == DeviceCode {
		return ""
	}
	return c.Query.Get(name)
}

// Classify understands the address of a request. body is its form, already
// read; bodyErr what was wrong with it.
func (p *Platform) Classify(r *http.Request, body url.Values, bodyErr error) *Call {
	c := &Call{Query: r.URL.Query(), Form: body, body: bodyErr, TraceID: p.random.UUID()}
	if c.Form == nil {
		c.Form = url.Values{}
	}
	c.place, c.known = p.locate(r)
	c.CorrelationID = correlation(r, c)
	path := strings.TrimLeft(r.URL.Path, "/")
	tenant, rest, _ := strings.Cut(path, "/")
	c.tenant, c.rest = tenant, strings.ToLower(strings.Trim(rest, "/"))
	found := p.relate(c)
	c.Endpoint = endpointOf(c)
	if !found {
		c.Endpoint = Other
	}
	if c.place.host == machineAddress && isMachineDocument(r.URL.Path) {
		c.Endpoint = InstanceMetadata
	}
	if isShell(r) {
		c.Endpoint = CloudShell
	}
	if f, ok := p.dir.FederationAt(c.place.host); ok {
		if e := federationEndpoint(r.URL.Path); e != Other { // the host may be that of a tenant's AD FS as well
			c.federation, c.Endpoint = f, e
		}
	}
	if name, ok := realmUser(r); ok && c.known {
		c.Endpoint, c.User = UserRealm, name
	}
	c.Grant, c.ClientID = c.param("grant_type"), c.param("client_id")
	if user, ok := p.userOf(c); ok {
		c.User = user
	}
	return c
}

// correlation takes the client's id, or makes the request's own trace id do.
func correlation(r *http.Request, c *Call) string {
	for _, id := range []string{r.Header.Get("client-request-id"), c.Query.Get("client-request-id"), c.Form.Get("client-request-id")} {
		if directory.IsID(id) {
			return id
		}
	}
	return c.TraceID
}

func endpointOf(c *Call) string {
	if !c.known {
		switch address := strings.ToLower(c.tenant) + "/" + c.rest; {
		case !strings.HasPrefix(c.place.host, "graph."):
		case address == "oidc/userinfo":
			return UserInfo
		case address == "v1.0/me":
			return Resource
		}
		return Other
	}
	if c.tenant == resourcePath && directory.IsID(c.rest) {
		return Resource
	}
	switch c.rest {
	case "discovery/instance":
		return InstanceDiscovery
	case "v2.0/.well-known/openid-configuration":
		return Configuration
	case "discovery/v2.0/keys", "discovery/keys":
		return KeySet
	case "oauth2/v2.0/authorize":
		return Authorize
	case "login":
		return SignIn
	case "signup":
		return SignUp
	case "mfa":
		return SecondFactor
	case "consent":
		return Consent
	case "oauth2/v2.0/token":
		return Token
	case "oauth2/v2.0/devicecode":
		return DeviceCode
	case "oauth2/deviceauth":
		return DevicePage
	case "oauth2/v2.0/logout":
		return Logout
	case "":
		if t := strings.ToLower(c.tenant); t == "device" || t == "devicelogin" {
			return DevicePage
		}
	}
	return Other
}

// realmUser is the sign-in name in /{tenant}/userrealm/{name}, which is one
// segment before it is decoded.
func realmUser(r *http.Request) (string, bool) {
	segments := strings.Split(strings.TrimLeft(r.URL.EscapedPath(), "/"), "/")
	if len(segments) != 3 || !strings.EqualFold(segments[1], "userrealm") || segments[2] == "" {
		return "", false
	}
	name, err := url.PathUnescape(segments[2])
	return name, err == nil
}
