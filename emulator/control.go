package emulator

import (
	"fmt"
	"time"

	"github.com/msal-go/msal/emulator/internal/endpoint"
)

// ErrUserCode reports a user code that is unknown, has expired or was decided
// before.
var ErrUserCode = endpoint.ErrUserCode

// Advance moves the emulator's clock, so that what it issued ages without
// waiting. A negative duration moves it back. The client's clock does not
// move: inside a testing/synctest bubble time.Sleep moves both, and Advance is
// for clocks that disagree.
func (e *Emulator) Advance(d time.Duration) { e.offset.Add(int64(d)) }

// RotateKeys makes a new signing key. Earlier keys stay published, at most two
// of them, as in a planned rollover.
func (e *Emulator) RotateKeys() error { return e.keys.Rotate(false) }

// ReplaceKeys makes a new signing key and withdraws all earlier ones, as after
// a compromise: tokens signed before no longer verify.
func (e *Emulator) ReplaceKeys() error { return e.keys.Rotate(true) }

// Revoke ends the browser sessions of a person and kills the refresh tokens,
// codes and device codes issued to them so far (AADSTS50173). Access tokens
// live on until they expire, except that resources challenge clients that handle
// it, as after [Emulator.RequireNewTokens]. It fails when there is no such
// person.
func (e *Emulator) Revoke(upn string) error {
	if !e.platform.Revoke(upn) {
		return fmt.Errorf("emulator: there is no user %q to revoke", upn)
	}
	return nil
}

// RequireNewTokens makes resources challenge the access tokens that a person got
// so far, as continuous access evaluation does when the conditions of an access
// change: [ResourceURL] answers them with 401, error="insufficient_claims" and
// claims that ask for a newer token. Tokens of clients that did not say that they
// handle challenges (xms_cc, CP1) are good until they expire. Refresh tokens stay
// good. It fails when there is no such person.
func (e *Emulator) RequireNewTokens(upn string) error {
	if !e.platform.RequireNewTokens(upn) {
		return fmt.Errorf("emulator: there is no user %q whose tokens could be too old", upn)
	}
	return nil
}

// ResourceURL is where the emulator stands for a resource of the configuration
// ([App]), named by its client id: an API that wants a bearer token for itself,
// answers what it read in it, and evaluates access continuously. In the query,
// scope names a permission that the token must have (403,
// error="insufficient_scope"), and acrs an authentication context: without it
// clients that handle challenges are challenged (401), and others refused (403).
// Microsoft Graph is at https://graph.microsoft.com/v1.0/me.
func ResourceURL(clientID string) string {
	return "https://login.microsoftonline.com/resource/" + clientID
}

// ApproveDevice does what a person does who enters a user code, signs in and
// agrees. The error wraps [ErrUserCode] when the code cannot be used; otherwise
// it says what is wrong with the person's account.
func (e *Emulator) ApproveDevice(userCode, upn string) error {
	if err := e.platform.DecideDevice(userCode, upn, true); err != nil {
		return fmt.Errorf("emulator: approving a device: %w", err)
	}
	return nil
}

// DenyDevice does what a person does who enters a user code and cancels. The
// error wraps [ErrUserCode].
func (e *Emulator) DenyDevice(userCode string) error {
	if err := e.platform.DecideDevice(userCode, "", false); err != nil {
		return fmt.Errorf("emulator: denying a device: %w", err)
	}
	return nil
}

// SetLifetimes changes the life spans of what is issued from now on. Zero
// fields have their defaults, not their earlier values. It fails, and changes
// nothing, when a life span is negative or RefreshIn is not before the end of
// access tokens.
func (e *Emulator) SetLifetimes(l Lifetimes) error {
	life, err := l.resolved()
	if err != nil {
		return err
	}
	e.platform.SetLifetimes(life)
	return nil
}
