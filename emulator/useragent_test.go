package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/emulator"
)

func (f *fixture) alice() *emulator.UserAgent {
	return f.emu.UserAgent(emulator.DefaultUser, emulator.DefaultPassword)
}

// app is an application on this machine that waits for answers.
type app struct {
	*httptest.Server
	answers chan *http.Request // with the form parsed
}

func startApp(t *testing.T) *app {
	t.Helper()
	a := &app{answers: make(chan *http.Request, 4)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		a.answers <- r
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(a.Close)
	return a
}

// redirectURI is the application's address as it is registered.
func (a *app) redirectURI() string {
	return strings.Replace(a.URL, "127.0.0.1", "localhost", 1)
}

func TestUserAgentDeliversTheAnswer(t *testing.T) {
	t.Parallel()
	f := start(t)
	for mode, method := range map[string]string{"query": http.MethodGet, "form_post": http.MethodPost} {
		t.Run(mode, func(t *testing.T) {
			a := startApp(t)
			got, err := f.alice().Visit(t.Context(), request(emulator.DesktopClientID, a.redirectURI(), "response_mode", mode))
			if err != nil {
				t.Fatal(err)
			}
			r := <-a.answers
			if r.Method != method || r.Form.Get("code") == "" || r.Form.Get("state") != "st&te" || r.Form.Get("code") != got.Values.Get("code") {
				t.Errorf("the application got %s with code %t and state %q", r.Method, r.Form.Get("code") != "", r.Form.Get("state"))
			}
			if !got.Delivered || got.Status != http.StatusAccepted || got.Method != method {
				t.Errorf("the answer: %v", got)
			}
			if mode == "form_post" && (r.URL.RawQuery != "" || r.Header.Get("Origin") != "null") {
				t.Errorf("query %q, origin %q", r.URL.RawQuery, r.Header.Get("Origin"))
			}
			f.token(desktopCode(got.Values.Get("code"), "redirect_uri", a.redirectURI()))
		})
	}
}

func TestUserAgentDoesNotSendTheFragment(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	got, err := start(t).alice().Visit(t.Context(), request(emulator.DesktopClientID, a.redirectURI(), "response_mode", "fragment"))
	if err != nil {
		t.Fatal(err)
	}
	if r := <-a.answers; r.Form.Has("code") || got.Values.Get("code") == "" || !got.Delivered {
		t.Errorf("the application got a code: %t; answer: %v", r.Form.Has("code"), got)
	}
}

func TestUserAgentReturnsTheAnswerForOthers(t *testing.T) {
	t.Parallel()
	const callback = "https://web.contoso.test/callback"
	f := start(t)
	for mode, method := range map[string]string{"query": http.MethodGet, "form_post": http.MethodPost, "fragment": http.MethodGet} {
		got, err := f.alice().Visit(t.Context(), request(emulator.WebClientID, callback, "response_mode", mode))
		if err != nil {
			t.Errorf("%s: %v", mode, err)
			continue
		}
		if got.Method != method || got.Delivered || !strings.HasPrefix(got.URL, callback) || got.Values.Get("code") == "" || got.Values.Get("state") != "st&te" {
			t.Errorf("%s: %v", mode, got)
		}
		req, err := got.NewRequest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := req.ParseForm(); err != nil {
			t.Fatal(err)
		}
		if want := mode != "fragment"; req.Form.Has("code") != want || req.Method != method || req.URL.Fragment != "" {
			t.Errorf("%s: the request has a code: %t", mode, req.Form.Has("code"))
		}
	}
}

func TestUserAgentStaysSignedIn(t *testing.T) {
	t.Parallel()
	f := start(t)
	alice := f.alice()
	address := request(emulator.WebClientID, "https://web.contoso.test/callback")
	for _, want := range []int{1, 1} { // the second visit needs no password
		if _, err := alice.Visit(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		if got := len(f.emu.Requests(emulator.EndpointSignIn)); got != want {
			t.Errorf("%d passwords sent, want %d", got, want)
		}
	}
	if got, err := alice.Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback", "prompt", "select_account")); err != nil || got.Values.Get("code") == "" {
		t.Errorf("account picker: %v, %v", got, err)
	}
	if got, err := alice.Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback", "prompt", "none")); err != nil || got.Values.Get("code") == "" {
		t.Errorf("silent: %v, %v", got, err)
	}
	if _, err := f.alice().Visit(t.Context(), address); err != nil || len(f.emu.Requests(emulator.EndpointSignIn)) != 3 {
		t.Errorf("another browser: %v, %d requests", err, len(f.emu.Requests(emulator.EndpointSignIn)))
	}
}

