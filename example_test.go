package msal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// platform is the emulator in memory; a real program leaves HTTPClient out.
func platform() (*emulator.Emulator, *http.Client) {
	e, err := emulator.New(emulator.Config{})
	if err != nil {
		log.Fatal(err)
	}
	return e, e.Client()
}

// A service asks for a token whenever it needs one; the cache answers from the
// second time on.
func ExampleConfidentialClient_AcquireTokenForClient() {
	_, client := platform()
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: client,
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		res, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: []string{"api://tasks/.default"}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.TokenType, "from", res.Source)
	}
	// Output:
	// Bearer from identity_provider
	// Bearer from cache
}

// A command line signs a person in without a browser of its own.
func ExamplePublicClient_AcquireTokenByDeviceFlow() {
	e, client := platform()
	if err := e.SetLifetimes(emulator.Lifetimes{DeviceInterval: time.Second}); err != nil { // do not keep the reader waiting
		log.Fatal(err)
	}
	app, err := msal.NewPublicClient(emulator.DeviceClientID, msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: client,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	flow, err := app.InitiateDeviceFlow(ctx, msal.DeviceFlowRequest{Scopes: []string{"User.Read"}})
	if err != nil {
		log.Fatal(err)
	}
	// Show flow.Message. Here the person is quick.
	if err := e.ApproveDevice(flow.UserCode, emulator.DefaultUser); err != nil {
		log.Fatal(err)
	}
	res, err := app.AcquireTokenByDeviceFlow(ctx, msal.DeviceFlowRedemption{Flow: flow})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", res.Account.Username)
	// Output: signed in: alice@contoso.test
}

// A web application keeps the flow in the person's session while the person
// signs in.
func ExampleConfidentialClient_AcquireTokenByAuthCodeFlow() {
	e, client := platform()
	app, err := msal.NewConfidentialClient(emulator.WebClientID, msal.Secret(emulator.WebSecret), msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: client,
	})
	if err != nil {
		log.Fatal(err)
	}
	var session msal.AuthCodeFlow // where only this person's requests find it
	login := func(w http.ResponseWriter, r *http.Request) {
		session, err = app.InitiateAuthCodeFlow(r.Context(), msal.AuthCodeFlowRequest{
			Scopes: []string{"User.Read"}, RedirectURI: "https://web.contoso.test/callback",
		})
		if err != nil {
			http.Error(w, "cannot sign in", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, session.URL, http.StatusFound)
	}
	callback := func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, "cannot read the answer", http.StatusBadRequest)
			return
		}
		res, err := app.AcquireTokenByAuthCodeFlow(r.Context(), msal.AuthCodeRedemption{Flow: session, Response: r.PostForm})
		if err != nil {
			http.Error(w, "sign-in failed", http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "hello", res.Account.Username)
	}

	// A person's browser, in short.
	page := httptest.NewRecorder()
	login(page, httptest.NewRequest(http.MethodGet, "/login", nil))
	answer, err := e.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Visit(context.Background(), page.Header().Get("Location"))
	if err != nil {
		log.Fatal(err)
	}
	request, err := answer.NewRequest(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	page = httptest.NewRecorder()
	callback(page, request)
	fmt.Print(page.Body)
	// Output: hello alice@contoso.test
}

// Ask the cache first; ask the person only when the library says so.
func ExamplePublicClient_AcquireTokenSilent() {
	_, client := platform()
	app, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: client,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	accounts, err := app.Accounts(ctx, msal.AccountsRequest{})
	if err != nil {
		log.Fatal(err)
	}
	var account msal.Account
	if len(accounts) > 0 {
		account = accounts[0]
	}
	_, err = app.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: []string{"User.Read"}, Account: account})
	fmt.Println("ask the person:", errors.Is(err, msal.ErrInteractionRequired))
	// Output: ask the person: true
}
