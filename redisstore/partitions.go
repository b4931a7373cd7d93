package redisstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/redis/go-redis/v9"
)

// partitions is the store as Redis sees it: it neither seals nor opens.
type partitions struct {
	o       Options
	id      string // of this store, in its announcements
	scripts scripts
	memo    *memo
	outages outages

	life context.Context // ends with Close
	work work

	mu      sync.Mutex
	flights map[flightKey]*flight
}

// found is what was under a key.
type found struct {
	frame          // zero if absent
	unchanged bool // it is at the version that the caller has; then value is nil

	clock   time.Duration // of the server, since 1970, when it had nothing
	clocked time.Time     // by the clock here, after that
}

func newPartitions(o Options, life context.Context) *partitions {
	_, cluster := o.Client.(*redis.ClusterClient)
	return &partitions{
		o:       o,
		id:      rand.Text(),
		scripts: newScripts(),
		memo:    newMemo(max(o.MaxStaleness, 0)),
		outages: outages{bySlot: cluster, pause: o.RetryEvery, claim: o.Timeout, prefix: o.Prefix},
		life:    life,
		flights: make(map[flightKey]*flight),
	}
}

func (p *partitions) name(key string) string { return p.o.Prefix + key }

func (p *partitions) channel() string { return p.o.Prefix + "changed" }

// announcement tells other stores, and not this one, that a key has changed.
func (p *partitions) announcement(key string) string { return p.id + " " + key }

func (p *partitions) check(ctx context.Context, op, key string) error {
	if err := cache.CheckKey(key); err != nil {
		return err
	}
	if p.work.isClosed() {
		return &Error{Op: op, Key: key, Kind: ErrClosed}
	}
	return classify(ctx, op, key, ctx.Err())
}

// Load returns a partition; see cache.Store.
func (p *partitions) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if err := p.check(ctx, "load", key); err != nil {
		return nil, "", err
	}
	if p.memo.unchanged(key, have, time.Now()) {
		return nil, have, nil
	}
	f, err := p.fetch(ctx, key, have)
	switch {
	case errors.Is(err, ErrUnavailable) && p.o.Outage == FailOpen:
		return nil, have, nil
	case err != nil:
		return nil, "", err
	case f.version == "" || expired(f.expires, time.Now()):
		return nil, "", nil
	case f.unchanged:
		return nil, have, nil
	}
	return bytes.Clone(f.value), f.version, nil
}

// read asks Redis for a partition.
func (p *partitions) read(ctx context.Context, op, key string, have cache.Version) (found, error) {
	return ask(ctx, p, op, key, func(ctx context.Context) (found, error) {
		answer, err := p.scripts.load.Run(ctx, p.o.Client, []string{p.name(key)}, mark(have), p.o.MaxValueBytes+headLen).Result()
		if err != nil {
			return found{}, err
		}
		if millis, ok := answer.(int64); ok && millis > 0 {
			return found{clock: time.Duration(millis) * time.Millisecond, clocked: time.Now()}, nil
		}
		text, ok := answer.(string)
		if !ok {
			return found{}, p.tooLarge(op, key)
		}
		f, ok := decode([]byte(text))
		if !ok || len(f.value) == 0 && f.version != have {
			return found{}, &Error{Op: op, Key: key, Kind: ErrDamaged, Hint: "delete it, or give the store a prefix of its own"}
		}
		return found{frame: f, unchanged: len(f.value) == 0}, nil
	})
}

func (p *partitions) tooLarge(op, key string) error {
	return &Error{Op: op, Key: key, Kind: ErrTooLarge, Hint: "raise MaxValueBytes of " + strconv.Itoa(p.o.MaxValueBytes) + ", or delete the partition"}
}

// Update replaces a partition; see cache.Store. f runs again when another
// process came between. If the answer of Redis got lost on the way, and another
// process came between as well, it runs again on what it made itself.
func (p *partitions) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	for attempt := 0; ; attempt++ {
		if err := p.check(ctx, "update", key); err != nil {
			return "", err
		}
		version, done, err := p.tryUpdate(ctx, key, f)
		if err != nil || done {
			return version, err
		}
		if err := pause(ctx, attempt); err != nil {
			return "", classify(ctx, "update", key, err)
		}
	}
}

