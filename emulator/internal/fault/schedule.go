// Package fault decides which request fails, and how a failure looks on the
// wire. Everything is counted, nothing is random.
package fault

import (
	"strings"
	"sync"
)

// Match selects requests. Empty fields match everything.
type Match struct {
	Method   string
	Host     string // without port
	Endpoint string
	Path     string // suffix of the path
	Grant    string
	ClientID string
	User     string
}

// Fits reports whether a request, described by the same fields, is selected.
func (m Match) Fits(request Match) bool {
	same := func(want, got string) bool { return want == "" || strings.EqualFold(want, got) }
	return same(m.Method, request.Method) && same(m.Host, request.Host) && same(m.Endpoint, request.Endpoint) &&
		same(m.Grant, request.Grant) && same(m.ClientID, request.ClientID) && same(m.User, request.User) &&
		(m.Path == "" || strings.HasSuffix(strings.ToLower(request.Path), strings.ToLower(m.Path)))
}

// Schedule holds faults in the order in which they were added. It is safe for
// concurrent use.
type Schedule[F any] struct {
	mu    sync.Mutex
	armed []*armed[F]
}

type armed[F any] struct {
	match Match
	skip  int
	times int // negative: forever
	fault F
}

// Add arms a fault: the first skip matching requests pass, the next times
// fail. Zero times means one, a negative number means all.
func (s *Schedule[F]) Add(match Match, skip, times int, fault F) {
	if times == 0 {
		times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = append(s.armed, &armed[F]{match: match, skip: skip, times: times, fault: fault})
}

// Take returns the fault that a request meets: the oldest one that matches and
// is due.
func (s *Schedule[F]) Take(request Match) (fault F, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range s.armed {
		if !a.match.Fits(request) {
			continue
		}
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.times > 0 {
			if a.times--; a.times == 0 {
				s.armed = append(s.armed[:i:i], s.armed[i+1:]...)
			}
		}
		return a.fault, true
	}
	return fault, false
}

// Pending counts the faults that are not used up; those that last forever do
// not count.
func (s *Schedule[F]) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, a := range s.armed {
		if a.times > 0 {
			n++
		}
	}
	return n
}

// Clear disarms everything.
func (s *Schedule[F]) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = nil
}
