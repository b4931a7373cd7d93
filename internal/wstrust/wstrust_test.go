package wstrust

import (
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/msal-go/msal/internal/httpx"
)

const secret = "s3cr3t & <never> shown"

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestMetadataNamesTheEndpoint(t *testing.T) {
	t.Parallel()
	both := string(read(t, "mex/both-versions.xml"))
	new13 := Endpoint{"https://sts.example.com/trust/13/usernamemixed", Trust13}
	old := Endpoint{"https://sts.example.com/trust/2005/usernamemixed", Trust2005}
	replaced := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(both) }
	for name, tt := range map[string]struct {
		document string
		want     Endpoint
	}{
		"1.3 wins wherever it stands":                {both, new13},
		"2005 alone":                                 {replaced(`binding="tns:New"`, `binding="tns:None"`), old},
		"1.3 policy without TLS":                     {replaced(`<sp:TransportBinding xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"/>`, ""), old},
		"1.3 over another transport":                 {strings.Replace(both, `"#New_policy"/>`+"\n    "+`<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"`, `"#New_policy"/><soap12:binding transport="urn:queue"`, 1), old},
		"1.3 with another operation":                 {replaced("200512/RST/Issue", "200512/RST/Renew"), old},
		"1.3 over plain http":                        {replaced("https://sts.example.com/trust/13/", "http://sts.example.com/trust/13/"), old},
		"1.3 with a password in it":                  {replaced("https://sts.example.com/trust/13/", "https://a:b@sts.example.com/trust/13/"), old},
		"other prefixes, orders and a SOAP envelope": {string(read(t, "mex/other-shape.xml")), Endpoint{"https://sts.example.com:8443/sts/issue?a=1&b=2", Trust13}},
		"policies in the short form":                 {replaced("<wsp:ExactlyOne><wsp:All>", "", "</wsp:All></wsp:ExactlyOne>", ""), new13},
	} {
		if tt.document == both && name != "1.3 wins wherever it stands" {
			t.Errorf("%s: the row changes nothing", name)
		}
		got, err := parseMetadata([]byte(tt.document))
		if err != nil || got != tt.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, tt.want)
		}
	}
}

func TestMetadataWithoutAnEndpoint(t *testing.T) {
	t.Parallel()
	both := string(read(t, "mex/both-versions.xml"))
	for name, document := range map[string]string{
		"nothing":                "<a/>",
		"no user name tokens":    strings.ReplaceAll(both, "UsernameToken", "KerberosToken"),
		"other user name tokens": strings.ReplaceAll(both, "WssUsernameToken10", "WssUsernameToken11"),
		"no policies":            strings.ReplaceAll(both, "PolicyReference", "Reference"),
		"wrong policies":         strings.ReplaceAll(both, `URI="#`, `URI="#x`),
		"ids of no namespace":    strings.ReplaceAll(both, "wsu:Id", "Id"),
		"no https":               strings.ReplaceAll(both, "https://", "http://"),
		"no addresses":           strings.ReplaceAll(strings.ReplaceAll(both, "location", "at"), "wsa10:Address", "wsa10:At"),
		"SOAP 1.1":               strings.ReplaceAll(both, "wsdl/soap12/", "wsdl/soap/"),
		"undeclared prefixes":    strings.ReplaceAll(both, "xmlns:wsdl", "xmlns:other"),
	} {
		_, err := parseMetadata([]byte(document))
		var e *EndpointError
		if !errors.As(err, &e) || e.Problem != NoEndpoint {
			t.Errorf("%s: got %v, want NoEndpoint", name, err)
		}
	}
}

