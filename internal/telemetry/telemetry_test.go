package telemetry

import (
	"strings"
	"sync"
	"testing"
)

func TestCurrentNamesTheCallAndTheReason(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		api    API
		reason Reason
		want   string
	}{
		{Silent, Forced, "4|84,1|"},
		{Silent, NoToken, "4|84,2|"},
		{ClientCredentials, Expired, "4|730,3|"},
		{Silent, Aging, "4|84,4|"},
		{RefreshToken, Forced, "4|85,1|"},
		{Interactive, NotCached, "4|169,0|"},
		{UsernamePassword, NotCached, "4|301,0|"},
		{OnBehalfOf, NotCached, "4|523,0|"},
		{DeviceCode, NotCached, "4|622,0|"},
		{AuthorizationCode, NotCached, "4|832,0|"},
		{UserFIC, NotCached, "4|950,0|"},
		{0, Forced, ""},
	} {
		if got := Current(tc.api, tc.reason); got != tc.want {
			t.Errorf("Current(%d, %d) = %q, want %q", tc.api, tc.reason, got, tc.want)
		}
	}
}

// The steps are those of MSAL Python's own test.
func TestLastTellsHitsAndFailuresUntilASuccess(t *testing.T) {
	t.Parallel()
	var l Log
	want := func(header string) {
		t.Helper()
		if got := l.Last(); got != header {
			t.Errorf("got %q, want %q", got, header)
		}
	}
	want("4|0|||")
	l.Hit()
	want("4|1|||")
	l.Failed(DeviceCode, "id_1", "error_1")
	want("4|1|622,id_1|error_1|")
	l.Failed(DeviceCode, "id_2", "error_2")
	want("4|1|622,id_1,622,id_2|error_1,error_2|")
	l.Succeeded()
	want("4|0|||")
	l.Failed(Silent, "id_3", "error_3")
	want("4|0|84,id_3|error_3|")
}

func TestFailuresAreDroppedOnceTheirTextIsLong(t *testing.T) {
	t.Parallel()
	var l Log
	entry := func(n int) { l.Failed(Silent, strings.Repeat("c", 36), strings.Repeat("e", n)) } // 41+n bytes
	entry(108)
	entry(108)
	entry(11) // sum: 350
	if got := strings.Count(l.Last(), "84,"); got != 2 {
		t.Errorf("%d failures at the limit, want 2", got)
	}
	entry(10) // sum: 349
	if got := strings.Count(l.Last(), "84,"); got != 3 {
		t.Errorf("%d failures below the limit, want 3", got)
	}
	entry(0)
	if got := strings.Count(l.Last(), "84,"); got != 3 {
		t.Errorf("%d failures past the limit, want 3", got)
	}
	l.Succeeded()
	entry(108)
	if got := strings.Count(l.Last(), "84,"); got != 1 {
		t.Errorf("%d failures after a success, want 1", got)
	}
}

func TestSeparatorsCannotBeSmuggledIn(t *testing.T) {
	t.Parallel()
	var l Log
	l.Failed(Silent, "a,b|c\r\nd é", "x|y,z\x00\x7f")
	if got, want := l.Last(), "4|0|84,abcd|xyz|"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLogIsSafeForManyGoroutines(t *testing.T) {
	t.Parallel()
	var l Log
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				l.Hit()
				l.Failed(Silent, "i", "e")
				l.Last()
			}
		})
	}
	wg.Wait()
	if got := l.Last(); !strings.HasPrefix(got, "4|800|84,i,84,i") {
		t.Errorf("got %q", got)
	}
	l.Succeeded()
	if got := l.Last(); got != "4|0|||" {
		t.Errorf("got %q", got)
	}
}

func TestHitAllocatesNothing(t *testing.T) {
	var l Log
	if n := testing.AllocsPerRun(100, l.Hit); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
