package page

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// A browser hashes what stands between the tags; so does this test. It fails
// whenever the style sheet or the script changes and CSP does not.
func TestPolicyNamesTheHashOfEveryInlineElement(t *testing.T) {
	t.Parallel()
	for name, html := range everyPage(t) {
		for _, element := range []struct{ tag, directive string }{{"style", "style-src"}, {"script", "script-src"}} {
			for _, body := range inline(html, element.tag) {
				sum := sha256.Sum256([]byte(body))
				want := element.directive + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
				if !strings.Contains(CSP, want) {
					t.Errorf("%s: CSP lacks %s; it is %s", name, want, CSP)
				}
			}
		}
	}
}

func TestPolicyAllowsNothingElse(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(CSP, want) {
			t.Errorf("CSP lacks %q", want)
		}
	}
	for _, unwanted := range []string{"unsafe", "form-action", "*", "http:", "https:", "data:"} {
		if strings.Contains(CSP, unwanted) {
			t.Errorf("CSP contains %q", unwanted)
		}
	}
}

// inline returns what stands between the tags of every element of that name.
func inline(html, tag string) []string {
	var bodies []string
	for {
		_, rest, found := strings.Cut(html, "<"+tag+">")
		if !found {
			return bodies
		}
		body, after, _ := strings.Cut(rest, "</"+tag+">")
		bodies = append(bodies, body)
		html = after
	}
}
