package tokencache

import "errors"

// ErrStoreFills is what Unmarshal returns for a cache that has a store.
var ErrStoreFills = errors.New("tokencache: the store fills this cache: give Unmarshal a cache without one, or write to the store")

// errNotRun is for a store that reports success without having run the update,
// or that panicked.
var errNotRun = errors.New("the store did not do what it was asked for; check it with package storetest")

// StoreError says that the store failed. It unwraps to the store's error.
type StoreError struct {
	Op  string // "load", "update" or "list"
	Err error
}

func (e *StoreError) Error() string { return "tokencache: " + e.Op + " of the store: " + e.Err.Error() }

// Unwrap returns the store's error.
func (e *StoreError) Unwrap() error { return e.Err }

// CorruptError says that a partition holds something that is no token cache. It
// is neither used nor overwritten. It unwraps to a *schema.FormatError.
type CorruptError struct {
	Partition string // its key in the store
	Err       error
}

func (e *CorruptError) Error() string {
	return "tokencache: partition " + e.Partition + ": " + e.Err.Error()
}

// Unwrap returns what is wrong with it.
func (e *CorruptError) Unwrap() error { return e.Err }
