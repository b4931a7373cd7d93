package interop

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
)

// webApp is a web application on our client, as its documentation shows it: the
// flow goes into the person's session as JSON, and is redeemed in the callback.
type webApp struct {
	*httptest.Server
	client *msal.ConfidentialClient // set before the first request
	strip  string                   // a parameter that gets lost on the way back; set before the first request

	mu      sync.Mutex
	session []byte
	results []outcome
}

type outcome struct {
	method string
	res    msal.Result
	err    error
}

func startWebApp(t *testing.T) *webApp {
	t.Helper()
	w := new(webApp)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", w.login)
	mux.HandleFunc("/callback", w.callback)
	w.Server = httptest.NewTLSServer(mux)
	t.Cleanup(w.Close)
	return w
}

func (w *webApp) login(out http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	flow, err := w.client.InitiateAuthCodeFlow(r.Context(), msal.AuthCodeFlowRequest{
		Scopes: []string{"api:read"}, RedirectURI: w.URL + "/callback", MaxAge: time.Hour,
		ResponseMode: msal.ResponseMode(q.Get("mode")), Prompt: msal.Prompt(q.Get("prompt")),
	})
	if err != nil {
		http.Error(out, "the sign-in does not begin", http.StatusInternalServerError)
		w.finished(outcome{err: err})
		return
	}
	w.mu.Lock()
	w.session, err = json.Marshal(flow)
	w.mu.Unlock()
	if err != nil {
		w.finished(outcome{err: err})
	}
	http.Redirect(out, r, flow.URL, http.StatusFound)
}

func (w *webApp) callback(out http.ResponseWriter, r *http.Request) {
	var flow msal.AuthCodeFlow
	w.mu.Lock()
	err := json.Unmarshal(w.session, &flow)
	w.mu.Unlock()
	if err == nil {
		err = r.ParseForm()
	}
	r.Form.Del(w.strip)
	o := outcome{method: r.Method, err: err}
	if err == nil {
		o.res, o.err = w.client.AcquireTokenByAuthCodeFlow(r.Context(), msal.AuthCodeRedemption{Flow: flow, Response: r.Form})
	}
	w.finished(o)
	out.Header().Set("Content-Type", "text/html")
	_, _ = out.Write([]byte(`<!doctype html><title>done</title><p id="done">You are back at the application.</p>`))
}

func (w *webApp) finished(o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results = append(w.results, o)
}

// last is the outcome of the last sign-in and how many there were.
func (w *webApp) last(t *testing.T) (outcome, int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.results) == 0 {
		t.Fatal("nobody came back to the application")
	}
	return w.results[len(w.results)-1], len(w.results)
}

// The provider promises its name in every answer (RFC 9207), so that an answer
// without it is somebody else's.
func TestAnAnswerWithoutThePromisedIssuerIsRefused(t *testing.T) {
	app := startWebApp(t)
	app.strip = "iss"
	p := startProvider(t, app.URL+"/callback")
	app.client = p.confidential(t, "web", msal.Secret(providerSecret))
	b := openBrowser(t, reach{trust: []*x509.Certificate{p.cert, app.Certificate()}})
	b.visit(app.URL + "/login?mode=form_post")
	p.signIn(b)
	b.sees("#done")
	if got, _ := app.last(t); !errors.Is(got.err, msal.ErrProtocol) || !got.res.IsZero() {
		t.Errorf("got %v, %v", got.res, got.err)
	}
}

func TestAWebApplicationSignsUsersInAtAnotherProvider(t *testing.T) {
	for mode, method := range map[msal.ResponseMode]string{msal.ResponseModeFormPost: http.MethodPost, msal.ResponseModeQuery: http.MethodGet} {
		t.Run(string(mode), func(t *testing.T) {
			app := startWebApp(t)
			p := startProvider(t, app.URL+"/callback")
			app.client = p.confidential(t, "web", msal.Secret(providerSecret))
			b := openBrowser(t, reach{trust: []*x509.Certificate{p.cert, app.Certificate()}})
			b.visit(app.URL + "/login?mode=" + string(mode))
			p.signIn(b)
			b.sees("#done")
			got, _ := app.last(t)
			if got.err != nil || got.method != method {
				t.Fatalf("by %s: %v", got.method, got.err)
			}
			checkPerson(t, p, got.res)
			hit, err := app.client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"api:read"}, Account: got.res.Account})
			if err != nil || hit.Source != msal.FromCache {
				t.Errorf("from the cache: %v, %v", hit, err)
			}
			refreshed, err := app.client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"api:read"}, Account: got.res.Account, ForceRefresh: true})
			if err != nil || refreshed.AccessToken == hit.AccessToken {
				t.Errorf("by the refresh token: %v, %v", refreshed, err)
			}
			if got.res.IDTokenClaims["auth_time"] == nil {
				t.Error("the ID token does not say when the person signed in")
			}

			// The provider remembers the person: no page is shown.
			b.visit(app.URL + "/login?prompt=none&mode=" + string(mode))
			b.sees("#done")
			if again, n := app.last(t); n != 2 || again.err != nil || again.res.Account != got.res.Account {
				t.Errorf("the second time (%d answers): %v, %v", n, again.res, again.err)
			}
			if mode != msal.ResponseModeQuery {
				return
			}
			// People reload pages. The flow has been used.
			b.reload()
			b.sees("#done")
			if again, n := app.last(t); n != 3 || !errors.Is(again.err, msal.ErrProtocol) {
				t.Errorf("after a reload (%d answers): %v", n, again.err)
			}
		})
	}
}
