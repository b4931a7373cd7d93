//go:build !cgo

package interop

import (
	"errors"
	"testing"
)

// PKCS #11 is an interface of C.
func TestAKeyInATokenSignsAssertions(t *testing.T) {
	missing(t, "cgo", errors.New("PKCS #11 needs a C compiler"))
}
