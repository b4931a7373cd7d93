package keyring

import (
	"context"
	"errors"
	"fmt"
)

// What keeps a keyring from being used.
var (
	// ErrNoKeyring: this session has no keyring, or lost it.
	ErrNoKeyring = errors.New("there is no keyring")
	// ErrLocked: the keyring is locked, and the person must not be asked.
	ErrLocked = errors.New("the keyring is locked")
	// ErrDismissed: the person was asked and said no.
	ErrDismissed = errors.New("the person dismissed the prompt")
	// ErrDamaged: what is there is not in the format that it should be in, or
	// is sealed with another key. It is neither used nor overwritten.
	ErrDamaged = errors.New("it cannot be opened")
	// ErrUnsupported: this system has nothing of the kind.
	ErrUnsupported = errors.New("it does not exist on this system")
	// ErrOnePartition: a store that others share has the partition "msal" and
	// no other.
	ErrOnePartition = errors.New(`there is only the partition "msal"`)

	errNoPath   = errors.New("there is no path")
	errNoFlavor = errors.New("there is no such flavor")
)

// An Error reports a keyring, or something that is kept in it, that cannot be
// used. It answers errors.Is for the errors above and for the context's; its text
// holds nothing of a secret.
type Error struct {
	Op   string // what was tried
	Hint string // what to do; may be empty
	Err  error
}

func (e *Error) Error() string {
	text := "keyring: " + e.Op + ": " + e.Err.Error()
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// failed makes an *Error of what a keyring said. The end of a context is told
// apart from what it caused.
func failed(ctx context.Context, op string, err error) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return &Error{Op: op, Hint: "the keyring gave no answer in time", Err: context.Cause(ctx)}
	}
	return &Error{Op: op, Hint: hint(err), Err: err}
}

func hint(err error) string {
	switch {
	case errors.Is(err, ErrNoKeyring):
		return "sign in to a desktop session, or start a Secret Service such as gnome-keyring"
	case errors.Is(err, ErrLocked):
		return "unlock the keyring, or set AllowPrompt"
	case errors.Is(err, ErrDamaged):
		return "it may belong to another program or person, or its key is lost; remove it and sign in again"
	}
	return ""
}

// because makes err an error of a kind.
func because(kind, err error) error { return fmt.Errorf("%w (%w)", kind, err) }
