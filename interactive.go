package msal

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/msal-go/msal/internal/loopback"
	"github.com/msal-go/msal/internal/openurl"
)

// InteractiveRequest asks for a sign-in in a browser on this machine.
type InteractiveRequest struct {
	Scopes     []string // of one resource, without openid, profile and offline_access
	Prompt     Prompt   // zero: the service decides
	LoginHint  string   // user name to fill in
	DomainHint string   // "organizations", "consumers" or a domain: skips a page
	Claims     string   // claims challenge to satisfy
	// MaxAge: see AuthCodeFlowRequest.
	MaxAge time.Duration
	// Timeout ends the wait for the person with a *BrowserTimeoutError. Zero
	// waits as long as the context lasts.
	Timeout time.Duration
	// Port of the listener on this machine. Zero takes any free one, which
	// Entra allows for http://localhost.
	Port int
	// OpenURL shows the sign-in page. Nil opens the person's browser.
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
	p, err := c.where(ctx, time.Now())
	if err != nil {
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
		ResponseMode:  mode,
		CorrelationID: r.CorrelationID,
	})
	if err != nil {
		return Result{}, err
	}
	open := r.OpenURL
	if open == nil {
		open = openurl.New().Open
	}
	if err := open(ctx, flow.URL); err != nil {
		return Result{}, browserError(ctx, err)
	}
	answer, err := waitForAnswer(ctx, listener, r.Timeout)
	if err != nil {
		return Result{}, err
	}
	return c.AcquireTokenByAuthCodeFlow(ctx, AuthCodeRedemption{Flow: flow, Response: answer})
}

func browserError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &OpError{Op: "open the sign-in page", Err: context.Cause(ctx)}
	}
	return &OpError{Op: "open the sign-in page", Kind: ErrNoBrowser, Hint: "use the device code flow, or give OpenURL", Err: err}
}

func waitForAnswer(ctx context.Context, l *loopback.Listener, timeout time.Duration) (url.Values, error) {
	late := &BrowserTimeoutError{Timeout: timeout}
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, late)
		defer cancel()
	}
	answer, err := l.Wait(ctx)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(context.Cause(ctx), late):
		return nil, late
	}
	return nil, &OpError{Op: "wait for the sign-in", Err: err}
}
