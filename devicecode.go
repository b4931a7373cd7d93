package msal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
)

const grantDeviceCode = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628 section 3.4

// DeviceFlowRequest asks for a code that a person enters on another device.
type DeviceFlowRequest struct {
	Scopes []string // of one resource, without openid, profile and offline_access
	Claims string   // claims challenge to satisfy
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// DeviceFlow is a device sign-in that has begun. Show Message to the person, or
// UserCode and VerificationURI. It is plain JSON and holds a secret: a flow may
// be redeemed by another process.
type DeviceFlow struct {
	UserCode                string        `json:"user_code"`                           // to be typed by the person
	VerificationURI         string        `json:"verification_uri"`                    // where to type it
	VerificationURIComplete string        `json:"verification_uri_complete,omitempty"` // with the code in it; Entra sends none
	Message                 string        `json:"message"`                             // for the person; made here if the service sends none
	ExpiresAt               time.Time     `json:"expires_at"`
	Interval                time.Duration `json:"interval"` // nanoseconds between polls
	DeviceCode              string        `json:"device_code"`
	Scopes                  []string      `json:"scope"`
	ClientID                string        `json:"client_id"` // of the client that began it, which alone may redeem it
	Authority               string        `json:"authority"`
	Claims                  string        `json:"claims_challenge,omitempty"`
	CorrelationID           string        `json:"correlation_id"`
}

func (f DeviceFlow) kind() string { return "device sign-in with correlation id " + f.CorrelationID }

// String is the message for the person, which has the user code in it but no
// secret. Who sees it can sign the person in elsewhere: do not log it.
func (f DeviceFlow) String() string { return f.Message }

// GoString names the flow without the user code.
func (f DeviceFlow) GoString() string { return f.kind() }

// LogValue names the flow without the user code.
func (f DeviceFlow) LogValue() slog.Value {
	return slog.GroupValue(slog.String("correlation_id", f.CorrelationID), slog.Time("expires_at", f.ExpiresAt))
}

// InitiateDeviceFlow asks the service for a device code (RFC 8628 section 3.1).
// Many tenants block this flow by policy: prefer a browser where there is one.
func (c *PublicClient) InitiateDeviceFlow(ctx context.Context, r DeviceFlowRequest) (DeviceFlow, error) {
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return DeviceFlow{}, err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return DeviceFlow{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return DeviceFlow{}, err
	}
	if p.meta.DeviceAuthorizationEndpoint == "" {
		return DeviceFlow{}, configError("start a device sign-in", "use another flow", errors.New("the authority offers no device code flow"))
	}
	id := c.newCorrelationID(r.CorrelationID)
	var form oauth.Form
	form.Add("client_id", c.clientID)
	form.Add("scope", scopeParam(scopes))
	form.Add("claims", claims)
	d, err := c.askForDevice(ctx, p.meta.DeviceAuthorizationEndpoint, form, id)
	if err != nil {
		return DeviceFlow{}, wrap("start a device sign-in", err)
	}
	f := DeviceFlow{
		UserCode:                d.UserCode,
		VerificationURI:         d.VerificationURI,
		VerificationURIComplete: d.VerificationURIComplete,
		Message:                 d.Message,
		ExpiresAt:               time.Now().Add(d.ExpiresIn).Round(0),
		Interval:                d.Interval,
		DeviceCode:              d.DeviceCode,
		Scopes:                  scopes,
		ClientID:                c.clientID,
		Authority:               c.authority.URL,
		Claims:                  claims,
		CorrelationID:           id,
	}
	if f.Message == "" {
		f.Message = fmt.Sprintf("To sign in, open %s in a browser and enter the code %s.", f.VerificationURI, f.UserCode)
	}
	return f, nil
}

// DeviceFlowRedemption completes a device sign-in.
type DeviceFlowRedemption struct {
	// Flow is what InitiateDeviceFlow returned, here or in another process.
	Flow DeviceFlow
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
}

// Error codes of polls that are to be repeated (RFC 8628 section 3.5).
const (
	codePending  = "authorization_pending"
	codeSlowDown = "slow_down"
)

// defaultInterval holds when the service names none (RFC 8628 section 3.2).
const defaultInterval = 5 * time.Second

// String names the flow without its secret.
func (r DeviceFlowRedemption) String() string { return "redemption of a " + r.Flow.kind() }

// GoString is String.
func (r DeviceFlowRedemption) GoString() string { return r.String() }

// LogValue is that of the flow.
func (r DeviceFlowRedemption) LogValue() slog.Value { return r.Flow.LogValue() }

// MarshalText is String, so that JSON shows no secret either.
func (r DeviceFlowRedemption) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// slowDown is what a slow_down answer adds to the interval (RFC 8628 section 3.5).
const slowDown = 5 * time.Second

// maxPollPause bounds the pause after repeated network failures.
const maxPollPause = time.Minute

// AcquireTokenByDeviceFlow waits until the person has signed in, and polls no
// faster than the service allows. It ends with the context, with the person's
// refusal (ErrDeclined), or when the code expires (ErrTimeout). Network failures
// meanwhile are waited out.
func (c *PublicClient) AcquireTokenByDeviceFlow(ctx context.Context, r DeviceFlowRedemption) (Result, error) {
	f := r.Flow
	if f.DeviceCode == "" {
		return Result{}, configError("complete the device sign-in", "give the flow that InitiateDeviceFlow returned", errFlowEmpty)
	}
	if err := c.checkOwn("complete the device sign-in", f.ClientID, f.Authority); err != nil {
		return Result{}, err
	}
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return Result{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	g := grant{
		kind:          grantDeviceCode,
		extra:         x,
		scopes:        f.Scopes,
		claims:        f.Claims,
		correlationID: c.newCorrelationID(f.CorrelationID),
		signIn:        &signIn{},
		partition:     func(_ *place, home string) string { return c.userPartition(home) },
	}
	if p.meta.Kind == authority.Entra {
		g.form.Add("code", f.DeviceCode) // a name of before RFC 8628, which MSAL Python still sends, and sends first
	}
	g.form.Add("device_code", f.DeviceCode)
	if err := c.prepare(ctx, p, g); err != nil {
		return Result{}, err
	}
	interval := f.Interval
	if interval <= 0 {
		interval = defaultInterval
	}
	for pause := interval; ; {
		pause = beforeTheEnd(pause, interval, time.Until(f.ExpiresAt))
		if err := sleepUntil(ctx, pause, f.ExpiresAt); err != nil {
			c.telemetry.Failed(telemetry.DeviceCode, g.correlationID, codePending) // of all polls, the last word
			return Result{}, err
		}
		resp, err := c.post(ctx, p, g)
		if err == nil {
			return c.accept(ctx, p, g, resp) // the code is spent: no more polls, whatever happens
		}
		if interval, pause, err = afterPoll(err, interval, pause); err != nil {
			return Result{}, err
		}
	}
}

// beforeTheEnd moves the last poll to a second before the code expires: it would
// be a pity to miss a person who took their time. It never polls faster than the
// service allows, so that it may wait longer before that poll.
func beforeTheEnd(pause, interval, left time.Duration) time.Duration {
	last := left - time.Second
	if last >= interval && last < pause+interval {
		return last
	}
	return pause
}

// afterPoll says how to go on after a poll that brought no token; an error ends
// the flow.
func afterPoll(err error, interval, pause time.Duration) (time.Duration, time.Duration, error) {
	var answer *Error
	switch {
	case errors.As(err, &answer) && answer.Code == codePending:
		return interval, interval, nil
	case errors.As(err, &answer) && answer.Code == codeSlowDown:
		return interval + slowDown, interval + slowDown, nil
	case errors.Is(err, ErrTransient):
		// RFC 8628 section 3.5: back off when the connection fails.
		pause = min(2*pause, maxPollPause)
		var named interface{ RetryDelay() time.Duration }
		if errors.As(err, &named) {
			pause = max(pause, named.RetryDelay())
		}
		return interval, pause, nil
	}
	return interval, pause, err
}

// sleepUntil pauses, unless the flow is over before the pause is.
func sleepUntil(ctx context.Context, pause time.Duration, deadline time.Time) error {
	left := time.Until(deadline)
	expired := left < pause
	timer := time.NewTimer(min(max(left, 0), pause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return &OpError{Op: "wait for the device sign-in", Err: context.Cause(ctx)}
	case <-timer.C:
	}
	if expired {
		return &OpError{Op: "wait for the device sign-in", Kind: ErrTimeout, Hint: "begin again", Err: errFlowExpired}
	}
	return nil
}
