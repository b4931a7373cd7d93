package wstrust

import "strings"

// The namespaces of metadata documents.
const (
	nsWSDL       = "http://schemas.xmlsoap.org/wsdl/"
	nsWSDLSOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
	nsPolicy     = "http://schemas.xmlsoap.org/ws/2004/09/policy"
	nsUtility    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	nsAddressing = "http://www.w3.org/2005/08/addressing"

	nsSecurityPolicy2005 = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
	nsSecurityPolicy12   = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"

	soapOverHTTP = "http://schemas.xmlsoap.org/soap/http"
)

// parseMetadata finds the endpoint for user names and passwords in the metadata
// of an identity provider: a port, whose binding is SOAP 1.2 over HTTP with a
// policy of a user name token over TLS. WS-Trust 1.3 is preferred; otherwise
// the first one in the document is taken.
func parseMetadata(document []byte) (Endpoint, error) {
	root, _, problem := parse(document)
	if problem != "" {
		return Endpoint{}, &DocumentError{Document: Metadata, Problem: problem}
	}
	bindings := passwordBindings(root, passwordPolicies(root))
	var found Endpoint
	root.all(func(e *element) bool {
		if e.name.Space != nsWSDL || e.name.Local != "port" {
			return false
		}
		version, ok := bindings[localName(e.attribute("", "binding"))]
		if !ok || found.Version != 0 && version != Trust13 {
			return false
		}
		if address, ok := addressOf(e); ok {
			found = Endpoint{address, version}
		}
		return found.Version == Trust13
	})
	if found.Version == 0 {
		return Endpoint{}, &EndpointError{Problem: NoEndpoint}
	}
	return found, nil
}

// passwordPolicies are the references ("#id") to the policies that want a user
// name and password over TLS.
func passwordPolicies(root *element) map[string]bool {
	policies := map[string]bool{}
	root.all(func(e *element) bool {
		id := e.attribute(nsUtility, "Id")
		if e.name.Space == nsPolicy && e.name.Local == "Policy" && id != "" && wantsPassword(e) {
			policies["#"+id] = true
		}
		return false
	})
	return policies
}

// wantsPassword looks into each alternative of a policy by itself: a user name
// token in one and TLS in another is not what is looked for.
func wantsPassword(policy *element) bool {
	choice := policy.child(nsPolicy, "ExactlyOne")
	if choice == nil {
		return isPasswordAlternative(policy)
	}
	for _, alternative := range choice.children {
		if isPasswordAlternative(alternative) {
			return true
		}
	}
	return false
}

func isPasswordAlternative(e *element) bool {
	for _, form := range [...]struct{ space, tokens string }{
		{nsSecurityPolicy12, "SignedEncryptedSupportingTokens"},
		{nsSecurityPolicy2005, "SignedSupportingTokens"},
	} {
		tokens := e.child(form.space, form.tokens).child(nsPolicy, "Policy")
		token := tokens.child(form.space, "UsernameToken").child(nsPolicy, "Policy")
		if token.child(form.space, "WssUsernameToken10") != nil && e.child(form.space, "TransportBinding") != nil {
			return true
		}
	}
	return false
}

// passwordBindings maps the names of bindings with such a policy to the version
// that their operation speaks.
func passwordBindings(root *element, policies map[string]bool) map[string]Version {
	bindings := map[string]Version{}
	root.all(func(e *element) bool {
		if e.name.Space != nsWSDL || e.name.Local != "binding" || e.child(nsWSDLSOAP12, "binding") == nil ||
			e.child(nsWSDLSOAP12, "binding").attribute("", "transport") != soapOverHTTP ||
			!refersTo(e, policies) {
			return false
		}
		for _, version := range [...]Version{Trust13, Trust2005} {
			if offers(e, version.action()) {
				bindings[e.attribute("", "name")] = version
				break
			}
		}
		return false
	})
	return bindings
}

// refersTo says whether one of a binding's policies, of which it may have any
// number, is among those.
func refersTo(binding *element, policies map[string]bool) bool {
	for _, c := range binding.children {
		if c.name.Space == nsPolicy && c.name.Local == "PolicyReference" && policies[c.attribute("", "URI")] {
			return true
		}
	}
	return false
}

func offers(binding *element, action string) bool {
	for _, c := range binding.children {
		operation := c.child(nsWSDLSOAP12, "operation")
		if c.name.Space == nsWSDL && c.name.Local == "operation" && operation != nil && operation.attribute("", "soapAction") == action {
			return true
		}
	}
	return false
}

// addressOf is the https address of a port: that of the SOAP binding, or of an
// endpoint reference.
func addressOf(port *element) (string, bool) {
	var candidates []string
	if a := port.child(nsWSDLSOAP12, "address"); a != nil {
		candidates = append(candidates, a.attribute("", "location"))
	}
	if a := port.child(nsAddressing, "EndpointReference").child(nsAddressing, "Address"); a != nil {
		candidates = append(candidates, a.text)
	}
	for _, c := range candidates {
		if _, ok := secure(c); ok {
			return strings.TrimSpace(c), true
		}
	}
	return "", false
}

// localName drops the prefix of a qualified name.
func localName(qualified string) string {
	return qualified[strings.LastIndexByte(qualified, ':')+1:]
}
