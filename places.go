package msal

import (
	"context"
	"sync"
	"time"

	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/tokencache"
)

// place is an authority's metadata with what the cache needs to know of it.
type place struct {
	meta  *authority.Metadata
	app   tokencache.Query // for the application's own tokens, but for the scopes
	user  tokencache.Query // for users' tokens where all are in one partition, but for user and scopes
	until int64            // when to look again, in Unix seconds, which are quick to compare
}

const (
	// placeLifetime is how long resolved metadata is used without a look at the
	// resolver, which keeps it for a day.
	placeLifetime = time.Hour
	// maxPlaces bounds the memory of a service that sees ever new tenants.
	maxPlaces = 4096
)

// where returns the client's place, resolving its authority if need be. For
// known clouds and tenant ids that takes no network.
func (c *core) where(ctx context.Context, now time.Time) (*place, error) {
	if p := c.place.Load(); p != nil && now.Unix() < p.until {
		return p, nil
	}
	p, err := c.resolve(ctx, now, c.authority)
	if err == nil {
		c.place.Store(p)
	}
	return p, err
}

// whereIn returns the place of another tenant of the client's authority; an
// empty tenant is the client's own. The tenant may come from whoever calls the
// program: it is checked before it is part of any URL.
func (c *core) whereIn(ctx context.Context, now time.Time, tenant string) (*place, error) {
	if tenant == "" {
		return c.where(ctx, now)
	}
	if p := c.tenants.look(tenant); p != nil && now.Unix() < p.until {
		return p, nil
	}
	a, err := c.authority.WithTenant(tenant)
	if err != nil {
		return nil, configError("use another tenant", "", err)
	}
	p, err := c.resolve(ctx, now, a)
	if err == nil {
		c.tenants.keep(tenant, p)
	}
	return p, err
}

func (c *core) resolve(ctx context.Context, now time.Time, a authority.Authority) (*place, error) {
	meta, err := c.resolver.Resolve(ctx, a)
	if err != nil {
		return nil, wrap("resolve the authority", err)
	}
	p := &place{meta: meta, until: now.Add(placeLifetime).Unix(), app: tokencache.Query{
		Partition:    tokencache.AppPartition(c.clientID, meta.Realm),
		Environments: meta.Environments,
		ClientID:     c.clientID,
		Realm:        meta.Realm,
	}}
	c.cache.index.Prepare(&p.app)
	p.user = p.app
	p.user.Partition = tokencache.Family
	c.cache.index.Prepare(&p.user)
	return p, nil
}

// places remembers where other tenants' tokens are, by the tenant as it was
// asked for. The zero value is ready to use.
type places struct {
	mu   sync.RWMutex
	kept map[string]*place
}

func (s *places) look(tenant string) *place {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.kept[tenant]
}

func (s *places) keep(tenant string, p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]*place{}
	}
	for other := range s.kept {
		if len(s.kept) < maxPlaces {
			break
		}
		delete(s.kept, other) // any one will do: it costs a look at the resolver
	}
	s.kept[tenant] = p
}
