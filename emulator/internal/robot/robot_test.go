package robot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// handled reaches a handler without a network.
type handled struct{ h http.Handler }

func (s handled) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, in)
	return w.Result(), nil
}

// platform is an identity platform of a few hand-written pages.
func platform(t *testing.T, pages map[string]http.HandlerFunc) *Robot {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range pages {
		mux.HandleFunc(path, h)
	}
	return New(Config{
		UPN: "alice@contoso.test", Password: "secret-password", Platform: handled{mux},
		IsPlatform: func(host string) bool { return host == "login.test" || host == "localhost:8443" },
		Loopback: handled{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", r.Method, r.URL)
		})},
	})
}

func show(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, text)
	}
}

func redirect(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	}
}

const start = "https://login.test/authorize?client_id=c&redirect_uri="

func TestAnswersGoWhereTheyShould(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, redirectURI, to string
		want                  string // URL of the answer
		delivered             bool
	}{
		{"this machine", "http://localhost", "http://localhost:5001/?code=x", "http://localhost:5001/?code=x", true},
		{"this machine by address", "http://127.0.0.1/cb", "http://127.0.0.1:5001/cb?code=x", "http://127.0.0.1:5001/cb?code=x", true},
		{"IPv6", "http://[::1]", "http://[::1]:5001?code=x", "http://[::1]:5001?code=x", true},
		{"elsewhere", "https://app.test/cb", "https://app.test/cb?code=x", "https://app.test/cb?code=x", false},
		{"own scheme", "msauth.app://auth", "msauth.app://auth?code=x", "msauth.app://auth?code=x", false},
		{"URN", "urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob?code=x", "urn:ietf:wg:oauth:2.0:oob?code=x", false},
		{"page of the platform", "https://login.test/common/oauth2/nativeclient", "https://login.test/common/oauth2/nativeclient?code=x",
			"https://login.test/common/oauth2/nativeclient?code=x", false},
		{"fragment", "https://app.test/cb", "https://app.test/cb#code=x", "https://app.test/cb#code=x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := platform(t, map[string]http.HandlerFunc{"/authorize": redirect(302, tt.to)})
			got, err := r.Do(t.Context(), Visit{URL: start + url.QueryEscape(tt.redirectURI)})
			if err != nil {
				t.Fatal(err)
			}
			a := got.Answer
			if a.Method != http.MethodGet || a.URL.String() != tt.want || a.Delivered != tt.delivered || a.Values.Get("code") != "x" {
				t.Errorf("answer %+v to %v", a, a.URL)
			}
		})
	}
}

func TestRedirectsKeepTheMethodWhenTheyShould(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{301: "GET ", 302: "GET ", 303: "GET ", 307: "POST x=1", 308: "POST x=1"} {
		var got string
		r := platform(t, map[string]http.HandlerFunc{
			"/authorize": show(`<form method=post action=/post><input type=hidden name=x value=1></form>`),
			"/post":      redirect(status, "/end"),
			"/end": func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				got = r.Method + " " + string(body)
			},
		})
		if _, err := r.Do(t.Context(), Visit{URL: "https://login.test/authorize"}); err != nil || got != want {
			t.Errorf("%d: %q, %v; want %q", status, got, err, want)
		}
	}
}

func TestVisitsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	const uri = "http%3A%2F%2Flocalhost"
	tests := []struct {
		name string
		h    http.HandlerFunc
		is   error // nil: any, but for a page error
		page *PageError
	}{
		{name: "circle", h: redirect(302, start+uri), is: ErrTooManySteps},
		{name: "no location", h: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }},
		{name: "broken location", h: redirect(302, "http://[::1")},
		{name: "empty page", h: show(""), page: &PageError{Status: 200, Message: "no answer went to the application"}},
		{name: "error page", h: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(400)
			io.WriteString(w, `<title> An
				error</title><style>AADSTS1</style><div role=alert>Sorry, <b>no</b>.</div><code>AADSTS50011: x</code>`)
		}, page: &PageError{Status: 400, Code: "AADSTS50011", Title: "An error", Message: "Sorry, no ."}},
		{name: "error without a page", h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(503)
			io.WriteString(w, `{"error":"AADSTS90033"}`)
		}, page: &PageError{Status: 503}},
		{name: "password again", h: show(`<form method=post><input name=login><input type=password name=passwd></form><p role=alert>Wrong.</p>`),
			page: &PageError{Status: 200, Message: "Wrong.", Asked: "password"}},
		{name: "self-posting circle", h: show(`<form method=post><input type=hidden name=x></form>`),
			page: &PageError{Status: 200, Asked: "continue to https://login.test/authorize"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := platform(t, map[string]http.HandlerFunc{"/authorize": tt.h}).Do(t.Context(), Visit{URL: start + uri})
			var page *PageError
			switch {
			case err == nil:
				t.Errorf("no error; %+v", got)
			case tt.page != nil && (!errors.As(err, &page) || *page != *tt.page):
				t.Errorf("%v, want %+v", err, *tt.page)
			case tt.is != nil && !errors.Is(err, tt.is):
				t.Errorf("%v, want %v", err, tt.is)
			}
		})
	}
}

func TestPasswordsGoToThePlatformOnly(t *testing.T) {
	t.Parallel()
	const fishing = `<form method=post><input name=login><input name=passwd></form>`
	r := platform(t, map[string]http.HandlerFunc{"/authorize": redirect(302, "http://localhost:1/")})
	requests := 0
	r.cfg.Loopback = handled{http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		requests++
		if req.Method != http.MethodGet {
			t.Error("the application got a form")
		}
		show(fishing)(w, req)
	})}
	got, err := r.Do(t.Context(), Visit{URL: "https://login.test/authorize"})
	if err != nil || !got.Answer.Delivered || requests != 1 {
		t.Errorf("%d requests, %+v, %v", requests, got, err)
	}
}

