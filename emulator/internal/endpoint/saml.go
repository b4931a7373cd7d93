package endpoint

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// assertion is a SAML assertion that a federated provider issued. Instead of
// verifying an XML signature the platform knows its provider's assertions by
// their digest: as with a signature, no byte of one may change.
type assertion struct {
	text    string
	user    *directory.User
	saml20  bool
	issued  time.Time
	expires time.Time
	epoch   int // of the person
}

// assertionLife is the life of a federated provider's assertions.
const assertionLife = time.Hour

const xmlTime = "2006-01-02T15:04:05.000Z"

func digestOf(text string) [sha256.Size]byte { return sha256.Sum256([]byte(strings.TrimSpace(text))) }

// newAssertion issues an assertion and remembers it.
func (p *Platform) newAssertion(f *directory.Federation, user *directory.User) assertion {
	now := p.now().UTC()
	a := assertion{user: user, saml20: f.SAML20, issued: now, expires: now.Add(assertionLife)}
	form := saml11Text
	if f.SAML20 {
		form = saml20Text
	}
	a.text = strings.NewReplacer("{id}", "_"+p.random.UUID(), "{issuer}", "http://"+f.Host+"/adfs/services/trust",
		"{now}", now.Format(xmlTime), "{until}", a.expires.Format(xmlTime), "{audience}", cloudAudience,
		"{subject}", escapeXML(user.ObjectID), "{upn}", escapeXML(user.UPN), "{seal}", p.random.Handle("")).Replace(form)
	p.mu.Lock()
	defer p.mu.Unlock()
	a.epoch = p.state.epochs[user.ObjectID]
	p.state.assertions[digestOf(a.text)] = a
	p.state.sweep(now)
	return a
}

// tokenType names the version of SAML, by the assertion's namespace before
// WS-Trust 1.3 and by the Web Services Security profile since: both are in use.
func tokenType(f *directory.Federation, form trustForm) string {
	const profile = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV"
	switch {
	case form.path == path13 && f.SAML20:
		return profile + "2.0"
	case form.path == path13:
		return profile + "1.1"
	case f.SAML20:
		return "urn:oasis:names:tc:SAML:2.0:assertion"
	}
	return "urn:oasis:names:tc:SAML:1.0:assertion"
}

func escapeXML(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}

// The assertions have line breaks, blanks, an entity and letters beyond ASCII:
// a client that reads and writes them anew changes bytes.
const (
	saml11Text = "\n  " + `<saml:Assertion MajorVersion="1" MinorVersion='1' AssertionID="{id}" Issuer="{issuer}" IssueInstant="{now}"` + "\r\n" +
		`    xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">` +
		`<saml:Conditions NotBefore="{now}" NotOnOrAfter="{until}"><saml:AudienceRestrictionCondition>` +
		`<saml:Audience>{audience}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>` +
		`<saml:AttributeStatement><saml:Subject><saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">{subject}</saml:NameIdentifier>` +
		`<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>` +
		`<saml:Attribute AttributeName="UPN" AttributeNamespace="http://schemas.xmlsoap.org/claims"><saml:AttributeValue>{upn}</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute AttributeName="City" AttributeNamespace="urn:example"><saml:AttributeValue>Köln &amp; Umgebung &#x2F; <![CDATA[<West>]]></saml:AttributeValue></saml:Attribute>` +
		`</saml:AttributeStatement>` + sealText + `</saml:Assertion >` + "\n"

	saml20Text = "\n  " + `<Assertion ID="{id}" Version='2.0' IssueInstant="{now}"` + "\r\n" +
		`    xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>{issuer}</Issuer>` + sealText +
		`<Subject><NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">{subject}</NameID>` +
		`<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="{until}" /></SubjectConfirmation></Subject>` +
		`<Conditions NotBefore="{now}" NotOnOrAfter="{until}"><AudienceRestriction><Audience>{audience}</Audience></AudienceRestriction></Conditions>` +
		`<AttributeStatement><Attribute Name="http://schemas.xmlsoap.org/claims/UPN"><AttributeValue>{upn}</AttributeValue></Attribute>` +
		`<Attribute Name="City"><AttributeValue>Köln &amp; Umgebung &#x2F; <![CDATA[<West>]]></AttributeValue></Attribute></AttributeStatement></Assertion >` + "\n"

	// sealText has the shape of a signature; see assertion.
	sealText = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:Reference URI="#{id}"/></ds:SignedInfo>` +
		`<ds:SignatureValue>{seal}</ds:SignatureValue></ds:Signature>`
)
