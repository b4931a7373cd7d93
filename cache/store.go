// Package cache defines where a token cache keeps its tokens outside the
// process: the contract of a Store, and Memory, a Store for one process.
//
// A store sees partitions: opaque, secret bytes under a short key. It never
// looks into them. Package storetest checks an implementation against the
// contract.
package cache

import (
	"context"
	"iter"
	"strconv"
	"time"
)

// Version says which state of a partition a value is. It is opaque: compare
// versions for equality only. The empty version means that the partition does
// not exist.
//
// A store must not use a version twice for different values of one key, also
// not after the partition was deleted and made again.
type Version string

// A Store keeps partitions. Implementations must be safe for concurrent use,
// by goroutines and, when the medium is shared, by processes.
//
// Keys are 1 to 200 characters of a-z, 0-9, dot, underscore and hyphen, so that
// they serve as file names and as Redis keys. A store refuses any other key
// with a *KeyError; CheckKey does that.
//
// Values are secrets: a store must not log them, and should keep them where
// only their owner can read them. They may hold any bytes.
//
// A partition that does not exist is not an error. Errors mean that the medium
// failed or that the context ended; then the error answers errors.Is for the
// context's error. All methods honor the context, also while they wait for
// a lock.
type Store interface {
	// Load returns the value of a partition and its version. When the
	// partition is still at version have, it returns (nil, have, nil) and need
	// not read the value: that call is made before every look into the cache
	// and should be cheap. When the partition does not exist, or its expiry
	// has passed, it returns (nil, "", nil).
	//
	// The caller may change the returned bytes.
	Load(ctx context.Context, key string, have Version) (value []byte, now Version, err error)

	// Update replaces a partition by what f makes of it, atomically: no other
	// Update or Delete of the key, in any process, happens between the old
	// value that f is given and the new one that it returns. Readers see the
	// old value or the new one, never a mixture, also after a crash.
	//
	// f gets nil when the partition does not exist. It may run more than once,
	// such as after a lost race, and must do nothing but compute: no I/O, no
	// calls of the store. It may keep and change old, and must not change
	// what it returned.
	//
	// An error of f ends the update: nothing is written and Update returns an
	// error that wraps it. An empty value deletes the partition and makes the
	// new version "". The partition may vanish once expires has passed, and
	// from then on must not be returned. A zero expires means keep.
	Update(ctx context.Context, key string, f func(old []byte) (value []byte, expires time.Time, err error)) (Version, error)

	// Delete removes a partition. Removing one that does not exist is no error.
	Delete(ctx context.Context, key string) error
}

// A Lister is a Store that can list its keys. It is optional: it lets accounts
// be found, and partitions cleaned, across the whole store.
type Lister interface {
	// Keys yields the key of every partition whose key begins with prefix, in
	// any order. An empty prefix means all. Partitions that are made or
	// deleted meanwhile may be missing or there. It ends at its first error,
	// which comes with an empty key.
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// A SetAsider is a Store that can keep a damaged partition without leaving it
// where it is. It is optional: without it a partition that is no token cache
// stays, and is neither used nor overwritten.
type SetAsider interface {
	// SetAside moves the partition out of the way if its value is still the
	// given one, and says where it is now: in words for a person. It returns ""
	// when there is another value by now, or none.
	SetAside(ctx context.Context, key string, value []byte) (where string, err error)
}

// maxKeyLen leaves room for a prefix and a suffix in a file name, which most
// file systems limit to 255 bytes.
const maxKeyLen = 200

// A KeyError says that a key is not one that a Store may be given.
type KeyError struct {
	// Length of the key in bytes.
	Length int
	// Index of the first byte that is not allowed; -1 when the length is wrong.
	Index int
}

func (e *KeyError) Error() string {
	if e.Index < 0 {
		return "cache: key of " + strconv.Itoa(e.Length) + " bytes: use 1 to " + strconv.Itoa(maxKeyLen)
	}
	return "cache: key has a forbidden byte at index " + strconv.Itoa(e.Index) + ": use a-z, 0-9, '.', '_' and '-'"
}

// CheckKey returns a *KeyError unless key may name a partition. Every Store
// calls it first.
func CheckKey(key string) error {
	if len(key) == 0 || len(key) > maxKeyLen {
		return &KeyError{Length: len(key), Index: -1}
	}
	for i := range len(key) {
		switch b := key[i]; {
		case 'a' <= b && b <= 'z', '0' <= b && b <= '9', b == '.', b == '_', b == '-':
		default:
			return &KeyError{Length: len(key), Index: i}
		}
	}
	return nil
}
