package msal

import (
	"context"
	"errors"
	"time"

	"github.com/msal-go/msal/internal/loopback"
	"github.com/msal-go/msal/internal/telemetry"
)

// InteractiveRequest asks for a sign-in in a browser on this machine.
type InteractiveRequest struct {
	Scopes     []string // of one resource, without openid, profile and offline_access
	Prompt     Prompt   // zero: the service decides
	LoginHint  string   // user name to fill in
	DomainHint string   // "organizations", "consumers" or a domain: skips a page
	Claims     string   // claims challenge to satisfy
	// MaxAge, ExtraScopesToConsent and ExtraQueryParameters: see
	// AuthCodeFlowRequest.
	MaxAge               time.Duration
	ExtraScopesToConsent []string
	ExtraQueryParameters map[string]string
	// ExtraParameters of the token request: see ForClientRequest.
	ExtraParameters map[string]string
	// Timeout ends the wait for the person with a *BrowserTimeoutError. Zero
	// waits as long as the context lasts, which is for ever when the person
	// closes the page and the context has no end.
	Timeout time.Duration
	// Port of the listener on this machine. Zero takes any free one, which
	// Entra allows for http://localhost.
	Port int
	// OpenURL shows the sign-in page. It may return at once or when the page
	// is closed; its context ends with the sign-in, which waits a second at
	// most for it to return. Nil opens the person's browser.
	OpenURL func(ctx context.Context, url string) error
	// PasteBack, if given, asks the person for the address of the page that
	// the browser could not open, for where no browser reaches the listener: a
	// remote machine, a container. It works beside the browser, and is called
	// again with a Problem, ten times at most, until the text is the answer.
	// Its context ends with the sign-in, which waits a second at most for it to
	// return; an error gives up on pasting alone, unless it is ErrDeclined.
	// The answer then travels in the address (response_mode=query). PasteFrom
	// is one for terminals.
	PasteBack func(ctx context.Context, p PastePrompt) (answer string, err error)
	// OnBeforeLaunchingUI is called before the person sees anything, with
	// "browser": time to say where to look. Nil calls nothing. It is not called
	// for a sign-in that shows nothing, as in Cloud Shell.
	OnBeforeLaunchingUI func(ui string)
	// SuccessPage and ErrorPage replace the pages that the browser ends at.
	// They are html/template sources over the fields Error and Description,
	// which are empty after a success and escaped as the place demands. Style
	// elements work, scripts do not. A template that cannot work is
	// ErrConfiguration, before anybody is asked.
	SuccessPage, ErrorPage string
	// WelcomePage, if given, is shown before the sign-in page. It is an
	// html/template source over SignInURL, where to go on, and AbortURL, which
	// ends the sign-in with ErrDeclined.
	WelcomePage string
	// ParentWindowHandle is the window that a broker's dialog belongs to, or
	// ConsoleWindowHandle. Browsers have windows of their own: without a broker
	// it is ignored.
	ParentWindowHandle uintptr
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// ConsoleWindowHandle stands for the window of the terminal that the program
// runs in, as InteractiveRequest.ParentWindowHandle.
const ConsoleWindowHandle = ^uintptr(0)

// AcquireTokenInteractive signs a person in with the system's browser
// (RFC 8252): it listens on http://localhost, opens the sign-in page, and waits
// for the answer. Register "http://localhost" as a redirect URI of the app.
//
// In Azure Cloud Shell (the environment variable AZUREPS_HOST_ENVIRONMENT begins
// with "cloud-shell" when the client is made), with PromptNone, nothing is shown:
// the shell answers for the person who opened it, and for AcquireTokenSilent from
// then on. Only Scopes, for one resource at a time, and ExtraParameters count
// there.
//
// Stray requests to the listener do not end the wait. Errors: ErrNoBrowser when
// no browser can be opened, ErrTimeout when nobody answers, ErrDeclined when the
// person refuses or leaves, ErrConfiguration when the port is taken; the context's error
// when the caller gives up.
func (c *PublicClient) AcquireTokenInteractive(ctx context.Context, r InteractiveRequest) (Result, error) {
	if r.Timeout < 0 {
		return Result{}, configError("sign in interactively", "give a positive Timeout, or none", errors.New("the Timeout is negative"))
	}
	if _, err := c.decorate(r.Scopes); err != nil {
		return Result{}, err
	}
	if _, err := newExtra(r.ExtraParameters, ""); err != nil { // before the person is asked
		return Result{}, err
	}
	if c.cloudShell != nil && r.Prompt == PromptNone {
		return c.signInCloudShell(ctx, r)
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	if err := c.prepare(ctx, p, grant{signIn: &signIn{}}); err != nil { // before the person is asked
		return Result{}, err
	}
	state, err := c.randomText(16)
	if err != nil {
		return Result{}, err
	}
	mode, listen := ResponseModeFormPost, loopback.FormPost
	if p.meta.QueryOnly || r.PasteBack != nil { // what is posted shows in no address bar
		mode, listen = ResponseModeQuery, loopback.Query
	}
	listener, err := loopback.Listen(ctx, loopback.Options{Port: r.Port, State: state, Mode: listen,
		SuccessPage: r.SuccessPage, ErrorPage: r.ErrorPage, WelcomePage: r.WelcomePage})
	if err != nil {
		return Result{}, wrap("listen for the sign-in answer", err)
	}
	defer listener.Close()
	flow, err := c.InitiateAuthCodeFlow(ctx, AuthCodeFlowRequest{
		Scopes:      r.Scopes,
		RedirectURI: listener.RedirectURI(),
		State:       state,
		Prompt:      r.Prompt,
		LoginHint:   r.LoginHint,
		DomainHint:  r.DomainHint,
		Claims:      r.Claims,
		MaxAge:      r.MaxAge,

		ExtraScopesToConsent: r.ExtraScopesToConsent,
		ExtraQueryParameters: r.ExtraQueryParameters,
		ResponseMode:         mode,
		CorrelationID:        r.CorrelationID,
	})
	if err != nil {
		return Result{}, err
	}
	answer, err := c.openAndWait(ctx, r, listener, flow.URL)
	if err != nil {
		return Result{}, err
	}
	return c.redeemAuthCode(ctx, AuthCodeRedemption{Flow: flow, Response: answer, ExtraParameters: r.ExtraParameters}, telemetry.Interactive)
}
