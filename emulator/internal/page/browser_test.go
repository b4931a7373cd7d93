package page

import (
	"bytes"
	"flag"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var screenshots = flag.String("screenshots", "", "write screenshots of the pages to this directory")

// site serves the samples with the headers that the platform sends, and keeps
// what is posted.
type site struct {
	*httptest.Server
	posted chan url.Values
}

func newSite(t *testing.T) *site {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{posted: make(chan url.Values, 10)}
	mux := http.NewServeMux()
	for name, page := range everyPage(t) {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			headers(w)
			w.Write([]byte(page))
		})
	}
	mux.HandleFunc("GET /answer", func(w http.ResponseWriter, _ *http.Request) {
		headers(w)
		data := FormPostData{Action: s.URL + "/application", Fields: []Field{{"code", "0.AX"}, {"state", `a"<&>'b`}, {"submit", "shadow"}}}
		if err := p.FormPost(w, data); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		headers(w)
		if err := p.Done(w, DoneData{}); err != nil {
			t.Error(err)
		}
		s.posted <- r.PostForm
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func headers(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", CSP)
	w.Header().Set("X-Frame-Options", "DENY")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
}

// received waits for what the browser posts.
func (s *site) received(b *tab) url.Values {
	b.t.Helper()
	select {
	case values := <-s.posted:
		return values
	case <-b.ctx.Done():
		b.t.Fatal("nothing was posted")
		return nil
	}
}

func TestBrowserShowsEveryPageWithoutComplaint(t *testing.T) {
	s, b := newSite(t), openTab(t)
	light, dark := colors(t, styleSheet)
	for _, scheme := range []string{"light", "dark"} {
		want := light["page"]
		if scheme == "dark" {
			want = dark["page"]
		}
		b.screen(320, 700, scheme)
		for _, sample := range samples {
			if sample.name == "form-post" {
				continue // leaves at once; see below
			}
			b.open(s.URL + "/" + sample.name)
			b.sound(sample.name)
			if wide := b.eval("document.documentElement.scrollWidth").(float64); wide > 320 {
				t.Errorf("%s: %v pixels wide on a screen of 320", sample.name, wide)
			}
			got := b.eval(`"#" + getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(n => Number(n).toString(16).padStart(2, "0")).join("")`)
			if got != want {
				t.Errorf("%s, %s: the page is %v, want %s", sample.name, scheme, got, want)
			}
			if b.eval(`[...document.querySelectorAll("input:not([type=hidden],[hidden]),button")].some(e => e.getBoundingClientRect().height < 44)`) == true {
				t.Errorf("%s: a control is too low to be touched", sample.name)
			}
		}
	}
}

func TestBrowserPostsTheAnswerByItself(t *testing.T) {
	s, b := newSite(t), openTab(t)
	want := url.Values{"code": {"0.AX"}, "state": {`a"<&>'b`}, "submit": {"shadow"}}
	b.call("Page.navigate", map[string]any{"url": s.URL + "/answer"}, nil)
	if got := s.received(b); got.Encode() != want.Encode() {
		t.Errorf("posted %v, want %v", got, want)
	}
	b.sound("answer")
}

func TestBrowserWithoutScriptsPostsTheAnswerOnEnter(t *testing.T) {
	s, b := newSite(t), openTab(t)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.open(s.URL + "/answer")
	b.enterKey()
	if got := s.received(b).Get("code"); got != "0.AX" {
		t.Errorf("code = %q", got)
	}
}

func TestSignInWithTheKeyboardAlone(t *testing.T) {
	s, b := newSite(t), openTab(t)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)

	b.open(s.URL + "/signin-bare")
	b.write("alice@contoso.test")
	b.tabKey()
	b.write("Passw0rd!")
	b.enterKey()
	if got, want := s.received(b), (url.Values{"login": {"alice@contoso.test"}, "passwd": {"Passw0rd!"}}); got.Encode() != want.Encode() {
		t.Errorf("sign-in posted the fields %v", keys(got))
	}

	b.open(s.URL + "/password") // Enter signs in, although another button is on the page
	b.write("Passw0rd!")
	b.enterKey()
	if got := s.received(b); got.Get("passwd") != "Passw0rd!" || got.Get("login") != "alice@contoso.test" || got.Has("account") {
		t.Errorf("password page posted the fields %v", keys(got))
	}

	b.open(s.URL + "/password") // an empty password does not keep anyone from changing the account
	b.tabKey()
	b.tabKey()
	b.enterKey()
	if got := s.received(b).Get("account"); got != AccountOther {
		t.Errorf("account = %q", got)
	}

	b.open(s.URL + "/picker")
	b.tabKey()
	b.enterKey()
	if got := s.received(b).Get("account"); got != "bob@contoso.test" {
		t.Errorf("account = %q", got)
	}

	b.open(s.URL + "/device-code-error")
	b.write("C7QK4ZB2X")
	b.enterKey()
	if got := s.received(b).Get("otc"); got != "C7QK4ZB2X" {
		t.Errorf("otc = %q", got)
	}

	b.open(s.URL + "/mfa-error")
	b.write("246810")
	b.enterKey()
	if got := s.received(b).Get("factor"); got != "246810" {
		t.Errorf("factor = %q", got)
	}
}

func TestFocusMovesInReadingOrder(t *testing.T) {
	s, b := newSite(t), openTab(t)
	for name, want := range map[string][]string{
		"signin-both":    {"input login alice", "input passwd", "button"},
		"password":       {"input passwd", "button", "button account other"},
		"picker":         {"button account alice@contoso.test", "button account bob@contoso.test", "button account other"},
		"consent":        {"body", "button consent accept", "button consent cancel"},
		"device-confirm": {"body", "button confirm continue", "button confirm cancel"},
		"device-code":    {"input otc C7QK4ZB2X", "button"},
		"mfa":            {"input factor", "button"},
		"signup":         {"input login dora@contoso.test", "input displayname", "input passwd", "button"},
	} {
		b.open(s.URL + "/" + name)
		got := []string{b.focused()}
		for range len(want) - 1 {
			b.tabKey()
			got = append(got, b.focused())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the focus goes %q, want %q", name, got, want)
		}
	}
}

// TestScreenshotsCanBeTaken also writes the pictures of the documentation:
//
//	go test ./emulator/internal/page -run Screenshots -screenshots "$PWD/docs/screenshots"
func TestScreenshotsCanBeTaken(t *testing.T) {
	directory := *screenshots
	if directory == "" {
		directory = t.TempDir()
	}
	s, b := newGallery(t), openTab(t)
	for _, shot := range []struct {
		file, page, scheme string
		width, height      int
	}{
		{"signin-light.png", "/signin", "light", 1280, 800},
		{"signin-dark.png", "/signin", "dark", 1280, 800},
		{"signin-320.png", "/password", "light", 320, 700},
		{"picker.png", "/picker", "light", 1280, 800},
		{"device-320.png", "/device", "dark", 320, 700},
		{"error.png", "/error", "light", 1280, 800},
		{"mfa.png", "/mfa", "light", 1280, 800},
		{"mfa-enroll-320.png", "/mfa-enroll", "dark", 320, 700},
	} {
		b.screen(shot.width, shot.height, shot.scheme)
		b.open(s.URL + shot.page)
		b.sound(shot.page)
		picture := b.screenshot()
		if size, err := png.DecodeConfig(bytes.NewReader(picture)); err != nil || size.Width != shot.width || size.Height != shot.height {
			t.Errorf("%s is %d by %d: %v", shot.file, size.Width, size.Height, err)
		}
		if err := os.WriteFile(filepath.Join(directory, shot.file), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// newGallery serves pages as they look in use.
func newGallery(t *testing.T) *httptest.Server {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	const hint = "Test users: alice@contoso.test and bob@contoso.test."
	pages := map[string]func(w http.ResponseWriter) error{
		"/signin": func(w http.ResponseWriter) error {
			return p.SignIn(w, SignInData{Action: "/", AppName: "Orders (web)", TenantName: "Contoso", Hint: hint})
		},
		"/password": func(w http.ResponseWriter) error {
			return p.SignIn(w, SignInData{Action: "/", AppName: "Orders (web)", TenantName: "Contoso", Username: "alice@contoso.test", Error: "The password is wrong. Try again."})
		},
		"/picker": func(w http.ResponseWriter) error {
			return p.SignIn(w, SignInData{Action: "/", AppName: "Orders (web)", TenantName: "Contoso", Accounts: []AccountChoice{{"alice@contoso.test", "Alice Arden"}, {"bob@contoso.test", "Bob Brook"}}})
		},
		"/device": func(w http.ResponseWriter) error {
			return p.DeviceCode(w, DeviceCodeData{Action: "/", Code: "C7QK4ZB2X"})
		},
		"/mfa": func(w http.ResponseWriter) error {
			return p.MFA(w, MFAData{Action: "/", AppName: "Orders (web)", Username: "alice@contoso.test"})
		},
		"/mfa-enroll": func(w http.ResponseWriter) error {
			return p.MFA(w, MFAData{Action: "/", AppName: "Orders (web)", Username: "bob@contoso.test", Code: "246810"})
		},
		"/error": func(w http.ResponseWriter) error {
			const correlation, at = "0b2f4a6c-8d1e-4f3a-9b5c-7d9e1f3a5b7c", "2026-01-15 09:30:00Z"
			return p.Error(w, ErrorData{
				Message: "The application asked to be answered at an address that is not registered for it.", Code: "AADSTS50011", CorrelationID: correlation, Timestamp: at,
				Description: "AADSTS50011: The redirect URI 'https://orders.test/signin-oidc' specified in the request does not match the redirect URIs configured for the application.",
			})
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		render, found := pages[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		headers(w)
		if err := render(w); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func keys(v url.Values) string {
	var names []string
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
