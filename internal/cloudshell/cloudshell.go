// Package cloudshell asks Azure Cloud Shell for tokens of the person who has
// opened it. The shell has an endpoint on its own loopback address that answers
// for that person and needs no sign-in.
//
// It is plain http, but to this machine only; nothing secret is sent. What the
// endpoint says is bounded and checked for its form. That the wire is the one of
// MSAL Python is known from its behavior; Microsoft does not document it.
package cloudshell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/httpx"
)

const (
	// Variable is the environment variable that tells a Cloud Shell: its value
	// begins with Prefix.
	Variable = "AZUREPS_HOST_ENVIRONMENT"
	// Prefix begins the value of Variable in a Cloud Shell.
	Prefix = "cloud-shell"

	host     = "localhost:50342"
	tokenURL = "http://" + host + "/oauth2/token"

	defaultTimeout = 30 * time.Second
	maxBody        = 1 << 20
)

// Client asks the endpoint of this machine. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	timeout time.Duration // not positive: none
}

// New makes a client over h, whose redirects are refused; nil means one of its
// own. A proxy setting does not apply, unless h hides it behind a RoundTripper
// of its own: what a proxy calls localhost is another machine, and the token
// would cross the network in the clear. A zero timeout means 30 s, a negative
// one no bound.
func New(h *http.Client, timeout time.Duration) *Client {
	own := http.Client{}
	if h != nil {
		own = *h
	}
	if own.Transport == nil {
		own.Transport = http.DefaultTransport
	}
	if given, ok := own.Transport.(*http.Transport); ok {
		t := given.Clone()
		t.Proxy = nil
		own.Transport = t
	}
	own.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		return &httpx.RedirectError{Host: host, Scheme: r.URL.Scheme, Target: r.URL.Host}
	}
	if timeout == 0 {
		timeout = defaultTimeout
	}
	return &Client{http: &own, timeout: timeout}
}

// Token asks for a token for a resource, with further parameters of the caller.
// It is for the caller to look at its type. The errors are a [*Refusal], an
// [*AnswerError], an httpx.TransportError, RedirectError or BodyTooLargeError,
// or the cause of the context.
func (c *Client) Token(ctx context.Context, resource string, extra url.Values) (*Token, error) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	form := url.Values{}
	maps.Copy(form, extra)
	form.Set("resource", resource)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("make the request to Cloud Shell: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Metadata", "true") // proof that no page or forged link asks
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, transportError(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, transportError(err)
	case len(text) > maxBody:
		return nil, &httpx.BodyTooLargeError{Host: host, Status: resp.StatusCode, Limit: maxBody}
	}
	return read(resp.StatusCode, text, time.Now())
}

func transportError(err error) error {
	var redirect *httpx.RedirectError
	if errors.As(err, &redirect) {
		return redirect
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return &httpx.TransportError{Op: http.MethodPost, Host: host, Err: err}
}

// Refusal is an error that the endpoint answered.
type Refusal struct {
	Status  int // HTTP status
	Code    string
	Message string
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("Cloud Shell refused (HTTP %d): %s: %s", e.Status, e.Code, e.Message)
}

// AnswerError reports an answer that is neither a token nor an error.
type AnswerError struct {
	Status  int    // HTTP status
	Problem string // what is wrong with it
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("the answer of Cloud Shell (HTTP %d) %s", e.Status, e.Problem)
}
