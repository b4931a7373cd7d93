package keyring

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/msal-go/msal/cache"
)

// partition is the one that a shared cache is: public clients use it.
const partition = "msal"

// A codec is the form in which others keep a cache.
type codec interface {
	// decode is the reverse of encode. It returns nil for what counts as
	// nothing, and may change what it is given.
	decode([]byte) ([]byte, error)
	encode([]byte) ([]byte, error)
}

// coded is a Store of one partition that is in another store, in a codec's form.
// It never sets damaged values aside: they are not ours.
type coded struct {
	store cache.Store
	codec codec
}

// codedFile is a file that others share, under their lock.
func codedFile(path string, c codec, log *slog.Logger) (cache.Store, error) {
	file, err := cache.NewFile(cache.FileOptions{Dir: filepath.Dir(path), Shared: map[string]string{partition: path}, Logger: log})
	if err != nil {
		return nil, err
	}
	return coded{file, c}, nil
}

// Load returns the partition; see cache.Store.
func (s coded) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	if err := checkShared(ctx, key); err != nil {
		return nil, "", err
	}
	value, now, err := s.store.Load(ctx, key, have)
	if err != nil || len(value) == 0 {
		return nil, now, err
	}
	value, err = s.codec.decode(value)
	if err != nil {
		return nil, "", failed(ctx, "open the token cache", err)
	}
	if len(value) == 0 {
		return nil, "", nil
	}
	return value, now, nil
}

// Update replaces the partition; see cache.Store.
func (s coded) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	if err := checkShared(ctx, key); err != nil {
		return "", err
	}
	return s.store.Update(ctx, key, func(old []byte) (_ []byte, expires time.Time, err error) {
		if len(old) > 0 {
			if old, err = s.codec.decode(old); err != nil {
				return nil, expires, failed(ctx, "open the token cache", err)
			}
		}
		if len(old) == 0 {
			old = nil
		}
		value, expires, err := f(old)
		if err != nil || len(value) == 0 {
			return nil, expires, err
		}
		value, err = s.codec.encode(value)
		return value, expires, failed(ctx, "seal the token cache", err)
	})
}

// Delete removes the partition; see cache.Store.
func (s coded) Delete(ctx context.Context, key string) error {
	if err := checkShared(ctx, key); err != nil {
		return err
	}
	return s.store.Delete(ctx, key)
}

// plain is the form of what is kept as it is.
type plain struct{}

func (plain) decode(value []byte) ([]byte, error) { return value, nil }
func (plain) encode(value []byte) ([]byte, error) { return value, nil }

func checkShared(ctx context.Context, key string) error {
	if err := cache.CheckKey(key); err != nil {
		return err
	}
	if key != partition {
		return &Error{Op: "use the partition " + key, Hint: "confidential clients need a store of their own: Open", Err: ErrOnePartition}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("keyring: %w", context.Cause(ctx))
	}
	return nil
}
