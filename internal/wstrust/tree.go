package wstrust

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// The bounds of a document. The metadata of AD FS, the largest in practice, has
// about 4000 elements, 20 deep.
const (
	maxDocument = 2 << 20 // bytes, after conversion to UTF-8
	maxElements = 50_000
	maxDepth    = 100
)

// element is an XML element with what is in it. Comments and processing
// instructions are dropped.
type element struct {
	name     xml.Name // with the namespace, whatever the prefix
	attr     []xml.Attr
	children []*element
	text     string // its own character data, blanks trimmed
	start    int64  // of the content, in bytes of the document
	end      int64
}

// parse reads a document without expanding anything: a document type
// declaration, with which entities are declared, ends it. It returns the
// document as UTF-8 too, which the offsets refer to.
func parse(document []byte) (*element, []byte, Problem) {
	text, ok := decode(document)
	if !ok {
		return nil, nil, ProblemEncoding
	}
	if len(text) > maxDocument {
		return nil, nil, ProblemSize
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = true
	root := &element{}
	open := []*element{root}
	for count := 0; ; {
		before := d.InputOffset()
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 1 && len(root.children) == 1 {
			return root.children[0], text, ""
		}
		if err != nil {
			return nil, nil, ProblemNotXML
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.Directive:
			return nil, nil, ProblemDoctype
		case xml.StartElement:
			if count++; count > maxElements || len(open) > maxDepth {
				return nil, nil, ProblemSize
			}
			if len(open) == 1 && len(root.children) == 1 {
				return nil, nil, ProblemNotXML // a second root
			}
			e := &element{name: t.Name, attr: t.Copy().Attr, start: d.InputOffset()}
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			top.end = max(before, top.start) // <a/> ends where it starts
			top.text = strings.TrimSpace(top.text)
			open = open[:len(open)-1]
		case xml.CharData:
			top.addText(t)
		}
	}
}

// maxText bounds the character data of one element that is looked at: an
// address, a name or a reason. More of it is dropped.
const maxText = 8 << 10

func (e *element) addText(t xml.CharData) {
	if e.text == "" {
		t = bytes.TrimLeft(t, " \t\r\n")
	}
	if room := maxText - len(e.text); len(t) > 0 && room > 0 {
		e.text += string(t[:min(len(t), room)])
	}
}

// attribute is the value of an attribute, or "".
func (e *element) attribute(space, local string) string {
	for _, a := range e.attr {
		if a.Name.Space == space && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// child is the first child of that name, or nil.
func (e *element) child(space, local string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.name.Space == space && c.name.Local == local {
			return c
		}
	}
	return nil
}

// all calls f for e and everything below it, in document order, until f says
// that it has what it looks for.
func (e *element) all(f func(*element) (done bool)) bool {
	if f(e) {
		return true
	}
	for _, c := range e.children {
		if c.all(f) {
			return true
		}
	}
	return false
}

// find is the first element of that name, e itself included, or nil.
func (e *element) find(space, local string) *element {
	var found *element
	e.all(func(x *element) bool {
		if x.name.Space == space && x.name.Local == local {
			found = x
		}
		return found != nil
	})
	return found
}
