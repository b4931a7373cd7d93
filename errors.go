package msal

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/oauth"
)

// The decisions that callers take, for use with errors.Is. One error may answer
// to several: a cache that has no token for an account is both ErrNoToken and
// ErrInteractionRequired.
var (
	// ErrInteractionRequired: a person has to sign in (again), give consent or
	// pass a further check. Call an interactive flow; pass on Error.Claims.
	ErrInteractionRequired = errors.New("interaction required")
	// ErrNoToken: the cache has neither a usable token nor a refresh token.
	ErrNoToken = errors.New("no token in the cache")
	// ErrThrottled: the service asked for fewer requests. Wait for
	// Error.RetryAfter.
	ErrThrottled = errors.New("throttled")
	// ErrTransient: the same request may succeed later (network failure, HTTP
	// 5xx, throttling).
	ErrTransient = errors.New("transient failure")
	// ErrDeclined: the person, or a policy acting for them, said no.
	ErrDeclined = errors.New("declined")
	// ErrTimeout: nobody answered in time (browser window, device code).
	ErrTimeout = errors.New("timed out")
	// ErrNoBrowser: no browser could be opened. Use the device code flow.
	ErrNoBrowser = errors.New("no browser")
	// ErrConfiguration: the call, the client or its registration is wrong;
	// repeating it cannot help.
	ErrConfiguration = errors.New("configuration error")
	// ErrProtocol: an answer broke the protocol (not JSON, too large, a
	// redirect, a state that does not match, ...), or was forged. Nothing of
	// such an answer is kept.
	ErrProtocol = errors.New("protocol violation")
	// ErrCache: the token cache could not be read or written. A token that was
	// acquired but not written is no error: see Result.CacheErr.
	ErrCache = errors.New("token cache failure")
)

// Error is an error answer of an identity service (RFC 6749 section 5.2), with
// the members that Microsoft Entra ID adds. Its text contains what the service
// wrote and is not part of the API: use errors.Is and the fields.
type Error struct {
	Code          string        // OAuth 2.0 error code, such as "invalid_grant"
	Description   string        // the service's words, for developers
	SubError      string        // such as "basic_action" or "bad_token"; may be empty
	AADSTS        []int         // Entra's error numbers, such as 50076; may be empty. Package aadsts explains them
	Claims        string        // a claims challenge to pass to the next interactive request; may be empty
	CorrelationID string        // of the request; quote it to support
	TraceID       string        // the service's own id of the request
	Timestamp     string        // when, in the service's format
	URI           string        // a page about the error; may be empty
	StatusCode    int           // HTTP status; zero when the answer came through a browser
	RetryAfter    time.Duration // zero when the service named no time
	Remembered    bool          // the service said so a moment ago and was not asked again; see HTTPCache
	Extra         ErrorMembers  // what else the answer said; usually empty
}

// Error says what the service answered. It contains no secret of the request.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("msal: the identity service answered ")
	b.WriteString(oauth.Shorten(e.Code, 100))
	if e.SubError != "" {
		fmt.Fprintf(&b, " (%s)", oauth.Shorten(e.SubError, 100))
	}
	if d := message(e.Description); d != "" {
		b.WriteString(": ")
		b.WriteString(oauth.Shorten(d, 1000))
	}
	if e.CorrelationID != "" {
		fmt.Fprintf(&b, " [correlation id %s]", oauth.Shorten(e.CorrelationID, 100))
	}
	return b.String()
}

// LogValue leaves the description out: Entra's name people.
func (e *Error) LogValue() slog.Value {
	return slog.GroupValue(slog.String("code", oauth.Shorten(e.Code, 100)), slog.String("suberror", oauth.Shorten(e.SubError, 100)),
		slog.Any("aadsts", e.AADSTS), slog.Int("status", e.StatusCode), slog.String("correlation_id", oauth.Shorten(e.CorrelationID, 100)),
		slog.String("trace_id", oauth.Shorten(e.TraceID, 100)))
}

// message is a description without the ids and times that Entra appends.
func message(description string) string {
	line, _, _ := strings.Cut(description, "\n")
	line, _, _ = strings.Cut(line, " Trace ID: ")
	return strings.TrimRight(line, "\r ")
}

// Classification says what the person is in for at the interactive sign-in that
// ErrInteractionRequired asks for, so that an application can announce it:
//
//	basic_action           a further step at sign-in, such as a second factor
//	additional_action      steps outside the sign-in, such as setting up the device
//	message_only           a message that explains the refusal; no success is to be expected
//	consent_required       the question for consent
//	user_password_expired  a new password
//
// It is SubError, except for those that say nothing to the person (bad_token,
// token_expired, protection_policy_required, client_mismatch,
// device_authentication_failed), for which it is empty. Values that are not
// listed may come; treat them like the empty one. MSAL Python has it as the
// classification of acquire_token_silent_with_error.
func (e *Error) Classification() string {
	if oneOf(e.SubError, "bad_token", "token_expired", "protection_policy_required", "client_mismatch", "device_authentication_failed") {
		return ""
	}
	return e.SubError
}