func (p *partitions) tryUpdate(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (v cache.Version, done bool, err error) {
	old, err := p.read(ctx, "update", key, "")
	if err != nil {
		return "", false, err
	}
	if expired(old.expires, time.Now()) {
		old.value = nil
	}
	value, expires, err := f(old.value)
	if err != nil {
		return "", false, fmt.Errorf("redisstore: update: %w", err)
	}
	if len(value) > p.o.MaxValueBytes {
		return "", false, p.tooLarge("update", key)
	}
	next := frame{expires: expires, value: value}
	if len(value) > 0 && !expired(expires, time.Now()) {
		next.version = newVersion()
	}
	since := p.memo.begin(key, time.Now())
	done, err = p.swap(ctx, key, old, next)
	if err != nil || !done {
		p.memo.forget(key) // it may have been written
		return "", false, err
	}
	p.memo.wrote(key, since, next.version, next.expires)
	return next.version, true, nil
}

// swap writes a frame, or nothing if it has no version, unless the partition is
// no longer what was found.
func (p *partitions) swap(ctx context.Context, key string, old found, next frame) (bool, error) {
	var value []byte
	if next.version != "" {
		value = next.encode()
	}
	return ask(ctx, p, "update", key, func(ctx context.Context) (bool, error) {
		end, _ := ctx.Deadline() // ask sets one
		till := old.clock + end.Sub(old.clocked)
		answer, err := p.scripts.swap.Run(ctx, p.o.Client, []string{p.name(key)}, mark(old.version), mark(next.version), value,
			p.timeToLive(next.expires).Milliseconds(), p.channel(), p.announcement(key), till.Milliseconds()).Int()
		return answer == answerYes, err
	})
}

// timeToLive is for how long Redis keeps a partition; zero means for ever. It is
// a duration, as the server's clock may be wrong.
func (p *partitions) timeToLive(expires time.Time) time.Duration {
	if !expires.IsZero() {
		return max(time.Until(expires), 0) + time.Millisecond
	}
	if p.o.Lifetime < 0 {
		return 0
	}
	return max(p.o.Lifetime, time.Millisecond) // which is not for ever
}

// pause waits a little after a lost race, longer the more were lost.
func pause(ctx context.Context, attempt int) error {
	if attempt < 2 {
		return ctx.Err()
	}
	limit := time.Millisecond << min(attempt, 6)
	timer := time.NewTimer(time.Duration(mathrand.Int64N(int64(limit))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Delete removes a partition; see cache.Store.
func (p *partitions) Delete(ctx context.Context, key string) error {
	if err := p.check(ctx, "delete", key); err != nil {
		return err
	}
	_, err := ask(ctx, p, "delete", key, func(ctx context.Context) (any, error) {
		return p.scripts.remove.Run(ctx, p.o.Client, []string{p.name(key)}, p.channel(), p.announcement(key)).Result()
	})
	p.memo.forget(key)
	return err
}

// SetAside renames a damaged partition; see cache.SetAsider. The new name is in
// braces, which to a Cluster means the slot of the old one.
func (p *partitions) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	const keep = 30 * 24 * time.Hour
	if err := p.check(ctx, "set aside", key); err != nil {
		return "", err
	}
	aside := "{" + p.name(key) + "}" + time.Now().UTC().Format(".damaged-20060102T150405.000000000Z")
	done, err := ask(ctx, p, "set aside", key, func(ctx context.Context) (bool, error) {
		answer, err := p.scripts.setAside.Run(ctx, p.o.Client, []string{p.name(key), aside}, value, keep.Milliseconds(),
			p.channel(), p.announcement(key)).Int()
		return answer == answerYes, err
	})
	p.memo.forget(key)
	if err != nil || !done {
		return "", err
	}
	return "the Redis key " + aside + ", for 30 days", nil
}
