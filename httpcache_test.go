package msal_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestHTTPCacheTravelsBetweenProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := new(msal.HTTPCache)
		with := func(h *msal.HTTPCache) func(*msal.Options) { return func(o *msal.Options) { o.HTTPCache = h } }
		request := msal.ForClientRequest{Scopes: []string{tasksScope}}
		w.fail(emulator.Fault{Status: 429, RetryAfter: 10 * time.Minute})
		_, err := w.daemon(t, with(first)).AcquireTokenForClient(t.Context(), request)
		wantError(t, err, msal.ErrThrottled)
		data, err := first.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		assertNoSecrets(t, "the HTTP cache", string(data))
		if strings.Contains(string(data), tasksScope) || strings.Contains(string(data), emulator.DaemonClientID) {
			t.Errorf("keys are readable: %s", data)
		}
		second := new(msal.HTTPCache)
		if err := second.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Minute)
		_, err = w.daemon(t, with(second)).AcquireTokenForClient(t.Context(), request)
		wantError(t, err, msal.ErrThrottled)
		if e := asError(t, err); !e.Remembered || e.RetryAfter != time.Minute {
			t.Errorf("got %+v, want the first process's refusal with a minute left", e)
		}
		if n := w.wire.tokens(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
		if _, err := w.daemon(t).AcquireTokenForClient(t.Context(), request); err != nil {
			t.Errorf("a client with a memory of its own is held up: %v", err)
		}
	})
}

func TestCorruptHTTPCacheIsIgnored(t *testing.T) {
	w := newWorld(t)
	h := new(msal.HTTPCache)
	c := w.daemon(t, func(o *msal.Options) { o.HTTPCache = h })
	w.fail(emulator.Fault{Status: 429, RetryAfter: time.Hour})
	request := msal.ForClientRequest{Scopes: []string{tasksScope}}
	_, err := c.AcquireTokenForClient(t.Context(), request)
	wantError(t, err, msal.ErrThrottled)
	good, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "{", "[]", "null", "\x80\x04pickle", string(good[:len(good)/2]), `{"version":9}`} {
		wantError(t, h.Unmarshal([]byte(bad)), msal.ErrCache)
		if _, err := c.AcquireTokenForClient(t.Context(), request); err == nil {
			t.Errorf("%.10q changed the memory", bad)
		}
	}
	if err := h.Unmarshal([]byte(`{"version":1,"refusals":{"not a key":{}}}`)); err != nil {
		t.Error(err)
	}
	if _, err := c.AcquireTokenForClient(t.Context(), request); err != nil {
		t.Errorf("the content was not replaced: %v", err)
	}
}

func TestDiscoveryDocumentsAreKeptForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := new(msal.HTTPCache)
		acquire := func() {
			t.Helper()
			c := w.daemon(t, func(o *msal.Options) {
				o.HTTPCache, o.Authority = h, "https://login.microsoftonline.com/"+emulator.DefaultTenantDomain
			})
			if _, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
				t.Fatal(err)
			}
		}
		const document = "/.well-known/openid-configuration"
		acquire()
		time.Sleep(24*time.Hour - time.Minute)
		acquire()
		if n := w.wire.count(document); n != 1 {
			t.Errorf("the document was fetched %d times within a day, want once", n)
		}
		time.Sleep(time.Minute)
		acquire()
		if n := w.wire.count(document); n != 2 {
			t.Errorf("the document was fetched %d times after a day, want twice", n)
		}
	})
}
