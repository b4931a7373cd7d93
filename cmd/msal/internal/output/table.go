package output

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// WriteTable writes rows in aligned columns under a heading. Cells must be
// clean; the last column is not padded.
func WriteTable(w io.Writer, style terminal.Style, heading []string, rows [][]string) error {
	widths := make([]int, len(heading))
	for _, row := range append([][]string{heading}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(row []string, paint func(string) string) string {
		cells := make([]string, len(row))
		for i, cell := range row {
			if i < len(row)-1 {
				cell = terminal.Pad(cell, widths[i])
			}
			cells[i] = paint(cell)
		}
		return strings.Join(cells, "  ")
	}
	if _, err := fmt.Fprintln(w, line(heading, style.Bold)); err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, line(row, func(s string) string { return s })); err != nil {
			return err
		}
	}
	return nil
}
