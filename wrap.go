package msal

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/msal-go/msal/internal/assertion"
	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/cloudshell"
	"github.com/msal-go/msal/internal/httpx"
	"github.com/msal-go/msal/internal/idtoken"
	"github.com/msal-go/msal/internal/loopback"
	"github.com/msal-go/msal/internal/oauth"
)

var (
	errNoIDToken = errors.New("the service sent none, although openid was asked for")
	errOtherUser = errors.New("the answer is about another user")
	errNoAccount = errors.New("there is no account")
)

// cacheError is a failure of the token cache or its store, unless it is the
// caller who had enough.
func cacheError(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return &OpError{Op: op, Err: err}
	}
	return &OpError{Op: op, Kind: ErrCache, Err: err}
}

// wrap gives an error of the mechanisms below its public form: this package's
// types and decisions. The cause stays reachable by errors.As.
func wrap(op string, err error) error {
	var answer *oauth.Error
	if errors.As(err, &answer) {
		var metadata *authority.MetadataError
		if errors.As(err, &metadata) { // not about the user: what it asks for is in the hint
			return &OpError{Op: op + " " + metadata.Authority, Kind: kindOf(err), Hint: metadata.Hint, Err: fromWire(answer)}
		}
		return fromWire(answer)
	}
	var idToken *idtoken.Error
	if errors.As(err, &idToken) && idToken.Reason != idtoken.ReasonKeys { // unreachable keys say nothing about the token
		return &IDTokenError{Reason: IDTokenReason(idToken.Reason), Err: err}
	}
	return &OpError{Op: op, Kind: kindOf(err), Err: err, RetryAfter: retryAfter(err)}
}

func retryAfter(err error) time.Duration {
	var response *oauth.ResponseError
	if errors.As(err, &response) {
		return response.RetryAfter
	}
	var named interface{ RetryDelay() time.Duration }
	if errors.As(err, &named) {
		return named.RetryDelay()
	}
	return 0
}

// kindOfStatus is for answers that are no OAuth errors.
func kindOfStatus(status int, otherwise error) error {
	switch {
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status >= 500, status == http.StatusRequestTimeout:
		return ErrTransient
	}
	return otherwise
}

func fromWire(e *oauth.Error) *Error {
	return &Error{
		Code:          e.Code,
		Description:   e.Description,
		SubError:      e.SubError,
		AADSTS:        e.ErrorCodes,
		Claims:        e.Claims,
		CorrelationID: e.CorrelationID,
		TraceID:       e.TraceID,
		Timestamp:     e.Timestamp,
		URI:           e.ErrorURI,
		StatusCode:    e.Status,
		RetryAfter:    e.RetryAfter,
		Remembered:    e.Remembered,
		Extra:         e.Extra,
	}
}

// kindOf maps what went wrong below to the decision that callers take.
func kindOf(err error) error {
	var (
		transport *httpx.TransportError
		insecure  *httpx.InsecureURLError
		redirect  *httpx.RedirectError
		tooLarge  *httpx.BodyTooLargeError
		response  *oauth.ResponseError
		metadata  *authority.MetadataError
		unknown   *authority.UnknownHostError
		issuer    *authority.IssuerError
		badURL    *authority.URLError
		key       *assertion.KeyMismatchError
		port      *loopback.PortError
		provider  *providerError
		option    *loopback.OptionError
		keys      *idtoken.Error
		shell     *cloudshell.AnswerError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return nil // the caller knows
	case errors.As(err, &transport):
		if untrusted(err) {
			return ErrConfiguration
		}
		return ErrTransient
	case errors.As(err, &redirect), errors.As(err, &tooLarge), errors.As(err, &issuer):
		return ErrProtocol
	case errors.As(err, &response):
		return kindOfStatus(response.Status, ErrProtocol)
	case errors.As(err, &shell):
		return kindOfStatus(shell.Status, ErrProtocol)
	case errors.As(err, &keys):
		return kindOfStatus(keys.Status, ErrConfiguration)
	case errors.As(err, &metadata):
		return kindOfStatus(metadata.Status, ErrConfiguration)
	case errors.As(err, &unknown), errors.As(err, &badURL), errors.As(err, &insecure), errors.As(err, &key), errors.As(err, &port),
		errors.As(err, &option), errors.As(err, &provider):
		return ErrConfiguration
	}
	return nil
}

// untrusted reports whether the other side's certificate is not accepted here:
// trying again does not change that.
func untrusted(err error) bool {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}
