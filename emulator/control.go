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
// live on until they expire. It fails when there is no such person.
func (e *Emulator) Revoke(upn string) error {
	if !e.platform.Revoke(upn) {
		return fmt.Errorf("emulator: there is no user %q to revoke", upn)
	}
	return nil
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
// nothing, when a life span is negative.
func (e *Emulator) SetLifetimes(l Lifetimes) error {
	life, err := l.resolved()
	if err != nil {
		return err
	}
	e.platform.SetLifetimes(life)
	return nil
}
