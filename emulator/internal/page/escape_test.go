package page

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// skeleton lists elements and attribute names: what an attack would change.
func skeleton(root *html.Node) []string {
	var out []string
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			line := n.Data
			for _, a := range n.Attr {
				line += " " + a.Key
			}
			out = append(out, line)
		case html.CommentNode:
			out = append(out, "<!---->")
		}
	}
	return out
}

// Every text field of every page is filled with each attack in turn, after a
// marker, and the page must keep its shape.
func TestNoFieldCanChangeThePage(t *testing.T) {
	t.Parallel()
	calm := everyPageWith(t, func(string) string { return "zzz" })
	for _, attack := range []string{
		`<script>alert(1)</script>`, `"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `" autofocus onfocus=alert(1) x="`, `' onfocus='alert(1)`,
		`</title><script>alert(1)</script>`, `</style><script>`, `<!--`, `-->`, `]]>`, `<![CDATA[`, `&lt;script&gt;`, `&quot;`, "`", `{{.}}`, `</form><form action="//evil.test">`, `javascript:alert(1)`, "\x00", "\u2028", `\"`, `&`,
	} {
		marked := func(string) string { return "zzz" + attack }
		for name, page := range everyPageWith(t, marked) {
			root := tree(t, page)
			if got, want := skeleton(root), skeleton(tree(t, calm[name])); !slices.Equal(got, want) {
				t.Errorf("%s: %q changes the page:\n%q\nwant\n%q", name, attack, got, want)
			}
			if attack == "\x00" {
				continue // HTML cannot hold this character
			}
			for _, n := range all(root, "input") {
				if v := value(n, "value"); strings.HasPrefix(v, "zzz") && v != "zzz"+attack {
					t.Errorf("%s: field %q posts %q, want %q", name, value(n, "name"), v, "zzz"+attack)
				}
			}
		}
	}
}

func TestUnsafeAddressesAreNotFollowed(t *testing.T) {
	t.Parallel()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.SignedOut(&b, SignedOutData{ContinueURL: "javascript:alert(1)"}); err != nil {
		t.Fatal(err)
	}
	if err := p.SignIn(&b, SignInData{Action: "javascript:alert(1)"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "javascript:") {
		t.Error("a script address got through")
	}
}
