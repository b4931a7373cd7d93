package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// print writes the tables.
func (r report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\nmedians of one interleaved run; ratios are taken within each round\n\ncache hit\n", r.Machine)
	fmt.Fprintln(t, "tokens\tgoroutines\tsubject\ttime\tallocations\tbytes\tx floor\t")
	for _, h := range r.Hits {
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%.0f\t%.0f\t%.2f\t\n", h.Tokens, h.Goroutines, h.Subject, nanos(h.Nanos), h.Allocs, h.Bytes, h.TimesFloor)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nsimultaneous callers without a token")
	fmt.Fprintln(t, "callers\tsubject\ttoken requests\ttime\t")
	for _, h := range r.Herds {
		fmt.Fprintf(t, "%d\t%s\t%d\t%s\t\n", h.Callers, h.Subject, h.Requests, nanos(float64(h.Took)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nfirst token of a new client, service in the same process")
	fmt.Fprintln(t, "subject\trequests\ttime\t")
	for _, s := range r.Starts {
		fmt.Fprintf(t, "%s\t%d\t%s\t\n", s.Subject, s.Requests, nanos(s.Nanos))
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
