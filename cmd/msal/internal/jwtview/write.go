package jwtview

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// View is how a token is written for people.
type View struct {
	Style terminal.Style
	Width int       // columns to cut at; zero never cuts
	Now   time.Time // times are told from here, in its zone
}

// longestName is where a column of names ends; longer ones stick out.
const longestName = 20

// Write writes notes, header and claims.
func (v View) Write(w io.Writer, t Token) error {
	var b strings.Builder
	for _, note := range t.Notes(v.Now) {
		b.WriteString(v.Style.Warn("! "+note) + "\n")
	}
	b.WriteString("\n" + v.Style.Bold("Header") + "\n")
	v.section(&b, t.HeaderEntries())
	if t.Claims != nil {
		b.WriteString("\n" + v.Style.Bold("Claims") + "\n")
		v.section(&b, t.ClaimEntries())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widestValue is where the column of values ends; longer ones stick out. On a
// narrow terminal it ends with what is as long as an id.
func (v View) widestValue() int {
	if v.Width > 0 && v.Width < 110 {
		return 36
	}
	return 48
}

// narrowest is the room below which a meaning is better left out than cut.
const narrowest = 12

// section writes names, values and meanings in three columns. Values are never
// cut, because people copy them; meanings give way where there is no room.
func (v View) section(b *strings.Builder, list []Entry) {
	names, values := 0, 0
	for _, e := range list {
		names = max(names, min(utf8.RuneCountInString(e.Name), longestName))
		if n := utf8.RuneCountInString(v.value(e)); n <= v.widestValue() {
			values = max(values, n)
		}
	}
	for _, e := range list {
		value := v.value(e)
		b.WriteString("  " + v.Style.Name(terminal.Pad(e.Name, names)) + "  ")
		room := v.Width - names - max(utf8.RuneCountInString(value), values) - 6
		switch {
		case e.Meaning == "", v.Width > 0 && room < min(narrowest, utf8.RuneCountInString(e.Meaning)):
			b.WriteString(value + "\n")
		case v.Width > 0:
			b.WriteString(terminal.Pad(value, values) + "  " + v.Style.Dim(terminal.Cut(e.Meaning, room)) + "\n")
		default:
			b.WriteString(terminal.Pad(value, values) + "  " + v.Style.Dim(e.Meaning) + "\n")
		}
	}
}

// value is what stands in the second column: times in words.
func (v View) value(e Entry) string {
	if e.At.IsZero() {
		return e.Value
	}
	times := output.Times{Now: v.Now}
	return fmt.Sprintf("%s (%s)", times.Full(e.At), times.Relative(e.At))
}