// The bad input of both parsers: nobody answers like this by mistake.
func TestDangerousDocumentsAreRefused(t *testing.T) {
	t.Parallel()
	bomb := `<!DOCTYPE a [<!ENTITY a0 "ha">`
	for i := range 20 {
		bomb += `<!ENTITY a` + string(rune('1'+i)) + ` "&a0;&a0;">`
	}
	for name, tt := range map[string]struct {
		document string
		problem  Problem
	}{
		"empty":                 {"", ProblemNotXML},
		"text":                  {"no", ProblemNotXML},
		"JSON":                  {`{"a":1}`, ProblemNotXML},
		"cut off":               {"<a><b>", ProblemNotXML},
		"crossed":               {"<a><b></a></b>", ProblemNotXML},
		"two roots":             {"<a/><b/>", ProblemNotXML},
		"unknown entity":        {"<a>&b;</a>", ProblemNotXML},
		"null byte":             {"<a>\x00</a>", ProblemNotXML},
		"attribute unquoted":    {"<a b=c/>", ProblemNotXML},
		"declaration unclosed":  {`<?xml version="1.0"`, ProblemNotXML},
		"not UTF-8":             {"<a>\xff\xfd</a>", ProblemEncoding},
		"half a UTF-16":         {"\xff\xfe<\x00a", ProblemEncoding},
		"EBCDIC":                {`<?xml version="1.0" encoding="IBM037"?><a/>`, ProblemEncoding},
		"UTF-7":                 {`<?xml version='1.0' encoding='UTF-7'?><a/>`, ProblemEncoding},
		"entity bomb":           {bomb + "]><a>&a9;</a>", ProblemDoctype},
		"external entity":       {`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, ProblemDoctype},
		"late declaration":      {`<a><!DOCTYPE b></a>`, ProblemDoctype},
		"huge":                  {"<a>" + strings.Repeat("x", maxDocument) + "</a>", ProblemSize},
		"deep":                  {strings.Repeat("<a>", maxDepth+1), ProblemSize},
		"broad":                 {"<a>" + strings.Repeat("<a/>", maxElements), ProblemSize},
		"broad and never ended": {strings.Repeat("<a></a>", maxElements+1), ProblemNotXML},
	} {
		for _, parser := range []func([]byte) error{
			func(b []byte) error { _, err := parseMetadata(b); return err },
			func(b []byte) error { _, err := parseResponse(b, secret); return err },
		} {
			err := parser([]byte(tt.document))
			var e *DocumentError
			if !errors.As(err, &e) || e.Problem != tt.problem {
				t.Errorf("%s: got %v, want %q", name, err, tt.problem)
			}
		}
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	const text = `<a>Köln € ` + "\U0001F600" + `</a>`
	latin := "<?xml version='1.0' encoding='ISO-8859-1' ?><a>K\xf6ln</a>"
	wide := func(order binary.ByteOrder, s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.(binary.AppendByteOrder).AppendUint16(b, u)
		}
		return string(b)
	}
	const declared = `<?xml version="1.0" encoding="utf-16"?>`
	for name, tt := range map[string][2]string{
		"plain":                  {text, text},
		"declared":               {`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + text, text},
		"declared without it":    {`<?xml version="1.0"?>` + text, text},
		"mark":                   {"\xef\xbb\xbf" + `<?xml version="1.0" encoding="utf-8"?>` + text, text},
		"UTF-16 LE":              {"\xff\xfe" + wide(binary.LittleEndian, declared+text), text},
		"UTF-16 BE":              {"\xfe\xff" + wide(binary.BigEndian, declared+text), text},
		"UTF-16 LE without mark": {wide(binary.LittleEndian, declared+text), text},
		"UTF-16 BE without mark": {wide(binary.BigEndian, declared+text), text},
		"Latin 1":                {latin, "<a>Köln</a>"},
		"an instruction":         {`<?xml-stylesheet href="a"?>` + text, `<?xml-stylesheet href="a"?>` + text},
	} {
		root, got, problem := parse([]byte(tt[0]))
		if problem != "" || string(got) != tt[1] || root.name.Local != "a" || !strings.HasPrefix(root.text, "Köln") {
			t.Errorf("%s: got %q, %q", name, got, problem)
		}
	}
}

