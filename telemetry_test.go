package msal_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// tokenRequests is what the emulator saw at its token endpoint.
func (w *world) tokenRequests() []emulator.Exchange {
	return w.Emulator().Requests(emulator.EndpointToken)
}

// wantTelemetry checks the headers of the last token request.
func (w *world) wantTelemetry(t *testing.T, current, last string) {
	t.Helper()
	all := w.tokenRequests()
	if len(all) == 0 {
		t.Fatal("no token request")
	}
	h := all[len(all)-1].Header
	if got := h.Get("x-client-current-telemetry"); got != current {
		t.Errorf("current telemetry is %q, want %q", got, current)
	}
	if got := h.Get("x-client-last-telemetry"); got != last {
		t.Errorf("last telemetry is %q, want %q", got, last)
	}
}

// fail lets the next token request fail.
func (w *world) fail(f emulator.Fault) {
	f.Match.Endpoint, f.Times = emulator.EndpointToken, 1
	w.Emulator().Inject(f)
}

func TestTelemetryNamesTheFlow(t *testing.T) {
	t.Run("authorization code, then silent", func(t *testing.T) {
		w := newWorld(t)
		c := w.web(t)
		res := w.signIn(t, c, alice)
		w.wantTelemetry(t, "4|832,0|", "4|0|||")
		if _, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: graphScopes, Account: res.Account}); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|84,2|", "4|0|||")
		request := silent(res.Account)
		request.ForceRefresh = true
		if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|84,1|", "4|0|||")
	})
	t.Run("interactive", func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.public(t).AcquireTokenInteractive(t.Context(), interactive(w, alice)); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|169,0|", "4|0|||")
	})
	t.Run("on behalf of", func(t *testing.T) {
		w := newWorld(t)
		caller := w.signIn(t, w.web(t), alice)
		if _, err := w.tasks(t).AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: caller.AccessToken, Scopes: graphScopes}); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|523,0|", "4|0|||")
	})
	t.Run("refresh token of another library", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.public(t).AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{RefreshToken: "unknown", Scopes: graphScopes})
		wantError(t, err, msal.ErrInteractionRequired)
		w.wantTelemetry(t, "4|85,1|", "4|0|||")
	})
	t.Run("device initiation sends none", func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.public(t).InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: graphScopes}); err != nil {
			t.Fatal(err)
		}
		for _, x := range w.Emulator().Journal() {
			if x.Header.Get("x-client-current-telemetry")+x.Header.Get("x-client-last-telemetry")+x.Header.Get("X-AnchorMailbox") != "" {
				t.Errorf("%s carries telemetry or a mailbox", x)
			}
		}
	})
}

func TestTelemetryNamesWhyTheCacheDidNotDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := emulator.Defaults()
		cfg.Lifetimes.RefreshIn = 20 * time.Minute
		w := newWorld(t, cfg)
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		acquire := func() {
			t.Helper()
			if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // for a refresh behind
		}
		acquire()
		w.wantTelemetry(t, "4|730,2|", "4|0|||")
		acquire() // a hit
		time.Sleep(21 * time.Minute)
		acquire()
		w.wantTelemetry(t, "4|730,4|", "4|1|||")
		time.Sleep(56 * time.Minute)
		acquire()
		w.wantTelemetry(t, "4|730,3|", "4|0|||")
		time.Sleep(2 * time.Hour) // gone altogether, as far as the cache tells
		acquire()
		w.wantTelemetry(t, "4|730,2|", "4|0|||")
		request.Claims = `{"access_token":{"nbf":{"essential":true}}}`
		acquire()
		w.wantTelemetry(t, "4|730,1|", "4|0|||")
	})
}

func TestTelemetryTellsFailuresUntilASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // pauses pass
		w := newWorld(t)
		c := w.web(t)
		res := w.signIn(t, c, alice)
		request := silent(res.Account)
		for range 3 {
			if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
				t.Fatal(err)
			}
		}
		request.ForceRefresh, request.CorrelationID = true, "id-1"
		w.fail(emulator.Fault{AADSTS: 50076})
		_, err := c.AcquireTokenSilent(t.Context(), request)
		wantError(t, err, msal.ErrInteractionRequired)
		code := asError(t, err).Code
		time.Sleep(2 * time.Minute)

		w.fail(emulator.Fault{Status: 429, RetryAfter: time.Second})
		request.CorrelationID = "id-2"
		_, err = c.AcquireTokenSilent(t.Context(), request)
		wantError(t, err, msal.ErrThrottled)
		w.wantTelemetry(t, "4|84,1|", "4|3|84,id-1|"+code+"|")
		second := asError(t, err).Code
		time.Sleep(2 * time.Minute)

		w.fail(emulator.Fault{Status: 503}) // the service was not there to count it
		_, err = c.AcquireTokenSilent(t.Context(), request)
		wantError(t, err, msal.ErrTransient)
		time.Sleep(2 * time.Minute)

		if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|84,1|", "4|3|84,id-1,84,id-2|"+code+","+second+"|")
		if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|84,1|", "4|0|||")
	})
}

func TestTelemetryCountsOnlyTheOutcomeOfDevicePolls(t *testing.T) {
	cfg := emulator.Defaults()
	cfg.Lifetimes.DeviceCode = time.Minute
	device(t, cfg, func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
		_, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
		wantError(t, err, msal.ErrTimeout)
		w.wantTelemetry(t, "4|622,0|", "4|0|||")
		again, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: graphScopes, CorrelationID: "id-2"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Emulator().DenyDevice(again.UserCode); err != nil {
			t.Fatal(err)
		}
		_, err = c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: again})
		wantError(t, err, msal.ErrDeclined)
		w.wantTelemetry(t, "4|622,0|", "4|0|622,"+flow.CorrelationID+"|authorization_pending|")
		last, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: graphScopes})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Emulator().ApproveDevice(last.UserCode, alice); err != nil {
			t.Fatal(err)
		}
		if _, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: last}); err != nil {
			t.Fatal(err)
		}
		w.wantTelemetry(t, "4|622,0|", "4|0|622,"+flow.CorrelationID+",622,id-2|authorization_pending,authorization_declined|")
	})
}

func TestRequestsAreRoutedToTheUsersMailbox(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{LoginHint: alice})
	if !strings.Contains(flow.URL, "&X-AnchorMailbox=UPN%3Aalice%40contoso.test") {
		t.Errorf("the sign-in page is not routed: %s", flow.URL)
	}
	res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	if err != nil {
		t.Fatal(err)
	}
	oid := "Oid:" + strings.Replace(res.Account.HomeAccountID, ".", "@", 1)
	request := silent(res.Account)
	request.ForceRefresh = true
	if _, err := c.AcquireTokenSilent(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	flow, answer = w.begin(t, c, alice, msal.AuthCodeFlowRequest{}) // no hint
	if strings.Contains(flow.URL, "X-AnchorMailbox") {
		t.Errorf("a mailbox without a hint: %s", flow.URL)
	}
	answer.Del("client_info") // of a service that sends none
	if _, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tasks(t).AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: res.AccessToken, Scopes: graphScopes}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range w.tokenRequests() {
		got = append(got, x.Grant+" "+x.Header.Get("X-AnchorMailbox"))
	}
	want := []string{"authorization_code " + oid, "refresh_token " + oid, "authorization_code ", "client_credentials ", "urn:ietf:params:oauth:grant-type:jwt-bearer "}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTelemetryHoldsNoScopeNameOrSecret(t *testing.T) {
	w := newWorld(t)
	c, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret("wrong"), w.options(func(o *msal.Options) { o.AppName = "demo" }))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, CorrelationID: "c|,\r\nX-Evil: 1"})
		if !errors.Is(err, msal.ErrConfiguration) {
			t.Fatal(err)
		}
	}
	w.wantTelemetry(t, "4|730,2|", "4|0|730,cX-Evil:1|invalid_client|")
	for _, x := range w.tokenRequests() {
		if x.Header.Get("X-Evil") != "" || x.Header.Get("x-app-name") != "demo" {
			t.Errorf("got headers %v", x.Header)
		}
	}
}
