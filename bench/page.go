package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// write makes the page of the documentation and its chart.
func (r report) write(folder string) error {
	for name, data := range map[string][]byte{"performance.md": r.page(), "performance.svg": r.chart()} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

const introduction = `# Performance

What a token costs here, beside MSAL Go and beside a *floor*: the least that anything of the kind can do, with a Go map
under a lock, ` + "`net/http` and `encoding/json`" + `. The floor looks up a key that is there already, and checks nothing.

Everything is measured in one process and in turns (A B C A B C), so that a drifting machine slows all alike. Times are
medians of the turns; "x floor" is the median of the ratios within a turn. Quote the ratios: times differ from machine to
machine. Tokens are chosen at random and are 1,200 bytes long.
`

func (r report) page() []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	if r.Busy != "" {
		fmt.Fprintf(&b, "\n> **Do not quote this run:** %s. It has to be run again on a quiet machine.\n", r.Busy)
	}
	fmt.Fprintf(&b, "\n| | |\n|---|---|\n| machine | %s |\n| date | %s |\n| versions | %s |\n| command | `%s` |\n",
		r.Machine, r.Date, strings.Join(r.Versions, ", "), r.Command)
	fmt.Fprintf(&b, "\n![%s](performance.svg)\n", r.summary())
	r.writeMissed(&b)
	r.writeRows(&b)
	r.writeHerds(&b)
	return b.Bytes()
}

func (r report) writeRows(b *bytes.Buffer) {
	heading, scenario := "", ""
	for _, row := range r.scenarioOrder() {
		if kind, _, _ := strings.Cut(row.Scenario, ":"); kind != heading {
			heading = kind
			fmt.Fprintf(b, "\n## %s%s\n", strings.ToUpper(kind[:1]), kind[1:])
		}
		if row.Scenario != scenario {
			scenario = row.Scenario
			if _, rest, ok := strings.Cut(scenario, ": "); ok {
				fmt.Fprintf(b, "\n### %s%s\n", strings.ToUpper(rest[:1]), rest[1:])
			}
			b.WriteString("\n| tokens | goroutines | | time | allocations | bytes | x floor |\n|--:|--:|---|--:|--:|--:|--:|\n")
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %.0f | %.0f | %.3g |\n", thousands(row.Tokens), row.Goroutines, row.Subject, nanos(row.Nanos), row.Allocs, row.Bytes, row.TimesFloor)
	}
}

// scenarioOrder is the rows with those of one scenario together.
func (r report) scenarioOrder() []row {
	var names []string
	of := map[string][]row{}
	for _, row := range r.Rows {
		if of[row.Scenario] == nil {
			names = append(names, row.Scenario)
		}
		of[row.Scenario] = append(of[row.Scenario], row)
	}
	var rows []row
	for _, name := range names {
		rows = append(rows, of[name]...)
	}
	return rows
}

func (r report) writeHerds(b *bytes.Buffer) {
	b.WriteString("\n## Herds\n\nMany callers at once. The floor knows no refresh hints.\n\n| case | callers | | token requests | longest wait |\n|---|--:|---|--:|--:|\n")
	for _, h := range r.Herds {
		fmt.Fprintf(b, "| %s | %d | %s | %d | %s |\n", h.Case, h.Callers, h.Subject, h.Requests, nanos(float64(h.Longest)))
	}
	b.WriteString("\n## Memory\n\nWhat is in use for each application token in a cache, the token included.\n\n| tokens | | bytes | x floor |\n|--:|---|--:|--:|\n")
	for _, m := range r.Memory {
		fmt.Fprintf(b, "| %s | %s | %s | %.2f |\n", thousands(m.Tokens), m.Subject, thousands(int(m.Bytes)), m.TimesFloor)
	}
}

// thousands groups digits.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