func TestResponsesBringTheAssertionToTheByte(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		version SAML
		grant   string
	}{
		"trust13-saml11.xml":           {SAML11, GrantSAML11},
		"trust13-saml20-profile.xml":   {SAML20, GrantSAML20},
		"trust2005-saml11-profile.xml": {SAML11, GrantSAML11},
		"trust2005-saml20.xml":         {SAML20, GrantSAML20},
		"no-token-type.xml":            {SAML20, GrantSAML20},
		"second-response-has-it.xml":   {SAML20, GrantSAML20},
	} {
		document := read(t, "response/"+name)
		a, err := parseResponse(document, secret)
		if err != nil || a.Version != want.version || a.Grant() != want.grant {
			t.Errorf("%s: got %+v, %v", name, a, err)
			continue
		}
		_, rest, _ := strings.Cut(string(document), "RequestedSecurityToken>")
		exact := rest[:strings.LastIndex(rest, "</")]
		for !strings.HasPrefix(rest[len(exact):], "</RequestedSecurityToken>") && !strings.HasPrefix(rest[len(exact):], "</t:RequestedSecurityToken>") && !strings.HasPrefix(rest[len(exact):], "</wst:RequestedSecurityToken>") {
			exact = exact[:strings.LastIndex(exact, "</")]
		}
		if string(a.XML) != exact || exact == "" {
			t.Errorf("%s: the assertion is %q, want %q", name, a.XML, exact)
		}
	}
}

func TestAssertionsHideAndEncode(t *testing.T) {
	t.Parallel()
	a := &Assertion{SAML11, []byte("\n<a>?>?\xff</a> ")}
	if got := a.Encode(); got != "CjxhPj8-P_88L2E-IA" {
		t.Errorf("encoded as %s", got)
	}
	if a.String() != "SAML assertion" || a.GoString() != "SAML assertion" {
		t.Error("the assertion shows")
	}
}

func TestResponsesWithoutAUsableToken(t *testing.T) {
	t.Parallel()
	good := string(read(t, "response/trust2005-saml20.xml"))
	for name, tt := range map[string]struct {
		document string
		problem  Problem
	}{
		"nothing":            {"<a/>", ProblemNoToken},
		"empty token":        {`<a:RequestSecurityTokenResponse xmlns:a="` + namespace13 + `"><a:RequestedSecurityToken>x</a:RequestedSecurityToken></a:RequestSecurityTokenResponse>`, ProblemNoToken},
		"of another version": {strings.ReplaceAll(good, namespace2005, "urn:x"), ProblemNoToken},
		"of another type":    {strings.ReplaceAll(good, "<wst:TokenType>"+nsSAML20, "<wst:TokenType>urn:jwt"), ProblemToken},
		"of no type":         {strings.ReplaceAll(strings.ReplaceAll(good, "wst:TokenType", "wst:Type"), `xmlns="`+nsSAML20, `xmlns="urn:x`), ProblemToken},
	} {
		_, err := parseResponse([]byte(tt.document), secret)
		var e *DocumentError
		if !errors.As(err, &e) || e.Problem != tt.problem || e.Document != Response {
			t.Errorf("%s: got %v, want %q", name, err, tt.problem)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Fault{
		"fault12.xml":                 {Code: "FailedAuthentication", Reason: "The token could not be authenticated."},
		"fault12-without-subcode.xml": {Code: "Receiver", Reason: "Busy."},
		"fault12-bare.xml":            {},
		"fault11.xml":                 {Code: "FailedAuthentication", Reason: "No <way>."},
	} {
		_, err := parseResponse(read(t, "response/"+name), secret)
		var got *Fault
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %#v, want %#v", name, err, want)
		}
	}
}

func TestFaultsDoNotRepeatThePassword(t *testing.T) {
	t.Parallel()
	document := strings.Replace(string(read(t, "response/fault11.xml")), "No &lt;way&gt;.", strings.Repeat("x", maxReason-5)+" "+escaper.Replace(secret)+escaper.Replace(escaper.Replace(secret)), 1)
	_, err := parseResponse([]byte(document), secret)
	var fault *Fault
	if !errors.As(err, &fault) || strings.Contains(fault.Reason, "s3cr3t") || strings.Contains(fault.Reason, "s3c") || len(fault.Reason) > maxReason+10 {
		t.Errorf("got %v", err)
	}
}

func TestRequestsCarryEverythingEscaped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 5, 59, 58, 0, time.FixedZone("", 3600))
	who := Credentials{Username: `a&b<c>"'{password}@x` + "\t\r\n", Password: "]]>&amp;{username}\r"}
	for _, version := range []Version{Trust13, Trust2005} {
		text := request(Endpoint{"https://sts.example.com/?a=1&b=2", version}, who, "", "ID", now)
		values := map[string]string{}
		d := xml.NewDecoder(strings.NewReader(text))
		var last string
		for {
			token, err := d.Token()
			if err != nil {
				break
			}
			switch x := token.(type) {
			case xml.StartElement:
				last = x.Name.Local
			case xml.CharData:
				values[last] += string(x)
			}
		}
		keyType := map[Version]string{Trust13: namespace13 + "/Bearer", Trust2005: noProof}[version]
		for name, want := range map[string]string{
			"Username": who.Username, "Password": who.Password, "To": "https://sts.example.com/?a=1&b=2", "MessageID": "urn:uuid:ID",
			"Created": "2026-11-21T04:59:58Z", "Expires": "2026-11-21T05:09:58Z", "Action": version.action(), "KeyType": keyType,
			"RequestType": version.namespace() + "/Issue", "Address": anonymous + globalCloud,
		} {
			if values[name] != want {
				t.Errorf("version %d: %s = %q, want %q", version, name, values[name], want)
			}
		}
		if strings.ContainsAny(text, "\r\n\t") {
			t.Error("a bare line end would be normalized")
		}
	}
}

