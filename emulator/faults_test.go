package emulator_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator"
)

func TestFaultsActInOrderAndAreUsedUp(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.emu.Inject(
		emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Skip: 1, Times: 2, Status: 429, RetryAfter: 2500 * time.Millisecond},
		emulator.Fault{Match: emulator.Match{Grant: "client_credentials"}, Status: 503},
	)
	want := []int{503, 429, 429, 200}
	for i, status := range want {
		a := f.post(tokenURL, daemon())
		if a.Status != status {
			t.Errorf("request %d: status %d, want %d", i, a.Status, status)
		}
		if status == 429 && (a.Header.Get("Retry-After") != "3" || a.code() != 90055) {
			t.Errorf("request %d: Retry-After %q, AADSTS%d", i, a.Header.Get("Retry-After"), a.code())
		}
	}
	if n := f.emu.PendingFaults(); n != 0 {
		t.Errorf("%d faults left", n)
	}
	if x := f.emu.Requests(emulator.EndpointToken); !x[0].Fault || x[3].Fault || x[1].Status != 429 || x[1].AADSTS != 90055 {
		t.Errorf("journal: %v", x)
	}
}

func TestFaultsMatch(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]emulator.Match{
		"method": {Method: "post"}, "host": {Host: "LOGIN.microsoftonline.com"}, "endpoint": {Endpoint: emulator.EndpointToken}, "path": {Path: "/Token"},
		"grant": {Grant: "refresh_token"}, "client": {ClientID: emulator.DesktopClientID}, "user": {User: "Alice@contoso.test"},
	} {
		f := start(t)
		rt := f.signedIn().text("refresh_token")
		f.emu.Inject(emulator.Fault{Match: m, Status: 503, Times: -1})
		if a := f.post(tokenURL, refreshWith(rt)); a.Status != 503 {
			t.Errorf("%s: status %d", name, a.Status)
		}
		if f.emu.PendingFaults() != 0 {
			t.Errorf("%s: a lasting fault counts as pending", name)
		}
		f.emu.ClearFaults()
		f.emu.Inject(emulator.Fault{Match: emulator.Match{Method: "PATCH", Host: m.Host, User: "bob@contoso.test"}, Status: 503})
		if a := f.post(tokenURL, refreshWith(rt)); a.Status != 200 {
			t.Errorf("%s: another request was hit: status %d", name, a.Status)
		}
	}
}

