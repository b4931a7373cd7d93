package terminal

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTextOfStrangersIsMadeSafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain äöü 日本":         "plain äöü 日本",
		"a\x1b[31mred":         `a\x1b[31mred`,
		"bell\x07":             `bell\x07`,
		"line\nbreak\ttab":     "line break tab",
		"c1\u009b31m":          `c1\x9b31m`,
		"right\u202eleft":      `right\u202eleft`,
		"zero\u200bwidth":      `zero\u200bwidth`,
		"separator\u2028x":     `separator\u2028x`,
		"broken \xff encoding": "broken \ufffd encoding",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := CleanLines("a\r\nb\x1b"); got != "a\nb\\x1b" {
		t.Errorf("CleanLines: %q", got)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31mred\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Clean(s); strings.ContainsFunc(got, unsafeRune) {
			t.Errorf("Clean(%q) = %q", s, got)
		}
	})
}

func TestColorsAreForThoseWhoWantThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		tty  bool
		goos string
		env  map[string]string
		want bool
	}{
		{"terminal", true, "linux", nil, true},
		{"pipe", false, "linux", nil, false},
		{"NO_COLOR", true, "linux", map[string]string{"NO_COLOR": "1"}, false},
		{"NO_COLOR wins", true, "linux", map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, false},
		{"forced into a pipe", false, "linux", map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{"not forced", false, "linux", map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{"dumb terminal", true, "linux", map[string]string{"TERM": "dumb"}, false},
		{"old console", true, "windows", nil, false},
		{"Windows Terminal", true, "windows", map[string]string{"WT_SESSION": "x"}, true},
	} {
		if got := colored(c.tty, c.goos, func(n string) string { return c.env[n] }); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestStyleWithoutColorsChangesNothing(t *testing.T) {
	t.Parallel()
	if got := NewStyle(false).Bold("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	if got := NewStyle(true).Bold("x"); got != "\x1b[1mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
}

// safeBuffer is a buffer that the spinner writes while a test reads.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestTheSpinnerCountsDownAndLeavesACleanLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out safeBuffer
		s := Streams{Err: &out, Live: true, Width: 80}
		p := s.Wait(t.Context(), Countdown("waiting,", time.Now().Add(161*time.Second), time.Now))
		time.Sleep(time.Second + frameTime/2)
		p.Stop()
		if got := out.String(); !strings.Contains(got, "waiting, 2:41 left, Ctrl-C to cancel") || !strings.Contains(got, "2:40 left") {
			t.Errorf("no countdown in %q", got)
		}
		if got := out.String(); !strings.HasSuffix(got, clearLine) {
			t.Errorf("the line is not clean at the end: %q", got)
		}
	})
}

func TestTheSpinnerIsSilentInAPipe(t *testing.T) {
	t.Parallel()
	var out safeBuffer
	p := Streams{Err: &out}.Wait(t.Context(), Fixed("x"))
	p.Stop()
	if out.String() != "" {
		t.Errorf("got %q", out.String())
	}
}

// stuck is a terminal at which nobody types.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { select {} }

func TestReadingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := (Streams{In: stuck{}}).ReadAll(ctx, 10); !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	if _, err := (Streams{In: strings.NewReader("12345678901")}).ReadAll(t.Context(), 10); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v", err)
	}
	if got, err := (Streams{In: strings.NewReader(" s3cret \r\n")}).ReadSecret(t.Context(), "", 100); got != " s3cret " || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTextFitsItsColumn(t *testing.T) {
	t.Parallel()
	if got := Pad("ä", 3); got != "ä  " {
		t.Errorf("Pad: %q", got)
	}
	if got := Cut("äöüß", 3); got != "äö…" {
		t.Errorf("Cut: %q", got)
	}
	if got := Cut("abc", 3); got != "abc" {
		t.Errorf("Cut: %q", got)
	}
}
