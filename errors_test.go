package msal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// decisions are all that errors may answer to.
var decisions = map[string]error{
	"interaction": ErrInteractionRequired, "no token": ErrNoToken, "throttled": ErrThrottled, "transient": ErrTransient,
	"declined": ErrDeclined, "timeout": ErrTimeout, "no browser": ErrNoBrowser, "configuration": ErrConfiguration,
	"protocol": ErrProtocol, "cache": ErrCache,
}

func TestErrorsAnswerToDecisions(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string // names of decisions, in the map's words, sorted by appearance here
	}{
		{&Error{Code: "invalid_grant", StatusCode: 400}, "interaction"},
		{&Error{Code: "interaction_required", StatusCode: 400}, "interaction"},
		{&Error{Code: "login_required"}, "interaction"},
		{&Error{Code: "consent_required"}, "interaction"},
		{&Error{Code: "account_selection_required"}, "interaction"},
		{&Error{Code: "invalid_grant", SubError: "client_mismatch", StatusCode: 400}, "interaction"},
		{&Error{Code: "access_denied"}, "declined"},
		{&Error{Code: "authorization_declined", StatusCode: 400}, "declined"},
		{&Error{Code: "expired_token", StatusCode: 400}, "timeout"},
		{&Error{Code: "temporarily_unavailable", StatusCode: 400}, "transient"},
		{&Error{Code: "invalid_request", StatusCode: 429}, "throttled,transient"},
		{&Error{Code: "server_error", StatusCode: 503, RetryAfter: time.Second}, "throttled,transient"},
		{&Error{Code: "invalid_client", StatusCode: 401}, "configuration"},
		{&Error{Code: "invalid_instance", StatusCode: 400}, "configuration"},
		{&Error{Code: "authorization_pending", StatusCode: 400}, ""},
		{&OpError{Op: "x", Kind: ErrNoToken}, "interaction,no token"},
		{&OpError{Op: "x", Kind: ErrNoBrowser}, "no browser"},
		{&OpError{Op: "x"}, ""},
		{&BrowserTimeoutError{}, "timeout"},
		{&IDTokenError{Reason: IDTokenNonce}, "protocol"},
	} {
		want := map[string]bool{}
		for _, name := range strings.Split(tt.want, ",") {
			want[name] = name != ""
		}
		for name, decision := range decisions {
			if got := errors.Is(fmt.Errorf("wrapped: %w", tt.err), decision); got != want[name] {
				t.Errorf("errors.Is(%v, %s) = %v, want %v", tt.err, name, got, want[name])
			}
		}
	}
}

func TestOpErrorTextSaysWhatHappenedAndWhatToDo(t *testing.T) {
	err := &OpError{Op: "read the key", Kind: ErrConfiguration, Hint: "give PEM", Err: context.Canceled}
	if got, want := err.Error(), "msal: read the key: context canceled (give PEM)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrConfiguration) {
		t.Error("the cause or the decision is lost")
	}
}

func TestErrorTextIsOneLine(t *testing.T) {
	err := &Error{Code: "invalid_grant", SubError: "bad_token", Description: "AADSTS1: no. Trace ID: x\r\nTimestamp: y", CorrelationID: "c"}
	if got, want := err.Error(), "msal: the identity service answered invalid_grant (bad_token): AADSTS1: no. [correlation id c]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestClassificationIsForWhatThePersonIsInFor(t *testing.T) {
	for suberror, want := range map[string]string{
		"": "", "basic_action": "basic_action", "additional_action": "additional_action", "message_only": "message_only",
		"consent_required": "consent_required", "user_password_expired": "user_password_expired",
		"bad_token": "", "token_expired": "", "protection_policy_required": "", "client_mismatch": "", "device_authentication_failed": "",
		"something_new": "something_new",
	} {
		if got := (&Error{Code: "invalid_grant", SubError: suberror}).Classification(); got != want {
			t.Errorf("%q is classified as %q, want %q", suberror, got, want)
		}
	}
}
