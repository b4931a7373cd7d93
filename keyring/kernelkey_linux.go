package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// userKey is a key of the kernel's, of type "user", by its description.
type userKey string

// ring is where azidentity keeps its keys: the person's persistent keyring, which
// outlives their sessions, or, without one, the person's ring.
func (userKey) ring() (int, error) {
	user, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
	if err != nil {
		return 0, because(ErrNoKeyring, err)
	}
	// What is in a ring is ours to read only if the session possesses the ring.
	_, _ = unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_SESSION_KEYRING, 0, 0)
	if persistent, err := unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, user, 0, 0); err == nil {
		return persistent, nil
	}
	return user, nil
}

func (k userKey) find() ([]byte, int, error) {
	ring, err := k.ring()
	if err != nil {
		return nil, 0, err
	}
	return k.findIn(ring)
}

func (k userKey) findIn(ring int) ([]byte, int, error) {
	serial, err := unix.KeyctlSearch(ring, "user", string(k), 0)
	if isGone(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("look for the kernel's key: %w", err)
	}
	key := make([]byte, 256)
	n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, serial, key, 0)
	switch {
	case isGone(err):
		return nil, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("read the kernel's key: %w", err)
	case n < azidentityKeySize || n > len(key):
		return nil, 0, ErrDamaged
	}
	return key[:azidentityKeySize], serial, nil
}

// make never replaces a key: that would lose what is sealed with it.
func (k userKey) make() ([]byte, int, error) {
	ring, err := k.ring()
	if err != nil {
		return nil, 0, err
	}
	if key, serial, err := k.findIn(ring); err != nil || key != nil {
		return key, serial, err
	}
	key := make([]byte, azidentityKeySize+1) // azidentity's have a zero behind the key
	if _, err := rand.Read(key[:azidentityKeySize]); err != nil {
		return nil, 0, fmt.Errorf("draw a key: %w", err)
	}
	serial, err := unix.AddKey("user", string(k), key, ring)
	if err != nil {
		return nil, 0, fmt.Errorf("add a key to the kernel's: %w", err)
	}
	return key[:azidentityKeySize], serial, nil
}

func (userKey) gone(serial int) bool {
	_, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, serial)
	return isGone(err)
}

// isGone says whether a key is not there, or not any more.
func isGone(err error) bool {
	return errors.Is(err, unix.ENOKEY) || errors.Is(err, unix.EKEYEXPIRED) || errors.Is(err, unix.EKEYREVOKED)
}
