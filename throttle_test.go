package msal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// forced is a silent request that the cache cannot answer.
func forced(account msal.Account) msal.SilentRequest {
	r := silent(account)
	r.ForceRefresh = true
	return r
}

func TestThrottledRequestIsAnsweredFromMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		w.fail(emulator.Fault{Status: 429, RetryAfter: 40 * time.Second})
		_, err := c.AcquireTokenForClient(t.Context(), request)
		first := asError(t, err)
		if first.Remembered {
			t.Error("the first refusal is marked as remembered")
		}
		time.Sleep(30 * time.Second)
		_, err = c.AcquireTokenForClient(t.Context(), request)
		wantError(t, err, msal.ErrThrottled, msal.ErrTransient)
		again := asError(t, err)
		if !again.Remembered || again.RetryAfter != 10*time.Second || again.Code != first.Code || again.CorrelationID != first.CorrelationID || again.StatusCode != 429 {
			t.Errorf("got %+v, want %+v from memory with 10s left", again, first)
		}
		request.Claims = `{"access_token":{"nbf":{"essential":true}}}` // no way around it
		_, err = c.AcquireTokenForClient(t.Context(), request)
		wantError(t, err, msal.ErrThrottled)
		if n := w.wire.tokens(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
		request.Claims = ""
		time.Sleep(10 * time.Second)
		if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
}

func TestRefusalWithoutATimeIsRememberedByKindOfClient(t *testing.T) {
	bySilent := func(c interface {
		AcquireTokenSilent(context.Context, msal.SilentRequest) (msal.Result, error)
	}, res msal.Result) func(context.Context) error {
		return func(ctx context.Context) error { _, err := c.AcquireTokenSilent(ctx, forced(res.Account)); return err }
	}
	for name, tc := range map[string]struct {
		pause    time.Duration
		endpoint string
		prepare  func(*testing.T, *world) func(context.Context) error
	}{
		"public": {time.Minute, emulator.EndpointToken, func(t *testing.T, w *world) func(context.Context) error {
			c := w.public(t)
			return bySilent(c, w.deviceSignIn(t, c))
		}},
		"confidential": {5 * time.Second, emulator.EndpointToken, func(t *testing.T, w *world) func(context.Context) error {
			c := w.web(t)
			return bySilent(c, w.signIn(t, c, alice))
		}},
		"device authorization": {time.Minute, emulator.EndpointDeviceCode, func(t *testing.T, w *world) func(context.Context) error {
			c := w.public(t)
			return func(ctx context.Context) error {
				_, err := c.InitiateDeviceFlow(ctx, msal.DeviceFlowRequest{Scopes: graphScopes})
				return err
			}
		}},
	} {
		for _, status := range []int{429, 503} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					ask := tc.prepare(t, w)
					w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: tc.endpoint}, Times: 1, Status: status})
					wantError(t, ask(t.Context()), msal.ErrTransient)
					before := len(w.wire.requests)
					time.Sleep(tc.pause - time.Millisecond)
					err := ask(t.Context())
					wantError(t, err, msal.ErrTransient, msal.ErrThrottled)
					if e := asError(t, err); !e.Remembered || len(w.wire.requests) != before {
						t.Errorf("got %+v after %d requests, want the remembered refusal", e, len(w.wire.requests)-before)
					}
					time.Sleep(time.Millisecond)
					if err := ask(t.Context()); err != nil {
						t.Errorf("after the pause: %v", err)
					}
				})
			})
		}
	}
}

