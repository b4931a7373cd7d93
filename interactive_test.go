package msal_test

import (
	"context"
	"errors"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
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

// The environment decides here, so that it does not run in parallel.
func TestHintWhereTheBrowserIsOnAnotherMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs programs of Linux")
	}
	t.Setenv("CODESPACES", "true")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	for _, tt := range []struct {
		browser string
		timeout time.Duration
		want    error
	}{{"true", 300 * time.Millisecond, msal.ErrTimeout}, {"false", time.Minute, msal.ErrNoBrowser}} {
		t.Setenv("BROWSER", tt.browser)
		_, err := newWorld(t).public(t).AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{Scopes: []string{emulator.TasksReadScope}, Timeout: tt.timeout})
		wantError(t, err, tt.want)
		wantHint(t, err, "codespace")
		wantHint(t, err, "PasteBack")
	}
}

func TestInteractiveAsksForConsentToMore(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	request.ExtraScopesToConsent = []string{"https://graph.microsoft.com/Mail.Read"}
	request.ExtraQueryParameters = map[string]string{"slice": "test"}
	person := request.OpenURL
	request.OpenURL = func(ctx context.Context, page string) error {
		u, err := url.Parse(page)
		if err != nil {
			return err
		}
		if q := u.Query(); !strings.Contains(q.Get("scope"), "Mail.Read") || q.Get("slice") != "test" {
			t.Errorf("asked for %q, slice %q", q.Get("scope"), q.Get("slice"))
		}
		return person(ctx, page)
	}
	res, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
	if err != nil || strings.Contains(res.Scope, "Mail.Read") {
		t.Errorf("got a token for %q, %v", res.Scope, err)
	}
	request.ExtraQueryParameters = map[string]string{"redirect_uri": "https://evil.example"}
	_, err = w.public(t).AcquireTokenInteractive(t.Context(), request)
	wantError(t, err, msal.ErrConfiguration)
}

func TestPersonHearsOfTheBrowserBeforeItOpens(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	request.ParentWindowHandle = msal.ConsoleWindowHandle // which a browser does not mind
	person := request.OpenURL
	var seen []string
	request.OnBeforeLaunchingUI = func(ui string) { seen = append(seen, ui) }
	request.OpenURL = func(ctx context.Context, page string) error { seen = append(seen, "open"); return person(ctx, page) }
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []string{"browser", "open"}) {
		t.Errorf("got %q", seen)
	}
}

func TestOwnPages(t *testing.T) {
	const own = `<title>Mine</title><p title="{{.Error}}">{{.Description}}</p>`
	for _, tt := range []struct {
		name, shows string
		want        error
	}{{"success", `<p title=""></p>`, nil}, {"error", `<p title="access_denied">&lt;script&gt;</p>`, msal.ErrDeclined}} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			request := interactive(w, alice)
			request.SuccessPage, request.ErrorPage = own, own
			request.PasteBack = func(ctx context.Context, _ msal.PastePrompt) (string, error) { <-ctx.Done(); return "", ctx.Err() }
			request.OpenURL = func(_ context.Context, page string) error { // whose end is not the page's
				address := w.elsewhere(t, page)
				if tt.want != nil {
					address = strings.Replace(address, "code=", "error=access_denied&error_description=%3Cscript%3E&x=", 1)
				}
				text, err := browse(t.Context(), address)
				if !strings.Contains(text, tt.shows) {
					t.Errorf("the page is %s", text)
				}
				return err
			}
			_, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func browse(ctx context.Context, address string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func TestOwnPagesThatCannotWorkAreRefusedBeforeAnybodyIsAsked(t *testing.T) {
	for _, change := range []func(*msal.InteractiveRequest){
		func(r *msal.InteractiveRequest) { r.SuccessPage = "{{" },
		func(r *msal.InteractiveRequest) { r.ErrorPage = "{{.Token}}" },
		func(r *msal.InteractiveRequest) { r.WelcomePage = "{{.Error}}" },
	} {
		w := newWorld(t)
		request := interactive(w, alice)
		request.OpenURL = func(context.Context, string) error { t.Error("the person was asked"); return nil }
		change(&request)
		_, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
		wantError(t, err, msal.ErrConfiguration)
	}
}

func TestWelcomePageLeadsInAndOut(t *testing.T) {
	for name, want := range map[string]error{"in": nil, "out": msal.ErrDeclined} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			request := interactive(w, alice)
			request.WelcomePage = `<a class="in" href="{{.SignInURL}}">in</a><a class="out" href="{{.AbortURL}}">out</a>`
			person := request.OpenURL
			request.OpenURL = func(ctx context.Context, address string) error {
				page, err := browse(ctx, address)
				if err != nil {
					return err
				}
				_, link, _ := strings.Cut(page, `class="`+name+`" href="`)
				link, _, _ = strings.Cut(link, `"`)
				if link = html.UnescapeString(link); want == nil {
					return person(ctx, link)
				}
				_, err = browse(ctx, link)
				return err
			}
			res, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
			if want == nil && (err != nil || res.IsZero()) || !errors.Is(err, want) {
				t.Errorf("got %v, %v", res, err)
			}
		})
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
