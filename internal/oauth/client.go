// Package oauth speaks the OAuth 2.0 token endpoint (RFC 6749), the device
// authorization endpoint (RFC 8628) and the members that Microsoft Entra ID
// adds to both. It sends forms and turns answers into values and typed errors;
// it keeps nothing and decides nothing.
//
// No error of this package carries a credential: what the service echoes of the
// request's secrets is blotted out, and bodies are never quoted.
package oauth

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/msal-go/msal/internal/httpx"
)

// Client posts forms. It is safe for concurrent use. HTTP must not be nil.
type Client struct {
	HTTP *httpx.Client
}

// Headers are the per-request headers. Empty ones are not sent, except the
// correlation id: one is made.
type Headers struct {
	CorrelationID    string // client-request-id
	CurrentTelemetry string // x-client-current-telemetry
	LastTelemetry    string // x-client-last-telemetry
	AnchorMailbox    string // X-AnchorMailbox, a routing hint such as "Oid:uid@utid"
}

// Token posts f to a token endpoint.
//
// Errors: *Error for an OAuth error answer, *ResponseError for an answer that
// is neither a token nor an error, and those of httpx.Client.Get.
func (c *Client) Token(ctx context.Context, endpoint string, f Form, h Headers) (*TokenResponse, error) {
	header := http.Header{"Accept": {"application/json"}}
	setHeader(header, "x-client-current-telemetry", h.CurrentTelemetry)
	setHeader(header, "x-client-last-telemetry", h.LastTelemetry)
	setHeader(header, "X-AnchorMailbox", h.AnchorMailbox)
	a, err := c.post(ctx, endpoint, f, h, header)
	if err != nil {
		return nil, err
	}
	return a.token()
}

// DeviceAuthorization posts f to a device authorization endpoint (RFC 8628,
// section 3.1). Telemetry and routing headers are not sent there. The errors
// are those of Token.
func (c *Client) DeviceAuthorization(ctx context.Context, endpoint string, f Form, h Headers) (*DeviceAuthorization, error) {
	a, err := c.post(ctx, endpoint, f, h, http.Header{})
	if err != nil {
		return nil, err
	}
	return a.deviceAuthorization()
}

func (c *Client) post(ctx context.Context, endpoint string, f Form, h Headers, header http.Header) (*answer, error) {
	correlation := h.CorrelationID
	if correlation == "" {
		correlation = c.HTTP.NewCorrelationID()
	}
	setHeader(header, httpx.CorrelationHeader, correlation)
	res, err := c.HTTP.PostForm(ctx, endpoint, f.Encode(), header)
	if err != nil {
		return nil, err
	}
	host := ""
	if u, err := url.Parse(endpoint); err == nil { // it was parsed before sending
		host = u.Host
	}
	return &answer{
		Response:    res,
		host:        host,
		correlation: correlation,
		secrets:     secretsOf(f),
	}, nil
}

// setHeader leaves out what a header cannot hold. These values are hints for
// the service: a user name with a line break must not fail the request in a
// place that says nothing about user names.
func setHeader(h http.Header, name, value string) {
	if value == "" || strings.ContainsFunc(value, unicode.IsControl) {
		return
	}
	h.Set(name, value)
}
