package redisstore

import (
	"context"
	"errors"
	"time"
)

// ask puts a question to Redis and waits until it is answered, the caller's
// context has ended, or it has taken too long. The client may need longer: it
// gives up a read only at its deadline. The question then runs to its end
// alone; Close waits for it.
func ask[T any](ctx context.Context, p *partitions, op, key string, f func(context.Context) (T, error)) (T, error) {
	var zero T
	if err := ctx.Err(); err != nil {
		return zero, classify(ctx, op, key, err)
	}
	may, probes := p.outages.ask(key, time.Now())
	if !may {
		return zero, &Error{Op: op, Key: key, Kind: ErrUnavailable, Err: errWait}
	}
	limited, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	if !p.work.start(func() {
		value, err := f(limited)
		answers <- answer{value, err}
	}) {
		return zero, &Error{Op: op, Key: key, Kind: ErrClosed}
	}
	var got answer
	select {
	case got = <-answers:
	case <-limited.Done():
		got.err = limited.Err()
	}
	if got.err != nil && p.life.Err() != nil {
		return zero, &Error{Op: op, Key: key, Kind: ErrClosed}
	}
	err := classify(ctx, op, key, got.err)
	switch {
	case err == nil || ctx.Err() == nil:
		p.outages.note(key, !errors.Is(err, ErrUnavailable), time.Now())
	case probes: // who gave up knows nothing of the server
		p.outages.giveUp(key, time.Now())
	}
	return got.value, err
}
