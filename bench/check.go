package main

import (
	"fmt"
	"time"
)

// soon is how long a caller takes for whom a token is at hand, on a machine that
// runs all callers at once.
const soon = 20 * time.Millisecond

// maxMemory is what a token may take beside the floor's.
const maxMemory = 1.3

// missed lists the expectations that did not hold.
func (r report) missed() []string {
	var list []string
	for _, row := range r.Rows {
		if row.Subject == ours {
			list = append(list, row.missed()...)
		}
	}
	return append(list, r.missedOtherwise()...)
}

// missedOtherwise are those that are not about times and allocations.
func (r report) missedOtherwise() []string {
	var list []string
	for _, h := range r.Herds {
		if h.Subject != ours {
			continue
		}
		if h.Requests != h.Want {
			list = append(list, fmt.Sprintf("herd: %s: %d requests, want %d", h.Case, h.Requests, h.Want))
		}
		if !h.Waits && h.Longest > soon {
			list = append(list, fmt.Sprintf("herd: %s: a caller waited %s although there was a token", h.Case, nanos(float64(h.Longest))))
		}
	}
	for _, m := range r.Memory {
		if m.Subject == ours && m.TimesFloor > maxMemory {
			list = append(list, fmt.Sprintf("memory: %s: %.2f times the floor, want at most %.1f", m.Kind, m.TimesFloor, maxMemory))
		}
	}
	return list
}

// round is what two digits behind the point show.
func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }

func (r row) missed() []string {
	var list []string
	what := fmt.Sprintf("%s, %d tokens, %d goroutines", r.Scenario, r.Tokens, r.Goroutines)
	because := ""
	if r.limit.bound != "" {
		because = "; bound by " + r.limit.bound
	}
	if l := r.limit.timesFloor; l > 0 && round(r.TimesFloor) > l {
		list = append(list, fmt.Sprintf("%s: %.2f times the floor, want at most %g%s", what, r.TimesFloor, l, because))
	}
	if l := r.limit.nanos; l > 0 && r.Nanos > l {
		list = append(list, fmt.Sprintf("%s: %s, want at most %s%s", what, nanos(r.Nanos), nanos(l), because))
	}
	if r.limit.noAllocs && r.Allocs > 0 {
		list = append(list, fmt.Sprintf("%s: %.0f allocations, want none", what, r.Allocs))
	}
	return list
}
