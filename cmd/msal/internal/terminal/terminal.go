// Package terminal knows the three standard streams: which of them a person
// looks at, whether colors are welcome, and how text of strangers is made safe
// to show.
package terminal

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/term"
)

// Streams are the standard streams of an invocation. Data goes to Out, words
// for people to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	InTTY, OutTTY, ErrTTY bool // whether a person is at the other end

	OutStyle, ErrStyle Style
	// Live allows text on Err that is overwritten, such as a spinner.
	Live bool
	// Width of the terminal in columns; 80 when nobody knows.
	Width int
}

// defaultWidth is what a stream without a size is formatted for.
const defaultWidth = 80

// System returns the streams of this process. NO_COLOR, CLICOLOR_FORCE and TERM
// decide about colors (no-color.org, bixense.com/clicolors).
func System(getenv func(string) string) Streams {
	s := Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: term.IsTerminal(int(os.Stderr.Fd())),
		Width:  defaultWidth,
	}
	s.OutStyle = Style{colored(s.OutTTY, runtime.GOOS, getenv)}
	s.ErrStyle = Style{colored(s.ErrTTY, runtime.GOOS, getenv)}
	s.Live = s.ErrTTY && understandsEscapes(runtime.GOOS, getenv)
	for _, f := range []*os.File{os.Stderr, os.Stdout} {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			s.Width = w
			break
		}
	}
	return s
}

func colored(tty bool, goos string, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" {
		return false
	}
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return tty && understandsEscapes(goos, getenv)
}

// understandsEscapes reports whether a terminal takes ECMA-48 sequences. The
// old console of Windows does not, and names no TERM.
func understandsEscapes(goos string, getenv func(string) string) bool {
	if getenv("TERM") == "dumb" {
		return false
	}
	return goos != "windows" || getenv("WT_SESSION") != "" || getenv("TERM") != ""
}

// Style paints text for a stream that takes colors, and leaves it alone for
// others.
type Style struct{ on bool }

// NewStyle returns a style that paints if on is set.
func NewStyle(on bool) Style { return Style{on} }

func (s Style) paint(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is for headings.
func (s Style) Bold(text string) string { return s.paint("1", text) }

// Dim is for explanations.
func (s Style) Dim(text string) string { return s.paint("2", text) }

// Good is for what went well.
func (s Style) Good(text string) string { return s.paint("32", text) }

// Bad is for what did not.
func (s Style) Bad(text string) string { return s.paint("31", text) }

// Warn is for what deserves a second look.
func (s Style) Warn(text string) string { return s.paint("33", text) }

// Name is for names and addresses.
func (s Style) Name(text string) string { return s.paint("36", text) }
