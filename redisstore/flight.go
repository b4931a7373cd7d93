package redisstore

import (
	"context"
	"time"

	"github.com/msal-go/msal/cache"
)

// A flight is one question to Redis that everybody shares who asks the same
// meanwhile. It is nobody's: who gives up does not take it from the others.
type flight struct {
	since moment
	done  chan struct{} // closed once the rest is set
	found found
	err   error
}

type flightKey struct {
	key  string
	have cache.Version
}

// fetch reads a partition, together with those who do so already. It does not
// join those who began before a change that is known of: who has written, or has
// seen an announcement, reads that or something newer.
func (p *partitions) fetch(ctx context.Context, key string, have cache.Version) (found, error) {
	k := flightKey{key, have}
	p.mu.Lock()
	f := p.flights[k]
	if f == nil || p.o.MaxStaleness < 0 || !p.memo.same(key, f.since) {
		f = &flight{since: p.memo.begin(key, time.Now()), done: make(chan struct{})}
		if !p.work.start(func() { p.fly(context.WithoutCancel(ctx), k, f) }) {
			p.mu.Unlock()
			return found{}, &Error{Op: "load", Key: key, Kind: ErrClosed}
		}
		p.flights[k] = f
	}
	p.mu.Unlock()
	select {
	case <-f.done:
		return f.found, f.err
	case <-ctx.Done():
		return found{}, classify(ctx, "load", key, ctx.Err())
	}
}

func (p *partitions) fly(ctx context.Context, k flightKey, f *flight) {
	f.found, f.err = p.read(ctx, "load", k.key, k.have)
	if f.err == nil {
		p.memo.saw(k.key, f.since, f.found.version, f.found.expires)
	}
	p.mu.Lock()
	if p.flights[k] == f {
		delete(p.flights, k)
	}
	p.mu.Unlock()
	close(f.done)
}
