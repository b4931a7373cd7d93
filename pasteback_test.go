package msal_test

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

var pendingSignIn = regexp.MustCompile(`name="ctx" value="([^"]*)"`)

// elsewhere signs a person in with a browser on another machine, and returns
// the address that it could not reach.
func (w *world) elsewhere(t *testing.T, page string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Transport: w.wire, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	found := pendingSignIn.FindSubmatch(text)
	if found == nil {
		t.Fatal("no sign-in page")
	}
	resp, err = browser.PostForm(authority+"/login", url.Values{"ctx": {html.UnescapeString(string(found[1]))}, "login": {alice}, "passwd": {emulator.DefaultPassword}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	address := resp.Header.Get("Location")
	if !strings.HasPrefix(address, "http://localhost:") {
		t.Fatalf("the browser ends at %s", resp.Status)
	}
	return address
}

func noBrowser(context.Context, string) error { return errors.New("no display") }

func TestPastedAddressCompletesTheSignIn(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	request.OpenURL = noBrowser
	request.WelcomePage = `<a href="{{.SignInURL}}">in</a>` // nobody elsewhere would reach it
	request.PasteBack = func(_ context.Context, p msal.PastePrompt) (string, error) {
		return w.elsewhere(t, p.SignInURL), nil
	}
	res, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
	if err != nil || res.Account.Username != alice {
		t.Errorf("got %v, %v", res, err)
	}
}

func TestWrongPastesAreAskedForAgain(t *testing.T) {
	w := newWorld(t)
	request := interactive(w, alice)
	request.OpenURL = noBrowser
	var problems []string
	pastes := []string{"", "what?", "https://login.microsoftonline.com/", "http://localhost:1/?code=a&state=b", "?code=stolen&state=guessed"}
	request.PasteBack = func(_ context.Context, p msal.PastePrompt) (string, error) {
		problems = append(problems, p.Problem)
		if !strings.HasPrefix(p.RedirectURI, "http://localhost:") || !strings.Contains(p.SignInURL, "response_mode=query") {
			t.Errorf("the prompt is not of use: %v", p)
		}
		if n := len(problems); n <= len(pastes) {
			return pastes[n-1], nil
		}
		return w.elsewhere(t, p.SignInURL), nil
	}
	if _, err := w.public(t).AcquireTokenInteractive(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if len(problems) != len(pastes)+1 || problems[0] != "" {
		t.Errorf("asked %d times, first with the problem %q", len(problems), problems[0])
	}
	for _, p := range problems[1:] {
		if p == "" || strings.Contains(p, "stolen") || strings.Contains(p, "guessed") {
			t.Errorf("the problem is %q", p)
		}
	}
}

func TestSignInEndsWhenNoWayBackIsLeft(t *testing.T) {
	nonsense := func(context.Context, msal.PastePrompt) (string, error) { return "nonsense", nil }
	refuses := func(context.Context, msal.PastePrompt) (string, error) { return "", io.EOF }
	leaves := func(context.Context, msal.PastePrompt) (string, error) { return "", msal.ErrDeclined }
	waits := func(ctx context.Context, _ msal.PastePrompt) (string, error) { <-ctx.Done(); return "", ctx.Err() }
	for _, tt := range []struct {
		name    string
		browser bool
		paste   func(context.Context, msal.PastePrompt) (string, error)
		want    error // nil: signed in
	}{
		{"the browser alone", true, refuses, nil},
		{"the browser, nothing pasted", true, waits, nil},
		{"nonsense without a browser", false, nonsense, msal.ErrNoBrowser},
		{"no browser and nobody to paste", false, refuses, msal.ErrNoBrowser},
		{"the person leaves", false, leaves, msal.ErrDeclined},
		{"nobody does anything", false, waits, msal.ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			request := interactive(w, alice)
			if !tt.browser {
				request.OpenURL = noBrowser
			}
			if tt.want == msal.ErrTimeout {
				request.Timeout = 30 * time.Millisecond
			}
			request.PasteBack = tt.paste
			_, err := w.public(t, func(o *msal.Options) { o.Cache = cache }).AcquireTokenInteractive(t.Context(), request)
			if tt.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, tt.want)
			unchanged()
		})
	}
}

func TestPasteFromTellsWhatToDoAndReadsOneLine(t *testing.T) {
	in := strings.NewReader("first\r\nsecond\nlast")
	var out strings.Builder
	ask := msal.PasteFrom(in, &out)
	prompt := msal.PastePrompt{SignInURL: "https://login.example.test/?state=s", RedirectURI: "http://localhost:5001"}
	for _, want := range []string{"first\r", "second", "last"} {
		if got, err := ask(t.Context(), prompt); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		prompt.Problem = "That was not it."
	}
	if _, err := ask(t.Context(), prompt); !errors.Is(err, io.EOF) {
		t.Errorf("got %v at the end", err)
	}
	text := out.String()
	if strings.Count(text, prompt.SignInURL) != 1 || strings.Count(text, "That was not it.") != 3 || !strings.Contains(text, "http://localhost:5001") {
		t.Errorf("the person reads:\n%s", text)
	}
	long := msal.PasteFrom(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<17)), strings.NewReader("\n")), io.Discard)
	if _, err := long(t.Context(), prompt); err == nil {
		t.Error("a line without end was read")
	}
}

func TestPasteFromStopsReadingWhenTheSignInIsOver(t *testing.T) {
	in, person, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer person.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	ask := msal.PasteFrom(in, io.Discard)
	if _, err := ask(ctx, msal.PastePrompt{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := person.WriteString("!for the next\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := in.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("the program cannot read on: %v", err)
	}
	if got, err := ask(t.Context(), msal.PastePrompt{}); got != "for the next" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
