package tokencache

import "sync/atomic"

// slots finds the answers to a question by its hash. Readers take no lock and
// write nothing, so they never wait, neither for writers nor for each other.
// Writers hold Cache.mu.
//
// It is an open table: a slot is in the first free place from its hash on. A
// place that became free leads on until the table is made anew, which readers
// of the old one do not notice: a table that was replaced no longer changes.
type slots struct {
	table atomic.Pointer[slotTable]
	freed slot // its address is in places that became free: it has no token
	live  int  // slots
	taken int  // places that are not nil: slots, and those that became free
}

type slotTable []atomic.Pointer[slot] // as many as a power of two

// look returns the table for now, in which next finds slots.
func (s *slots) look() slotTable {
	if t := s.table.Load(); t != nil {
		return *t
	}
	return nil
}

// next returns the first slot with the hash at place at or behind it, counted
// from the hash on, and the place to go on from; or nil, when there is none.
func (t slotTable) next(hash uint64, at uint64) (*slot, uint64) {
	if len(t) == 0 {
		return nil, at
	}
	for mask := uint64(len(t) - 1); ; at++ {
		sl := t[(hash+at)&mask].Load()
		if sl == nil {
			return nil, at
		}
		if sl.hash == hash && sl.tok != nil {
			return sl, at + 1
		}
	}
}

// add puts a slot in.
func (s *slots) add(sl *slot) {
	if 2*(s.taken+1) > len(s.look()) {
		s.renew()
	}
	t := s.look()
	at := sl.hash
	for mask := uint64(len(t) - 1); ; at++ {
		switch place := &t[at&mask]; place.Load() {
		case nil:
			s.taken++
			fallthrough
		case &s.freed:
			place.Store(sl)
			s.live++
			return
		}
	}
}

// replace puts a slot in the place of one that is in and has the same hash. A
// reader on its way past them finds one of the two: were the new one put into a
// place that the reader has left, and the old one taken out, it would find none.
func (s *slots) replace(old, sl *slot) {
	t := s.look()
	at := old.hash
	for mask := uint64(len(t) - 1); ; at++ {
		if place := &t[at&mask]; place.Load() == old {
			place.Store(sl)
			return
		}
	}
}

// renew makes a table with room for as many again.
func (s *slots) renew() {
	size := 8
	for size < 4*(s.live+1) {
		size *= 2
	}
	fresh := make(slotTable, size)
	mask := uint64(size - 1)
	for i := range s.look() {
		sl := s.look()[i].Load()
		if sl == nil || sl == &s.freed {
			continue
		}
		at := sl.hash
		for fresh[at&mask].Load() != nil {
			at++
		}
		fresh[at&mask].Store(sl)
	}
	s.taken = s.live
	s.table.Store(&fresh)
}

// drop takes a slot out. When most places are empty the table shrinks.
func (s *slots) drop(sl *slot) {
	t := s.look()
	if len(t) == 0 {
		return
	}
	at := sl.hash
	for mask := uint64(len(t) - 1); ; at++ {
		switch place := &t[at&mask]; place.Load() {
		case nil:
			return // it was not in
		case sl:
			place.Store(&s.freed)
			s.live--
			if len(t) > 64 && 16*s.live < len(t) {
				s.renew()
			}
			return
		}
	}
}
