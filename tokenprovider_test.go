package msal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestTokensFromElsewhereAreCachedAndRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var calls atomic.Int32
		c := newDaemon(t, msal.TokenProvider(func(ctx context.Context, r msal.TokenProviderRequest) (msal.TokenProviderResult, error) {
			if _, limited := ctx.Deadline(); !limited {
				t.Error("the function may take forever")
			}
			n := calls.Add(1)
			return msal.TokenProviderResult{AccessToken: fmt.Sprintf("%s %d", r.Scopes[0], n), ExpiresIn: time.Hour, RefreshIn: 30 * time.Minute}, nil
		}), w.options())
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		get := func(want string, source msal.ResultSource) {
			t.Helper()
			r, err := c.AcquireTokenForClient(t.Context(), request)
			if err != nil || r.AccessToken != want || r.Source != source || r.Authorization() != "Bearer "+want || r.Scope != tasksScope {
				t.Errorf("got %v (scope %q), %v", r, r.Scope, err)
			}
		}
		get(tasksScope+" 1", msal.FromIdentityProvider)
		get(tasksScope+" 1", msal.FromCache)
		time.Sleep(31 * time.Minute)
		get(tasksScope+" 1", msal.FromCache) // and refreshed behind
		synctest.Wait()
		get(tasksScope+" 2", msal.FromCache)
		time.Sleep(2 * time.Hour)
		get(tasksScope+" 3", msal.FromIdentityProvider)
		if len(w.wire.requests) != 0 {
			t.Errorf("requests were sent: %q", w.wire.requests)
		}
	})
}

func TestTokenProviderIsToldWhichToken(t *testing.T) {
	w := newWorld(t)
	var asked msal.TokenProviderRequest
	c := newDaemon(t, msal.TokenProvider(func(_ context.Context, r msal.TokenProviderRequest) (msal.TokenProviderResult, error) {
		asked = r
		return msal.TokenProviderResult{AccessToken: planted, ExpiresIn: time.Hour}, nil
	}), w.options(func(o *msal.Options) { o.ClientCapabilities = []string{"CP1"} }))
	r, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Claims: `{"access_token":{}}`, CorrelationID: "id-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := msal.TokenProviderRequest{Scopes: []string{tasksScope}, ClientID: emulator.DaemonClientID, TenantID: emulator.DefaultTenantID,
		Claims: `{"access_token":{"xms_cc":{"values":["CP1"]}}}`, CorrelationID: "id-1"}
	if !reflect.DeepEqual(asked, want) {
		t.Errorf("asked for %+v, want %+v", asked, want)
	}
	if left := time.Until(r.ExpiresOn); left < 59*time.Minute || left > time.Hour || !r.RefreshOn.IsZero() {
		t.Errorf("expires on %v, refresh on %v", r.ExpiresOn, r.RefreshOn)
	}
	if strings.Contains(w.log.String(), planted) {
		t.Error("the log shows the token")
	}
}

func TestTokenProviderThatFailsReachesTheCallerAndKeepsTheCache(t *testing.T) {
	down := errors.New("the sidecar is down")
	for name, tt := range map[string]struct {
		result msal.TokenProviderResult
		err    error
		want   error
		hint   string
	}{
		"error":          {msal.TokenProviderResult{AccessToken: planted}, down, down, "the sidecar is down"},
		"nothing":        {msal.TokenProviderResult{}, nil, msal.ErrConfiguration, "no access token"},
		"no life":        {msal.TokenProviderResult{AccessToken: planted}, nil, msal.ErrConfiguration, "ExpiresIn"},
		"expired":        {msal.TokenProviderResult{AccessToken: planted, ExpiresIn: -time.Hour}, nil, msal.ErrConfiguration, "ExpiresIn"},
		"refreshed late": {msal.TokenProviderResult{AccessToken: planted, ExpiresIn: time.Hour, RefreshIn: 2 * time.Hour}, nil, msal.ErrConfiguration, "RefreshIn"},
		"refreshed ago":  {msal.TokenProviderResult{AccessToken: planted, ExpiresIn: time.Hour, RefreshIn: -1}, nil, msal.ErrConfiguration, "RefreshIn"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			c := newDaemon(t, msal.TokenProvider(func(context.Context, msal.TokenProviderRequest) (msal.TokenProviderResult, error) {
				return tt.result, tt.err
			}), w.options(func(o *msal.Options) { o.Cache = cache }))
			r, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
			wantError(t, err, tt.want)
			wantHint(t, err, tt.hint)
			if !r.IsZero() {
				t.Error("a token came with the error")
			}
			unchanged()
		})
	}
}

func TestTokenProviderServesNoUsers(t *testing.T) {
	w := newWorld(t)
	c, err := msal.NewConfidentialClient(emulator.WebClientID, msal.TokenProvider(func(context.Context, msal.TokenProviderRequest) (msal.TokenProviderResult, error) {
		t.Error("it was asked")
		return msal.TokenProviderResult{}, nil
	}), w.options())
	if err != nil {
		t.Fatal(err)
	}
	flow, answer := w.begin(t, c, alice, msal.AuthCodeFlowRequest{})
	_, err = c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	wantError(t, err, msal.ErrConfiguration)
	if w.wire.tokens() != 0 {
		t.Error("a token request was sent without a credential")
	}
}

func TestCredentialsFromElsewhereDoNotPrintThemselves(t *testing.T) {
	for _, v := range []any{msal.Assertion(planted), msal.TokenProviderResult{AccessToken: planted, ExpiresIn: time.Hour}} {
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		data, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%s", v), fmt.Sprintf("%+v", struct{ V any }{v}), log.String(), string(data)} {
			if strings.Contains(text, planted) {
				t.Errorf("%T shows its secret in %.20s...", v, text)
			}
		}
	}
}
