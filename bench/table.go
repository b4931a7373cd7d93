package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// print writes the tables for people at a terminal.
func (r report) print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s, %v\nmedians of one interleaved run; ratios are taken within each round\n", r.Machine, r.Date, r.Versions)
	if r.Busy != "" {
		fmt.Fprintf(w, "NOT TO BE QUOTED: %s\n", r.Busy)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	scenario := ""
	for _, row := range r.Rows {
		if row.Scenario != scenario {
			scenario = row.Scenario
			fmt.Fprintf(t, "\n%s\ntokens\tgoroutines\tsubject\ttime\tallocations\tbytes\tx floor\n", scenario)
		}
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%.0f\t%.0f\t%.2f\n", row.Tokens, row.Goroutines, row.Subject, nanos(row.Nanos), row.Allocs, row.Bytes, row.TimesFloor)
	}
	fmt.Fprintln(t, "\nsimultaneous callers\ncase\tcallers\tsubject\trequests\tlongest wait")
	for _, h := range r.Herds {
		fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%s\n", h.Case, h.Callers, h.Subject, h.Requests, nanos(float64(h.Longest)))
	}
	fmt.Fprintln(t, "\nmemory\ntokens\tsubject\tbytes per token\tx floor")
	for _, m := range r.Memory {
		fmt.Fprintf(t, "%d\t%s\t%.0f\t%.2f\n", m.Tokens, m.Subject, m.Bytes, m.TimesFloor)
	}
	return t.Flush()
}

// nanos shows a duration with three digits.
func nanos(n float64) string {
	switch d := time.Duration(n); {
	case d < time.Microsecond:
		return fmt.Sprintf("%.0f ns", n)
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", n/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", n/1e6)
	}
	return fmt.Sprintf("%.3g s", n/1e9)
}
