package endpoint

import (
	"net/http"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// The paths of a federated identity provider, as AD FS has them.
const (
	metadataPath = "/adfs/services/trust/mex"
	path13       = "/adfs/services/trust/13/usernamemixed"
	path2005     = "/adfs/services/trust/2005/usernamemixed"
)

// federationEndpoint tells what is asked of a federated identity provider.
func federationEndpoint(path string) string {
	switch strings.ToLower(path) {
	case metadataPath:
		return FederationMetadata
	case path13, path2005:
		return WSTrust
	}
	return Other
}

// FederationHosts lists the host names of federated providers.
func (p *Platform) FederationHosts() []string { return p.dir.FederationHosts() }

// inspectFederation looks for what may not be sent to such a provider.
func inspectFederation(r *http.Request, c *Call) {
	if !c.place.secure {
		c.note(Finding{Rule: "tls", Detail: "a request for " + c.place.host + " came over plain http", Source: "WS-SecurityPolicy: the policy of the endpoint has a TransportBinding"})
	}
	if r.Header.Get("x-client-sku") != "" {
		c.note(Finding{Rule: "federation-headers", Detail: "the federated identity provider is told which library asks", Advice: true,
			Source: "MSAL for Python sends x-client-sku and its kin to the identity platform alone"})
	}
}

// federationMetadata answers the WS-MetadataExchange of a federated identity provider:
// WSDL 1.1 with policies, in the shape of AD FS. It has endpoints for
// certificates too, which a client has to pass over.
func (p *Platform) federationMetadata(w http.ResponseWriter, r *http.Request, c *Call) {
	inspectFederation(r, c)
	if !c.federation.Published || r.Method != http.MethodGet {
		p.nothing(w, r, c)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte(metadataOf(c.federation)))
}

// trustForm is what differs between the versions of WS-Trust.
type trustForm struct {
	name      string // of bindings and operations
	namespace string // of WS-Trust
	policy    string // namespace of WS-SecurityPolicy
	tokens    string // assertion that holds the user name token
	path      string
	keyType   string
}

func trustForms() []trustForm {
	return []trustForm{
		{name: "TrustFeb2005", namespace: "http://schemas.xmlsoap.org/ws/2005/02/trust", policy: "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
			tokens: "SignedSupportingTokens", path: path2005, keyType: "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey"},
		{name: "Trust13", namespace: "http://docs.oasis-open.org/ws-sx/ws-trust/200512", policy: "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
			tokens: "SignedEncryptedSupportingTokens", path: path13, keyType: "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer"},
	}
}

func (t trustForm) offeredBy(f *directory.Federation) bool {
	return t.path == path13 && f.Trust13 || t.path == path2005 && f.Trust2005
}

func metadataOf(f *directory.Federation) string {
	var policies, bindings, ports strings.Builder
	for _, t := range trustForms() {
		certificate := strings.Replace(t.path, "usernamemixed", "certificatemixed", 1)
		add := func(prefix, token, path string) {
			fill := strings.NewReplacer("{id}", prefix+t.name+"Async", "{sp}", t.policy, "{token}", token, "{tokens}", t.tokens,
				"{action}", t.namespace+"/RST/Issue", "{operation}", t.name+"IssueAsync", "{address}", "https://"+f.Host+path)
			policies.WriteString(fill.Replace(policyText))
			bindings.WriteString(fill.Replace(bindingText))
			ports.WriteString(fill.Replace(portText))
		}
		add("CertificateWSTrustBinding_I", strings.ReplaceAll(certificateToken, "{sp}", t.policy), certificate)
		if t.offeredBy(f) {
			add("UserNameWSTrustBinding_I", strings.ReplaceAll(strings.ReplaceAll(usernameToken, "{tokens}", t.tokens), "{sp}", t.policy), t.path)
		}
	}
	return definitionsOpen + policies.String() + bindings.String() +
		`<wsdl:service name="SecurityTokenService">` + ports.String() + "</wsdl:service></wsdl:definitions>\n"
}

const (
	definitionsOpen = `<?xml version="1.0" encoding="utf-8"?>` +
		`<wsdl:definitions name="SecurityTokenService" targetNamespace="http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice"` +
		` xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"` +
		` xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy" xmlns:wsa10="http://www.w3.org/2005/08/addressing"` +
		` xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"` +
		` xmlns:tns="http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice">`

	policyText = `<wsp:Policy wsu:Id="{id}_policy"><wsp:ExactlyOne><wsp:All>` +
		`<sp:TransportBinding xmlns:sp="{sp}"><wsp:Policy><sp:TransportToken><wsp:Policy><sp:HttpsToken/></wsp:Policy></sp:TransportToken></wsp:Policy></sp:TransportBinding>` +
		`{token}<wsaw:UsingAddressing xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl"/>` +
		`</wsp:All></wsp:ExactlyOne></wsp:Policy>`

	usernameToken = `<sp:{tokens} xmlns:sp="{sp}"><wsp:Policy><sp:UsernameToken sp:IncludeToken="{sp}/IncludeToken/AlwaysToRecipient">` +
		`<wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken></wsp:Policy></sp:{tokens}>`

	certificateToken = `<sp:EndorsingSupportingTokens xmlns:sp="{sp}"><wsp:Policy><sp:X509Token sp:IncludeToken="{sp}/IncludeToken/AlwaysToRecipient">` +
		`<wsp:Policy><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token></wsp:Policy></sp:EndorsingSupportingTokens>`

	bindingText = `<wsdl:binding name="{id}" type="tns:{operation}Contract"><wsp:PolicyReference URI="#{id}_policy"/>` +
		`<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>` +
		`<wsdl:operation name="{operation}"><soap12:operation soapAction="{action}" style="document"/>` +
		`<wsdl:input><soap12:body use="literal"/></wsdl:input><wsdl:output><soap12:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>`

	portText = `<wsdl:port name="{id}" binding="tns:{id}"><soap12:address location="{address}"/>` +
		`<wsa10:EndpointReference><wsa10:Address>{address}</wsa10:Address></wsa10:EndpointReference></wsdl:port>`
)
