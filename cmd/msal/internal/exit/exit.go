// Package exit turns errors into exit codes and into words: one line for
// people, an object for programs.
package exit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// The exit codes of every command.
const (
	OK             = 0
	Failure        = 1
	Cancelled      = 2  // Ctrl-C, a refusal by the person, or nobody answered in time
	SignInRequired = 4  // a person has to sign in, and nobody could be asked
	Refused        = 5  // by a policy, or for lack of consent or of a stronger sign-in
	Transient      = 6  // the same command may succeed later
	Usage          = 64 // the command line is wrong
)

// ErrInterrupted is the cause of a context that Ctrl-C ended.
var ErrInterrupted = errors.New("interrupted")

// ErrTimeLimit is the cause of a context that --timeout ended.
var ErrTimeLimit = errors.New("the time of --timeout is up")

// UsageError is a mistake on the command line or in the environment.
type UsageError struct {
	Problem string
	Hint    string // what to do; may be empty
	Err     error  // the cause; may be nil
}

func (e *UsageError) Error() string {
	if e.Err != nil && e.Problem == "" {
		return e.Err.Error()
	}
	return e.Problem
}

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// SignInError says that a person has to sign in and that nobody can be asked
// here.
type SignInError struct {
	Why     string // why nobody can be asked
	Command string // what to run
	Err     error  // what asked for a sign-in; may be nil
}

func (e *SignInError) Error() string { return "somebody has to sign in, but " + e.Why }

// Unwrap returns the cause.
func (e *SignInError) Unwrap() error { return e.Err }

// HintedError is an error with words about what to do.
type HintedError struct {
	Err  error
	Hint string
}

func (e *HintedError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *HintedError) Unwrap() error { return e.Err }

// ChildError passes on the exit code of a program that this one ran. It has
// been reported already.
type ChildError struct{ Code int }

func (e *ChildError) Error() string {
	return fmt.Sprintf("the command ended with exit code %d", e.Code)
}

// Code is the exit code for an error.
func Code(err error) int {
	var (
		usage  *UsageError
		signIn *SignInError
		child  *ChildError
		answer *msal.Error
	)
	switch {
	case err == nil:
		return OK
	case errors.As(err, &child):
		return child.Code
	case errors.Is(err, ErrInterrupted), errors.Is(err, ErrTimeLimit), errors.Is(err, context.Canceled), errors.Is(err, terminal.ErrCanceled):
		return Cancelled
	case errors.As(err, &usage):
		return Usage
	case errors.As(err, &answer) && refusedByPolicy(answer):
		return Refused
	case errors.As(err, &signIn):
		return SignInRequired
	case errors.Is(err, msal.ErrDeclined), errors.Is(err, msal.ErrTimeout):
		return Cancelled
	case errors.Is(err, msal.ErrTransient), errors.Is(err, msal.ErrThrottled):
		return Transient
	case errors.Is(err, msal.ErrInteractionRequired):
		return SignInRequired
	}
	return Failure
}

// The AADSTS numbers of policies and missing consent, beside those that come
// with a claims challenge. Unverified against the real service.
var policyNumbers = [...]int{
	50005, 50076, 50079, 50105, 50158, // platform not allowed, stronger sign-in, not assigned to the application
	53000, 53001, 53002, 53003, 53004, 53009, 53011, // Conditional Access
	65001, 90008, 90093, 90094, 90095, // consent
	530002, 530003, 530032, 530036,
}

// userSaidNo is AADSTS65004: the person declined to consent.
const userSaidNo = 65004

func refusedByPolicy(e *msal.Error) bool {
	if slices.Contains(e.AADSTS, userSaidNo) {
		return false
	}
	return e.Claims != "" || e.Code == "consent_required" ||
		slices.Contains([]string{"consent_required", "basic_action", "additional_action", "message_only"}, e.SubError) ||
		slices.ContainsFunc(e.AADSTS, func(n int) bool { return slices.Contains(policyNumbers[:], n) })
}
