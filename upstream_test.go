package msal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// Parameters of MSAL Python that have no test elsewhere. The list of all names
// is internal/house/testdata/names.txt.

// fieldOf reads one member of a JSON answer.
func fieldOf(resp *http.Response, name string) string {
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	return fmt.Sprint(answer[name])
}

func TestRequestsNameTheVersion(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t, func(o *msal.Options) { o.AppName, o.AppVersion = "reports", "7.1" })
	if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Fatal(err)
	}
	for _, x := range w.Emulator().Requests(emulator.EndpointToken) {
		for header, want := range map[string]string{"x-client-Ver": msal.Version, "x-app-name": "reports", "x-app-ver": "7.1"} {
			if got := x.Header.Get(header); got != want {
				t.Errorf("%s is %q, want %q", header, got, want)
			}
		}
		if len(strings.Split(msal.Version, ".")) != 3 {
			t.Errorf("the version %q is not x.y.z", msal.Version)
		}
	}
}

func TestEveryPromptGoesOut(t *testing.T) {
	c := newWorld(t).web(t)
	for prompt, want := range map[msal.Prompt]string{
		msal.PromptSelectAccount: "select_account", msal.PromptNone: "none", msal.PromptConsent: "consent",
		msal.PromptLogin: "login", msal.PromptCreate: "create",
	} {
		flow, err := c.InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{Scopes: []string{"User.Read"}, RedirectURI: callback, Prompt: prompt})
		if err != nil {
			t.Fatal(err)
		}
		if u, err := url.Parse(flow.URL); err != nil || u.Query().Get("prompt") != want {
			t.Errorf("%s: %v, want %s", flow.URL, err, want)
		}
	}
}

func TestInteractiveSendsWhatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	r := interactive(w, alice)
	r.DomainHint, r.Claims, r.MaxAge = "organizations", `{"access_token":{"nbf":{"essential":true}}}`, time.Hour
	var page url.Values
	person := r.OpenURL
	r.OpenURL = func(ctx context.Context, address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		page = u.Query()
		return person(ctx, address)
	}
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"domain_hint": r.DomainHint, "claims": r.Claims, "max_age": "3600"} {
		if got := page.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestInteractiveListensWhereItIsTold(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	r := interactive(w, alice)
	r.Port = taken.Addr().(*net.TCPAddr).Port
	_, err = w.public(t).AcquireTokenInteractive(t.Context(), r)
	wantError(t, err, msal.ErrConfiguration)
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}

	var redirect string
	person := r.OpenURL
	r.OpenURL = func(ctx context.Context, address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		redirect = u.Query().Get("redirect_uri")
		return person(ctx, address)
	}
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if want := "http://localhost:" + strconv.Itoa(r.Port); strings.TrimSuffix(redirect, "/") != want {
		t.Errorf("the redirect URI is %s, want %s", redirect, want)
	}
}

func TestDeviceFlowSatisfiesClaims(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true}}}`
	w := newWorld(t)
	c := w.public(t)
	flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{"User.Read"}, Claims: claims})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow}); err != nil {
		t.Fatal(err)
	}
	polls := w.Emulator().Requests(emulator.EndpointToken)
	if got := polls[len(polls)-1].Form.Get("claims"); got != claims {
		t.Errorf("the poll has the claims %q, want %q", got, claims)
	}
}
