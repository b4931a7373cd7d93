//go:build !linux

package cache_test

import "errors"

// fillDisk is for Linux only.
func fillDisk() error { return errors.ErrUnsupported }