// deviceSignIn signs alice in where no browser can be, as in a bubble.
func (w *world) deviceSignIn(t *testing.T, c *msal.PublicClient) msal.Result {
	t.Helper()
	flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{emulator.TasksReadScope}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
		t.Fatal(err)
	}
	res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestOneUsersThrottlingDoesNotHoldUpAnother(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	a, b := w.signIn(t, c, alice), w.signIn(t, c, bob)
	w.fail(emulator.Fault{Status: 429, RetryAfter: time.Hour})
	_, err := c.AcquireTokenSilent(t.Context(), forced(a.Account))
	wantError(t, err, msal.ErrThrottled)
	before := w.wire.tokens()
	_, err = c.AcquireTokenSilent(t.Context(), forced(a.Account))
	wantError(t, err, msal.ErrThrottled)
	if w.wire.tokens() != before {
		t.Error("alice was asked for again")
	}
	if _, err := c.AcquireTokenSilent(t.Context(), forced(b.Account)); err != nil {
		t.Errorf("bob is held up: %v", err)
	}
	api := w.tasks(t) // the same for callers of an API
	w.fail(emulator.Fault{Status: 429, RetryAfter: time.Hour})
	_, err = api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: a.AccessToken, Scopes: graphScopes})
	wantError(t, err, msal.ErrThrottled)
	if _, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: b.AccessToken, Scopes: graphScopes}); err != nil {
		t.Errorf("bob is held up: %v", err)
	}
}

func TestSignInsPassThePause(t *testing.T) {
	w := newWorld(t)
	c := w.web(t)
	res := w.signIn(t, c, alice)
	w.fail(emulator.Fault{Status: 429, RetryAfter: time.Hour})
	_, err := c.AcquireTokenSilent(t.Context(), forced(res.Account))
	wantError(t, err, msal.ErrThrottled)
	again := w.signIn(t, c, alice) // fails the test if it does not pass
	w.fail(emulator.Fault{Status: 429, RetryAfter: time.Hour})
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
	_, err = c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	wantError(t, err, msal.ErrThrottled)
	w.signIn(t, c, alice)
	if hit, err := c.AcquireTokenSilent(t.Context(), silent(again.Account)); err != nil || hit.Source != msal.FromCache {
		t.Errorf("got %v, %v; the cache is not throttled", hit, err)
	}
}

func TestRejectedRequestIsNotRepeatedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.web(t)
		a, b := w.signIn(t, c, alice), w.signIn(t, c, bob)
		w.fail(emulator.Fault{AADSTS: 65001}) // consent is missing
		_, err := c.AcquireTokenSilent(t.Context(), forced(a.Account))
		wantError(t, err, msal.ErrInteractionRequired)
		before := w.wire.tokens()
		time.Sleep(59 * time.Second)
		_, err = c.AcquireTokenSilent(t.Context(), forced(a.Account))
		wantError(t, err, msal.ErrInteractionRequired)
		if e := asError(t, err); !e.Remembered || e.AADSTS[0] != 65001 || errors.Is(err, msal.ErrThrottled) || w.wire.tokens() != before {
			t.Errorf("got %+v, want the remembered refusal, which is no throttling", e)
		}
		if _, err := c.AcquireTokenSilent(t.Context(), forced(b.Account)); err != nil {
			t.Errorf("bob gets alice's refusal: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := c.AcquireTokenSilent(t.Context(), forced(a.Account)); err != nil {
			t.Errorf("after a minute: %v", err)
		}
	})
}

func TestPauseDoesNotCostAValidToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		first, err := c.AcquireTokenForClient(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(first.ExpiresOn) - 4*time.Minute) // within the margin
		w.fail(emulator.Fault{Status: 503, RetryAfter: 10 * time.Minute})
		for range 3 {
			last, err := c.AcquireTokenForClient(t.Context(), request)
			if err != nil || last.AccessToken != first.AccessToken {
				t.Errorf("got %v, %v; want the token that is still good", last, err)
			}
			time.Sleep(time.Minute)
		}
		if n := w.wire.tokens(); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

func TestBrokenAnswersAreRememberedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.daemon(t)
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		w.fail(emulator.Fault{Status: 502, Body: "<html>Bad gateway"})
		for range 2 {
			_, err := c.AcquireTokenForClient(t.Context(), request)
			wantError(t, err, msal.ErrTransient)
		}
		if n := w.wire.tokens(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
		time.Sleep(5 * time.Second)
		if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
}
