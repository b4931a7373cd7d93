package interop

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// Pages of the program's own, in a real browser: its policy lets styles through
// and no script, and its links work.
func TestAPersonGoesThroughThePagesOfTheProgram(t *testing.T) {
	const style = `<style>h1 { color: rgb(1, 2, 3) }</style><script>document.title = "a script ran"</script>`
	p := startPlatform(t, ours)
	b := p.browser(t)
	request := asked(nil)
	request.WelcomePage = `<!doctype html><title>Welcome</title>` + style + `<h1>Contoso</h1><a id="in" href="{{.SignInURL}}">Sign in</a> <a id="out" href="{{.AbortURL}}">Not now</a>`
	request.SuccessPage = `<!doctype html><title>Done</title>` + style + `<h1>All set</h1><p onclick="{{.Error}}">{{.Description}}</p>`
	request.ErrorPage = `<!doctype html><title>Sorry</title>` + style + `<h1>{{.Error}}</h1><p>{{.Description}}</p>`
	checkPage := func(title, headline string) {
		t.Helper()
		b.finds("h1")
		if got := b.text("h1"); got != headline {
			t.Errorf("the headline is %q, want %q", got, headline)
		}
		if got := eval[string](b, "document.title"); got != title {
			t.Errorf("the title is %q, want %q", got, title)
		}
		if got := eval[string](b, `getComputedStyle(document.querySelector("h1")).color`); got != "rgb(1, 2, 3)" {
			t.Errorf("the color is %s: the style does not work", got)
		}
	}

	request.OpenURL = func(_ context.Context, address string) error {
		b.visit(address)
		checkPage("Welcome", "Contoso")
		b.click("#out")
		checkPage("Sorry", "abort")
		return nil
	}
	if _, err := p.public(t).AcquireTokenInteractive(t.Context(), request); !errors.Is(err, msal.ErrDeclined) {
		t.Errorf("got %v for a person who left", err)
	}

	request.OpenURL = func(_ context.Context, address string) error {
		b.visit(address)
		checkPage("Welcome", "Contoso")
		b.click("#in")
		b.fill(`input[name=login]`, alice)
		b.fill(`input[name=passwd]`, emulator.DefaultPassword)
		b.click(`button.primary`)
		return nil
	}
	checkUser(t, p.interactive(t, p.public(t), request), alice)
	checkPage("Done", "All set")
}

// hybridPage redeems its code as MSAL.js does: without a redirect URI and a
// verifier, and with the Origin header that no script can leave out.
var hybridPage = template.Must(template.New("page").Parse(`<!doctype html><title>page</title><p id="state">working</p><script>
fetch({{.Endpoint}}, {method: "POST", body: new URLSearchParams({client_id: {{.ClientID}}, grant_type: "authorization_code", code: {{.Code}}, scope: {{.Scope}}, client_info: "1"})})
	.then(r => r.json()).then(a => { window.answer = a }).catch(e => { window.answer = {error: String(e)} })
	.then(() => { const p = document.createElement("p"); p.id = "done"; p.textContent = "done"; document.body.append(p) })
</script>`))

func TestAPageRedeemsTheSecondCodeOfAHybridSignIn(t *testing.T) {
	var (
		mu     sync.Mutex // guards what follows
		client *msal.ConfidentialClient
		flow   msal.AuthCodeFlow
		result msal.Result
	)
	failed := func(out http.ResponseWriter, err error) {
		t.Error(err)
		http.Error(out, "no", http.StatusInternalServerError)
	}
	mux := http.NewServeMux()
	app := httptest.NewTLSServer(mux)
	t.Cleanup(app.Close)
	mux.HandleFunc("GET /login", func(out http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var err error
		if flow, err = client.InitiateAuthCodeFlow(r.Context(), msal.AuthCodeFlowRequest{Scopes: []string{emulator.TasksReadScope}, RedirectURI: app.URL + "/callback"}); err != nil {
			failed(out, err)
			return
		}
		http.Redirect(out, r, flow.URL, http.StatusFound)
	})
	mux.HandleFunc("POST /callback", func(out http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		err := r.ParseForm()
		if err == nil {
			result, err = client.AcquireTokenByAuthCodeFlow(r.Context(), msal.AuthCodeRedemption{Flow: flow, Response: r.PostForm, ReturnSPACode: true})
		}
		if err == nil {
			out.Header().Set("Content-Type", "text/html; charset=utf-8")
			err = hybridPage.Execute(out, map[string]string{"Endpoint": tenantURL + "/oauth2/v2.0/token", "ClientID": emulator.WebClientID,
				"Code": result.SPACode, "Scope": emulator.TasksReadScope + " openid offline_access"})
		}
		if err != nil {
			failed(out, err)
		}
	})
	p := startPlatform(t, ours, func(cfg *emulator.Config) {
		for i := range cfg.Tenants[0].Apps {
			if a := &cfg.Tenants[0].Apps[i]; a.ClientID == emulator.WebClientID {
				a.RedirectURIs = emulator.RedirectURIs{Web: []string{app.URL + "/callback"}, SPA: []string{app.URL + "/"}}
			}
		}
	})
	var err error
	if client, err = msal.NewConfidentialClient(emulator.WebClientID, msal.Secret(emulator.WebSecret), msal.Options{Authority: tenantURL, HTTPClient: p.client}); err != nil {
		t.Fatal(err)
	}
	const host = "login.microsoftonline.com"
	b := openBrowser(t, reach{trust: append([]*x509.Certificate{app.Certificate()}, trusted(t, p.server, host)...), hosts: map[string]string{host: p.server.Addr()}})
	b.visit(app.URL + "/login")
	b.fill(`input[name=login]`, alice)
	b.fill(`input[name=passwd]`, emulator.DefaultPassword)
	b.click(`button.primary`)
	b.sees("#done")
	var answer struct {
		Error        string `json:"error"`
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		SPACode      string `json:"spa_code"`
	}
	if err := json.Unmarshal([]byte(eval[string](b, "JSON.stringify(window.answer)")), &answer); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	checkUser(t, result, alice)
	if answer.Error != "" || answer.AccessToken == "" || answer.RefreshToken == "" || answer.AccessToken == result.AccessToken || answer.SPACode != "" {
		t.Errorf("the page got the error %q, a token: %v, a refresh token: %v", answer.Error, answer.AccessToken != "", answer.RefreshToken != "")
	}
	for i, want := range []string{"", app.URL} {
		requests := p.Requests(emulator.EndpointToken)
		if len(requests) != 2 || requests[i].Header.Get("Origin") != want {
			t.Errorf("%d token requests; number %d does not come from %q", len(requests), i+1, want)
		}
	}
}
