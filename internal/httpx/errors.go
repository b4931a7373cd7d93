package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// InsecureURLError reports a URL that is not plain https with a host: nothing
// was sent. Both fields are empty when the URL could not be parsed.
type InsecureURLError struct {
	Scheme string
	Host   string
}

func (e *InsecureURLError) Error() string {
	if e.Scheme == "" && e.Host == "" {
		return "refusing to send a request: the URL is malformed; use an absolute https URL"
	}
	return fmt.Sprintf("refusing to send a request to %q: only https URLs with a host and without user information are used", e.Scheme+"://"+e.Host)
}

// RedirectError reports an answer that tried to send the request elsewhere.
// Only scheme and host of the target are kept: the rest may carry secrets.
type RedirectError struct {
	Host   string // who answered
	Scheme string // of the target
	Target string // host of the target
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s redirects to %q, which is not followed: sign-in endpoints do not redirect; look for a proxy or captive portal in between", e.Host, e.Scheme+"://"+e.Target)
}

// BodyTooLargeError reports an answer longer than Limit bytes.
type BodyTooLargeError struct {
	Host   string
	Status int
	Limit  int
}

func (e *BodyTooLargeError) Error() string {
	return fmt.Sprintf("the answer of %s (HTTP %d) is larger than %d bytes and was dropped: it is not from a sign-in service", e.Host, e.Status, e.Limit)
}

// TransportError reports an exchange that brought no complete answer. Whether
// the server acted on the request is unknown, unless dialing failed.
type TransportError struct {
	Op   string // HTTP method
	Host string // with port, as in the URL
	Err  error  // cause; do not print it: it may quote what the peer sent

	limit    time.Duration // our own limit, if that is what ended the exchange
	timedOut bool
}

func (e *TransportError) Error() string {
	prefix := e.Op + " " + e.Host + ": "
	if e.limit > 0 {
		return prefix + fmt.Sprintf("no complete answer within %v; check the network or raise the time-out", e.limit)
	}
	return prefix + causeText(e.Err)
}

// Unwrap returns the cause; errors.Is finds context.Canceled and
// context.DeadlineExceeded in it.
func (e *TransportError) Unwrap() error { return e.Err }

// Timeout reports whether a time limit ended the exchange: the library's own,
// the context's or the transport's.
func (e *TransportError) Timeout() bool { return e.timedOut }

// wrap turns what net/http returned into a typed error of this package. ours
// says that the client's own time limit ended the exchange.
func (c *Client) wrap(method, host string, ours bool, err error) error {
	var redirect *RedirectError
	var tooLarge *BodyTooLargeError
	switch {
	case errors.As(err, &redirect):
		return redirect
	case errors.As(err, &tooLarge):
		return tooLarge
	}
	// *url.Error repeats the URL with its query: step over it.
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	te := &TransportError{Op: method, Host: host, Err: err}
	var timeout interface{ Timeout() bool }
	te.timedOut = errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
	if ours && te.timedOut {
		te.limit = c.timeout
	}
	return te
}

// neverSent reports whether err proves that no byte of the request left: the
// connection, directly or to the proxy, was never made.
func neverSent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op == "dial" || op.Op == "proxyconnect"
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// causeText describes err without repeating bytes of the peer. Errors of the
// network and of certificates are safe in full. net/http quotes the peer's
// bytes in anything else, so that text ends at the first quotation mark.
func causeText(err error) string {
	var (
		op       *net.OpError
		dns      *net.DNSError
		verify   *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		alert    tls.AlertError
		protocol textproto.ProtocolError
	)
	switch {
	case err == nil:
		return "failed"
	case errors.Is(err, context.Canceled):
		return "canceled by the caller"
	case errors.Is(err, context.DeadlineExceeded):
		return "the deadline passed before the answer was complete"
	case errors.As(err, &op):
		return op.Error()
	case errors.As(err, &dns):
		return dns.Error()
	case errors.As(err, &verify):
		return "the server's certificate is not trusted: " + verify.Err.Error()
	case errors.As(err, &unknown):
		return "the server's certificate is not trusted: " + unknown.Error()
	case errors.As(err, &alert):
		return "TLS alert: " + alert.Error()
	case errors.As(err, &protocol):
		return "the answer is not valid HTTP"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection was closed before the answer was complete"
	}
	text, _, quoted := strings.Cut(err.Error(), `"`)
	const longest = 200
	if len(text) > longest {
		text, quoted = text[:longest], true
	}
	if quoted {
		text = strings.TrimSpace(text) + " ..."
	}
	return strings.ToValidUTF8(text, "?")
}
