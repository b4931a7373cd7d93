package redisstore

import "sync"

// work is the goroutines of a store.
type work struct {
	mu     sync.RWMutex
	closed bool
	wg     sync.WaitGroup
}

// start runs f in a goroutine of its own, unless the store is closed.
func (w *work) start(f func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.wg.Go(f)
	return true
}

// close lets nothing begin any more.
func (w *work) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

func (w *work) isClosed() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.closed
}
