package loopback

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestPagesCarrySecurityHeadersAndCleanTheAddress(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{FormPost, Query} {
		l := listen(t, Options{Mode: mode, SuccessPage: "<p>own</p>"})
		answer := post(t, l.at("/"), goodForm())
		if mode == Query {
			answer = get(t, l.at("/?"+goodForm()))
		}
		for _, r := range []*http.Request{get(t, l.at("/favicon.ico")), answer} {
			resp, body := exchange(t, r)
			for name, want := range map[string]string{
				"Content-Type":           "text/html; charset=utf-8",
				"Cache-Control":          "no-store",
				"Referrer-Policy":        "no-referrer",
				"X-Content-Type-Options": "nosniff",
				"X-Frame-Options":        "DENY",
			} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s: %s = %q, want %q", r.URL.Path, name, got, want)
				}
			}
			if !strings.HasSuffix(body, "<script>"+cleanAddress+"</script>\n") {
				t.Errorf("%s: the page does not clean the address", r.URL.Path)
			}
		}
	}
}

// The policy must allow what the page holds and nothing else: a browser would
// drop the style sheet or the script in silence.
func TestPolicyMatchesThePage(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	resp, body := exchange(t, post(t, l.at("/"), goodForm()))
	policy := resp.Header.Get("Content-Security-Policy")
	for _, tag := range []string{"style", "script"} {
		found := regexp.MustCompile("(?s)<"+tag+">(.*?)</"+tag+">").FindAllStringSubmatch(body, -1)
		if len(found) != 1 {
			t.Fatalf("%d %s elements, want 1", len(found), tag)
		}
		if want := tag + "-src " + source(found[0][1]); !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	for _, want := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
}

func TestSuccessPageShowsNothingOfTheAnswer(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	_, body := exchange(t, post(t, l.at("/"), goodForm()))
	if !strings.Contains(body, "You are signed in") || !strings.Contains(body, "You can close this tab.") {
		t.Errorf("unexpected page:\n%s", body)
	}
	for _, secret := range []string{"secret-code", testState, "e30"} {
		if strings.Contains(body, secret) {
			t.Error("the page shows a parameter of the answer")
		}
	}
}

func TestOwnPagesReplaceTheBuiltInOnes(t *testing.T) {
	t.Parallel()
	own := Options{
		SuccessPage: `<title>Mine</title><p>Well done.</p>`,
		ErrorPage:   `<p title="{{.Error}}">{{.Description}}</p><a href="{{.Description}}">x</a>`,
	}
	l := listen(t, own)
	resp, body := exchange(t, post(t, l.at("/"), goodForm()))
	if !strings.Contains(body, "<p>Well done.</p>") {
		t.Errorf("the caller's page is not shown:\n%s", body)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'unsafe-inline'") || strings.Contains(policy, "script-src 'unsafe-inline'") {
		t.Errorf("policy = %q", policy)
	}
	l = listen(t, own)
	_, body = exchange(t, post(t, l.at("/"), url.Values{"error": {`"><b>`}, "error_description": {"javascript:alert(1)"}, "state": {testState}}.Encode()))
	if strings.Contains(body, "<b>") || strings.Contains(body, `href="javascript:`) {
		t.Errorf("the caller's page is not escaped:\n%s", body)
	}
}

func TestPagesEscapeWhatStrangersWrite(t *testing.T) {
	t.Parallel()
	for _, attack := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg/onload=alert(1)>`, `</p></main><script>`, `&lt;script&gt;`, `<!--`, `</style><script>`, "\x00<b>",
	} {
		l := listen(t, Options{})
		_, body := exchange(t, post(t, l.at("/"), url.Values{"error": {attack}, "error_description": {attack}, "state": {testState}}.Encode()))
		if got, want := shape(t, body), "html head meta meta meta title style body main h1 div p code p p script"; got != want {
			t.Errorf("%q changes the page to: %s", attack, got)
		}
	}
}

// shape lists the elements of a page in order.
func shape(t *testing.T, page string) string {
	t.Helper()
	var names []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(names, " ")
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			names = append(names, token.Data)
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("attribute %s on %s", a.Key, token.Data)
				}
			}
		}
	}
}

func TestLongTextIsCutAtARuneBoundary(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"short":                            "short",
		strings.Repeat("a", maxShown):      strings.Repeat("a", maxShown),
		strings.Repeat("a", maxShown+1):    strings.Repeat("a", maxShown) + "…",
		strings.Repeat("a", 1999) + "éxyz": strings.Repeat("a", 1999) + "…",
	} {
		if got := shorten(in); got != want {
			t.Errorf("shorten(%d bytes) = %d bytes ending in %q", len(in), len(got), got[max(0, len(got)-6):])
		}
	}
}
