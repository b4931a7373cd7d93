package redisstore

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// listen keeps up the subscription to what others change, until Close.
func (p *partitions) listen() {
	warned := false
	for {
		heard, err := p.follow(func() {
			if warned {
				p.o.Logger.Info("Redis announces changes of the token cache again")
			}
			warned = false
		})
		p.memo.listen(false)
		if p.life.Err() != nil {
			return
		}
		if heard || !warned {
			warned = true
			p.o.Logger.Warn("Redis does not announce changes of the token cache; it is asked every time until it does", slog.Any("error", err))
		}
		timer := time.NewTimer(p.o.RetryEvery)
		select {
		case <-timer.C:
		case <-p.life.Done():
			timer.Stop()
			return
		}
	}
}

// follow subscribes and listens until that fails. It calls begun once the server
// has confirmed, and reports whether it did.
func (p *partitions) follow(begun func()) (heard bool, err error) {
	sub := p.o.Client.Subscribe(p.life, p.channel())
	defer sub.Close()
	// A read from the subscription does not end with its context.
	defer context.AfterFunc(p.life, func() { _ = sub.Close() })()
	asked := false // whether the server owes a sign of life
	for {
		m, err := sub.ReceiveTimeout(p.life, max(p.o.MaxStaleness/2, time.Second))
		var late net.Error
		switch {
		case err == nil:
		case !errors.As(err, &late) || !late.Timeout() || asked:
			return heard, err
		default:
			if err := sub.Ping(p.life); err != nil {
				return heard, err
			}
			asked = true
			continue
		}
		asked = false
		switch m := m.(type) {
		case *redis.Subscription:
			p.memo.listen(true)
			heard = true
			begun()
		case *redis.Message:
			if from, key, ok := strings.Cut(m.Payload, " "); ok && from != p.id {
				p.memo.forget(key)
			}
		}
	}
}
