package redisstore

import (
	"sync"
	"time"
)

// outages remembers where Redis did not answer, so that not every caller waits
// for a time-out of its own. In a Cluster that is a matter of the slot, as other
// nodes may be well.
type outages struct {
	bySlot bool
	prefix string        // of all keys
	pause  time.Duration // until the next try
	claim  time.Duration // how long a try takes

	mu   sync.Mutex
	till map[uint16]time.Time // at most one for each of the 16384 slots
}

func (o *outages) slot(key string) uint16 {
	if !o.bySlot {
		return 0
	}
	return slot(o.prefix + key)
}

// ask reports whether Redis may be asked for this key. After the pause one caller
// may, who then probes, and the others when it was answered.
func (o *outages) ask(key string, now time.Time) (may, probes bool) {
	s := o.slot(key)
	o.mu.Lock()
	defer o.mu.Unlock()
	till, down := o.till[s]
	if !down {
		return true, false
	}
	if now.Before(till) {
		return false, false
	}
	o.till[s] = now.Add(o.claim + o.pause)
	return true, true
}

// giveUp lets the next caller probe, as this one does not wait for the answer.
func (o *outages) giveUp(key string, now time.Time) {
	s := o.slot(key)
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, down := o.till[s]; down {
		o.till[s] = now
	}
}

// note says how asking went.
func (o *outages) note(key string, answered bool, now time.Time) {
	s := o.slot(key)
	o.mu.Lock()
	defer o.mu.Unlock()
	if answered {
		delete(o.till, s)
		return
	}
	if o.till == nil {
		o.till = make(map[uint16]time.Time)
	}
	o.till[s] = now.Add(o.pause)
}

// slot is the hash slot of a key without braces: CRC16 with the polynomial
// 0x1021, modulo 16384 (redis.io, "Redis cluster specification", key distribution
// model).
func slot(key string) uint16 {
	var crc uint16
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc % 16384
}
