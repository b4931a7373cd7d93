package msal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// PastePrompt is what a person has to know who carries the answer of a sign-in
// over by hand.
type PastePrompt struct {
	SignInURL   string // to open in a browser, on any machine
	RedirectURI string // how the address begins that is to be pasted
	Problem     string // what was wrong with the last paste, in words for the person; empty at first
}

// String leaves the address of the sign-in out: only this person is to follow it.
func (p PastePrompt) String() string {
	return "prompt to paste the address that begins with " + p.RedirectURI
}

// GoString is String.
func (p PastePrompt) GoString() string { return p.String() }

// LogValue is String.
func (p PastePrompt) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText is String, so that JSON shows no secret either.
func (p PastePrompt) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// maxPastedLine bounds a line, in bytes.
const maxPastedLine = 64 << 10

var errLongLine = errors.New("the line is too long")

// PasteFrom is an InteractiveRequest.PasteBack for terminals: it writes to out
// what to do, and reads a line from in, which is not read any further.
//
// A read that is under way when the sign-in ends is interrupted if in has a
// SetReadDeadline that works, as pipes and connections have. Elsewhere, as on
// most terminals, it ends with the next line or the program. A terminal's line
// has 4095 characters at most on Linux.
func PasteFrom(in io.Reader, out io.Writer) func(context.Context, PastePrompt) (string, error) {
	return func(ctx context.Context, p PastePrompt) (string, error) {
		if err := prompt(out, p); err != nil {
			return "", err
		}
		if timed, ok := in.(interface{ SetReadDeadline(time.Time) error }); ok && timed.SetReadDeadline(time.Time{}) == nil {
			interrupted := make(chan struct{})
			stop := context.AfterFunc(ctx, func() {
				defer close(interrupted)
				_ = timed.SetReadDeadline(time.Unix(1, 0))
			})
			defer func() {
				if !stop() { // what reads next is not to be interrupted
					<-interrupted
					_ = timed.SetReadDeadline(time.Time{})
				}
			}()
		}
		line, err := readLine(in)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return line, err
	}
}

func prompt(out io.Writer, p PastePrompt) error {
	if p.Problem != "" {
		_, err := fmt.Fprintf(out, "%s\nThe address begins with %s: ", p.Problem, p.RedirectURI)
		return err
	}
	_, err := fmt.Fprintf(out, "Open this address in a browser and sign in:\n\n  %s\n\n"+
		"If the browser ends at a page that it cannot open, copy that page's address from the address bar and paste it here.\n"+
		"The address begins with %s: ", p.SignInURL, p.RedirectURI)
	return err
}

// readLine reads byte by byte: what comes after the line is for somebody else.
func readLine(in io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		switch {
		case n > 0 && b[0] == '\n':
			return string(line), nil
		case n > 0:
			if line = append(line, b[0]); len(line) > maxPastedLine {
				return "", errLongLine
			}
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			return string(line), nil
		}
		if err != nil {
			return "", err
		}
	}
}
