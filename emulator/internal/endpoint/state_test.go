package endpoint

import (
	"crypto/sha256"
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

func TestSweepDropsWhatIsKeptForResourcesAndLoops(t *testing.T) {
	t.Parallel()
	s := newState()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range sweepAbove {
		id, age := strconv.Itoa(i), time.Duration(i%2)*time.Hour
		if i%4 < 2 {
			s.continuous[id] = &continuous{expires: now.Add(time.Minute - age)}
		} else {
			s.loops[sha256.Sum256([]byte(id))] = loop{since: now.Add(-age)}
		}
	}
	s.sweep(now)
	if len(s.continuous) != sweepAbove/4 || len(s.loops) != sweepAbove/4 {
		t.Errorf("%d tokens and %d loops left, want %d each", len(s.continuous), len(s.loops), sweepAbove/4)
	}
}
