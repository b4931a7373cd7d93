package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
	"github.com/msal-go/msal/msaltest"
)

const site = "https://web.contoso.test"

// visitor is a browser with cookies, and the application at the other end of
// a wire in memory.
type visitor struct {
	t    *testing.T
	http *http.Client
}

// application serves requests without a network.
type application struct{ *app }

func (a application) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func start(t *testing.T) (*msaltest.Server, application) {
	t.Helper()
	srv := msaltest.New(t)
	id, secret := srv.Web()
	client, err := msal.NewConfidentialClient(id, msal.Secret(secret), msal.Options{Authority: srv.Authority(), HTTPClient: srv.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	return srv, application{newApp(client, site+"/callback", []string{"User.Read"})}
}

func (a application) visitor(t *testing.T) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return visitor{t, &http.Client{Transport: a, Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Scheme+"://"+r.URL.Host != site {
			return http.ErrUseLastResponse // the service's pages are somebody else's part
		}
		return nil
	}}}
}

func (v visitor) do(r *http.Request) (status int, location, text string) {
	v.t.Helper()
	resp, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(body)
}

func (v visitor) open(method, path string) (status int, location, text string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, site+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.do(r)
}

// sees opens a page that has to hold a text.
func (v visitor) sees(path, want string) {
	v.t.Helper()
	if status, _, text := v.open(http.MethodGet, path); !strings.Contains(text, want) {
		v.t.Errorf("%s: status %d, %q, want %q in it", path, status, text, want)
	}
}

// answer follows the application to the sign-in page, where a person does
// something, and returns the request that brings them back.
func (v visitor) answer(do func(ctx context.Context, url string) (emulator.Answer, error)) *http.Request {
	v.t.Helper()
	status, location, _ := v.open(http.MethodGet, "/login")
	if status != http.StatusFound {
		v.t.Fatalf("the sign-in does not begin: status %d", status)
	}
	answer, err := do(v.t.Context(), location)
	if err != nil {
		v.t.Fatal(err)
	}
	back, err := answer.NewRequest(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	return back
}

func (v visitor) cookie() string {
	u, err := url.Parse(site)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range v.http.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}

func TestAPersonSignsInAndOut(t *testing.T) {
	srv, a := start(t)
	v := a.visitor(t)
	v.sees("/", "You are not signed in")
	back := v.answer(srv.UserAgent(emulator.DefaultUser).Visit)
	before := v.cookie()
	if status, _, text := v.do(back); status != http.StatusOK || !strings.Contains(text, "Hello "+emulator.DefaultUser) {
		t.Fatalf("after the sign-in: status %d, %q", status, text)
	}
	after := v.cookie()
	if before == "" || after == "" || before == after {
		t.Error("the sign-in goes on in the session that was there before")
	}
	asked := len(srv.Emulator().Requests(emulator.EndpointToken))
	v.sees("/", "Your token is good until")
	if n := len(srv.Emulator().Requests(emulator.EndpointToken)); n != 1 || asked != 1 {
		t.Errorf("%d token requests, want the one of the sign-in", n)
	}
	other := a.visitor(t)
	other.sees("/", "You are not signed in")

	if _, _, text := v.open(http.MethodPost, "/logout"); !strings.Contains(text, "You are not signed in") {
		t.Errorf("after signing out: %q", text)
	}
	old := httptest.NewRequest(http.MethodGet, site+"/", nil)
	old.AddCookie(&http.Cookie{Name: cookieName, Value: after})
	w := httptest.NewRecorder()
	a.ServeHTTP(w, old)
	if strings.Contains(w.Body.String(), emulator.DefaultUser) {
		t.Error("the cookie outlives the session")
	}
	if accounts, err := a.client.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 0 {
		t.Errorf("still in the cache: %d accounts, %v", len(accounts), err)
	}
}

func TestAnswersBelongToTheBrowserThatBegan(t *testing.T) {
	srv, a := start(t)
	alice, mallory := a.visitor(t), a.visitor(t)
	stolen := mallory.answer(srv.UserAgent(emulator.SecondUser).Visit)
	alice.answer(srv.UserAgent(emulator.DefaultUser).Visit)
	for name, v := range map[string]visitor{"another browser": alice, "no session": a.visitor(t)} {
		if status, _, text := v.do(stolen.Clone(t.Context())); status != http.StatusBadRequest || strings.Contains(text, "Hello") {
			t.Errorf("%s: status %d, %q", name, status, text)
		}
		v.sees("/", "You are not signed in")
	}
}

func TestAPersonMayRefuse(t *testing.T) {
	srv, a := start(t)
	v := a.visitor(t)
	if status, _, text := v.do(v.answer(srv.UserAgent(emulator.DefaultUser).Cancel)); status != http.StatusOK || !strings.Contains(text, "You have not signed in") {
		t.Errorf("status %d, %q", status, text)
	}
}

func TestWhoHasNoTokensLeftSignsInAgain(t *testing.T) {
	srv, a := start(t)
	v := a.visitor(t)
	v.do(v.answer(srv.UserAgent(emulator.DefaultUser).Visit))
	accounts, err := a.client.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	if err := a.client.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: accounts[0]}); err != nil {
		t.Fatal(err)
	}
	v.sees("/", "Please sign in again")
}

func TestAnOutageIsSaidSo(t *testing.T) {
	srv, a := start(t)
	v := a.visitor(t)
	back := v.answer(srv.UserAgent(emulator.DefaultUser).Visit)
	srv.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Status: http.StatusInternalServerError, Times: 10})
	if status, _, text := v.do(back); status != http.StatusBadRequest || !strings.Contains(text, "try again") {
		t.Errorf("status %d, %q", status, text)
	}
}

func TestScriptsAndOtherSitesDoNotGetTheCookie(t *testing.T) {
	_, a := start(t)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, site+"/login", nil))
	for _, c := range w.Result().Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || len(c.Value) < 26 {
			t.Errorf("the cookie is %s", c)
		}
	}
	if len(w.Result().Cookies()) != 1 {
		t.Errorf("%d cookies, want 1", len(w.Result().Cookies()))
	}
}
