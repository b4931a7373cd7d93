package tokencache

import (
	"maps"
	"slices"
	"time"

	"github.com/msal-go/msal/internal/schema"
)

// Marshal returns what is in memory in the format of the family, isolated
// partitions left out. What another library put there and this package does
// not understand is included.
func (c *Cache) Marshal() ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.changed.Store(false) // who changes anything holds the lock
	var d schema.Document
	for _, key := range slices.Sorted(maps.Keys(c.parts)) {
		if isIsolated(key) {
			continue
		}
		p := c.parts[key]
		for _, u := range p.order {
			if u == nil {
				continue
			}
			d.Append(&u.doc)
			for _, g := range u.groups {
				for _, t := range g.tokens {
					d.AccessTokens = append(d.AccessTokens, t.entity())
				}
			}
		}
		d.Append(&p.apps)
		d.Append(&p.rest)
	}
	return d.Marshal(), nil
}

// Unmarshal replaces what is in memory, but for isolated partitions, by data in
// the format of the family. On an error the cache is unchanged: a
// *schema.FormatError when data is no cache, ErrStoreFills when there is a
// store.
func (c *Cache) Unmarshal(data []byte) error {
	if c.store != nil {
		return ErrStoreFills
	}
	d, err := schema.Parse(data)
	if err != nil {
		return err
	}
	p := c.acquire(Family)
	defer c.release(p)
	now := time.Now().Unix()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replace(p, d, now)
	c.trim(now)
	c.changed.Store(false)
	return nil
}

// Changed reports whether Record or a removal has changed anything that Marshal
// returns since the last Marshal or Unmarshal. What a store brought, and what
// expired, is no such change.
func (c *Cache) Changed() bool { return c.changed.Load() }

// noteChange is called with Cache.mu held.
func (c *Cache) noteChange(p *partition) {
	if !isIsolated(p.key) {
		c.changed.Store(true)
	}
}
