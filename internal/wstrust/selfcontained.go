package wstrust

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
)

// selfContained cuts an assertion out of a document, to the byte, unless it
// uses prefixes that were declared around it: then their declarations are added
// to its root. Without them it would not be XML; with them its signature stays
// good, because canonicalization sees the same names (Exclusive XML
// Canonicalization section 2.2).
func selfContained(text []byte, start, end int64) []byte {
	assertion := text[start:end]
	missing, at := undeclared(assertion)
	if len(missing) == 0 {
		return assertion
	}
	around := declaredAround(text[:start])
	var added strings.Builder
	for _, prefix := range missing {
		if uri := around[prefix]; uri != "" {
			added.WriteString(" xmlns:" + prefix + `="` + escaper.Replace(uri) + `"`)
		}
	}
	return slices.Concat(assertion[:at], []byte(added.String()), assertion[at:])
}

// undeclared lists the prefixes that a fragment uses and does not declare,
// sorted, and where in its root a declaration can be added. The value of
// xsi:type is a name with a prefix as well.
func undeclared(fragment []byte) (prefixes []string, at int64) {
	var scopes []map[string]string
	use := func(prefix string) {
		known := slices.ContainsFunc(scopes, func(s map[string]string) bool { _, ok := s[prefix]; return ok })
		if prefix != "" && prefix != "xml" && prefix != "xmlns" && !known && !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	d := xml.NewDecoder(bytes.NewReader(fragment))
	for {
		before := d.InputOffset()
		token, err := d.RawToken()
		if err != nil { // the end: the document was parsed before
			slices.Sort(prefixes)
			return prefixes, at
		}
		switch t := token.(type) {
		case xml.StartElement:
			if at == 0 {
				at = before + 1 + int64(len(qualified(t.Name)))
			}
			scopes = append(scopes, declarations(t))
			use(t.Name.Space)
			for _, a := range t.Attr {
				use(a.Name.Space)
				if prefix, _, isName := strings.Cut(a.Value, ":"); isName && a.Name.Local == "type" {
					use(prefix)
				}
			}
		case xml.EndElement:
			scopes = scopes[:max(len(scopes)-1, 0)]
		}
	}
}

// declaredAround are the prefixes that are declared where text ends.
func declaredAround(text []byte) map[string]string {
	var scopes []map[string]string
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.RawToken()
		if err != nil {
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			scopes = append(scopes, declarations(t))
		case xml.EndElement:
			scopes = scopes[:max(len(scopes)-1, 0)]
		}
	}
	all := map[string]string{}
	for _, scope := range scopes {
		for prefix, uri := range scope {
			all[prefix] = uri
		}
	}
	return all
}

// declarations are the prefixes that an element declares.
func declarations(e xml.StartElement) map[string]string {
	declared := map[string]string{}
	for _, a := range e.Attr {
		if a.Name.Space == "xmlns" {
			declared[a.Name.Local] = a.Value
		}
	}
	return declared
}

// qualified is a name as it stands in the document.
func qualified(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}
