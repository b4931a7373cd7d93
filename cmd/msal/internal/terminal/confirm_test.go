package terminal_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

func TestOnlyYesAgrees(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed  string
		agrees bool
		is     error
	}{
		{"y\n", true, nil}, {"Yes\r\nmore", true, nil}, {"\n", false, nil}, {"n\n", false, nil}, {"yesterday\n", false, nil},
		{"", false, terminal.ErrCanceled}, {"y", false, terminal.ErrCanceled}, {strings.Repeat("y", 2000), false, terminal.ErrTooLong},
	} {
		var said strings.Builder
		in := strings.NewReader(c.typed)
		agrees, err := terminal.Streams{In: in, Err: &said}.Confirm(t.Context(), "Really?")
		if agrees != c.agrees || !errors.Is(err, c.is) {
			t.Errorf("%.20q: %v, %v", c.typed, agrees, err)
		}
		if !strings.HasPrefix(said.String(), "Really? [y/N] ") {
			t.Errorf("asked %q", said.String())
		}
		if rest, _ := io.ReadAll(in); strings.Contains(c.typed, "more") && string(rest) != "more" {
			t.Errorf("%q is left of the input", rest)
		}
	}
}
