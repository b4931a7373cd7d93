package loopback

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

const (
	welcomePage = `<title>Mine</title><a id=go href="{{.SignInURL}}">Sign in</a> <a id=leave href="{{.AbortURL}}">No</a>`
	signInURL   = `https://login.example.test/authorize?a=b&state="><script>alert(1)</script>`
)

// links are the addresses that a page leads to, as a browser reads them.
func links(t *testing.T, page string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if n.Data == "a" && a.Key == "href" {
				found = append(found, a.Val)
			}
		}
	}
	return found
}

// here turns an address on localhost into one that surely reaches the listener.
func (l *Listener) here(address string) string {
	return strings.Replace(address, l.RedirectURI(), l.at(""), 1)
}

func TestWelcomePageLeadsToTheSignInAndOut(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{WelcomePage: welcomePage})
	address := l.Welcome(signInURL)
	if strings.Contains(address, testState) {
		t.Error("the address shows the state")
	}
	for range 2 { // people reload
		resp, body := exchange(t, get(t, l.here(address)))
		to := links(t, body)
		if resp.StatusCode != http.StatusOK || len(to) != 2 || strings.Contains(body, "<script>") {
			t.Fatalf("status %d, links %q in:\n%s", resp.StatusCode, to, body)
		}
		if u, err := url.Parse(to[0]); err != nil || u.Host != "login.example.test" || u.Query().Get("state") != `"><script>alert(1)</script>` {
			t.Errorf("the page leads to %q", to[0])
		}
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src 'unsafe-inline'") {
			t.Errorf("policy = %q", policy)
		}
	}
	mustAnswer(t, l)
}

func TestAbortLinkEndsTheWait(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{FormPost, Query} {
		l := listen(t, Options{WelcomePage: welcomePage, Mode: mode})
		_, body := exchange(t, get(t, l.here(l.Welcome(signInURL))))
		resp, body := exchange(t, get(t, l.here(links(t, body)[1])))
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "Sign-in canceled") {
			t.Errorf("status %d:\n%s", resp.StatusCode, body)
		}
		if _, err := l.Wait(t.Context()); !errors.Is(err, ErrAborted) {
			t.Errorf("got %v, want ErrAborted", err)
		}
	}
}

func TestNobodyElseEndsTheWaitOrSeesTheWelcomePage(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{WelcomePage: welcomePage})
	address := l.Welcome(signInURL)
	key := strings.TrimPrefix(address, l.RedirectURI()+"?welcome=")
	script := get(t, l.at("?abort="+l.key(abortLink)))
	script.Header.Set("Sec-Fetch-Mode", "no-cors")
	foreign := get(t, l.here(address))
	foreign.Host = "evil.test"
	head := get(t, l.here(address))
	head.Method = http.MethodHead
	for name, r := range map[string]*http.Request{
		"abort without key":      get(t, l.at("?error=abort")),
		"abort with another key": get(t, l.at("?abort="+key)),
		"abort by a script":      script,
		"welcome=true":           get(t, l.at("?welcome=true")),
		"welcome and more":       get(t, l.here(address)+"&x=1"),
		"welcome twice":          get(t, l.here(address)+"&welcome=x"),
		"other path":             get(t, l.at("/x?welcome="+key)),
		"other host":             foreign,
		"HEAD":                   head,
	} {
		resp, body := exchange(t, r)
		if name != "welcome twice" && resp.StatusCode < 400 || strings.Contains(body, "login.example.test") && name != "welcome twice" {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	mustAnswer(t, l)
}

func TestAbortAfterTheAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{WelcomePage: welcomePage})
	l.Welcome(signInURL)
	mustAnswer(t, l)
	if resp, _ := exchange(t, get(t, l.here(l.link(abortLink)))); resp.StatusCode < 400 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if _, err := l.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWithoutAWelcomePageTheSignInComesFirst(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	if got := l.Welcome(signInURL); got != signInURL {
		t.Errorf("got %q", got)
	}
	if resp, _ := exchange(t, get(t, l.here(l.link(welcomeLink)))); resp.StatusCode < 400 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestWelcomePagesThatCannotWorkAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"{{", "{{.Error}}", "{{.SignInURL.X}}"} {
		_, err := Listen(t.Context(), Options{State: testState, WelcomePage: page})
		var bad *OptionError
		if !errors.As(err, &bad) || bad.Option != "WelcomePage" {
			t.Errorf("%q: got %v", page, err)
		}
	}
}

// Own pages put a stranger's text wherever they like. Nothing of it may become
// markup, a script or the address of one.
func TestOwnPagesEscapeByContext(t *testing.T) {
	t.Parallel()
	own := `<p title={{.Error}} data-x='{{.Description}}'>{{.Description}}</p><a href={{.Description}}>x</a>` +
		`<script>var s = {{.Description}}; var t = "{{.Error}}"</script><style>p { color: {{.Description}} }</style><div onclick="go({{.Error}})">y</div>`
	for _, attack := range []string{
		`x onmouseover=alert(1)`, `' onmouseover='alert(1)`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `";alert(1)//`,
		`</script><script>alert(1)</script>`, `red } body { background: url(https://evil.test/)`, `);alert(1)//`, "`${alert(1)}`", `</style><script>alert(1)</script>`,
	} {
		l := listen(t, Options{ErrorPage: own})
		resp, body := exchange(t, post(t, l.at("/"), url.Values{"error": {attack}, "error_description": {attack}, "state": {testState}}.Encode()))
		doc, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			names = append(names, n.Data)
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") && n.Data != "div" || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") && a.Key == "href" {
					t.Errorf("%q: %s has %s=%q", attack, n.Data, a.Key, a.Val)
				}
			}
		}
		if got, want := strings.Join(names, " "), "html head body p a script style div script"; got != want {
			t.Errorf("%q changes the page to: %s", attack, got)
		}
		// And should a template undo the escaping, the policy lets no script run.
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src "+source(cleanAddress)+";") {
			t.Errorf("policy = %q", policy)
		}
	}
}