func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	f := start(t)
	one := func(fault emulator.Fault) answer {
		f.emu.Inject(fault)
		return f.post(tokenURL, daemon())
	}
	a := one(emulator.Fault{AADSTS: 50076, Claims: `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`, Header: http.Header{"X-Extra": {"1"}}})
	refused(t, "known number", a, 400, "invalid_grant", 50076)
	if a.text("suberror") != "basic_action" || !strings.Contains(a.text("claims"), "c1") || a.Header.Get("X-Extra") != "1" {
		t.Errorf("suberror %q, claims %q", a.text("suberror"), a.text("claims"))
	}
	refused(t, "unknown number", one(emulator.Fault{AADSTS: 123456, Suberror: "message_only"}), 400, "invalid_grant", 123456)
	if a := one(emulator.Fault{Body: "<html>", Status: 502}); a.Status != 502 || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("HTML: %s", a.summary())
	}
	if a := one(emulator.Fault{Redirect: "https://evil.example/"}); a.Status != 302 || a.Header.Get("Location") != "https://evil.example/" {
		t.Errorf("redirect: %s", a.summary())
	}
	if a := one(emulator.Fault{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"grant":"`+r.PostForm.Get("grant_type")+`"}`)
	})}); a.text("grant") != "client_credentials" {
		t.Errorf("the handler did not see the form: %v", a.Body)
	}
	f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointAuthorize}, AADSTS: 53003, Times: 2})
	if q := f.open(request(emulator.DesktopClientID, loopback)).Location.Query(); !strings.HasPrefix(q.Get("error_description"), "AADSTS53003") || q.Get("suberror") != "message_only" {
		t.Errorf("authorize: %q", q.Get("error"))
	}
	if s := f.open(request(emulator.DesktopClientID, "https://evil.example")); s.Location != nil {
		t.Error("a fault redirected to an unregistered address")
	}
	f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointSignIn}, AADSTS: 50076})
	if s := f.submit(f.open(request(emulator.DesktopClientID, loopback)), "login", "x"); !strings.Contains(s.Text, "AADSTS50076") {
		t.Errorf("sign-in page: %q", s.Title)
	}
}

// over runs a test against a real server.
func over(t *testing.T, f *fixture, check func(post func() (*http.Response, error))) {
	t.Helper()
	for name, server := range map[string]*httptest.Server{"http": httptest.NewServer(f.emu), "https": httptest.NewTLSServer(f.emu)} {
		t.Run(name, func(t *testing.T) {
			defer server.Close()
			check(func() (*http.Response, error) {
				return server.Client().PostForm(server.URL+"/contoso.test/oauth2/v2.0/token", daemon())
			})
		})
	}
}

func TestResetBreaksTheConnection(t *testing.T) {
	t.Parallel()
	f := start(t)
	over(t, f, func(post func() (*http.Response, error)) {
		f.emu.Inject(emulator.Fault{Reset: true})
		resp, err := post()
		if err == nil {
			resp.Body.Close()
			t.Fatalf("an answer came: %d", resp.StatusCode)
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%v, want a reset", err)
		}
		if resp, err := post(); err != nil || resp.StatusCode != 200 {
			t.Errorf("afterwards: %v", err)
		}
	})
	f.emu.Inject(emulator.Fault{Reset: true})
	if _, err := f.browser.PostForm(tokenURL, daemon()); err == nil {
		t.Error("in memory: an answer came")
	}
	all := f.emu.Journal()
	if last := all[len(all)-1]; last.Status != 0 || !last.Fault {
		t.Errorf("journal: %v", last)
	}
}

func TestTruncatedBodies(t *testing.T) {
	t.Parallel()
	f := start(t)
	check := func(post func() (*http.Response, error)) {
		f.emu.Inject(emulator.Fault{Truncate: 10})
		resp, err := post()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if len(text) != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes and %v, want 10 and an unexpected end", len(text), err)
		}
		f.emu.Inject(emulator.Fault{Truncate: 1 << 20, Body: "short"})
		if resp, err = post(); err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); string(text) != "short" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	}
	over(t, f, check)
	check(func() (*http.Response, error) { return f.browser.PostForm(tokenURL, daemon()) })
}

func TestDelayUsesTheClockOfTheBubbleAndTheRequestsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.emu.Inject(emulator.Fault{Delay: time.Minute, Times: 2})
		before := time.Now()
		f.token(daemon())
		if took := time.Since(before); took != time.Minute {
			t.Errorf("took %v, want a minute", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, tokenURL, strings.NewReader(daemon().Encode()))
		if err != nil {
			t.Fatal(err)
		}
		before = time.Now()
		if _, err := f.browser.Do(r); err == nil {
			t.Error("an answer came after the client gave up")
		}
		if took := time.Since(before); took != time.Second {
			t.Errorf("gave up after %v, want a second", took)
		}
	})
}

func TestClientAndEmulatorShareTheClockOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		a := f.signedIn()
		f.verify(a.text("access_token"))
		time.Sleep(2 * time.Hour)
		if _, _, err := f.tryVerify(a.text("access_token")); !errors.Is(err, jwt.ErrTokenExpired) {
			t.Errorf("two hours later: %v, want an expired token", err)
		}
		time.Sleep(91 * 24 * time.Hour)
		refused(t, "91 days later", f.post(tokenURL, refreshWith(a.text("refresh_token"))), 400, "invalid_grant", 700082)
		d := f.device()
		refused(t, "poll", f.post(tokenURL, poll(d)), 400, "authorization_pending", 70016)
		time.Sleep(5 * time.Second)
		refused(t, "poll on time", f.post(tokenURL, poll(d)), 400, "authorization_pending", 70016)
	})
}

func TestTamperedIDTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	member := func(token string, part int) map[string]any {
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[part])
		if err != nil {
			t.Fatal(err)
		}
		parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if part == 0 {
			return parsed.Header
		}
		return parsed.Claims.(jwt.MapClaims)
	}
	tampered := func(tamper emulator.Tamper) answer {
		code := f.code(request(emulator.DesktopClientID, loopback))
		f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Tamper: tamper})
		a := f.post(tokenURL, desktopCode(code))
		f.verify(a.text("access_token")) // access tokens stay right
		return a
	}
	for claim, tamper := range map[string]emulator.Tamper{
		"iss": {Issuer: "wrong"}, "aud": {Audience: "wrong"}, "sub": {Subject: "wrong"}, "tid": {TenantID: "wrong"}, "nonce": {Nonce: "wrong"}, "x": {Claims: map[string]any{"x": "wrong"}},
	} {
		id, _ := f.verify(tampered(tamper).text("id_token"))
		if id[claim] != "wrong" {
			t.Errorf("%s is %v", claim, id[claim])
		}
	}
	if c := member(tampered(emulator.Tamper{Claims: map[string]any{"nonce": nil}}).text("id_token"), 1); c["nonce"] != nil {
		t.Errorf("nonce is %v", c["nonce"])
	}
	if h := member(tampered(emulator.Tamper{KeyID: "wrong"}).text("id_token"), 0); h["kid"] != "wrong" {
		t.Errorf("kid is %v", h["kid"])
	}
	for _, algorithm := range [...]string{"none", "HS256"} {
		if h := member(tampered(emulator.Tamper{Algorithm: algorithm}).text("id_token"), 0); h["alg"] != algorithm {
			t.Errorf("alg is %v, want %s", h["alg"], algorithm)
		}
	}
	if _, _, err := f.tryVerify(tampered(emulator.Tamper{BadSignature: true}).text("id_token")); !errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		t.Errorf("bad signature: %v", err)
	}
	a := tampered(emulator.Tamper{Drop: []string{"id_token", "refresh_token"}, Set: map[string]any{"expires_in": "3599", "token_type": "pop"}})
	if _, ok := a.Body["id_token"]; ok || a.Body["expires_in"] != "3599" || a.text("token_type") != "pop" {
		t.Errorf("members: token_type %q, expires_in %v", a.text("token_type"), a.Body["expires_in"])
	}
	id, _ := f.verify(f.signedIn().text("id_token"))
	if id["nonce"] != "n0nce" {
		t.Error("the tampering outlived its fault")
	}
}

func TestPollingFaultAimsAtTheOwnerOfTheDeviceCode(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.device()
	if err := f.emu.ApproveDevice(a.text("user_code"), emulator.SecondUser); err != nil {
		t.Fatal(err)
	}
	f.emu.Inject(emulator.Fault{Match: emulator.Match{User: emulator.SecondUser}, AADSTS: 50076})
	refused(t, "bob", f.post(tokenURL, poll(a)), 400, "invalid_grant", 50076)
	f.token(poll(a))
	if got := f.emu.Requests(emulator.EndpointToken); got[0].User != emulator.SecondUser {
		t.Errorf("user %q", got[0].User)
	}
}