func TestActiveEndpoints(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]any{
		"https://sts.example.com/adfs/services/trust/13/usernamemixed":    Trust13,
		"https://sts.example.com/adfs/services/trust/2005/UserNameMixed/": Trust2005,
		"": NoAddress,
		"http://sts.example.com/adfs/services/trust/13/usernamemixed":  InsecureAddress,
		"https:///adfs/services/trust/13/usernamemixed":                InsecureAddress,
		"https://sts.example.com/adfs/services/trust/14/usernamemixed": UnknownVersion,
		"https://sts.example.com/?/trust/13/usernamemixed":             UnknownVersion,
	} {
		got, err := activeEndpoint(address)
		var e *EndpointError
		switch {
		case errors.As(err, &e) && e.Problem == want:
		case err == nil && got.Version == want && got.Address == address:
		default:
			t.Errorf("%s: got %+v, %v, want %v", address, got, err, want)
		}
	}
}

func TestRealms(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Realm{
		`{"account_type":"Managed","cloud_audience_urn":"urn:x"}`: {Audience: "urn:x"},
		`{"account_type":"Unknown"}`:                              {},
		`{}`:                                                      {},
		`{"account_type":"federated","federation_metadata_url":"m","federation_active_auth_url":"a"}`: {Federated: true, MetadataURL: "m", ActiveURL: "a"},
	} {
		got, err := parseRealm([]byte(body))
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{"", "null", "[]", `"x"`, "<html>", `{"account_type":1}`} {
		_, err := parseRealm([]byte(body))
		var e *DocumentError
		if !errors.As(err, &e) || e.Problem != ProblemNotJSON {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestErrorsSayWhoAnswered(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(srv.Close)
	c := Client{HTTP: httpx.New(httpx.Config{HTTP: srv.Client()})}
	who := Credentials{Username: "u", Password: secret}
	host := strings.TrimPrefix(srv.URL, "https://")
	for _, realm := range []Realm{{MetadataURL: srv.URL}, {ActiveURL: srv.URL + "/trust/13/usernamemixed"}} {
		_, err := c.Assertion(t.Context(), realm, who)
		var e *DocumentError
		if !errors.As(err, &e) || e.Host != host || e.Status != http.StatusTeapot || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	}
	_, err := c.Realm(t.Context(), host, "u", "id")
	var e *DocumentError
	if !errors.As(err, &e) || e.Host != host || e.Document != UserRealm {
		t.Errorf("got %v", err)
	}
}

func TestTheAssertionIsAskedForTheCloudOfTheRealm(t *testing.T) {
	t.Parallel()
	var got string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = string(body)
		w.Write(read(t, "response/trust13-saml20-profile.xml"))
	}))
	t.Cleanup(srv.Close)
	c := Client{HTTP: httpx.New(httpx.Config{HTTP: srv.Client()})}
	a, err := c.Assertion(t.Context(), Realm{ActiveURL: srv.URL + "/trust/13/usernamemixed", Audience: "urn:a&b"}, Credentials{Username: "u", Password: secret})
	if err != nil || a.Version != SAML20 {
		t.Fatalf("got %v, %v", a, err)
	}
	if !strings.Contains(got, "<wsa:Address>urn:a&amp;b</wsa:Address>") || strings.Contains(got, globalCloud) {
		t.Error("the request names another cloud")
	}
}
