package msal

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/msal-go/msal/internal/loopback"
	"github.com/msal-go/msal/internal/openurl"
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
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// AcquireTokenInteractive signs a person in with the system's browser
// (RFC 8252): it listens on http://localhost, opens the sign-in page, and waits
// for the answer. Register "http://localhost" as a redirect URI of the app.
//
// Stray requests to the listener do not end the wait. Errors: ErrNoBrowser when
// no browser can be opened, ErrTimeout when nobody answers, ErrDeclined when the
// person refuses, ErrConfiguration when the port is taken; the context's error
// when the caller gives up.
func (c *PublicClient) AcquireTokenInteractive(ctx context.Context, r InteractiveRequest) (Result, error) {
	if r.Timeout < 0 {
		return Result{}, configError("sign in interactively", "give a positive Timeout, or none", errors.New("the Timeout is negative"))
	}
	if _, err := decorate(r.Scopes); err != nil {
		return Result{}, err
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
	if p.meta.QueryOnly {
		mode, listen = ResponseModeQuery, loopback.Query
	}
	listener, err := loopback.Listen(ctx, loopback.Options{Port: r.Port, State: state, Mode: listen})
	if err != nil {
		return Result{}, wrap("listen for the sign-in answer", err)
	}
	defer listener.Close()
	flow, err := c.InitiateAuthCodeFlow(ctx, AuthCodeFlowRequest{
		Scopes:        r.Scopes,
		RedirectURI:   listener.RedirectURI(),
		State:         state,
		Prompt:        r.Prompt,
		LoginHint:     r.LoginHint,
		DomainHint:    r.DomainHint,
		Claims:        r.Claims,
		MaxAge:        r.MaxAge,

		ExtraScopesToConsent: r.ExtraScopesToConsent,
		ExtraQueryParameters: r.ExtraQueryParameters,
		ResponseMode:  mode,
		CorrelationID: r.CorrelationID,
	})
	if err != nil {
		return Result{}, err
	}
	answer, err := openAndWait(ctx, r, listener, flow.URL)
	if err != nil {
		return Result{}, err
	}
	return c.redeemAuthCode(ctx, AuthCodeRedemption{Flow: flow, Response: answer}, telemetry.Interactive)
}

// openGrace is how long OpenURL may take to notice that the sign-in is over.
const openGrace = time.Second

// openAndWait shows the page and waits for the answer, at the same time: whoever
// opens the page may not return before it is closed.
func openAndWait(ctx context.Context, r InteractiveRequest, l *loopback.Listener, page string) (url.Values, error) {
	open := r.OpenURL
	if open == nil {
		open = openurl.New().Open
	}
	late := &BrowserTimeoutError{Timeout: r.Timeout}
	if r.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Timeout, late)
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	failed := &OpError{Op: "open the sign-in page", Kind: ErrNoBrowser, Hint: "use the device code flow, or give OpenURL"}
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		if err := open(ctx, page); err != nil {
			failed.Err = err
			stop(failed)
		}
	}()
	answer, err := l.Wait(ctx)
	why := context.Cause(ctx)
	stop(nil)
	patience := time.NewTimer(openGrace)
	defer patience.Stop()
	select {
	case <-opened: // what it did is visible to the caller
	case <-patience.C:
	}
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(why, late):
		return nil, late
	case why == error(failed):
		return nil, failed
	}
	return nil, &OpError{Op: "wait for the sign-in", Err: err}
}
