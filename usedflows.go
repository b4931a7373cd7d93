package msal

import (
	"crypto/sha256"
	"sync"
	"time"
)

// usedFlows remembers the flows that this client has redeemed, until they would
// have expired anyway. The zero value is ready to use.
type usedFlows struct {
	mu     sync.Mutex
	nonces map[[sha256.Size]byte]time.Time
	sweep  time.Time // when to drop expired ones next
}

// claim reports whether the flow with this nonce is used for the first time. The
// nonce is always random; a state may be the caller's.
func (u *usedFlows) claim(nonce string, expires time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if u.nonces == nil || now.After(u.sweep) {
		kept := make(map[[sha256.Size]byte]time.Time)
		for s, e := range u.nonces {
			if now.Before(e) {
				kept[s] = e
			}
		}
		u.nonces, u.sweep = kept, now.Add(flowLifetime/4)
	}
	key := sha256.Sum256([]byte(nonce))
	if _, ok := u.nonces[key]; ok {
		return false
	}
	u.nonces[key] = expires
	return true
}

// release makes a flow usable again whose code cannot have reached the service.
func (u *usedFlows) release(nonce string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.nonces, sha256.Sum256([]byte(nonce)))
}
