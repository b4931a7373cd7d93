package msal_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// device starts a device sign-in inside a bubble, where waiting costs nothing.
func device(t *testing.T, cfg emulator.Config, test func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, cfg)
		c := w.public(t)
		flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{emulator.TasksReadScope}})
		if err != nil {
			t.Fatal(err)
		}
		test(t, w, c, flow)
	})
}

func TestDeviceFlowWaitsForThePerson(t *testing.T) {
	device(t, emulator.Defaults(), func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
		if flow.UserCode == "" || flow.Message == "" || flow.Interval != 5*time.Second {
			t.Errorf("got flow %+v", flow)
		}
		approve := time.AfterFunc(23*time.Second, func() {
			if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
				t.Error(err)
			}
		})
		defer approve.Stop()
		started := time.Now()
		res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
		if err != nil || res.Account.Username != alice || res.Account.AccountSource != "urn:ietf:params:oauth:grant-type:device_code" {
			t.Fatalf("got %v, %+v, %v", res, res.Account, err)
		}
		if took := time.Since(started); took != 25*time.Second {
			t.Errorf("took %v, want 25s: five polls, five seconds apart", took)
		}
		if n := w.wire.tokens(); n != 5 {
			t.Errorf("%d polls, want 5", n)
		}
	})
}

func TestDeviceFlowAsksOnceMoreJustBeforeTheEnd(t *testing.T) {
	cfg := emulator.Defaults()
	cfg.Lifetimes.DeviceCode = 23 * time.Second
	device(t, cfg, func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
		approve := time.AfterFunc(21*time.Second, func() { // between two polls at five seconds' distance, the second of which is too late
			if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
				t.Error(err)
			}
		})
		defer approve.Stop()
		started := time.Now()
		res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
		if err != nil || res.Account.Username != alice {
			t.Fatalf("got %v, %v", res, err)
		}
		if took := time.Since(started); took != 22*time.Second || w.wire.tokens() != 4 {
			t.Errorf("took %v and %d polls, want 22s and 4", took, w.wire.tokens())
		}
	})
}

func TestDeviceFlowMayBeRedeemedByAnotherProcess(t *testing.T) {
	device(t, emulator.Defaults(), func(t *testing.T, w *world, _ *msal.PublicClient, flow msal.DeviceFlow) {
		data, err := json.Marshal(flow)
		if err != nil {
			t.Fatal(err)
		}
		var back msal.DeviceFlow
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if err := w.Emulator().ApproveDevice(flow.UserCode, bob); err != nil {
			t.Fatal(err)
		}
		res, err := w.public(t).AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: back})
		if err != nil || res.Account.Username != bob {
			t.Errorf("got %+v, %v", res.Account, err)
		}
	})
}

func TestDeviceFlowSlowsDownWhenTold(t *testing.T) {
	device(t, emulator.Defaults(), func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 1, Status: 400,
			Body: `{"error":"slow_down","error_description":"slower, please"}`, ContentType: "application/json"})
		if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if _, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took != 15*time.Second {
			t.Errorf("took %v, want 15s: five, then five and five more", took)
		}
	})
}

func TestDeviceFlowSurvivesNetworkFailures(t *testing.T) {
	device(t, emulator.Defaults(), func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Times: 2, Reset: true})
		if err := w.Emulator().ApproveDevice(flow.UserCode, alice); err != nil {
			t.Fatal(err)
		}
		if _, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow}); err != nil {
			t.Error(err)
		}
	})
}

func TestDeviceFlowEnds(t *testing.T) {
	t.Run("when the person refuses", func(t *testing.T) {
		device(t, emulator.Defaults(), func(t *testing.T, w *world, c *msal.PublicClient, flow msal.DeviceFlow) {
			if err := w.Emulator().DenyDevice(flow.UserCode); err != nil {
				t.Fatal(err)
			}
			_, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
			wantError(t, err, msal.ErrDeclined)
		})
	})
	t.Run("when the code expires", func(t *testing.T) {
		cfg := emulator.Defaults()
		cfg.Lifetimes.DeviceCode = time.Minute
		device(t, cfg, func(t *testing.T, _ *world, c *msal.PublicClient, flow msal.DeviceFlow) {
			started := time.Now()
			_, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
			wantError(t, err, msal.ErrTimeout)
			if took := time.Since(started); took > time.Minute {
				t.Errorf("took %v, longer than the code lived", took)
			}
		})
	})
	t.Run("when the caller gives up", func(t *testing.T) {
		device(t, emulator.Defaults(), func(t *testing.T, _ *world, c *msal.PublicClient, flow msal.DeviceFlow) {
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
			defer cancel()
			started := time.Now()
			_, err := c.AcquireTokenByDeviceFlow(ctx, msal.DeviceFlowRedemption{Flow: flow})
			wantError(t, err, context.DeadlineExceeded)
			if took := time.Since(started); took != 12*time.Second {
				t.Errorf("took %v, want 12s", took)
			}
		})
	})
	t.Run("at once, when there is no flow", func(t *testing.T) {
		w := newWorld(t)
		_, err := w.public(t).AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{})
		wantError(t, err, msal.ErrConfiguration)
	})
}
