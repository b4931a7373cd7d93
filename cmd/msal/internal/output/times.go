package output

import (
	"fmt"
	"time"
)

// Times says times as people do, in the zone of a moment.
type Times struct{ Now time.Time }

// Clock is the time of day, with the date if it is not today.
func (t Times) Clock(at time.Time) string {
	at = at.In(t.Now.Location())
	y, m, d := at.Date()
	if ny, nm, nd := t.Now.Date(); y == ny && m == nm && d == nd {
		return at.Format("15:04")
	}
	return at.Format("2006-01-02 15:04")
}

// Full is date, time to the second, and zone.
func (t Times) Full(at time.Time) string {
	return at.In(t.Now.Location()).Format("2006-01-02 15:04:05 MST")
}

// Relative is the distance from now: "in 58m", "3h 2m ago".
func (t Times) Relative(at time.Time) string {
	d := at.Sub(t.Now)
	switch {
	case d > -time.Second && d < time.Second:
		return "now"
	case d < 0:
		return Span(-d) + " ago"
	}
	return "in " + Span(d)
}

// Expiry is how a person is told about the end of a token.
func (t Times) Expiry(at time.Time) string {
	verb := "expires"
	if at.Before(t.Now) {
		verb = "expired"
	}
	return fmt.Sprintf("%s %s (%s)", verb, t.Clock(at), t.Relative(at))
}

// Span is a length of time in at most two units.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", max(d.Microseconds(), 1))
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return pair(int(d/time.Minute), "m", int(d%time.Minute/time.Second), "s", d < 10*time.Minute)
	case d < day:
		return pair(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "m", true)
	}
	return pair(int(d/day), "d", int(d%day/time.Hour), "h", d < 30*day)
}

// pair leaves the small unit out where it is zero or does not matter.
func pair(n int, unit string, rest int, small string, wanted bool) string {
	if rest == 0 || !wanted {
		return fmt.Sprintf("%d%s", n, unit)
	}
	return fmt.Sprintf("%d%s %d%s", n, unit, rest, small)
}

// Instant is a moment in JSON: for programs and for people.
type Instant struct {
	UTC   string `json:"utc"`
	Local string `json:"local"`
	Epoch int64  `json:"epoch"`
}

// NewInstant describes a moment in the zone of now.
func NewInstant(at, now time.Time) Instant {
	return Instant{
		UTC:   at.UTC().Format(time.RFC3339),
		Local: at.In(now.Location()).Format(time.RFC3339),
		Epoch: at.Unix(),
	}
}
