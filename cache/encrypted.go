package cache

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// A Cipher seals the values of partitions. KeyRing is one; a key management
// service can be another. Implementations must be safe for concurrent use.
type Cipher interface {
	// Seal encrypts a value so that only Open with the same key of a partition
	// returns it, and so that a change of a single bit is found out.
	Seal(ctx context.Context, key string, value []byte) (sealed []byte, err error)
	// Open is the reverse of Seal. It returns an error for anything that Seal
	// has not made for this partition.
	Open(ctx context.Context, key string, sealed []byte) (value []byte, err error)
}

// Encrypted returns a Store that keeps its values sealed in another store. The
// keys of partitions, their sizes and expiries are not hidden; the names of
// partitions that this library uses are hashes.
//
// What cannot be opened is neither used nor overwritten: Load and Update return
// a *SealError. The key may be back tomorrow. Delete removes it.
//
// The store implements Lister and SetAsider if s does.
func Encrypted(s Store, c Cipher) Store {
	e := encrypted{store: s, cipher: c}
	lister, lists := s.(Lister)
	_, setsAside := s.(SetAsider)
	switch {
	case lists && setsAside:
		return struct {
			encrypted
			Lister
			encryptedSetAsider
		}{e, lister, encryptedSetAsider{e}}
	case lists:
		return struct {
			encrypted
			Lister
		}{e, lister}
	case setsAside:
		return struct {
			encrypted
			encryptedSetAsider
		}{e, encryptedSetAsider{e}}
	}
	return e
}

// A SealError reports a partition that is there but cannot be opened, or that
// could not be sealed. Its text holds nothing of the value.
type SealError struct {
	Op  string // "open" or "seal"
	Key string // of the partition
	Err error  // the cipher's
}

func (e *SealError) Error() string {
	return fmt.Sprintf("cache: %s the encrypted partition %s: %v; give the key that it was written with, or delete it and sign in again", e.Op, e.Key, e.Err)
}

// Unwrap returns the cipher's error.
func (e *SealError) Unwrap() error { return e.Err }

type encrypted struct {
	store  Store
	cipher Cipher
}

// Load returns the opened value of a partition; see Store.
func (e encrypted) Load(ctx context.Context, key string, have Version) ([]byte, Version, error) {
	sealed, now, err := e.store.Load(ctx, key, have)
	if err != nil || len(sealed) == 0 {
		return nil, now, err
	}
	value, err := e.open(ctx, key, sealed)
	if err != nil {
		return nil, "", err
	}
	return value, now, nil
}

// Update replaces a partition; see Store.
func (e encrypted) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (Version, error) {
	return e.store.Update(ctx, key, func(sealed []byte) ([]byte, time.Time, error) {
		var old []byte
		if len(sealed) > 0 {
			var err error
			if old, err = e.open(ctx, key, sealed); err != nil {
				return nil, time.Time{}, err
			}
		}
		value, expires, err := f(old)
		if err != nil || len(value) == 0 {
			return nil, expires, err
		}
		sealed, err = e.cipher.Seal(ctx, key, value)
		if err != nil {
			return nil, time.Time{}, &SealError{Op: "seal", Key: key, Err: err}
		}
		return sealed, expires, nil
	})
}

// Delete removes a partition; see Store.
func (e encrypted) Delete(ctx context.Context, key string) error { return e.store.Delete(ctx, key) }

func (e encrypted) open(ctx context.Context, key string, sealed []byte) ([]byte, error) {
	value, err := e.cipher.Open(ctx, key, sealed)
	if err != nil {
		return nil, &SealError{Op: "open", Key: key, Err: err}
	}
	return value, nil
}

type encryptedSetAsider struct{ encrypted }

// SetAside asks the store to move the sealed bytes away, if they still are what
// the given value was sealed to.
func (e encryptedSetAsider) SetAside(ctx context.Context, key string, value []byte) (string, error) {
	sealed, _, err := e.store.Load(ctx, key, "")
	if err != nil || len(sealed) == 0 {
		return "", err
	}
	now, err := e.open(ctx, key, sealed)
	if err != nil || !bytes.Equal(now, value) {
		return "", err
	}
	return e.store.(SetAsider).SetAside(ctx, key, sealed)
}
