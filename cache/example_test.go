package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/cache/storetest"
)

// table is a Store of one's own. Here its rows are in a map; in a database, the
// lock is a transaction, or "update ... where version = ?" tried again.
type table struct {
	mu   sync.Mutex
	rows map[string]row
	last int // number of the newest version, which is never used again
}

type row struct {
	value   []byte
	version cache.Version
	expires time.Time // zero: never
}

// live is the row under key, or the zero row. The caller holds the lock.
func (t *table) live(key string) row {
	if r := t.rows[key]; r.expires.IsZero() || time.Now().Before(r.expires) {
		return r
	}
	return row{}
}

func (t *table) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if err := errors.Join(cache.CheckKey(key), ctx.Err()); err != nil {
		return nil, "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.live(key)
	if r.version == have {
		return nil, have, nil
	}
	return bytes.Clone(r.value), r.version, nil
}

func (t *table) Update(ctx context.Context, key string, f func(old []byte) ([]byte, time.Time, error)) (cache.Version, error) {
	if err := errors.Join(cache.CheckKey(key), ctx.Err()); err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	value, expires, err := f(bytes.Clone(t.live(key).value))
	if err != nil {
		return "", err
	}
	if len(value) == 0 {
		delete(t.rows, key)
		return "", nil
	}
	t.last++
	r := row{bytes.Clone(value), cache.Version(strconv.Itoa(t.last)), expires}
	t.rows[key] = r
	return r.version, nil
}

func (t *table) Delete(ctx context.Context, key string) error {
	_, err := t.Update(ctx, key, func([]byte) ([]byte, time.Time, error) { return nil, time.Time{}, nil })
	return err
}

// A program brings its own store by these three methods. storetest.Test says
// whether they keep the contract.
func ExampleStore() {
	tokens := msal.NewTokenCache(msal.CacheOptions{Store: &table{rows: map[string]row{}}})
	app, err := msal.NewPublicClient("client-id", msal.Options{Cache: tokens})
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

func TestTheExampleKeepsTheContract(t *testing.T) {
	storetest.Test(t, func(*testing.T) cache.Store { return &table{rows: map[string]row{}} })
}
