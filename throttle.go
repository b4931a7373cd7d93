package msal

import (
	"context"
	"errors"
	"time"

	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
)

// How long a refusal that names no time is remembered. The service asks desktop
// programs, of which there are many, for more patience.
const (
	publicPause       = 60 * time.Second
	confidentialPause = 5 * time.Second
)

func newThrottle(memory *HTTPCache, confidential bool) oauth.Throttle {
	t := oauth.Throttle{Memory: &memory.entries.Refusals, Pause: publicPause}
	if confidential {
		t.Pause = confidentialPause
	}
	return t
}

// remembered is the refusal with which the service would be quoted, if that is
// known before the client has proved itself: nobody signs an assertion, or is
// asked for one, that is not sent.
func (c *core) remembered(p *place, g *grant) error {
	if _, ok := c.prover.(TokenProvider); ok {
		return nil // it has nothing to do with the service
	}
	var pr proof
	if c.prover != nil {
		pr.assertion = "to come"
	}
	err := c.throttle.Refused(c.endpoint(p, g), g.subject(), c.tokenForm(g, pr))
	if err != nil {
		c.countFailure(g, err)
	}
	return err
}

// endpoint is where a grant is posted.
func (c *core) endpoint(p *place, g *grant) string {
	return firstOf(g.endpoint, p.meta.TokenEndpoint)
}

// send posts a token request, unless the service has just refused it, and tells
// it how the client fares.
func (c *core) send(ctx context.Context, endpoint string, g *grant, form oauth.Form) (*oauth.TokenResponse, error) {
	api, reason := g.purpose()
	subject := g.subject()
	err := c.throttle.Refused(endpoint, subject, form)
	if err == nil {
		var resp *oauth.TokenResponse
		resp, err = c.oauth.Token(ctx, endpoint, form, oauth.Headers{
			CorrelationID:    g.correlationID,
			AnchorMailbox:    g.mailbox,
			CurrentTelemetry: telemetry.Current(api, reason),
			LastTelemetry:    c.telemetry.Last(),
		})
		if err == nil {
			c.telemetry.Succeeded()
			return resp, nil
		}
		c.throttle.Note(endpoint, subject, form, err)
	}
	c.countFailure(g, err)
	return nil, err
}

// countFailure is like the family: only what the service says counts, though it
// be said again from memory, and of a wait only its end.
func (c *core) countFailure(g *grant, err error) {
	var answer *oauth.Error
	if errors.As(err, &answer) && answer.Status < 500 && answer.Code != codePending && answer.Code != codeSlowDown {
		api, _ := g.purpose()
		c.telemetry.Failed(api, g.correlationID, answer.Code)
	}
}

// askForDevice posts a device authorization request, unless the service has just
// refused it.
func (c *core) askForDevice(ctx context.Context, endpoint string, form oauth.Form, correlationID string) (*oauth.DeviceAuthorization, error) {
	if err := c.throttle.Refused(endpoint, "", form); err != nil {
		return nil, err
	}
	d, err := c.oauth.DeviceAuthorization(ctx, endpoint, form, oauth.Headers{CorrelationID: correlationID})
	if err != nil {
		c.throttle.Note(endpoint, "", form, err)
	}
	return d, err
}

// subject says whom a request is about, so that a pause holds up nobody else:
// another FMI path is another identity.
func (g *grant) subject() string {
	if g.extra.key != "" {
		return g.person() + " parameters " + g.extra.digest
	}
	return g.person()
}

func (g *grant) person() string {
	if g.account.HomeAccountID != "" {
		return "account " + g.account.HomeAccountID
	}
	if g.username != "" {
		return "username " + g.username
	}
	for _, name := range [...]string{"refresh_token", "assertion", "username", "user_id"} {
		if v := g.form.Get(name); v != "" {
			return name + " " + v
		}
	}
	return "" // the application itself
}