func TestUserAgentSignsInAsItself(t *testing.T) {
	t.Parallel()
	f := start(t)
	// The application suggests alice, but bob sits there.
	got, err := f.emu.UserAgent(emulator.SecondUser, emulator.DefaultPassword).Visit(t.Context(),
		request(emulator.WebClientID, "https://web.contoso.test/callback", "login_hint", emulator.DefaultUser))
	if err != nil || got.Values.Get("code") == "" {
		t.Fatalf("%v, %v", got, err)
	}
	last := f.emu.Requests(emulator.EndpointSignIn)
	if user := last[len(last)-1].User; user != emulator.SecondUser {
		t.Errorf("signed in as %q", user)
	}
}

func TestUserAgentAgrees(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := startApp(t)
	if _, err := f.alice().Visit(t.Context(), request(emulator.ConsentClientID, a.redirectURI())); err != nil {
		t.Fatal(err)
	}
	if r := <-a.answers; r.Form.Get("code") == "" || len(f.emu.Requests(emulator.EndpointConsent)) != 1 {
		t.Errorf("no code after consent; %d consent pages", len(f.emu.Requests(emulator.EndpointConsent)))
	}
}

func TestUserAgentCancels(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, prompt := range []string{"-", "login", "select_account", "consent"} {
		a := startApp(t)
		got, err := f.alice().Cancel(t.Context(), request(emulator.DesktopClientID, a.redirectURI(), "prompt", prompt))
		if err != nil {
			t.Fatal(err)
		}
		r := <-a.answers
		if r.Form.Get("error") != "access_denied" || r.Form.Get("state") != "st&te" || r.Form.Has("code") || got.Values.Get("error") != "access_denied" {
			t.Errorf("prompt %s: the application got error %q", prompt, r.Form.Get("error"))
		}
	}
	alice := f.alice()
	if _, err := alice.Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback")); err != nil {
		t.Fatal(err)
	}
	_, err := alice.Cancel(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback", "prompt", "none"))
	if !errors.Is(err, emulator.ErrNothingToCancel) {
		t.Errorf("prompt none: %v", err)
	}
}

