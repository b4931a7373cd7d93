package emulator_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/net/html"

	"github.com/msal-go/msal/emulator"
)

const (
	loginHost = "https://login.microsoftonline.com"
	authority = loginHost + "/" + emulator.DefaultTenantID
	tokenURL  = authority + "/oauth2/v2.0/token"
)

// signingKey is shared by all tests, because making one takes time.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// direct calls the handler. A broken connection is an error, as on a socket.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	defer func() {
		if cause := recover(); cause != nil {
			if cause != http.ErrAbortHandler {
				panic(cause)
			}
			if w.Body.Len() == 0 {
				resp, err = nil, io.ErrUnexpectedEOF
				return
			}
			resp = w.Result()
			resp.Body = io.NopCloser(io.MultiReader(resp.Body, broken{}))
		}
	}()
	d.h.ServeHTTP(w, in)
	resp = w.Result()
	resp.Request = r
	return resp, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type fixture struct {
	tb  testing.TB
	emu *emulator.Emulator
	// browser keeps cookies and does not follow redirects.
	browser *http.Client
}

func start(tb testing.TB, change ...func(*emulator.Config)) *fixture {
	tb.Helper()
	cfg := emulator.Defaults()
	cfg.SigningKey = signingKey()
	for _, f := range change {
		f(&cfg)
	}
	emu, err := emulator.New(cfg)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &fixture{tb: tb, emu: emu, browser: &http.Client{Transport: direct{emu}, Jar: jar, CheckRedirect: stop}}
}

// answer is a JSON answer.
type answer struct {
	Status int
	Header http.Header
	Body   map[string]any
}

func (a answer) text(name string) string { s, _ := a.Body[name].(string); return s }

// code is the first AADSTS number, or 0.
func (a answer) code() int {
	list, _ := a.Body["error_codes"].([]any)
	if len(list) == 0 {
		return 0
	}
	n, _ := list[0].(float64)
	return int(n)
}

// summary shows an answer in a test failure without tokens.
func (a answer) summary() string {
	return fmt.Sprintf("status %d, error %q, suberror %q, AADSTS%d", a.Status, a.text("error"), a.text("suberror"), a.code())
}

func (f *fixture) do(r *http.Request) answer {
	f.tb.Helper()
	resp, err := f.browser.Do(r)
	if err != nil {
		f.tb.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.tb.Fatalf("reading the answer of %s: %v", r.URL.Path, err)
	}
	a := answer{Status: resp.StatusCode, Header: resp.Header}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &a.Body); err != nil {
			f.tb.Fatalf("the answer of %s is not JSON: %v", r.URL.Path, err)
		}
	}
	return a
}

func (f *fixture) get(address string) answer {
	f.tb.Helper()
	r, err := http.NewRequestWithContext(f.tb.Context(), http.MethodGet, address, nil)
	if err != nil {
		f.tb.Fatal(err)
	}
	return f.do(r)
}

func (f *fixture) post(address string, form url.Values, header ...string) answer {
	f.tb.Helper()
	r, err := http.NewRequestWithContext(f.tb.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		f.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("client-request-id", "5b3ff6a5-1f5e-4d2a-8a3f-000000000001")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return f.do(r)
}

// token posts to the token endpoint and expects an answer with a token.
func (f *fixture) token(form url.Values, header ...string) answer {
	f.tb.Helper()
	a := f.post(tokenURL, form, header...)
	if a.Status != http.StatusOK || a.text("access_token") == "" {
		f.tb.Fatalf("no token: %s %q", a.summary(), a.text("error_description"))
	}
	return a
}

// shown is a page, or where the browser is sent.
type shown struct {
	Status   int
	Header   http.Header
	Location *url.URL
	Title    string
	Text     string
	Action   string
	Fields   url.Values // hidden and prefilled
	Buttons  url.Values
}

func (f *fixture) page(r *http.Request) shown {
	f.tb.Helper()
	resp, err := f.browser.Do(r)
	if err != nil {
		f.tb.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		f.tb.Fatal(err)
	}
	s := shown{Status: resp.StatusCode, Header: resp.Header, Text: string(text), Fields: url.Values{}, Buttons: url.Values{}}
	if l := resp.Header.Get("Location"); l != "" {
		if s.Location, err = r.URL.Parse(l); err != nil {
			f.tb.Fatal(err)
		}
		return s
	}
	doc, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		f.tb.Fatal(err)
	}
	for n := range doc.Descendants() {
		attr := func(name string) string {
			for _, a := range n.Attr {
				if a.Key == name {
					return a.Val
				}
			}
			return ""
		}
		switch n.Data {
		case "title":
			s.Title, _, _ = strings.Cut(n.FirstChild.Data, " - msal emulator")
		case "form":
			target, err := r.URL.Parse(attr("action"))
			if err != nil {
				f.tb.Fatal(err)
			}
			s.Action = target.String()
		case "input":
			s.Fields.Add(attr("name"), attr("value"))
		case "button":
			if attr("name") != "" {
				s.Buttons.Add(attr("name"), attr("value"))
			}
		}
	}
	return s
}

