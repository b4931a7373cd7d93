package endpoint

import (
	"strconv"
	"testing"
	"time"
)

func TestSweepDropsWhatHasExpired(t *testing.T) {
	t.Parallel()
	s := newState()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range sweepAbove {
		id := strconv.Itoa(i)
		expires := now.Add(-2 * time.Hour)
		if i%2 == 0 {
			expires = now.Add(time.Hour)
		}
		switch i % 8 / 2 {
		case 0:
			s.codes[id] = &code{grant: grant{expires: expires}}
		case 1:
			s.refresh[id] = &refresh{grant: grant{expires: expires}}
		case 2:
			s.pending[id] = &pending{expires: expires}
		case 3:
			d := &device{grant: grant{expires: expires}, userCode: id}
			s.devices[id], s.userCodes[id] = d, d
		}
	}
	s.sweep(now)
	if got, want := s.size(), sweepAbove/2; got != want {
		t.Errorf("%d left, want %d", got, want)
	}
	if len(s.userCodes) != len(s.devices) {
		t.Errorf("%d user codes for %d devices", len(s.userCodes), len(s.devices))
	}
	if s.sweepAt != sweepAbove {
		t.Errorf("next sweep at %d", s.sweepAt)
	}
}
