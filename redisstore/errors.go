package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// What may be wrong with Redis, for errors.Is.
var (
	// ErrUnavailable: no server answered in time, or it is not ready. Whether a
	// change was written is then unknown.
	ErrUnavailable = errors.New("no Redis server is available")
	// ErrReadOnly: the server takes no writes: a replica, or a disk that failed.
	ErrReadOnly = errors.New("the server does not take writes")
	// ErrFull: the server has reached its maxmemory and evicts nothing.
	ErrFull = errors.New("the server is out of memory")
	// ErrDenied: the server refuses this client: its password or its rights.
	ErrDenied = errors.New("the server denies access")
	// ErrTooLarge: a partition is larger than Options.MaxValueBytes.
	ErrTooLarge = errors.New("the partition is too large")
	// ErrDamaged: what is under the key was not written by this package.
	ErrDamaged = errors.New("the value is not one of this store")
	// ErrRefused: the server refused a command for another reason.
	ErrRefused = errors.New("the server refused the command")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("the store is closed")

	errSlow = errors.New("no answer in time")
	errWait = errors.New("it was unavailable a moment ago")
)

// An Error reports a partition that could not be read or written. It answers
// errors.Is for one of the errors above and for its cause. It holds no value of
// a partition and no password.
type Error struct {
	Op   string // "load", "update", "delete", "list" or "set aside"
	Key  string // of the partition; empty for "list"
	Kind error  // one of the errors above
	Hint string // what to do
	Err  error  // the cause; nil if Kind says it all
}

func (e *Error) Error() string {
	text := "redisstore: " + e.Op
	if e.Key != "" {
		text += " " + e.Key
	}
	text = fmt.Sprintf("%s: %v", text, e.Kind)
	if e.Err != nil {
		text = fmt.Sprintf("%s: %v", text, e.Err)
	}
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// A ConfigError reports options that cannot work.
type ConfigError struct {
	Field string // of Options
	Hint  string // what to do
}

func (e *ConfigError) Error() string { return "redisstore: Options." + e.Field + ": " + e.Hint }

// A refusal is how an answer of Redis begins, and what it means.
type refusal struct {
	prefix string
	kind   error
	hint   string
}

// refusals lists the error codes of Redis that call for different answers
// (redis.io, "Redis serialization protocol specification", simple errors).
func refusals() []refusal {
	const (
		replica  = "connect to the primary: by Sentinel, or to the cluster"
		rights   = "check user, password and the rights that the README lists"
		starting = "it is starting or failing over; try again"
	)
	return []refusal{
		{"READONLY", ErrReadOnly, replica},
		{"MISCONF", ErrReadOnly, "the server cannot write to its disk; see its log"},
		{"NOREPLICAS", ErrReadOnly, "the server misses its replicas; see its log"},
		{"OOM", ErrFull, "raise maxmemory, or let partitions live shorter"},
		{"NOAUTH", ErrDenied, rights},
		{"WRONGPASS", ErrDenied, rights},
		{"NOPERM", ErrDenied, rights},
		{"WRONGTYPE", ErrDamaged, "another program uses this key: give the store a prefix or a database of its own"},
		{"LOADING", ErrUnavailable, starting},
		{"MASTERDOWN", ErrUnavailable, starting},
		{"CLUSTERDOWN", ErrUnavailable, starting},
		{"TRYAGAIN", ErrUnavailable, starting},
		{"BUSY", ErrUnavailable, "a script of another program keeps the server busy"},
		{"UNKILLABLE", ErrUnavailable, "a script of another program keeps the server busy"},
	}
}

// classify gives the error of a command its kind. The context is the caller's,
// whose end is not the server's fault.
func classify(ctx context.Context, op, key string, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("redisstore: %s: %w", op, cause)
	}
	if errors.Is(err, redis.ErrClosed) {
		return &Error{Op: op, Key: key, Kind: ErrClosed, Hint: "the Redis client was closed before the store", Err: err}
	}
	var answer redis.Error
	if !errors.As(err, &answer) {
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			err = errSlow // the store's own time-out must not look like the caller's
		}
		return &Error{Op: op, Key: key, Kind: ErrUnavailable, Err: err}
	}
	for _, r := range refusals() {
		if redis.HasErrorPrefix(err, r.prefix) {
			return &Error{Op: op, Key: key, Kind: r.kind, Hint: r.hint, Err: err}
		}
	}
	return &Error{Op: op, Key: key, Kind: ErrRefused, Err: err}
}