func TestFormsAreFilled(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, want string }{
		{"user name and password", `<input type=hidden name=ctx value=1><input name=login value=x><input type=password name=passwd><button>Sign in</button><button name=account value=other>Other</button>`,
			"ctx=1&login=alice%40contoso.test&passwd=secret-password"},
		{"password of alice", `<input type=hidden name=login value=Alice@contoso.test><input type=password name=passwd><button>Sign in</button>`,
			"login=Alice%40contoso.test&passwd=secret-password"},
		{"password of somebody else", `<input type=hidden name=login value=bob@contoso.test><input type=password name=passwd><button>Sign in</button><button name=account value=other>Other</button>`,
			"account=other&login=bob%40contoso.test&passwd="},
		{"picker with alice", `<button name=account value=bob@contoso.test>Bob</button><button name=account value=ALICE@contoso.test>Alice</button><button name=account value=other>Other</button>`,
			"account=ALICE%40contoso.test"},
		{"picker without alice", `<button name=account value=bob@contoso.test>Bob</button><button name=account value=other>Other</button>`, "account=other"},
		{"code", `<input name=otc><button>Next</button>`, "otc=ABCD1234"},
		{"consent", `<button name=consent value=cancel>No</button><button name=consent value=accept>Yes</button>`, "consent=accept"},
		{"confirmation", `<button name=confirm value=cancel>No</button><button name=confirm value=continue>Yes</button>`, "confirm=continue"},
		{"what a browser leaves out", `<input type=checkbox name=a><input type=checkbox name=b checked><input type=radio name=c value=2 checked><input name=d disabled value=x>` +
			`<input type=button name=e value=x><input value=nameless type=hidden><button type=button name=f value=x>F</button><input type=submit name=confirm value=continue>`, "b=on&c=2&confirm=continue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got string
			r := platform(t, map[string]http.HandlerFunc{
				"/authorize": show(`<form><input name=q></form><form method=post action=/post>` + tt.page + `</form>`),
				"/post": func(_ http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					got = string(body)
				},
			})
			if _, err := r.Do(t.Context(), Visit{URL: "https://login.test/authorize", Code: "ABCD1234"}); err != nil || got != tt.want {
				t.Errorf("posted %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestOriginOfForms(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{"": "https://login.test", "no-referrer": "null", " No-Referrer ": "null", "origin": "https://login.test"} {
		var got string
		r := platform(t, map[string]http.HandlerFunc{
			"/authorize": func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Referrer-Policy", policy)
				show(`<form method=post action=/post></form>`)(w, r)
			},
			"/post": func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Origin") },
		})
		if _, err := r.Do(t.Context(), Visit{URL: "https://login.test/authorize"}); err != nil || got != want {
			t.Errorf("%q: origin %q, %v; want %q", policy, got, err, want)
		}
	}
}

func TestRobotObeysItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := platform(t, map[string]http.HandlerFunc{"/authorize": func(w http.ResponseWriter, r *http.Request) {
		cancel()
		redirect(302, "/authorize?again")(w, r)
	}})
	if _, err := r.Do(ctx, Visit{URL: "https://login.test/authorize"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestErrorsShowNoParameters(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	r := New(Config{Platform: failing{down}, Loopback: failing{down}, IsPlatform: func(string) bool { return true }})
	_, err := r.Do(t.Context(), Visit{URL: "https://user:planted@login.test/authorize?code=planted#planted"})
	if !errors.Is(err, down) || strings.Contains(err.Error(), "planted") {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func FuzzPage(f *testing.F) {
	f.Add(`<title>t</title><form method=post action="/x"><input name=login><input name=passwd><button name=account value=other></form>`)
	f.Add(`<form action="http://[::1"><form><input type=checkbox checked name=a></form><p role=alert>x</p>AADSTS50011`)
	f.Add("<script>AADSTS1</script>\x00<template><form></template>")
	f.Fuzz(func(t *testing.T, text string) {
		base := &url.URL{Scheme: "https", Host: "login.test", Path: "/"}
		d, err := parse(strings.NewReader(text), base)
		if err != nil {
			return // the parser gives up on very deep pages
		}
		if len(d.title) > maxText+3 || len(d.alert) > maxText+3 {
			t.Errorf("texts of %d and %d bytes", len(d.title), len(d.alert))
		}
		b := &browsing{Robot: New(Config{UPN: "a", Password: "b"}), done: map[string]bool{}}
		if next, asked := b.fill(d); next != nil && (asked != "" || next.url == nil) {
			t.Errorf("step %+v, asked %q", next, asked)
		}
	})
}

func TestSecondFactorsAndNewAccounts(t *testing.T) {
	t.Parallel()
	const factor = `<title>Verify</title><form method="post" action="/mfa"><input type="hidden" name="ctx" value="1"><input name="factor"><button type="submit">Verify</button></form>`
	wrong := 0
	r := platform(t, map[string]http.HandlerFunc{
		"/authorize": show(`<form method="post" action="/signup"><input name="login"><input name="displayname"><input name="passwd" type="password"><button>Create</button></form>`),
		"/signup": func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("login") != "alice@contoso.test" || r.FormValue("displayname") != "alice" || r.FormValue("passwd") != "secret-password" {
				t.Error("the account is not alice's")
			}
			show(factor)(w, r)
		},
		"/mfa": func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("factor") == "42" {
				redirect(http.StatusSeeOther, "https://app.test/cb?code=x")(w, r)
				return
			}
			wrong++
			show(factor)(w, r)
		},
	})
	code := "41"
	r.cfg.Factor = func() string { return code }
	visit := Visit{URL: start + "https://app.test/cb"}
	_, err := r.Do(t.Context(), visit)
	var page *PageError
	if !errors.As(err, &page) || page.Asked != "one-time code" || wrong != 1 {
		t.Errorf("a wrong code, %d times: %v", wrong, err)
	}
	code = "42"
	if got, err := r.Do(t.Context(), visit); err != nil || got.Answer.Values.Get("code") != "x" {
		t.Errorf("got %v, %v", got.Answer.Values, err)
	}
}
