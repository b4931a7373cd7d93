//go:build linux || windows

package keyring_test

import (
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

func write(t *testing.T, s cache.Store, value string) {
	t.Helper()
	if _, err := s.Update(t.Context(), "msal", func([]byte) ([]byte, time.Time, error) { return []byte(value), time.Time{}, nil }); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s cache.Store) string {
	t.Helper()
	value, _, err := s.Load(t.Context(), "msal", "")
	if err != nil {
		t.Fatal(err)
	}
	return string(value)
}
