package endpoint

import (
	"bytes"
	"encoding/xml"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// trustRequest is the part of a SOAP 1.2 envelope with a request for a token
// that is looked at. The namespace of the body's element is the version.
type trustRequest struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		Action    string `xml:"http://www.w3.org/2005/08/addressing Action"`
		MessageID string `xml:"http://www.w3.org/2005/08/addressing MessageID"`
		To        string `xml:"http://www.w3.org/2005/08/addressing To"`
		Security  struct {
			Timestamp struct {
				Created string `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd Created"`
				Expires string `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd Expires"`
			} `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd Timestamp"`
			Token struct {
				Username string `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd Username"`
				Password string `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd Password"`
			} `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd UsernameToken"`
		} `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd Security"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body struct {
		Request struct {
			XMLName   xml.Name
			AppliesTo struct {
				Reference struct {
					Address string `xml:"http://www.w3.org/2005/08/addressing Address"`
				} `xml:"http://www.w3.org/2005/08/addressing EndpointReference"`
			} `xml:"http://schemas.xmlsoap.org/ws/2004/09/policy AppliesTo"`
			KeyType     string
			RequestType string
		} `xml:"RequestSecurityToken"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

// soapFault is why a request for a token is refused. The codes are those of
// WS-Trust 1.3 section 11 and Web Services Security 1.1 section 12. What a
// given provider answers is up to the provider; the reasons are our own.
type soapFault struct {
	code   string
	reason string
}

// securityToken answers a request for a token at a federated identity provider.
func (p *Platform) securityToken(w http.ResponseWriter, r *http.Request, c *Call) {
	inspectFederation(r, c)
	form := formAt(r.URL.Path)
	if !form.offeredBy(c.federation) {
		p.nothing(w, r, c)
		return
	}
	if c.Force != nil {
		c.Err = c.Force
		p.sendFault(w, form, "", soapFault{"RequestFailed", c.Force.Text})
		return
	}
	body, err := io.ReadAll(r.Body) // bounded and kept by the caller
	if err != nil {
		body = nil
	}
	req, user, fault := p.checkTrust(r, c, form, body)
	if fault != nil {
		if fault.code != "FailedAuthentication" {
			c.note(Finding{Rule: "ws-trust", Detail: fault.code + ": " + fault.reason, Source: "WS-Trust 1.3; Web Services Security 1.1"})
		}
		p.sendFault(w, form, req.Header.MessageID, *fault)
		return
	}
	a := p.newAssertion(c.federation, user)
	w.Header().Set("Content-Type", soapType)
	_, _ = io.WriteString(w, p.trustResponse(form, req.Header.MessageID, c.federation, a))
}

const soapType = "application/soap+xml; charset=utf-8"

func formAt(path string) trustForm {
	forms := trustForms()
	if strings.EqualFold(path, path13) {
		return forms[1]
	}
	return forms[0]
}

// checkTrust checks a request from the outside to the inside.
func (p *Platform) checkTrust(r *http.Request, c *Call, form trustForm, body []byte) (trustRequest, *directory.User, *soapFault) {
	var req trustRequest
	refuse := func(code, reason string) (trustRequest, *directory.User, *soapFault) {
		return req, nil, &soapFault{code, reason}
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		return refuse("InvalidRequest", "the method is not POST")
	case err != nil || kind != "application/soap+xml" || !strings.EqualFold(params["charset"], "utf-8"):
		return refuse("InvalidRequest", "the Content-Type is not "+soapType)
	case bytes.Contains(body, []byte("<!")):
		return refuse("InvalidRequest", "a SOAP message has no document type declaration (SOAP 1.2 part 1 section 5)")
	case xml.Unmarshal(body, &req) != nil:
		return refuse("InvalidRequest", "the body is not a SOAP 1.2 envelope with a RequestSecurityToken")
	}
	action := form.namespace + "/RST/Issue"
	id, isURN := strings.CutPrefix(req.Header.MessageID, "urn:uuid:")
	rst := req.Body.Request
	switch {
	case rst.XMLName.Space != form.namespace:
		return refuse("InvalidRequest", "the request is of another version of WS-Trust than the endpoint")
	case req.Header.Action != action || strings.Trim(r.Header.Get("SOAPAction"), `"`) != action:
		return refuse("InvalidRequest", "the action is not "+action)
	case req.Header.MessageID != "" && (!isURN || !directory.IsID(id)):
		return refuse("InvalidRequest", "the MessageID is not urn:uuid: and a UUID")
	case req.Header.To != "https://"+c.federation.Host+form.path:
		return refuse("InvalidRequest", "To is not the address of the endpoint")
	case rst.RequestType != form.namespace+"/Issue":
		return refuse("InvalidRequest", "the RequestType is not "+form.namespace+"/Issue")
	case rst.KeyType != form.keyType:
		return refuse("InvalidRequest", "the KeyType is not "+form.keyType)
	case rst.AppliesTo.Reference.Address != cloudAudience:
		return refuse("InvalidScope", "the token is asked for an unknown relying party; "+cloudAudience+" is known")
	}
	if req.Header.MessageID == "" {
		// MSAL Go 1.10 spells the element messageID, and is believed to work.
		c.note(Finding{Rule: "message-id", Detail: "the request has no wsa:MessageID", Advice: true, Source: "WS-Addressing 1.0 core, section 3.4: a request that is answered has one"})
	}
	if why := p.checkTimestamp(req.Header.Security.Timestamp.Created, req.Header.Security.Timestamp.Expires); why != "" {
		return refuse("MessageExpired", why)
	}
	who := req.Header.Security.Token
	c.User = who.Username
	user, ok := p.dir.User(who.Username)
	if f, federated := p.dir.FederationOf(who.Username); !ok || !federated || f.Host != c.federation.Host || user.Disabled || user.Password != who.Password {
		return refuse("FailedAuthentication", "the user name or the password is wrong, or the account is disabled")
	}
	return req, user, nil
}

// trustSkew is how far the clocks may be apart.
const trustSkew = 5 * time.Minute

// checkTimestamp says what is wrong with the timestamp of a message.
func (p *Platform) checkTimestamp(created, expires string) string {
	from, err1 := time.Parse(time.RFC3339, created)
	until, err2 := time.Parse(time.RFC3339, expires)
	now := p.now()
	switch {
	case err1 != nil || err2 != nil:
		return "the Timestamp has no Created and Expires in the form of XML Schema"
	case now.Before(from.Add(-trustSkew)) || now.After(until.Add(trustSkew)):
		return "the message is not within its Timestamp"
	}
	return ""
}

// sendFault answers with a SOAP 1.2 fault.
func (p *Platform) sendFault(w http.ResponseWriter, form trustForm, relatesTo string, f soapFault) {
	fill := strings.NewReplacer("{trust}", form.namespace, "{relates}", relation(relatesTo), "{code}", escapeXML(f.code), "{reason}", escapeXML(f.reason))
	w.Header().Set("Content-Type", soapType)
	w.WriteHeader(http.StatusInternalServerError) // SOAP 1.2 part 2 section 7.5.2.2
	_, _ = io.WriteString(w, fill.Replace(faultText))
}

func relation(messageID string) string {
	if messageID == "" {
		return ""
	}
	return "<a:RelatesTo>" + escapeXML(messageID) + "</a:RelatesTo>"
}

const faultText = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">` +
	`<s:Header><a:Action s:mustUnderstand="1">http://www.w3.org/2005/08/addressing/soap/fault</a:Action>{relates}</s:Header>` +
	`<s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:t="{trust}">t:{code}</s:Value></s:Subcode></s:Code>` +
	`<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`

// trustResponse wraps an assertion into the answer: a collection in WS-Trust
// 1.3, a single response before.
func (p *Platform) trustResponse(form trustForm, relatesTo string, f *directory.Federation, a assertion) string {
	open, end, action := "", "", form.namespace+"/RSTR/Issue"
	if form.path == path13 {
		open, end, action = `<t:RequestSecurityTokenResponseCollection xmlns:t="`+form.namespace+`">`, `</t:RequestSecurityTokenResponseCollection>`, form.namespace+"/RSTRC/IssueFinal"
	}
	fill := strings.NewReplacer("{trust}", form.namespace, "{action}", action, "{relates}", relation(relatesTo),
		"{created}", a.issued.Format(xmlTime), "{expires}", a.expires.Format(xmlTime), "{open}", open, "{end}", end,
		"{audience}", cloudAudience, "{type}", tokenType(f, form), "{keytype}", form.keyType, "{assertion}", a.text)
	return fill.Replace(responseText)
}

const responseText = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">` +
	`<s:Header><a:Action s:mustUnderstand="1">{action}</a:Action>{relates}</s:Header>` +
	`<s:Body>{open}<t:RequestSecurityTokenResponse xmlns:t="{trust}">` +
	`<t:Lifetime><u:Created xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">{created}</u:Created>` +
	`<u:Expires xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">{expires}</u:Expires></t:Lifetime>` +
	`<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>{audience}</a:Address></a:EndpointReference></wsp:AppliesTo>` +
	`<t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken>` +
	`<t:TokenType>{type}</t:TokenType><t:RequestType>{trust}/Issue</t:RequestType><t:KeyType>{keytype}</t:KeyType>` +
	`</t:RequestSecurityTokenResponse>{end}</s:Body></s:Envelope>`
