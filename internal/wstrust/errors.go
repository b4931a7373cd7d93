package wstrust

import (
	"fmt"
	"net/url"
	"strings"
)

// Document is what was asked for.
type Document string

// The documents of federation.
const (
	UserRealm Document = "user realm"
	Metadata  Document = "federation metadata"
	Response  Document = "WS-Trust response"
)

// Problem says why a document was refused.
type Problem string

// The problems of DocumentError.
const (
	ProblemStatus   Problem = "it has an error status"
	ProblemNotJSON  Problem = "it is not the JSON object that was asked for"
	ProblemNotXML   Problem = "it is not well-formed XML"
	ProblemDoctype  Problem = "it has a document type declaration, which SOAP forbids"
	ProblemEncoding Problem = "its character encoding is not UTF-8, UTF-16 or ISO-8859-1, or is broken"
	ProblemSize     Problem = "it is too large, too deep or has too many elements"
	ProblemNoToken  Problem = "it has neither a token nor a fault"
	ProblemToken    Problem = "its token is of a type that cannot be redeemed; SAML 1.1 and SAML 2.0 can"
)

// DocumentError reports a document that cannot be used. The document is not
// quoted: it may hold an assertion.
type DocumentError struct {
	Document Document
	Host     string // that sent it, with port
	Status   int    // HTTP status
	Problem  Problem
}

func (e *DocumentError) Error() string {
	return fmt.Sprintf("the %s of %s (HTTP %d) cannot be used: %s", e.Document, e.Host, e.Status, e.Problem)
}

// EndpointProblem says why there is no endpoint.
type EndpointProblem string

// The problems of EndpointError.
const (
	NoEndpoint      EndpointProblem = "its metadata offers no https endpoint that takes a user name and password by WS-Trust 1.3 or 2005"
	NoAddress       EndpointProblem = "the user realm names neither metadata nor an endpoint"
	InsecureAddress EndpointProblem = "the endpoint that the user realm names is not an https URL"
	UnknownVersion  EndpointProblem = "the endpoint that the user realm names has neither /trust/13/usernamemixed nor /trust/2005/usernamemixed at its end, so its WS-Trust version is unknown"
)

// EndpointError reports an identity provider that cannot be asked with a user
// name and password, or personal accounts, which never can.
type EndpointError struct {
	Host    string // with port; empty if unknown
	Problem EndpointProblem
}

func (e *EndpointError) Error() string {
	where := "the federated identity provider"
	if e.Host != "" {
		where += " " + e.Host
	}
	return where + " cannot be asked with a user name and password: " + string(e.Problem)
}

// TextError reports a user name or password that cannot be sent: XML 1.0 has
// no way to write control characters.
type TextError struct {
	Field string // "user name" or "password"
}

func (e *TextError) Error() string {
	return "the " + e.Field + " has characters that the request cannot carry"
}

// Fault is a refusal by the identity provider (SOAP 1.2 part 1 section 5.4, or
// SOAP 1.1 section 4.4). The password is blotted out.
type Fault struct {
	Code   string // the most specific code, without its prefix, such as FailedAuthentication; may be empty
	Reason string // the provider's words, for developers; may be empty
	Host   string // that answered, with port
	Status int    // HTTP status
}

func (e *Fault) Error() string {
	s := e.Host + " refused the user name and password"
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// hostOf is the host of an address that was parsed before.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// secure parses an address that a password may be sent to.
func secure(address string) (*url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	return u, err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Opaque == ""
}
