package main

import (
	"bytes"
	"fmt"
	"math"
)

// writeMissed says in a line for each scenario what was expected and missed, and
// what bounds it.
func (r report) writeMissed(b *bytes.Buffer) {
	b.WriteString("\n## Expectations that were missed\n\n")
	rows := map[string][]row{}
	var scenarios []string
	for _, row := range r.Rows {
		if row.Subject != ours {
			continue
		}
		if rows[row.Scenario] == nil {
			scenarios = append(scenarios, row.Scenario)
		}
		rows[row.Scenario] = append(rows[row.Scenario], row)
	}
	var lines []string
	for _, name := range scenarios {
		lines = append(lines, missedOf(name, rows[name])...)
	}
	lines = append(lines, r.missedOtherwise()...)
	if len(lines) == 0 {
		lines = []string{"None."}
	}
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", line)
	}
}

// missedOf is about the rows of one scenario, which differ in tokens and callers.
func missedOf(name string, rows []row) []string {
	var lines []string
	for _, kind := range []struct {
		missed func(row) bool
		value  func(row) float64
		text   func(float64) string
		want   func(row) string
	}{
		{
			func(r row) bool { return r.limit.timesFloor > 0 && round(r.TimesFloor) > r.limit.timesFloor },
			func(r row) float64 { return r.TimesFloor },
			func(v float64) string { return fmt.Sprintf("%.2f", v) },
			func(r row) string { return fmt.Sprintf("times the floor, want at most %g", r.limit.timesFloor) },
		},
		{
			func(r row) bool { return r.limit.nanos > 0 && r.Nanos > r.limit.nanos },
			func(r row) float64 { return r.Nanos },
			nanos,
			func(r row) string { return "each, want at most " + nanos(r.limit.nanos) },
		},
		{
			func(r row) bool { return r.limit.noAllocs && r.Allocs > 0 },
			func(r row) float64 { return r.Allocs },
			func(v float64) string { return fmt.Sprintf("%.0f", v) },
			func(row) string { return "allocations, want none" },
		},
	} {
		least, most, count := math.Inf(1), math.Inf(-1), 0
		var last row
		for _, r := range rows {
			if kind.missed(r) {
				least, most = min(least, kind.value(r)), max(most, kind.value(r))
				count, last = count+1, r
			}
		}
		if count == 0 {
			continue
		}
		values := kind.text(least)
		if text := kind.text(most); text != values {
			values += " to " + text
		}
		line := fmt.Sprintf("%s, %d of %d cases: %s %s", name, count, len(rows), values, kind.want(last))
		if last.limit.bound != "" {
			line += "; bound by " + last.limit.bound
		}
		lines = append(lines, line)
	}
	return lines
}
