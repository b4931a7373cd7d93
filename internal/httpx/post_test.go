package httpx

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestPostSendsTheBodyAndNothingAboutThisProgram(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	srv, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
	})
	c := New(Config{HTTP: srv.Client(), Version: "1.2.3", AppName: "demo", AppVersion: "7"})
	given := http.Header{"Content-Type": {"text/plain"}}
	if _, err := c.Post(t.Context(), srv.URL+"/x", "a<b", given); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || body != "a<b" || got.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("request = %s %q %v", got.Method, body, got.Header)
	}
	for name := range got.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-") {
			t.Errorf("the request carries %s", name)
		}
	}
}

func TestPostGoesToHTTPSOnly(t *testing.T) {
	t.Parallel()
	_, err := New(Config{}).Post(t.Context(), "http://sts.example.com/", secret, nil)
	var insecure *InsecureURLError
	if !errors.As(err, &insecure) || shows(err, secret) {
		t.Errorf("err = %v, want *InsecureURLError", err)
	}
}

func TestLogPathHidesUserNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/common/userrealm/jane@contoso.com":    "/common/userrealm/(user)",
		"/common/userrealm/CONTOSO%5Cjane":      "/common/userrealm/(user)",
		"/common/userrealm/a%2Fb%2Fc":           "/common/userrealm/(user)",
		"/x/jane%40contoso.com/y":               "/x/(user)/y",
		"/common/oauth2/v2.0/token":             "/common/oauth2/v2.0/token",
		"/adfs/services/trust/13/usernamemixed": "/adfs/services/trust/13/usernamemixed",
	} {
		u, err := url.Parse("https://login.example.com" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got := logPath(u); got != want {
			t.Errorf("%s is logged as %s, want %s", path, got, want)
		}
	}
}
