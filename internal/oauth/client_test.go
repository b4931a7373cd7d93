package oauth

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/msal-go/msal/internal/httpx"
)

// serve returns a client and the URL of a server with one handler.
func serve(t *testing.T, h http.HandlerFunc) (*Client, string) {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	return &Client{HTTP: httpx.New(httpx.Config{HTTP: srv.Client(), Version: "9.9.9", AppName: "demo"})}, srv.URL
}

func TestTokenRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		io.WriteString(w, `{"access_token":"AT","expires_in":3599,"token_type":"Bearer"}`)
	})
	form := Form{{"client_id", "cid"}, {"grant_type", "refresh_token"}, {"client_info", "1"}, {"refresh_token", "RT"}}
	_, err := c.Token(t.Context(), base+"/t/oauth2/v2.0/token?slice=1", form, Headers{
		CorrelationID: "corr", CurrentTelemetry: "4|84,2|", LastTelemetry: "4|0|||", AnchorMailbox: "Oid:UID@UTID",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/t/oauth2/v2.0/token?slice=1" {
		t.Errorf("request = %s %s", got.Method, got.URL)
	}
	if want := "client_id=cid&grant_type=refresh_token&client_info=1&refresh_token=RT"; body != want {
		t.Errorf("body = %s, want %s", body, want)
	}
	for name, want := range map[string]string{
		"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded",
		"client-request-id": "corr", "x-client-current-telemetry": "4|84,2|", "x-client-last-telemetry": "4|0|||",
		"X-AnchorMailbox": "Oid:UID@UTID", "x-client-sku": "msal-go", "x-client-ver": "9.9.9", "x-app-name": "demo",
		"x-ms-lib-capability": "retry-after, h429", "Authorization": "",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
}

func TestDeviceAuthorizationRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var got *http.Request
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		io.WriteString(w, `{"device_code":"DC","user_code":"UC","verification_uri":"https://x/device"}`)
	})
	_, err := c.DeviceAuthorization(t.Context(), base, Form{{"client_id", "cid"}}, Headers{
		CorrelationID: "corr", CurrentTelemetry: "4|622,0|", LastTelemetry: "4|0|||", AnchorMailbox: "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"client-request-id": "corr", "x-client-sku": "msal-go",
		"Accept": "", "x-client-current-telemetry": "", "x-client-last-telemetry": "", "X-AnchorMailbox": "",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
}

func TestEmptyAndImpossibleHeadersAreLeftOut(t *testing.T) {
	t.Parallel()
	var got http.Header
	c, base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		io.WriteString(w, `{"access_token":"AT"}`)
	})
	if _, err := c.Token(t.Context(), base, nil, Headers{AnchorMailbox: "upn:jane\r\nx-evil: 1"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"X-AnchorMailbox", "x-evil", "x-client-current-telemetry"} {
		if _, ok := got[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("%s was sent", name)
		}
	}
	if len(got.Get("client-request-id")) != 36 {
		t.Errorf("client-request-id = %q, want a new id", got.Get("client-request-id"))
	}
}

func TestTransportFailuresComeThroughTyped(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-never-shown"
	for name, tc := range map[string]struct {
		h    http.HandlerFunc
		want any
	}{
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/"+secret, http.StatusTemporaryRedirect)
		}, new(*httpx.RedirectError)},
		"oversized": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(secret, httpx.MaxBody)) }, new(*httpx.BodyTooLargeError)},
		"truncated": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "999")
			io.WriteString(w, `{"access_token":"`+secret)
		}, new(*httpx.TransportError)},
		"aborted": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, new(*httpx.TransportError)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, base := serve(t, tc.h)
			for _, call := range []func() error{
				func() error {
					_, err := c.Token(t.Context(), base, Form{{"client_secret", secret}}, Headers{})
					return err
				},
				func() error {
					_, err := c.DeviceAuthorization(t.Context(), base, Form{{"client_secret", secret}}, Headers{})
					return err
				},
			} {
				err := call()
				if !errors.As(err, tc.want) {
					t.Errorf("err = %T, want %T", err, tc.want)
				} else if shows(err, secret) {
					t.Error("the error shows a secret")
				}
			}
		})
	}
	c, _ := serve(t, nil)
	_, err := c.Token(t.Context(), "http://login.example.com/token", Form{{"client_secret", secret}}, Headers{})
	var insecure *httpx.InsecureURLError
	if !errors.As(err, &insecure) {
		t.Errorf("http endpoint: err = %v", err)
	}
}

// shows reports whether an error's text has text in it: for hints that must be
// there and secrets that must not.
func shows(err error, text string) bool { return strings.Contains(fmt.Sprint(err), text) }
