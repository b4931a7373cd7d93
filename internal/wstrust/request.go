package wstrust

import (
	"strings"
	"time"
	"unicode/utf8"
)

const globalCloud = "urn:federation:MicrosoftOnline"

// requestLifetime is how long a request may be on its way.
const requestLifetime = 10 * time.Minute

const (
	nsSOAP12   = "http://www.w3.org/2003/05/soap-envelope"
	nsSecurity = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

	anonymous = "http://www.w3.org/2005/08/addressing/anonymous"
	// noProof asks for a bearer token in the older version, which has no name
	// of its own for it.
	noProof = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey"
)

// keyType asks for an assertion that whoever has it may use: the identity
// platform takes no other.
func (v Version) keyType() string {
	if v == Trust2005 {
		return noProof
	}
	return namespace13 + "/Bearer"
}

// check refuses what XML 1.0 section 2.2 cannot carry; replacing it would turn
// a right password into a wrong one.
func (c Credentials) check() error {
	for _, field := range [...]struct{ name, value string }{{"user name", c.Username}, {"password", c.Password}} {
		if !utf8.ValidString(field.value) || strings.ContainsFunc(field.value, notXML) {
			return &TextError{Field: field.name}
		}
	}
	return nil
}

func notXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// escaper makes text safe in content and attributes. Line ends are escaped as
// well, because parsers normalize bare ones (XML 1.0 section 2.11).
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;",
	"\t", "&#9;", "\n", "&#10;", "\r", "&#13;")

// request is the SOAP 1.2 envelope that asks for a token (WS-Trust 1.3 section
// 4, Web Services Security UsernameToken Profile 1.0). An empty audience means
// the global cloud; id is a UUID.
func request(to Endpoint, who Credentials, audience, id string, now time.Time) string {
	const stamp = "2006-01-02T15:04:05Z"
	if audience == "" {
		audience = globalCloud
	}
	text := strings.NewReplacer(
		"{action}", to.Version.action(),
		"{id}", id,
		"{to}", escaper.Replace(to.Address),
		"{created}", now.UTC().Format(stamp),
		"{expires}", now.UTC().Add(requestLifetime).Format(stamp),
		"{username}", escaper.Replace(who.Username),
		"{password}", escaper.Replace(who.Password),
		"{trust}", to.Version.namespace(),
		"{audience}", escaper.Replace(audience),
		"{keytype}", to.Version.keyType(),
	)
	return text.Replace(envelope)
}

// envelope is filled in by one pass of a replacer, so that a value that looks
// like a blank of it stays as it is.
const envelope = `<s:Envelope xmlns:s="` + nsSOAP12 + `" xmlns:wsa="` + nsAddressing + `" xmlns:wsu="` + nsUtility + `">` +
	`<s:Header>` +
	`<wsa:Action s:mustUnderstand="1">{action}</wsa:Action>` +
	`<wsa:MessageID>urn:uuid:{id}</wsa:MessageID>` +
	`<wsa:ReplyTo><wsa:Address>` + anonymous + `</wsa:Address></wsa:ReplyTo>` +
	`<wsa:To s:mustUnderstand="1">{to}</wsa:To>` +
	`<wsse:Security s:mustUnderstand="1" xmlns:wsse="` + nsSecurity + `">` +
	`<wsu:Timestamp wsu:Id="_0"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>` +
	`<wsse:UsernameToken wsu:Id="ADALUsernameToken">` +
	`<wsse:Username>{username}</wsse:Username><wsse:Password>{password}</wsse:Password>` +
	`</wsse:UsernameToken>` +
	`</wsse:Security>` +
	`</s:Header>` +
	`<s:Body>` +
	`<wst:RequestSecurityToken xmlns:wst="{trust}">` +
	`<wsp:AppliesTo xmlns:wsp="` + nsPolicy + `"><wsa:EndpointReference><wsa:Address>{audience}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>` +
	`<wst:KeyType>{keytype}</wst:KeyType>` +
	`<wst:RequestType>{trust}/Issue</wst:RequestType>` +
	`</wst:RequestSecurityToken>` +
	`</s:Body>` +
	`</s:Envelope>`
