package page

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// tree parses a page the way browsers do.
func tree(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func has(n *html.Node, name string) bool { _, ok := attr(n, name); return ok }

func value(n *html.Node, name string) string { v, _ := attr(n, name); return v }

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// all returns the elements with one of the names, in document order.
func all(root *html.Node, names ...string) []*html.Node {
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && slices.Contains(names, n.Data) {
			found = append(found, n)
		}
	}
	return found
}

func one(t *testing.T, root *html.Node, name string) *html.Node {
	t.Helper()
	found := all(root, name)
	if len(found) != 1 {
		t.Fatalf("%d elements <%s>, want 1", len(found), name)
	}
	return found[0]
}

func byID(root *html.Node, id string) *html.Node {
	for n := range root.Descendants() {
		if v, ok := attr(n, "id"); ok && v == id {
			return n
		}
	}
	return nil
}

func TestEveryPageHasWhatABrowserAndAReaderNeed(t *testing.T) {
	t.Parallel()
	for name, page := range everyPage(t) {
		t.Run(name, func(t *testing.T) {
			root := tree(t, page)
			if !strings.HasPrefix(page, "<!doctype html>\n") {
				t.Error("no doctype at the very beginning")
			}
			if value(one(t, root, "html"), "lang") != "en" {
				t.Error("no language")
			}
			title, heading := text(one(t, root, "title")), text(one(t, root, "h1"))
			if heading == "" || !strings.HasSuffix(title, " - msal emulator") || strings.HasPrefix(title, " ") {
				t.Errorf("title %q, heading %q", title, heading)
			}
			if got := text(one(t, root, "header")); got != Banner {
				t.Errorf("banner = %q", got)
			}
			one(t, root, "main")
			branded := strings.ReplaceAll(page, "https://graph.microsoft.com/", "") // a scope of the samples
			if strings.Contains(strings.ToLower(branded), "microsoft") {
				t.Error("the page names Microsoft")
			}
		})
	}
}

func TestEveryPageIsWellFormed(t *testing.T) {
	t.Parallel()
	void := []string{"meta", "input"}
	for name, page := range everyPage(t) {
		t.Run(name, func(t *testing.T) {
			var open []string
			tokens := html.NewTokenizer(strings.NewReader(page))
			for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
				token := tokens.Token()
				switch kind {
				case html.StartTagToken:
					if !slices.Contains(void, token.Data) {
						open = append(open, token.Data)
					}
				case html.EndTagToken:
					if len(open) == 0 || open[len(open)-1] != token.Data {
						t.Fatalf("</%s> closes nothing; open are %v", token.Data, open)
					}
					open = open[:len(open)-1]
				}
			}
			if len(open) != 0 {
				t.Errorf("never closed: %v", open)
			}
			seen := map[string]bool{}
			for n := range tree(t, page).Descendants() {
				if id, ok := attr(n, "id"); ok {
					if seen[id] {
						t.Errorf("id %q twice", id)
					}
					seen[id] = true
				}
			}
		})
	}
}

func TestNoPageLoadsOrRunsAnything(t *testing.T) {
	t.Parallel()
	for name, page := range everyPage(t) {
		root := tree(t, page)
		if loaders := all(root, "link", "img", "iframe", "object", "embed", "video", "audio", "base", "svg"); len(loaders) != 0 {
			t.Errorf("%s: <%s>", name, loaders[0].Data)
		}
		wantScripts := 0
		if name == "form-post" {
			wantScripts = 1
		}
		if got := len(all(root, "script")); got != wantScripts {
			t.Errorf("%s: %d scripts, want %d", name, got, wantScripts)
		}
		for n := range root.Descendants() {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || strings.HasPrefix(strings.TrimSpace(strings.ToLower(a.Val)), "javascript:") {
					t.Errorf("%s: attribute %s=%q", name, a.Key, a.Val)
				}
			}
		}
		if strings.Contains(styleSheet, "url(") || strings.Contains(styleSheet, "@import") {
			t.Error("the style sheet loads something")
		}
	}
}

func TestFormsWorkWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	for name, page := range everyPage(t) {
		t.Run(name, func(t *testing.T) {
			root := tree(t, page)
			for _, form := range all(root, "form") {
				if value(form, "method") != "post" || value(form, "action") == "" {
					t.Errorf("form %v", form.Attr)
				}
				if submit := firstSubmit(form); submit == nil {
					t.Error("no button: Enter would do nothing")
				}
			}
			focus := 0
			for n := range root.Descendants() {
				if has(n, "autofocus") {
					focus++
				}
				if v, ok := attr(n, "tabindex"); ok {
					t.Errorf("tabindex %s changes the order", v)
				}
			}
			// A question that must not be answered by accident has no default.
			want := 1
			if name == "consent" || name == "device-confirm" || len(all(root, "form")) == 0 {
				want = 0
			}
			if focus != want {
				t.Errorf("%d elements take the focus, want %d", focus, want)
			}
			for _, input := range all(root, "input") {
				if unseen(input) {
					continue
				}
				if !labelled(root, value(input, "id")) {
					t.Errorf("input %q has no label", value(input, "name"))
				}
				if value(input, "autocomplete") == "" || !has(input, "required") {
					t.Errorf("input %q: %v", value(input, "name"), input.Attr)
				}
			}
		})
	}
}

func unseen(input *html.Node) bool { return value(input, "type") == "hidden" || has(input, "hidden") }

func firstSubmit(form *html.Node) *html.Node {
	for _, b := range all(form, "button") {
		if value(b, "type") == "submit" {
			return b
		}
	}
	return nil
}

func labelled(root *html.Node, id string) bool {
	for _, label := range all(root, "label") {
		if id != "" && value(label, "for") == id && text(label) != "" {
			return true
		}
	}
	return false
}

func TestErrorsAreAnnounced(t *testing.T) {
	t.Parallel()
	for name, page := range everyPage(t) {
		root := tree(t, page)
		var alerts []*html.Node
		for n := range root.Descendants() {
			if value(n, "role") == "alert" {
				alerts = append(alerts, n)
			}
			for _, id := range strings.Fields(value(n, "aria-describedby")) {
				if byID(root, id) == nil {
					t.Errorf("%s: described by %q, which is not there", name, id)
				}
			}
		}
		isError := strings.Contains(name, "error")
		if (len(alerts) == 1) != isError || len(alerts) > 1 {
			t.Errorf("%s: %d alerts", name, len(alerts))
		}
		for _, input := range all(root, "input") {
			if unseen(input) {
				continue
			}
			described := slices.Contains(strings.Fields(value(input, "aria-describedby")), "error")
			if (value(input, "aria-invalid") == "true") != isError || described != isError {
				t.Errorf("%s: input %q: %v", name, value(input, "name"), input.Attr)
			}
		}
		if isError && !strings.HasPrefix(name, "error") && !strings.HasPrefix(text(one(t, root, "title")), "Error: ") {
			t.Errorf("%s: the title does not say that there is an error", name)
		}
	}
}

func TestFormPostRefusesTargetsThatBrowsersDoNotPostTo(t *testing.T) {
	t.Parallel()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"", "/cb", "javascript:alert(1)", "myapp://callback", "urn:ietf:wg:oauth:2.0:oob", "http:///x", "http://a b/", "data:text/html,x"} {
		var b strings.Builder
		if err := p.FormPost(&b, FormPostData{Action: action}); !errors.Is(err, ErrAction) || b.Len() != 0 {
			t.Errorf("%q: error %v and %d bytes", action, err, b.Len())
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func TestWriteErrorsComeBack(t *testing.T) {
	t.Parallel()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range samples {
		if err := sample.render(p, brokenWriter{}, plain); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: error %v", sample.name, err)
		}
	}
}

func TestScopesAreExplained(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]string{
		"openid": "Sign you in", "OpenID": "Sign you in", "offline_access": "Keep this access while you are away",
		"https://graph.microsoft.com/User.Read": "Read your profile", "User.Read": "Read your profile",
		"api://orders/.default": "Everything that was granted to the application before",
		"api://orders/read":     "", "": "", "/": "", "https://example.test/openid/": "",
	} {
		if got := describeScope(scope); got != want {
			t.Errorf("describeScope(%q) = %q, want %q", scope, got, want)
		}
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		names []string
		want  string
	}{{[]string{"alice"}, "A"}, {[]string{"", "bob"}, "B"}, {[]string{"éva"}, "É"}, {[]string{"  'x"}, "X"}, {[]string{"@"}, "?"}, {nil, "?"}, {[]string{"\xff"}, "?"}} {
		if got := initial(tc.names...); got != tc.want {
			t.Errorf("initial(%q) = %q, want %q", tc.names, got, tc.want)
		}
	}
}
