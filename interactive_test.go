package msal_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func interactive(w *world, upn string) msal.InteractiveRequest {
	return msal.InteractiveRequest{Scopes: []string{emulator.TasksReadScope}, OpenURL: w.Browser(upn), Timeout: time.Minute}
}

func TestInteractiveSignInThenSilent(t *testing.T) {
	w := newWorld(t)
	c := w.public(t)
	res, err := c.AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil {
		t.Fatal(err)
	}
	if res.Account.Username != alice || res.Source != msal.FromIdentityProvider {
		t.Errorf("got %v for %+v", res, res.Account)
	}
	if hit, err := c.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil || hit.AccessToken != res.AccessToken {
		t.Errorf("got %v, %v", hit, err)
	}
}

func TestInteractiveToleratesStrayRequests(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	person := request.OpenURL
	request.OpenURL = func(ctx context.Context, page string) error {
		u, err := url.Parse(page)
		if err != nil {
			return err
		}
		redirect := u.Query().Get("redirect_uri")
		for _, stray := range []func() (*http.Response, error){
			func() (*http.Response, error) { return http.Get(redirect + "/favicon.ico") },
			func() (*http.Response, error) { return http.Get(redirect + "/?code=stolen&state=guessed") },
			func() (*http.Response, error) {
				return http.PostForm(redirect, url.Values{"error": {"access_denied"}, "state": {"guessed"}})
			},
		} {
			resp, err := stray()
			if err != nil {
				return err
			}
			resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Errorf("a stray request was answered %s", resp.Status)
			}
		}
		return person(ctx, page)
	}
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), request); err != nil {
		t.Error(err)
	}
}

func TestInteractiveEnds(t *testing.T) {
	nobody := func(context.Context, string) error { return nil }
	t.Run("with a type of its own when nobody answers", func(t *testing.T) {
		w := newWorld(t)
		request := interactive(w, alice)
		request.OpenURL, request.Timeout = nobody, 20*time.Millisecond
		_, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
		wantError(t, err, msal.ErrTimeout)
		var late *msal.BrowserTimeoutError
		if !errors.As(err, &late) || late.Timeout != request.Timeout {
			t.Errorf("got %T, want *BrowserTimeoutError", err)
		}
	})
	t.Run("when there is no browser", func(t *testing.T) {
		w := newWorld(t)
		request := interactive(w, alice)
		request.OpenURL = func(context.Context, string) error { return errors.New("no display") }
		_, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
		wantError(t, err, msal.ErrNoBrowser)
		if errors.Is(err, msal.ErrTimeout) {
			t.Error("no browser is not a time-out")
		}
	})
	t.Run("when the caller presses Ctrl-C", func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		request := interactive(w, alice)
		request.OpenURL = func(context.Context, string) error { cancel(); return nil }
		_, err := w.public(t).AcquireTokenInteractive(ctx, request)
		wantError(t, err, context.Canceled)
	})
	t.Run("when the port is taken", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		w := newWorld(t)
		request := interactive(w, alice)
		request.Port = l.Addr().(*net.TCPAddr).Port
		_, err = w.public(t).AcquireTokenInteractive(t.Context(), request)
		wantError(t, err, msal.ErrConfiguration)
	})
}
