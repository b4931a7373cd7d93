package redisstore

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/msal-go/msal/cache"
)

// Store is a cache.Store in Redis. It implements cache.Lister and
// cache.SetAsider, and is safe for concurrent use. It must be closed.
//
// It remembers for a while which partitions have not changed, so that most
// tokens are served without asking Redis; see Options.MaxStaleness. Many
// callers who ask for one partition at the same time make one question.
//
// Errors are *Error, *cache.SealError, *cache.KeyError or the context's.
type Store struct {
	raw    *partitions
	sealed cache.Store
	cancel context.CancelFunc
}

var (
	_ cache.Store     = (*Store)(nil)
	_ cache.Lister    = (*Store)(nil)
	_ cache.SetAsider = (*Store)(nil)
)

// New returns a store over o.Client. It does not ask Redis for anything: a
// server that is down now may be up later. Errors are *ConfigError.
func New(o Options) (*Store, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	s := &Store{raw: newPartitions(o, life), cancel: cancel}
	s.sealed = s.raw
	if o.Cipher != nil {
		s.sealed = cache.Encrypted(s.raw, o.Cipher)
	}
	if o.MaxStaleness > 0 {
		s.raw.work.start(s.raw.listen)
	}
	return s, nil
}

// Load returns a partition; see cache.Store.
func (s *Store) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	return s.sealed.Load(ctx, key, have)
}

// Update replaces a partition; see cache.Store. An error that is ErrUnavailable,
// or the context's, leaves open whether it was written.
func (s *Store) Update(ctx context.Context, key string, f func(old []byte) (value []byte, expires time.Time, err error)) (cache.Version, error) {
	return s.sealed.Update(ctx, key, f)
}

// Delete removes a partition; see cache.Store.
func (s *Store) Delete(ctx context.Context, key string) error { return s.sealed.Delete(ctx, key) }

// Keys yields the keys that begin with prefix; see cache.Lister. It walks over
// all keys of the database, other programs' too.
func (s *Store) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return s.raw.Keys(ctx, prefix)
}

// SetAside renames a damaged partition and keeps it for 30 days; see
// cache.SetAsider.
func (s *Store) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	return s.sealed.(cache.SetAsider).SetAside(ctx, key, value)
}

// Close ends the subscription and whatever runs, and waits for it: for the
// client's time-outs at most. The client stays open. Closing twice is no error.
func (s *Store) Close() error {
	s.raw.work.close()
	s.cancel()
	s.raw.work.wg.Wait()
	return nil
}

// String names the store.
func (s *Store) String() string { return "Redis store " + s.raw.o.Prefix }

// GoString is String.
func (s *Store) GoString() string { return s.String() }

// LogValue is String.
func (s *Store) LogValue() slog.Value { return slog.StringValue(s.String()) }
