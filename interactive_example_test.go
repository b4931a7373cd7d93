package msal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// A desktop program signs a person in with the system's browser, and ends at a
// page of its own.
func ExamplePublicClient_AcquireTokenInteractive_ownPages() {
	emu, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	browser := emu.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Open
	res, err := app.AcquireTokenInteractive(context.Background(), msal.InteractiveRequest{
		Scopes:               []string{"https://graph.microsoft.com/User.Read"},
		ExtraScopesToConsent: []string{"https://graph.microsoft.com/Mail.Read"}, // asked for later, silently
		Timeout:              5 * time.Minute,
		OnBeforeLaunchingUI:  func(ui string) { fmt.Println("continue in the", ui) },
		SuccessPage:          `<title>Done</title><h1>Welcome to Contoso</h1>`,
		ErrorPage:            `<title>Sorry</title><h1>Not this time</h1><p>{{.Error}}: {{.Description}}`,
		OpenURL:              browser, // a real program leaves this out
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("hello", res.Account.Username)
	// Output:
	// continue in the browser
	// hello alice@contoso.test
}

// On a remote machine no browser reaches the program's listener. The person
// signs in anywhere, and pastes the address that the browser ended at.
func ExamplePasteFrom() {
	app, err := msal.NewPublicClient("client-id", msal.Options{Authority: "https://login.microsoftonline.com/contoso.com"})
	if err != nil {
		log.Fatal(err)
	}
	res, err := app.AcquireTokenInteractive(context.Background(), msal.InteractiveRequest{
		Scopes:    []string{"https://graph.microsoft.com/User.Read"},
		PasteBack: msal.PasteFrom(os.Stdin, os.Stderr),
	})
	if errors.Is(err, msal.ErrNoBrowser) {
		log.Fatal("neither a browser nor a terminal")
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("hello", res.Account.Username)
}

// A web application hands a second code to its page, which gets tokens of its
// own with it (MSAL.js: acquireTokenByCode).
func ExampleAuthCodeRedemption() {
	cfg := emulator.Defaults()
	for i, a := range cfg.Tenants[0].Apps {
		if a.ClientID == emulator.WebClientID {
			cfg.Tenants[0].Apps[i].RedirectURIs.SPA = []string{"https://web.contoso.test/"}
		}
	}
	e, err := emulator.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	svc, err := msal.NewConfidentialClient(emulator.WebClientID, msal.Secret(emulator.WebSecret), msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: e.Client(),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	flow, err := svc.InitiateAuthCodeFlow(ctx, msal.AuthCodeFlowRequest{
		Scopes: []string{emulator.TasksReadScope}, RedirectURI: "https://web.contoso.test/callback",
	})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := e.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Visit(ctx, flow.URL)
	if err != nil {
		log.Fatal(err)
	}
	res, err := svc.AcquireTokenByAuthCodeFlow(ctx, msal.AuthCodeRedemption{Flow: flow, Response: answer.Values, ReturnSPACode: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("a token for the server:", !res.IsZero(), "- a code for the page:", res.SPACode != "")
	// Output: a token for the server: true - a code for the page: true
}
