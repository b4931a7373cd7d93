// Package httpx sends the library's HTTP exchanges: https only, no redirects,
// bounded answers, one time limit per exchange, and errors that never carry
// what was sent or received.
//
// It knows nothing of OAuth: the wire vocabulary is in internal/oauth.
package httpx

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// DefaultTimeout limits one exchange when Config.Timeout is zero.
	DefaultTimeout = 30 * time.Second
	// MaxBody is the largest answer that is read, in bytes after decompression.
	// Real token answers and key sets stay below a tenth of it.
	MaxBody = 1 << 20
	// maxHeader bounds the answer's header on the transport that New makes.
	maxHeader = 64 << 10
)

// Config says how exchanges are made. The zero value is usable.
type Config struct {
	// HTTP is copied shallowly: its transport, cookie jar and time limit stay,
	// its CheckRedirect is replaced. Nil means a private copy of
	// http.DefaultTransport, which honors the proxy environment variables.
	HTTP *http.Client
	// Timeout limits one exchange from dial to last byte, in addition to the
	// context. Zero means DefaultTimeout; negative means no limit of our own.
	Timeout time.Duration
	// Logger receives one debug line per exchange. Nil means silent.
	Logger *slog.Logger
	// AppName and AppVersion go out as x-app-name and x-app-ver when not empty.
	AppName, AppVersion string
	// Version is the library's version, sent as x-client-ver.
	Version string
	// Random feeds correlation ids and must be safe for concurrent use.
	// Nil means crypto/rand.
	Random io.Reader
}

// Client makes exchanges. It is immutable and safe for concurrent use.
type Client struct {
	http     *http.Client
	timeout  time.Duration
	log      *slog.Logger
	standard http.Header
	random   io.Reader
}

// Response is a complete answer. The body was read whole and is at most
// MaxBody long. Any status is a Response, not an error.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// New makes a client from cfg. It does no I/O.
func New(cfg Config) *Client {
	c := &Client{
		timeout:  cfg.Timeout,
		log:      cfg.Logger,
		standard: standardHeaders(cfg),
		random:   cfg.Random,
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if cfg.HTTP != nil {
		copied := *cfg.HTTP
		c.http = &copied
	} else {
		c.http = &http.Client{Transport: newTransport()}
	}
	c.http.CheckRedirect = refuseRedirect
	return c
}

// newTransport copies the default transport, so that connections of the
// library and limits on them are its own.
func newTransport() http.RoundTripper {
	def, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		// The program replaced the default on purpose; respect it.
		return http.DefaultTransport
	}
	t := def.Clone()
	t.MaxResponseHeaderBytes = maxHeader
	return t
}

// refuseRedirect stops every redirect. A token endpoint never redirects, and
// following one would send credentials to a host that nobody checked.
func refuseRedirect(next *http.Request, via []*http.Request) error {
	from := ""
	if len(via) > 0 {
		from = via[0].URL.Host
	}
	return &RedirectError{Host: from, Scheme: next.URL.Scheme, Target: next.URL.Host}
}

// Get fetches target. h is sent as it is: discovery documents are public and
// carry no telemetry. h may be nil and is not changed.
//
// Errors: *InsecureURLError, *RedirectError, *BodyTooLargeError, *TransportError.
func (c *Client) Get(ctx context.Context, target string, h http.Header) (*Response, error) {
	return c.exchange(ctx, http.MethodGet, target, "", cloneHeader(h))
}

// PostForm posts an encoded form with the standard x-client-* headers, which
// entries of h override. h may be nil and is not changed. The errors are those
// of Get.
func (c *Client) PostForm(ctx context.Context, target string, form string, h http.Header) (*Response, error) {
	header := c.standard.Clone()
	for name, values := range h {
		header[http.CanonicalHeaderKey(name)] = values
	}
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.exchange(ctx, http.MethodPost, target, form, header)
}

func (c *Client) exchange(ctx context.Context, method, target, body string, h http.Header) (*Response, error) {
	u, err := secureURL(target)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	limited := ctx
	if c.timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	res, err := c.attempt(limited, method, u, body, h)
	if err != nil && neverSent(err) && limited.Err() == nil {
		// No connection came about, so not a byte of the request has left:
		// a second try cannot spend a one-time code twice.
		res, err = c.attempt(limited, method, u, body, h)
	}
	if err != nil {
		// Ours is the limit that ended it only if the caller's context lives on.
		ours := limited.Err() != nil && ctx.Err() == nil
		err = c.wrap(method, u.Host, ours, err)
	}
	c.logExchange(ctx, method, u, h, res, err, time.Since(started))
	return res, err
}

func (c *Client) attempt(ctx context.Context, method string, u *url.URL, body string, h http.Header) (*Response, error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), reader)
	if err != nil {
		return nil, err
	}
	req.Header = cloneHeader(h)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxBody {
		return nil, &BodyTooLargeError{Host: u.Host, Status: res.StatusCode, Limit: MaxBody}
	}
	return &Response{Status: res.StatusCode, Header: res.Header, Body: data}, nil
}

// secureURL parses target and insists on https and a host. The text of an
// unparsable URL is not repeated: it may hold anything.
func secureURL(target string) (*url.URL, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, &InsecureURLError{}
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return nil, &InsecureURLError{Scheme: u.Scheme, Host: u.Host}
	}
	return u, nil
}

func cloneHeader(h http.Header) http.Header {
	if h == nil {
		return http.Header{}
	}
	return h.Clone()
}
