package wstrust

import (
	"encoding/base64"
	"strings"

	"github.com/msal-go/msal/internal/oauth"
)

// SAML is a version of SAML assertions.
type SAML int

// The versions that the identity platform redeems.
const (
	SAML11 SAML = iota + 1
	SAML20
)

// The grant types that redeem assertions (RFC 7522 section 2.1, and its SAML
// 1.1 counterpart at the identity platform).
const (
	GrantSAML11 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
	GrantSAML20 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
)

// The namespaces of assertions, which are their token types as well, and the
// token types of the Web Services Security SAML Token Profile 1.1.
const (
	nsSAML11      = "urn:oasis:names:tc:SAML:1.0:assertion"
	nsSAML20      = "urn:oasis:names:tc:SAML:2.0:assertion"
	profileSAML11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
	profileSAML20 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"
)

// samlOf maps a token type to the version; 0 for others.
func samlOf(tokenType string) SAML {
	switch tokenType {
	case nsSAML11, profileSAML11:
		return SAML11
	case nsSAML20, profileSAML20:
		return SAML20
	}
	return 0
}

// Assertion is a SAML assertion about a person. It is a secret: whoever has it
// may use it.
type Assertion struct {
	Version SAML
	// XML is the assertion as it came, to the byte and with the blanks around
	// it: it is signed. Only declarations that it lacks are added.
	XML []byte
}

// Grant is the grant type that redeems the assertion.
func (a *Assertion) Grant() string {
	if a.Version == SAML20 {
		return GrantSAML20
	}
	return GrantSAML11
}

// Encode is the assertion as a form carries it (RFC 7522 section 2.1).
func (a *Assertion) Encode() string { return base64.RawURLEncoding.EncodeToString(a.XML) }

// String does not show the assertion.
func (a *Assertion) String() string { return "SAML assertion" }

// GoString is String.
func (a *Assertion) GoString() string { return a.String() }

// parseResponse reads the answer to a request: a token of the first
// RequestSecurityTokenResponse that has one, else a fault. The HTTP status does
// not tell them apart. The provider may have repeated the password in its own
// words, where it is blotted out.
func parseResponse(document []byte, password string) (*Assertion, error) {
	root, text, problem := parse(document)
	if problem != "" {
		return nil, &DocumentError{Document: Response, Problem: problem}
	}
	var a *Assertion
	root.all(func(e *element) bool {
		if e.name.Local == "RequestSecurityTokenResponse" && (e.name.Space == namespace13 || e.name.Space == namespace2005) {
			a = assertionIn(e, text)
		}
		return a != nil
	})
	if a == nil {
		if fault := faultIn(root, password); fault != nil {
			return nil, fault
		}
		return nil, &DocumentError{Document: Response, Problem: ProblemNoToken}
	}
	if a.Version == 0 {
		return nil, &DocumentError{Document: Response, Problem: ProblemToken}
	}
	return a, nil
}

// assertionIn reads one response; nil if it has no token. The token type is
// optional (WS-Trust 1.3 section 4.4): then the token itself tells.
func assertionIn(response *element, text []byte) *Assertion {
	space := response.name.Space
	requested := response.child(space, "RequestedSecurityToken")
	if requested == nil || len(requested.children) == 0 {
		return nil
	}
	kind := requested.children[0].name.Space
	if t := response.child(space, "TokenType"); t != nil && t.text != "" {
		kind = t.text
	}
	return &Assertion{Version: samlOf(kind), XML: selfContained(text, requested.start, requested.end)}
}

const nsSOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"

// faultIn reads a fault of SOAP 1.2 or 1.1; nil if there is none. Of the codes
// the subcode counts: it is the one of WS-Trust or WS-Security.
func faultIn(root *element, password string) *Fault {
	if f := root.find(nsSOAP12, "Fault"); f != nil {
		code := f.child(nsSOAP12, "Code")
		value := code.child(nsSOAP12, "Subcode").child(nsSOAP12, "Value")
		if value == nil {
			value = code.child(nsSOAP12, "Value")
		}
		return newFault(value, f.child(nsSOAP12, "Reason").child(nsSOAP12, "Text"), password)
	}
	if f := root.find(nsSOAP11, "Fault"); f != nil {
		return newFault(f.child("", "faultcode"), f.child("", "faultstring"), password)
	}
	return nil
}

// maxReason bounds what a provider can put into errors and logs.
const maxReason = 1000

func newFault(code, reason *element, password string) *Fault {
	clean := func(e *element) string { return oauth.Blot(e.content(), password) } // before anything is cut off
	return &Fault{Code: oneLine(localName(clean(code)), 100), Reason: oneLine(clean(reason), maxReason)}
}

func (e *element) content() string {
	if e == nil {
		return ""
	}
	return e.text
}

// oneLine makes text of strangers fit for a log.
func oneLine(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f && r < 0xa0 }), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}
