// Package openurl opens a web page in the browser of the person at this
// machine.
//
// Addresses reach the browser as one argument of a program, never through a
// shell, and only plain http and https addresses do: some of them come from a
// server, and several launchers are scripts themselves.
package openurl

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Opener opens addresses. It is a value without state, safe for concurrent
// use. [New] returns the one of this machine; the fields exist so that every
// operating system can be tested on any other. All of them are needed.
type Opener struct {
	// GOOS is the operating system, as in runtime.GOOS.
	GOOS string
	// Getenv reads an environment variable.
	Getenv func(name string) string
	// LookPath finds a program.
	LookPath func(file string) (string, error)
	// Start starts a program and does not wait for its end, except that an
	// early failure is reported.
	Start func(ctx context.Context, name string, args ...string) error
	// ReadFile reads a whole file. It is asked for /proc/version and for the
	// files by which containers are known.
	ReadFile func(name string) ([]byte, error)
}

// New returns the opener of this machine.
func New() Opener {
	return Opener{
		GOOS:     runtime.GOOS,
		Getenv:   os.Getenv,
		LookPath: exec.LookPath,
		Start: func(ctx context.Context, name string, args ...string) error {
			return start(ctx, patience, name, args...)
		},
		ReadFile: os.ReadFile,
	}
}

// Errors about the address. They do not repeat it: it may hold a login hint.
var (
	// ErrScheme reports an address that is not an absolute http or https URL.
	ErrScheme = errors.New("openurl: only absolute http and https addresses are opened")
	// ErrCharacter reports an address with a character that no URL may hold,
	// such as a line break, a space or a quotation mark.
	ErrCharacter = errors.New("openurl: the address has a character that must be percent-encoded")
)

// NoBrowserError reports that no browser could be opened.
type NoBrowserError struct {
	Tried []Attempt // in order; empty if there was nothing to try
}

// Attempt is one program that did not open the page.
type Attempt struct {
	Program string
	Err     error
}

func (e *NoBrowserError) Error() string {
	var b strings.Builder
	b.WriteString("openurl: no browser could be opened on this machine")
	for i, a := range e.Tried {
		if i == 0 {
			b.WriteString(" (tried ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(a.Program + ": " + a.Err.Error())
	}
	if len(e.Tried) > 0 {
		b.WriteString(")")
	}
	b.WriteString("; set BROWSER to the command of a browser, or use the device code flow")
	return b.String()
}

// Unwrap returns the error of every attempt.
func (e *NoBrowserError) Unwrap() []error {
	errs := make([]error, len(e.Tried))
	for i, a := range e.Tried {
		errs[i] = a.Err
	}
	return errs
}

// Open opens an address in the first browser that takes it: the commands of
// $BROWSER, then what the operating system has for the purpose. It does not
// wait for the person. The errors are [ErrScheme], [ErrCharacter], a
// [*NoBrowserError] or the error of the context.
func (o Opener) Open(ctx context.Context, address string) error {
	address, err := clean(address)
	if err != nil {
		return err
	}
	failure := new(NoBrowserError)
	for _, c := range o.commands(address) {
		if err := ctx.Err(); err != nil {
			return err
		}
		path, err := o.LookPath(c.program)
		if (errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)) && !c.wanted {
			continue // it is normal that most of them are not installed
		}
		if err == nil {
			err = c.verdict(o.Start(ctx, path, c.args...))
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failure.Tried = append(failure.Tried, Attempt{c.program, err})
	}
	return failure
}

// clean returns the address in the form that is safe to hand to launchers.
func clean(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		if strings.ContainsFunc(address, forbidden) {
			return "", ErrCharacter
		}
		return "", ErrScheme
	}
	if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", ErrScheme
	}
	if strings.ContainsFunc(address, forbidden) || strings.ContainsAny(u.Host, "$'();") {
		return "", ErrCharacter
	}
	// wslview and some builds of xdg-open paste the address into a command of
	// a shell or of PowerShell. These characters are legal in a URL but not
	// harmless there; encoded they mean the same to the server.
	return strings.NewReplacer("$", "%24", "'", "%27", "(", "%28", ")", "%29", ";", "%3B").Replace(address), nil
}

// forbidden tells whether a character must not stand in a URL
// (RFC 3986 section 2).
func forbidden(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}
