package robot

import (
	"io"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxPage bounds what is read of a page.
const maxPage = 1 << 20

// maxText bounds what is kept of a title or message.
const maxText = 300

// document is what the robot sees of a page.
type document struct {
	title string
	alert string // text of the first element with role="alert"
	code  string // the first AADSTS number in the text
	forms []form
}

// form is a form with the values that it would post untouched.
type form struct {
	action  *url.URL
	method  string // GET or POST
	fields  []field
	buttons []button
}

type field struct {
	name, value string
	hidden      bool
}

// button is a submit button; pressing it posts name and value, if it has a
// name.
type button struct {
	name, value string
}

// errorCode finds the number on an error page. The rest of the text is for
// people.
var errorCode = regexp.MustCompile(`AADSTS[0-9]{3,8}`)

// parse reads a page. HTML has no syntax errors, so that only reading fails.
func parse(r io.Reader, base *url.URL) (document, error) {
	root, err := html.Parse(io.LimitReader(r, maxPage))
	if err != nil {
		return document{}, err
	}
	var d document
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && d.code == "" && !inert(n.Parent):
			d.code = errorCode.FindString(n.Data)
		case n.Type != html.ElementNode:
		case n.DataAtom == atom.Title && d.title == "":
			d.title = text(n)
		case n.DataAtom == atom.Form:
			if f, ok := parseForm(n, base); ok {
				d.forms = append(d.forms, f)
			}
		}
		if n.Type == html.ElementNode && d.alert == "" && attribute(n, "role") == "alert" {
			d.alert = text(n)
		}
	}
	return d, nil
}

// inert reports whether the text of an element is not shown.
func inert(n *html.Node) bool {
	return n != nil && (n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Template)
}

// parseForm reports false for a form whose target is no URL.
func parseForm(n *html.Node, base *url.URL) (form, bool) {
	action, err := base.Parse(attribute(n, "action")) // an empty action is the page itself
	if err != nil {
		return form{}, false
	}
	f := form{action: action, method: strings.ToUpper(attribute(n, "method"))}
	if f.method != "POST" {
		f.method = "GET" // HTML's default
	}
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && !has(c, "disabled") {
			f.add(c)
		}
	}
	return f, true
}

// add takes an element of the form that posts something.
func (f *form) add(n *html.Node) {
	name, value := attribute(n, "name"), attribute(n, "value")
	kind := strings.ToLower(attribute(n, "type"))
	switch {
	case n.DataAtom == atom.Button && (kind == "" || kind == "submit"), n.DataAtom == atom.Input && kind == "submit":
		f.buttons = append(f.buttons, button{name, value})
	case n.DataAtom != atom.Input || name == "":
	case kind == "checkbox" || kind == "radio":
		if has(n, "checked") {
			if !has(n, "value") {
				value = "on"
			}
			f.fields = append(f.fields, field{name: name, value: value, hidden: true})
		}
	case kind == "button" || kind == "reset" || kind == "image" || kind == "file":
	default:
		f.fields = append(f.fields, field{name: name, value: value, hidden: kind == "hidden"})
	}
}

// field returns the first field of that name.
func (f *form) field(name string) (field, bool) {
	for _, x := range f.fields {
		if x.name == name {
			return x, true
		}
	}
	return field{}, false
}

// button returns the button that posts name=value. Case does not count: user
// names do not have any.
func (f *form) button(name, value string) (button, bool) {
	for _, b := range f.buttons {
		if b.name == name && strings.EqualFold(b.value, value) {
			return b, true
		}
	}
	return button{}, false
}

// asks reports whether one of the buttons posts the name.
func (f *form) asks(name string) bool {
	for _, b := range f.buttons {
		if b.name == name {
			return true
		}
	}
	return false
}

// onlyContinue reports whether a person could do nothing but press the one
// button: a form that posts itself where there are scripts.
func (f *form) onlyContinue() bool {
	for _, x := range f.fields {
		if !x.hidden {
			return false
		}
	}
	return f.method == "POST" && len(f.buttons) <= 1
}

// values returns what the form posts when the button is pressed, with some
// fields filled in.
func (f *form) values(pressed button, filled map[string]string) url.Values {
	v := make(url.Values)
	for _, x := range f.fields {
		value := x.value
		if typed, ok := filled[x.name]; ok && !x.hidden {
			value = typed
		}
		v.Add(x.name, value)
	}
	if pressed.name != "" {
		v.Add(pressed.name, pressed.value)
	}
	return v
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == key {
			return true
		}
	}
	return false
}

// text returns the text of an element on one line.
func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && !inert(c.Parent) {
			b.WriteString(c.Data)
			b.WriteByte(' ')
		}
	}
	s := strings.Join(strings.Fields(b.String()), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return s
}
