package msal_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// countingProver is a client whose assertions are not signed; it counts how often it is asked.
func countingProver(t *testing.T, w *world, id string) (c *msal.ConfidentialClient, asked *int) {
	t.Helper()
	asked = new(int)
	c, err := msal.NewConfidentialClient(id, msal.AssertionFunc(func(context.Context, msal.AssertionRequest) (string, error) {
		*asked++
		return unsignedJWT(`{"jti":"` + time.Now().String() + `"}`), nil // the faults come before it is looked at
	}), w.options())
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

func TestRememberedRefusalsAreNotProvedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		fault      emulator.Fault
		after      time.Duration // and still remembered
		wait       time.Duration // and forgotten
		asked      int           // within after
		remembered bool
	}{
		"throttling":          {emulator.Fault{Status: 429, RetryAfter: time.Minute}, 59 * time.Second, time.Second, 1, true},
		"an outage":           {emulator.Fault{Status: 503}, 4 * time.Second, time.Second, 1, true},
		"a broken answer":     {emulator.Fault{Status: 502, Body: "<html>"}, 4 * time.Second, time.Second, 1, true},
		"a refused request":   {emulator.Fault{AADSTS: 70011}, 59 * time.Second, time.Second, 1, true},
		"a refused assertion": {emulator.Fault{Status: 400, Body: `{"error":"invalid_client"}`, ContentType: "application/json"}, time.Second, time.Second, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				c, asked := countingProver(t, w, emulator.DaemonClientID)
				request := msal.ForClientRequest{Scopes: []string{tasksScope}}
				tt.fault.Match, tt.fault.Times = emulator.Match{Endpoint: emulator.EndpointToken}, 9
				w.Emulator().Inject(tt.fault)
				_, first := c.AcquireTokenForClient(t.Context(), request)
				if first == nil || *asked != 1 {
					t.Fatalf("got %v after asking %d times", first, *asked)
				}
				time.Sleep(tt.after)
				_, again := c.AcquireTokenForClient(t.Context(), request)
				if again == nil || *asked != tt.asked || w.wire.tokens() != tt.asked {
					t.Errorf("got %v; asked for %d assertions and sent %d requests, want %d", again, *asked, w.wire.tokens(), tt.asked)
				}
				var answer *msal.Error
				if errors.As(again, &answer) && answer.Remembered != tt.remembered {
					t.Errorf("got %+v", again)
				}
				time.Sleep(tt.wait)
				_, _ = c.AcquireTokenForClient(t.Context(), request)
				if *asked != tt.asked+1 {
					t.Errorf("after the pause it was asked for %d assertions, want %d", *asked, tt.asked+1)
				}
			})
		})
	}
}

func TestRefusalOfOneUserIsNotProvedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c, asked := countingProver(t, w, emulator.WebClientID)
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 2, AADSTS: 65001})
		onBehalf := func(assertion string) {
			t.Helper()
			_, err := c.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: assertion, Scopes: graphScopes})
			wantError(t, err, msal.ErrInteractionRequired)
		}
		onBehalf("alice's")
		onBehalf("alice's")
		if *asked != 1 {
			t.Errorf("asked for %d assertions, want 1", *asked)
		}
		onBehalf("bob's")
		if *asked != 2 || w.wire.tokens() != 2 {
			t.Errorf("asked for %d assertions and sent %d requests, want 2: bob is another", *asked, w.wire.tokens())
		}
	})
}