func (f *fixture) open(address string) shown {
	f.tb.Helper()
	r, err := http.NewRequestWithContext(f.tb.Context(), http.MethodGet, address, nil)
	if err != nil {
		f.tb.Fatal(err)
	}
	return f.page(r)
}

// submit posts the form of a page with some fields changed.
func (f *fixture) submit(s shown, changes ...string) shown {
	f.tb.Helper()
	if s.Action == "" {
		f.tb.Fatalf("the page %q has no form", s.Title)
	}
	form := url.Values{}
	for name, v := range s.Fields {
		form[name] = v
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	r, err := http.NewRequestWithContext(f.tb.Context(), http.MethodPost, s.Action, strings.NewReader(form.Encode()))
	if err != nil {
		f.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return f.page(r)
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request; changes override, "-" removes.
func request(clientID, redirect string, changes ...string) string {
	q := url.Values{"client_id": {clientID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile offline_access User.Read"},
		"state": {"st&te"}, "nonce": {"n0nce"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"}, "client_info": {"1"}}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "-" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	return authority + "/oauth2/v2.0/authorize?" + q.Encode()
}

// signIn opens an authorization request and signs alice in, unless single
// sign-on did.
func (f *fixture) signIn(address string) shown {
	f.tb.Helper()
	s := f.open(address)
	if s.Location != nil {
		return s
	}
	if s.Action == "" {
		f.tb.Fatalf("no sign-in page: status %d, title %q", s.Status, s.Title)
	}
	return f.submit(s, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
}

// code signs alice in and returns the code that the application gets.
func (f *fixture) code(address string) string {
	f.tb.Helper()
	s := f.signIn(address)
	if s.Location == nil || s.Location.Query().Get("code") == "" {
		f.tb.Fatalf("no code: status %d, title %q", s.Status, s.Title)
	}
	return s.Location.Query().Get("code")
}

func desktopCode(code string, changes ...string) url.Values {
	return with(url.Values{"grant_type": {"authorization_code"}, "client_id": {emulator.DesktopClientID}, "code": {code},
		"redirect_uri": {"http://localhost:5001"}, "code_verifier": {verifier}, "client_info": {"1"}}, changes...)
}

func with(form url.Values, changes ...string) url.Values {
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "-" {
			form.Del(changes[i])
		} else {
			form.Set(changes[i], changes[i+1])
		}
	}
	return form
}

// signedIn goes through the authorization code flow of the desktop
// application.
func (f *fixture) signedIn(changes ...string) answer {
	f.tb.Helper()
	return f.token(desktopCode(f.code(request(emulator.DesktopClientID, "http://localhost:5001", changes...))))
}

func daemon(changes ...string) url.Values {
	return with(url.Values{"grant_type": {"client_credentials"}, "client_id": {emulator.DaemonClientID},
		"client_secret": {emulator.DaemonSecret}, "scope": {"api://tasks/.default"}}, changes...)
}

// verify checks a token with the published keys, as a resource would.
func (f *fixture) verify(token string) (jwt.MapClaims, map[string]any) {
	f.tb.Helper()
	claims, header, err := f.tryVerify(token)
	if err != nil {
		f.tb.Fatalf("the token does not verify: %v", err)
	}
	return claims, header
}

func (f *fixture) tryVerify(token string) (jwt.MapClaims, map[string]any, error) {
	f.tb.Helper()
	keys := f.get(loginHost + "/common/discovery/v2.0/keys")
	claims := jwt.MapClaims{}
	parsed, err := jwt.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		list, _ := keys.Body["keys"].([]any)
		for _, item := range list {
			key, _ := item.(map[string]any)
			if key["kid"] == t.Header["kid"] {
				return publicKey(key)
			}
		}
		return nil, fmt.Errorf("no key with the token's kid is published")
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(f.emu.Now))
	if err != nil {
		return nil, nil, err
	}
	return claims, parsed.Header, nil
}