// RetryDelay is RetryAfter, for code that knows errors only by this method.
func (e *Error) RetryDelay() time.Duration { return e.RetryAfter }

// Is reports whether e asks for the decision target. The codes are those of
// RFC 6749 section 5.2, RFC 8628 section 3.5 and OpenID Connect Core section
// 3.1.2.6, with Entra's additions.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrInteractionRequired:
		return oneOf(e.Code, "invalid_grant", "interaction_required", "login_required", "consent_required", "account_selection_required")
	case ErrThrottled:
		return e.StatusCode == 429 || e.RetryAfter > 0
	case ErrTransient:
		return e.StatusCode >= 500 || e.StatusCode == 429 || e.StatusCode == 408 ||
			oneOf(e.Code, "temporarily_unavailable", "server_error")
	case ErrDeclined:
		return oneOf(e.Code, "access_denied", "authorization_declined")
	case ErrTimeout:
		return oneOf(e.Code, "expired_token", "code_expired")
	case ErrConfiguration:
		return e.StatusCode != 429 && oneOf(e.Code, "invalid_client", "unauthorized_client", "invalid_scope", "invalid_resource", "invalid_target", "invalid_instance",
			"unsupported_grant_type", "unsupported_response_type", "invalid_request", "bad_verification_code")
	}
	return false
}

func oneOf(s string, list ...string) bool {
	for _, l := range list {
		if s == l {
			return true
		}
	}
	return false
}

// OpError is a failure that is not an answer of the service: it never left this
// program, got lost on the way, or was not worth trusting.
type OpError struct {
	Op         string        // what was being done, such as "read the certificate"
	Kind       error         // one of the Err… decisions of this package, or nil
	Hint       string        // what to do about it; may be empty
	Err        error         // the cause; may be nil
	RetryAfter time.Duration // when to try again, if the other side said; else zero
}

// RetryDelay is RetryAfter, for code that knows errors only by this method.
func (e *OpError) RetryDelay() time.Duration { return e.RetryAfter }

func (e *OpError) Error() string {
	s := "msal: " + e.Op
	if e.Err != nil {
		s += ": " + e.Err.Error()
	} else if e.Kind != nil {
		s += ": " + e.Kind.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

// Is reports whether target is e.Kind. A failure to find a token asks for
// interaction as well, and throttling passes.
func (e *OpError) Is(target error) bool {
	switch e.Kind {
	case nil:
		return false
	case ErrNoToken:
		return target == ErrNoToken || target == ErrInteractionRequired
	case ErrThrottled:
		return target == ErrThrottled || target == ErrTransient
	}
	return target == e.Kind
}

// configError is an OpError about what the caller gave.
func configError(op, hint string, err error) error {
	return &OpError{Op: op, Kind: ErrConfiguration, Hint: hint, Err: err}
}

// IDTokenReason says which check an ID token failed.
type IDTokenReason string

// The checks of OpenID Connect Core section 3.1.3.7 and of this library.
const (
	IDTokenMalformed IDTokenReason = "malformed"
	IDTokenIssuer    IDTokenReason = "issuer"
	IDTokenAudience  IDTokenReason = "audience"
	IDTokenNonce     IDTokenReason = "nonce"
	IDTokenAuthTime  IDTokenReason = "auth_time"
	IDTokenSignature IDTokenReason = "signature"
	IDTokenKey       IDTokenReason = "key id"
	IDTokenAlgorithm IDTokenReason = "algorithm"
	IDTokenSubject   IDTokenReason = "subject"
	IDTokenMissing   IDTokenReason = "missing"
)

// IDTokenError reports an ID token that was refused. Nothing of the answer that
// carried it has been cached. It answers to ErrProtocol.
type IDTokenError struct {
	Reason IDTokenReason // the check that failed
	Err    error         // what was expected and what came; never the token
}

func (e *IDTokenError) Error() string {
	return fmt.Sprintf("msal: the ID token was refused (%s): %v", e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *IDTokenError) Unwrap() error { return e.Err }

// Is reports whether target is ErrProtocol.
func (e *IDTokenError) Is(target error) bool { return target == ErrProtocol }

// BrowserTimeoutError reports that nobody finished signing in in the browser in
// time. It answers to ErrTimeout.
type BrowserTimeoutError struct {
	Timeout time.Duration // how long was waited
	Hint    string        // what may have been in the way; may be empty
}

func (e *BrowserTimeoutError) Error() string {
	s := fmt.Sprintf("msal: nobody signed in within %v; call again, or give InteractiveRequest.Timeout more time", e.Timeout)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Is reports whether target is ErrTimeout.
func (e *BrowserTimeoutError) Is(target error) bool { return target == ErrTimeout }
