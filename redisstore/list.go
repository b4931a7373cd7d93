package redisstore

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"

	"github.com/msal-go/msal/cache"
	"github.com/redis/go-redis/v9"
)

// Keys yields the keys that begin with prefix; see cache.Lister. It walks over
// the whole database, in steps that do not hold the server up.
func (p *partitions) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := p.walk(ctx, prefix, func(key string) bool { return yield(key, nil) })
		if err == nil || errors.Is(err, ErrUnavailable) && p.o.Outage == FailOpen {
			return
		}
		yield("", err)
	}
}

// walk calls f for each key, once, until that returns false.
func (p *partitions) walk(ctx context.Context, prefix string, f func(string) bool) error {
	servers, err := ask(ctx, p, "list", "", p.servers)
	if err != nil {
		return err
	}
	type page struct {
		names []string
		next  uint64
	}
	seen := map[string]bool{} // a key that moves meanwhile is found twice
	for _, server := range servers {
		for cursor := uint64(0); ; {
			at, err := ask(ctx, p, "list", "", func(ctx context.Context) (page, error) {
				names, next, err := server.Scan(ctx, cursor, p.name(prefix)+"*", 1000).Result()
				return page{names, next}, err
			})
			if err != nil {
				return err
			}
			for _, name := range at.names {
				key, ours := strings.CutPrefix(name, p.o.Prefix)
				// The server takes prefix for a pattern, and another program,
				// or a store with a longer prefix, may have keys in between.
				if !ours || !strings.HasPrefix(key, prefix) || cache.CheckKey(key) != nil || seen[key] {
					continue
				}
				seen[key] = true
				if !f(key) {
					return nil
				}
			}
			if cursor = at.next; cursor == 0 {
				break
			}
		}
	}
	return nil
}

// servers are those that have keys.
func (p *partitions) servers(ctx context.Context) ([]redis.Cmdable, error) {
	cluster, ok := p.o.Client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{p.o.Client}, nil
	}
	var mu sync.Mutex
	var servers []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		servers = append(servers, c)
		return nil
	})
	return servers, err
}