func TestUserAgentReportsPages(t *testing.T) {
	t.Parallel()
	f := start(t)
	good := request(emulator.WebClientID, "https://web.contoso.test/callback")
	tests := []struct {
		name     string
		who      *emulator.UserAgent
		address  string
		code     string
		asked    string
		status   int
		consents bool
	}{
		{name: "wrong password", who: f.emu.UserAgent(emulator.DefaultUser, "wrong"), address: good, asked: "password", status: 200},
		{name: "nobody", who: f.emu.UserAgent("nobody@contoso.test", "x"), address: good, asked: "password", status: 200},
		{name: "disabled", who: f.emu.UserAgent("carol@contoso.test", emulator.DefaultPassword), address: good, asked: "password", status: 200},
		{name: "redirect URI", who: f.alice(), address: request(emulator.WebClientID, "https://evil.example/"), code: "AADSTS50011", status: 400},
		{name: "application", who: f.alice(), address: request("99999999-0000-4000-8000-000000000000", "http://localhost"), code: "AADSTS700016", status: 400},
		{name: "tenant", who: f.alice(), address: strings.Replace(good, emulator.DefaultTenantID, "nowhere.test", 1), code: "AADSTS90002", status: 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.who.Visit(t.Context(), tt.address)
			var page *emulator.PageError
			if !errors.As(err, &page) {
				t.Fatalf("%v, %v; want a *PageError", got, err)
			}
			if tt.code != "" && page.Code != tt.code || page.Asked != tt.asked || page.Status != tt.status || page.Title == "" || page.Message == "" {
				t.Errorf("page %+v", *page)
			}
			if strings.Contains(err.Error(), "st&te") || strings.Contains(err.Error(), emulator.DefaultPassword) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestUserAgentRefusesAddresses(t *testing.T) {
	t.Parallel()
	alice := start(t).alice()
	for _, bad := range []string{"", "login.microsoftonline.com", "ftp://login.microsoftonline.com/", "https:///x", "http://[::1", "javascript:alert(1)", "https://a b/"} {
		if got, err := alice.Visit(t.Context(), bad); err == nil {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestUserAgentReportsAnApplicationThatIsGone(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	redirect := a.redirectURI()
	a.Close()
	got, err := start(t).alice().Visit(t.Context(), request(emulator.DesktopClientID, redirect))
	if err == nil || got.Delivered || got.Values.Get("code") == "" {
		t.Fatalf("%v, %v", got, err)
	}
	if strings.Contains(err.Error(), got.Values.Get("code")) {
		t.Error("the error shows the code")
	}
}

func TestUserAgentOpensForClients(t *testing.T) {
	t.Parallel()
	f, a := start(t), startApp(t)
	if err := f.alice().Open(t.Context(), request(emulator.DesktopClientID, a.redirectURI())); err != nil {
		t.Error(err)
	}
	if r := <-a.answers; r.Form.Get("code") == "" {
		t.Error("no code")
	}
	err := f.alice().Open(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback"))
	if !errors.Is(err, emulator.ErrNotDelivered) {
		t.Errorf("%v, want ErrNotDelivered", err)
	}
}

func TestAnswersPrintWithoutSecrets(t *testing.T) {
	t.Parallel()
	got, err := start(t).alice().Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback"))
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "answer", got)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", got, got, got, got), fmt.Sprint(&got), logged.String()} {
		if strings.Contains(text, got.Values.Get("code")) || !strings.Contains(text, "web.contoso.test") {
			t.Errorf("prints as %q", strings.ReplaceAll(text, got.Values.Get("code"), "CODE"))
		}
	}
}

func TestUserAgentSignsOut(t *testing.T) {
	t.Parallel()
	f := start(t)
	alice := f.alice()
	if _, err := alice.Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback")); err != nil {
		t.Fatal(err)
	}
	got, err := alice.Visit(t.Context(), authority+"/oauth2/v2.0/logout")
	if err != nil || got.Method != "" || got.Page == "" {
		t.Errorf("%v, %v", got, err)
	}
	got, err = alice.Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback", "prompt", "none"))
	if err != nil || got.Values.Get("error") != "login_required" {
		t.Errorf("after the sign-out: %v, %v", got, err)
	}
}

func TestUserAgentDecidesAboutDevices(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		decide func(*emulator.UserAgent, context.Context, string, string) error
		status int
		code   int
	}{
		"approve": {(*emulator.UserAgent).ApproveDevice, 200, 0},
		"deny":    {(*emulator.UserAgent).DenyDevice, 400, 70020},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			d := f.post(authority+"/oauth2/v2.0/devicecode", url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"openid profile User.Read"}})
			if err := tt.decide(f.alice(), t.Context(), d.text("verification_uri"), strings.ToLower(d.text("user_code"))); err != nil {
				t.Fatal(err)
			}
			got := f.post(tokenURL, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {emulator.DeviceClientID}, "device_code": {d.text("device_code")}})
			if got.Status != tt.status || got.code() != tt.code {
				t.Errorf("%s", got.summary())
			}
			var page *emulator.PageError
			if err := tt.decide(f.alice(), t.Context(), d.text("verification_uri"), "WRONG123"); !errors.As(err, &page) || page.Asked != "code" {
				t.Errorf("a wrong code: %v", err)
			}
		})
	}
}

func TestUserAgentVisitsApplications(t *testing.T) {
	t.Parallel()
	f := start(t)
	var signedIn bool
	mux := http.NewServeMux()
	site := httptest.NewServer(mux)
	defer site.Close()
	callback := strings.Replace(site.URL, "127.0.0.1", "localhost", 1) + "/callback"
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s"})
		http.Redirect(w, r, request(emulator.WebClientID, callback), http.StatusFound)
	})
	mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("session")
		signedIn = err == nil && cookie.Value == "s" && r.FormValue("code") != ""
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("/home", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<title>Home</title><form action='https://evil.example'><input name=passwd></form>")
	})
	got, err := f.alice().Visit(t.Context(), strings.TrimSuffix(callback, "callback")+"login")
	if err != nil || !signedIn || !got.Delivered || got.Status != http.StatusSeeOther || got.Page != "Home" {
		t.Errorf("signed in: %t; %v, %v", signedIn, got, err)
	}
}

func TestUserAgentStops(t *testing.T) {
	f := start(t)
	f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointSignIn}, Delay: time.Hour})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := f.alice().Visit(ctx, request(emulator.WebClientID, "https://web.contoso.test/callback"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
