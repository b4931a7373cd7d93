package cache

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory is a Store in the memory of this process, for tests and for sharing
// partitions between caches. It implements Lister. The zero value is empty and
// ready to use; it must not be copied after first use.
//
// Values are copied in and out.
type Memory struct {
	mu    sync.Mutex
	items map[string]item
	last  uint64    // number of the newest version
	swept time.Time // when expired items were last removed
}

type item struct {
	value   []byte
	version Version
	expires time.Time // zero: never
}

var (
	_ Store  = (*Memory)(nil)
	_ Lister = (*Memory)(nil)
)

// sweepEvery bounds how long an expired item that nobody asks for stays.
const sweepEvery = time.Minute

// Load returns a partition; see Store.
func (m *Memory) Load(ctx context.Context, key string, have Version) ([]byte, Version, error) {
	if err := check(ctx, key); err != nil {
		return nil, "", err
	}
	it := m.get(key)
	if it.version == have {
		return nil, have, nil
	}
	return bytes.Clone(it.value), it.version, nil
}

// Update replaces a partition; see Store. f runs again when another update of
// the key came between.
func (m *Memory) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (Version, error) {
	for {
		if err := check(ctx, key); err != nil {
			return "", err
		}
		old := m.get(key)
		// f runs unlocked: it may take long, and other keys must not wait.
		value, expires, err := f(bytes.Clone(old.value))
		if err != nil {
			return "", fmt.Errorf("cache: update: %w", err)
		}
		if version, ok := m.swap(key, old.version, bytes.Clone(value), expires); ok {
			return version, nil
		}
	}
}

// Delete removes a partition; see Store.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, key)
	return nil
}

// Keys yields the keys that begin with prefix, sorted; see Lister.
func (m *Memory) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range m.keys(prefix) {
			if err := ctx.Err(); err != nil {
				yield("", fmt.Errorf("cache: list keys: %w", err))
				return
			}
			if !yield(key, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield("", fmt.Errorf("cache: list keys: %w", err))
		}
	}
}

func (m *Memory) keys(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	var keys []string
	for key, it := range m.items {
		if strings.HasPrefix(key, prefix) && !it.expired(now) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// get returns the item under key, or the zero item. Its value is shared: values
// are replaced and never changed.
func (m *Memory) get(key string) item {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, ok := m.items[key]
	if ok && it.expired(time.Now()) {
		delete(m.items, key)
		return item{}
	}
	return it
}

// swap stores value if the partition is still at version old.
func (m *Memory) swap(key string, old Version, value []byte, expires time.Time) (Version, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	m.sweep(now)
	it := m.items[key]
	if it.expired(now) {
		it = item{}
	}
	if it.version != old {
		return "", false
	}
	if len(value) == 0 {
		delete(m.items, key)
		return "", true
	}
	m.last++
	it = item{value: value, version: Version(strconv.FormatUint(m.last, 10)), expires: expires}
	if m.items == nil {
		m.items = make(map[string]item)
	}
	m.items[key] = it
	return it.version, true
}

func (m *Memory) sweep(now time.Time) {
	if now.Sub(m.swept) < sweepEvery {
		return
	}
	m.swept = now
	for key, it := range m.items {
		if it.expired(now) {
			delete(m.items, key)
		}
	}
}

func (it item) expired(now time.Time) bool {
	return !it.expires.IsZero() && !now.Before(it.expires)
}

func check(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
