// Package storetest checks a cache.Store against its contract. Import it in the
// tests of an implementation:
//
//	func TestContract(t *testing.T) {
//		storetest.Test(t, func(t *testing.T) cache.Store { return open(t) })
//	}
package storetest

import (
	"context"
	"testing"

	"github.com/msal-go/msal/cache"
)

// Test runs the contract of cache.Store as subtests. It calls open once for
// each; open returns a store without partitions, or fails the test. A store
// that also implements cache.Lister is checked as one.
//
// The subtests do not sleep: expiry is checked with times that have passed.
func Test(t *testing.T, open func(t *testing.T) cache.Store) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, open(t))
		})
	}
}

// reporter is what a check needs of a *testing.T. It is an interface so that
// this package can be tested: a broken store must fail.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

type check struct {
	name string
	run  func(reporter, cache.Store)
}

var checks = []check{
	{"absent partition is no error", absent},
	{"value comes back as it was written", roundTrip},
	{"version changes with the value", versions},
	{"unchanged partition is not loaded", unchanged},
	{"update sees the old value", seesOld},
	{"error of the callback writes nothing", callbackError},
	{"empty value deletes", emptyDeletes},
	{"delete", deletes},
	{"version is not used again", noReuse},
	{"expiry", expiry},
	{"values are copied", copies},
	{"keys are apart", keysApart},
	{"key alphabet", alphabet},
	{"canceled context", canceled},
	{"concurrent updates lose nothing", loseNothing},
	{"concurrent readers see whole values", wholeValues},
	{"lister", lists},
}
