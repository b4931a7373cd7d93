package cloudshell

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/internal/httpx"
)

// endpoint answers as the shell, in memory.
type endpoint struct {
	t      *testing.T
	status int
	body   string
	header http.Header
	delay  time.Duration
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodPost || r.URL.String() != "http://localhost:50342/oauth2/token" || r.Header.Get("Metadata") != "true" ||
		r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || string(form) != "resource=https%3A%2F%2Fgraph.microsoft.com" {
		e.t.Errorf("asked %s %s for %s, header %v", r.Method, r.URL, form, r.Header)
	}
	select {
	case <-time.After(e.delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	for name, values := range e.header {
		w.Header()[name] = values
	}
	w.WriteHeader(e.status)
	_, _ = io.WriteString(w, e.body)
	return w.Result(), nil
}

func (e *endpoint) ask(ctx context.Context) (*Token, error) {
	return New(&http.Client{Transport: e}, 0).Token(ctx, "https://graph.microsoft.com", nil)
}

func jwt(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

func TestTokenAndItsPerson(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body   string
		life   time.Duration
		person Person
	}{
		"as the shell writes it": {`{"access_token":"` + jwt(`{"oid":"o","tid":"t","unique_name":"a@b.test"}`) + `","expires_in":"2193","token_type":"Bearer","refresh_token":""}`, 2193 * time.Second, Person{"o", "t", "a@b.test"}},
		"version 2":              {`{"access_token":"` + jwt(`{"oid":"o","tid":"t","unique_name":"x","preferred_username":"a@b.test"}`) + `","expires_in":10}`, 10 * time.Second, Person{"o", "t", "a@b.test"}},
		"no name":                {`{"access_token":"` + jwt(`{"oid":"o","tid":"t"}`) + `"}`, 600 * time.Second, Person{"o", "t", "currentuser@cloudshell"}},
		"no tenant":              {`{"access_token":"` + jwt(`{"oid":"o"}`) + `","token_type":"bearer"}`, 600 * time.Second, nobody},
		"opaque":                 {`{"access_token":"opaque","expires_in":null}`, 600 * time.Second, nobody},
		"not JSON inside":        {`{"access_token":"a.!.c"}`, 600 * time.Second, nobody},
	} {
		got, err := (&endpoint{t: t, status: 200, body: tt.body}).ask(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.ExpiresIn != tt.life || got.Person != tt.person || got.Person.Named() != (tt.person != nobody) || !strings.EqualFold(got.TokenType, "Bearer") {
			t.Errorf("%s: got %v for %+v", name, got, got.Person)
		}
	}
}

func TestNoProxyStandsBetween(t *testing.T) {
	t.Parallel()
	given := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test"})}}
	for name, h := range map[string]*http.Client{"of the environment": nil, "of a client": given, "of a client without a transport": {}} {
		if transport, ok := New(h, 0).http.Transport.(*http.Transport); !ok || transport.Proxy != nil {
			t.Errorf("a proxy %s is asked", name)
		}
	}
	if given.Transport.(*http.Transport).Proxy == nil {
		t.Error("the caller's own transport was changed")
	}
}

func TestExpiryAsATime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	for body, want := range map[string]time.Duration{
		`{"access_token":"a","expires_on":"1700003600"}`:                       time.Hour,
		`{"access_token":"a","expires_on":1700003600,"expires_in":"60"}`:       time.Minute,
		`{"access_token":"a","expires_on":"1600000000"}`:                       0,
		`{"access_token":"a","expires_on":"","expires_in":""}`:                 defaultLifetime,
		`{"access_token":"a","expires_in":"8589934592","token_type":"BEARER"}`: maxSeconds * time.Second,
	} {
		if got, err := read(200, []byte(body), now); err != nil || got.ExpiresIn != want {
			t.Errorf("%s: got %v, %v", body, got, err)
		}
	}
}

func TestBadAnswersAreTyped(t *testing.T) {
	t.Parallel()
	const secret = "pl4nted-s3cret"
	for name, tt := range map[string]struct {
		status int
		body   string
		code   string // of a *Refusal; empty: an *AnswerError
	}{
		"refusal":           {400, `{"error":{"code":"invalid_resource","message":"no such thing"}}`, "invalid_resource"},
		"refusal with 500":  {500, `{"error":{"code":"server_error","message":""}}`, "server_error"},
		"error as a string": {400, `{"error":"invalid_request","error_description":"x"}`, ""},
		"error without one": {404, `{}`, ""},
		"HTML":              {502, `<html>` + secret, ""},
		"HTML and OK":       {200, `<html>` + secret, ""},
		"empty":             {200, ``, ""},
		"array":             {200, `[]`, ""},
		"no token":          {200, `{"token_type":"Bearer"}`, ""},
		"token is a number": {200, `{"access_token":5}`, ""},
		"lifetime in words": {200, `{"access_token":"` + secret + `","expires_in":"soon"}`, ""},
		"negative lifetime": {200, `{"access_token":"` + secret + `","expires_in":-1}`, ""},
		"eternal":           {200, `{"access_token":"` + secret + `","expires_in":"99999999999999999999"}`, ""},
		"time in words":     {200, `{"access_token":"` + secret + `","expires_on":"2030-01-01"}`, ""},
		"informational":     {199, `{"access_token":"` + secret + `"}`, ""},
	} {
		_, err := read(tt.status, []byte(tt.body), time.Now())
		var refused *Refusal
		var bad *AnswerError
		switch {
		case tt.code != "" && (!errors.As(err, &refused) || refused.Code != tt.code || refused.Status != tt.status):
			t.Errorf("%s: got %T %v", name, err, err)
		case tt.code == "" && (!errors.As(err, &bad) || bad.Status != tt.status):
			t.Errorf("%s: got %T %v", name, err, err)
		case strings.Contains(err.Error(), secret):
			t.Errorf("%s: the error shows the answer", name)
		}
	}
}

func TestNothingButTheEndpointIsBelieved(t *testing.T) {
	t.Parallel()
	_, err := (&endpoint{t: t, status: 307, header: http.Header{"Location": {"https://evil.test/"}}}).ask(t.Context())
	var redirect *httpx.RedirectError
	if !errors.As(err, &redirect) || redirect.Target != "evil.test" {
		t.Errorf("got %v", err)
	}
	_, err = (&endpoint{t: t, status: 200, body: strings.Repeat(" ", maxBody+1)}).ask(t.Context())
	var large *httpx.BodyTooLargeError
	if !errors.As(err, &large) {
		t.Errorf("got %v", err)
	}
}

func TestSilenceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := (&endpoint{t: t, status: 200, delay: time.Hour}).ask(t.Context())
		var lost *httpx.TransportError
		if !errors.As(err, &lost) || !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != defaultTimeout {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := New(&http.Client{Transport: &endpoint{t: t, status: 200, delay: time.Hour}}, -1).Token(ctx, "https://graph.microsoft.com", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestResourcesOfScopes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scopes, want string
	}{
		{"https://graph.microsoft.com/.default", "https://graph.microsoft.com"},
		{"https://graph.microsoft.com/User.Read https://graph.microsoft.com/Mail.Read", "https://graph.microsoft.com"},
		{"https://management.core.windows.net//.default", "https://management.core.windows.net/"},
		{"https://analysis.windows.net/powerbi/api/Dataset.Read.All", "https://analysis.windows.net/powerbi/api"},
		{"https://pas.windows.net/CheckMyAccess/Linux/.default", "https://pas.windows.net/CheckMyAccess/Linux/.default"},
		{"https://pas.windows.net/Else/.default", "https://pas.windows.net"},
		{"api://tasks/Tasks.Read", "api://tasks"},
		{"00000003-0000-0000-c000-000000000000/.default", "00000003-0000-0000-c000-000000000000"},
		{"User.Read", "User.Read"},
		{"urn:example:thing", "urn:example:thing"},
		{"https://[::1/x", "https://[::1/x"},
		{"https://a.test/x https://b.test/y", "https://a.test https://b.test"},
	} {
		if got := Resources(strings.Fields(tt.scopes)); !slices.Equal(got, strings.Fields(tt.want)) {
			t.Errorf("%s: got %q", tt.scopes, got)
		}
	}
}

// FuzzAnswer checks that every answer is either a usable token or a typed error.
func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"access_token":"`+jwt(`{"oid":"o","tid":"t"}`)+`","expires_in":"1"}`)
	f.Add(400, `{"error":{"code":"c","message":"m"}}`)
	f.Add(200, `{"access_token":"a..","expires_on":"\"1"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		got, err := read(status, []byte(body), time.Unix(1_700_000_000, 0))
		var refused *Refusal
		var bad *AnswerError
		switch {
		case err == nil && (got.AccessToken == "" || got.ExpiresIn < 0 || got.Person.ObjectID == "" || got.Person.TenantID == "" || got.Person.Username == ""):
			t.Errorf("%q became %+v", body, got)
		case err != nil && !errors.As(err, &refused) && !errors.As(err, &bad):
			t.Errorf("%q: %T", body, err)
		}
	})
}
