package main

import (
	"errors"
	"html/template"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/msal-go/msal"
)

// app is made once; its client and the client's cache serve everybody.
type app struct {
	http.Handler
	client   *msal.ConfidentialClient
	callback string
	scopes   []string
	sessions sessions
}

func newApp(client *msal.ConfidentialClient, callback string, scopes []string) *app {
	mux := http.NewServeMux()
	a := &app{Handler: mux, client: client, callback: callback, scopes: scopes,
		sessions: sessions{secure: strings.HasPrefix(callback, "https:")}}
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.finish)
	mux.HandleFunc("POST /logout", a.logout)
	return a
}

// home asks for a token as each page does that calls an API: silently. The
// account comes from the session, never from Accounts, which is everybody.
func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s := a.sessions.of(r)
	if s.account.IsZero() {
		show(w, http.StatusOK, view{Message: "You are not signed in."})
		return
	}
	res, err := a.client.AcquireTokenSilent(r.Context(), msal.SilentRequest{Scopes: a.scopes, Account: s.account})
	switch {
	case errors.Is(err, msal.ErrInteractionRequired):
		show(w, http.StatusOK, view{Message: "Please sign in again."})
	case err != nil:
		log.Print("token: ", err)
		show(w, http.StatusServiceUnavailable, view{Message: "Signing in does not work at the moment."})
	default:
		// An API gets req.Header.Set("Authorization", res.Authorization()).
		show(w, http.StatusOK, view{Name: s.account.Username, Message: "Your token is good until " + res.ExpiresOn.UTC().Format(time.RFC1123) + "."})
	}
}

// login begins a sign-in. The flow holds secrets and stays in the session.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	flow, err := a.client.InitiateAuthCodeFlow(r.Context(), msal.AuthCodeFlowRequest{
		Scopes:      a.scopes,
		RedirectURI: a.callback,
		// A posted answer comes from another site, without a SameSite=Lax
		// cookie, and so without the session.
		ResponseMode: msal.ResponseModeQuery,
	})
	if err != nil {
		log.Print("begin a sign-in: ", err)
		show(w, http.StatusServiceUnavailable, view{Message: "Signing in does not work at the moment."})
		return
	}
	a.sessions.begin(w, session{flow: flow, expires: flow.ExpiresAt})
	http.Redirect(w, r, flow.URL, http.StatusFound)
}

// finish takes the answer. State, nonce, PKCE and the ID token are checked in
// AcquireTokenByAuthCodeFlow.
func (a *app) finish(w http.ResponseWriter, r *http.Request) {
	res, err := a.client.AcquireTokenByAuthCodeFlow(r.Context(), msal.AuthCodeRedemption{
		Flow:     a.sessions.end(w, r).flow,
		Response: r.URL.Query(),
	})
	switch {
	case errors.Is(err, msal.ErrDeclined):
		show(w, http.StatusOK, view{Message: "You have not signed in."})
	case err != nil:
		log.Print("sign in: ", err)
		show(w, http.StatusBadRequest, view{Message: "That did not work. Please try again."})
	default:
		// A new session: whoever knew the old cookie does not have this one.
		a.sessions.begin(w, session{account: res.Account, expires: time.Now().Add(8 * time.Hour)})
		http.Redirect(w, r, "/", http.StatusSeeOther) // the code leaves the address bar
	}
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	if account := a.sessions.end(w, r).account; !account.IsZero() {
		if err := a.client.RemoveAccount(r.Context(), msal.RemoveAccountRequest{Account: account}); err != nil {
			log.Print("sign out: ", err)
		}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

type view struct{ Name, Message string }

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta name="viewport" content="width=device-width"><title>webapp</title>
<h1>{{if .Name}}Hello {{.Name}}{{else}}Welcome{{end}}</h1>
<p>{{.Message}}</p>
{{if .Name}}<form method="post" action="/logout"><button>Sign out</button></form>{{else}}<p><a href="/login">Sign in</a></p>{{end}}
`))

func show(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := page.Execute(w, v); err != nil {
		log.Print("show a page: ", err)
	}
}
