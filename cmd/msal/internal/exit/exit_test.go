package exit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
	"github.com/msal-go/msal/keyring"
)

func op(kind error) error { return &msal.OpError{Op: "do it", Kind: kind, Hint: "do that"} }

func TestExitCodesTellScriptsWhatToDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		code int
		as   string // error member of the JSON
	}{
		{"nothing", nil, 0, ""},
		{"any other error", errors.New("x"), 1, "failure"},
		{"interrupted", exit.ErrInterrupted, 2, "cancelled"},
		{"interrupted, wrapped by the library", &msal.OpError{Op: "wait", Err: exit.ErrInterrupted}, 2, "cancelled"},
		{"canceled context", context.Canceled, 2, "cancelled"},
		{"Ctrl-C at a prompt", terminal.ErrCanceled, 2, "cancelled"},
		{"--timeout", exit.ErrTimeLimit, 2, "timeout"},
		{"usage", &exit.UsageError{Problem: "no"}, 64, "usage"},
		{"usage of the library", &exit.UsageError{Err: op(msal.ErrConfiguration)}, 64, "usage"},
		{"nobody to ask", &exit.SignInError{Why: "it is night", Command: "msal login"}, 4, "sign_in_required"},
		{"no token", op(msal.ErrNoToken), 4, "sign_in_required"},
		{"refresh token refused", &msal.Error{Code: "invalid_grant", AADSTS: []int{50173}}, 4, "invalid_grant"},
		{"refused, and nobody to ask", &exit.SignInError{Err: &msal.Error{Code: "invalid_grant"}}, 4, "invalid_grant"},
		{"stronger sign-in", &msal.Error{Code: "interaction_required", AADSTS: []int{50076}}, 5, "interaction_required"},
		{"stronger sign-in, and nobody to ask", &exit.SignInError{Err: &msal.Error{Code: "invalid_grant", Claims: "{}"}}, 5, "invalid_grant"},
		{"claims challenge", &msal.Error{Code: "invalid_grant", Claims: "{}"}, 5, "invalid_grant"},
		{"basic_action", &msal.Error{Code: "invalid_grant", SubError: "basic_action"}, 5, "invalid_grant"},
		{"Conditional Access", &msal.Error{Code: "access_denied", AADSTS: []int{53003}}, 5, "access_denied"},
		{"admin consent", &msal.Error{Code: "invalid_grant", AADSTS: []int{90094}}, 5, "invalid_grant"},
		{"consent_required", &msal.Error{Code: "consent_required"}, 5, "consent_required"},
		{"the person canceled", &msal.Error{Code: "access_denied"}, 2, "access_denied"},
		{"the person gave no consent", &msal.Error{Code: "access_denied", AADSTS: []int{65004}, SubError: "consent_required"}, 2, "access_denied"},
		{"device code declined", &msal.Error{Code: "authorization_declined", AADSTS: []int{70020}}, 2, "authorization_declined"},
		{"device code expired", op(msal.ErrTimeout), 2, "timeout"},
		{"browser timeout", &msal.BrowserTimeoutError{Timeout: time.Minute}, 2, "timeout"},
		{"throttled", &msal.Error{Code: "temporarily_unavailable", StatusCode: 429, RetryAfter: time.Second}, 6, "temporarily_unavailable"},
		{"server error", &msal.Error{Code: "server_error", StatusCode: 503}, 6, "server_error"},
		{"network", op(msal.ErrTransient), 6, "transient"},
		{"wrong secret", &msal.Error{Code: "invalid_client", AADSTS: []int{7000215}, StatusCode: 401}, 1, "invalid_client"},
		{"protocol", op(msal.ErrProtocol), 1, "protocol"},
		{"forged ID token", &msal.IDTokenError{Reason: msal.IDTokenNonce, Err: errors.New("x")}, 1, "protocol"},
		{"no browser", op(msal.ErrNoBrowser), 1, "no_browser"},
		{"configuration", op(msal.ErrConfiguration), 1, "configuration"},
		{"cache", op(msal.ErrCache), 1, "cache"},
		{"state file", &loginstate.FileError{Op: "read", Path: "x", Err: fs.ErrPermission}, 1, "state"},
		{"no keyring", &loginstate.KeyringError{Err: &keyring.Error{Op: "open", Err: keyring.ErrNoKeyring}}, 1, "keyring"},
		{"another key", &msal.OpError{Op: "do it", Kind: msal.ErrCache, Err: &cache.SealError{Op: "open", Key: "k", Err: cache.ErrLocked}}, 1, "state"},
		{"file of the store", &msal.OpError{Op: "do it", Kind: msal.ErrCache, Err: &cache.FileError{Op: "lock", Path: "x", Err: cache.ErrLocked}}, 1, "state"},
		{"a child's code", &exit.ChildError{Code: 42}, 42, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.err
			if err != nil {
				err = fmt.Errorf("around: %w", err)
			}
			if got := exit.Code(err); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			if c.as != "" {
				if got := exit.NewReport(err).Error; got != c.as {
					t.Errorf("error %q, want %q", got, c.as)
				}
			}
		})
	}
}

func TestJSONErrorsHaveWhatTheServiceSaid(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	exit.Write(&b, terminal.Style{}, fmt.Errorf("get it: %w", &msal.Error{
		Code: "invalid_grant", SubError: "basic_action", AADSTS: []int{50076},
		Description: "AADSTS50076: Use more. Trace ID: t-1 Correlation ID: c-1\r\nTimestamp: now",
		Claims:      `{"a":1}`, CorrelationID: "c-1", TraceID: "t-1", Timestamp: "2026-11-21 04:00:00Z", RetryAfter: 1500 * time.Millisecond,
	}), true)
	var got map[string]any
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"error": "invalid_grant", "suberror": "basic_action", "message": "AADSTS50076: Use more.", "claims": `{"a":1}`,
		"correlationId": "c-1", "traceId": "t-1", "timestamp": "2026-11-21 04:00:00Z", "retryAfter": 2.0,
		"hint": "a second factor is needed; run msal login",
	} {
		if got[name] != want {
			t.Errorf("%s is %#v, want %#v", name, got[name], want)
		}
	}
	if list, _ := got["aadsts"].([]any); len(list) != 1 || list[0] != 50076.0 {
		t.Errorf("aadsts is %v", got["aadsts"])
	}
}

func TestErrorsForPeopleCannotMoveTheCursor(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	exit.Write(&b, terminal.Style{}, &msal.Error{Code: "x", Description: "bad \x1b[2J \u202e news", CorrelationID: "c\x07"}, false)
	if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
		t.Errorf("control characters got through: %q", b.String())
	}
}

func TestAProgramThatWasRunTellsItself(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	exit.Write(&b, terminal.Style{}, &exit.ChildError{Code: 3}, true)
	if b.Len() > 0 {
		t.Errorf("got %q", b.String())
	}
}
