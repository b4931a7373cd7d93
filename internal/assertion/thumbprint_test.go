package assertion

import (
	"errors"
	"strings"
	"testing"
)

func FuzzParseThumbprint(f *testing.F) {
	f.Add(strings.Repeat("aB", 20))
	f.Add(strings.TrimSuffix(strings.Repeat("aB:", 32), ":"))
	f.Add(":")
	f.Add("\u200eab")
	f.Fuzz(func(t *testing.T, text string) {
		sum, err := ParseThumbprint(text)
		var bad *ThumbprintError
		switch {
		case err == nil && (len(sum) == 20 || len(sum) == 32):
		case errors.As(err, &bad) && sum == nil:
		default:
			t.Errorf("%d bytes, %v", len(sum), err)
		}
	})
}
