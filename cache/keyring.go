package cache

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// KeySize is the size of a key of a KeyRing, in bytes: AES-256.
const KeySize = 32

// A KeyRing is a Cipher with AES-256 in Galois/Counter Mode (NIST SP 800-38D).
// It seals with its first key and opens with any, so that keys rotate without
// losing what was sealed before: put the new key first, and take the old one
// out when every partition has been written again, or has expired.
//
// Each seal takes a random nonce; NIST allows 2^32 seals per key, which is a
// token a second for a century.
type KeyRing struct {
	keys   []ringKey
	random io.Reader
}

type ringKey struct {
	id   [idSize]byte
	aead cipher.AEAD
}

var _ Cipher = (*KeyRing)(nil)

// What a KeyRing cannot open.
var (
	// ErrUnknownKey: it was sealed with a key that is not in the ring.
	ErrUnknownKey = errors.New("it is sealed with a key that is not in the ring")
	// ErrBrokenSeal: it was damaged, changed, moved from another partition, or
	// never sealed.
	ErrBrokenSeal = errors.New("its seal is broken")
)

// A sealed value is sealMark, the key's id, the nonce, and the ciphertext with
// its tag. The mark, and the partition's key, are authenticated with it.
const (
	sealMark = "msal-sealed-1\n"
	idSize   = 8
)

// NewKeyRing returns a ring of keys of KeySize bytes each, such as 32 bytes of
// crypto/rand kept where only this program reads them. The keys are copied.
func NewKeyRing(keys ...[]byte) (*KeyRing, error) {
	if len(keys) == 0 {
		return nil, errors.New("cache: a key ring needs a key")
	}
	r := &KeyRing{random: rand.Reader}
	for i, key := range keys {
		if len(key) != KeySize {
			return nil, fmt.Errorf("cache: key %d of the ring has %d bytes; it needs %d", i, len(key), KeySize)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("cache: key %d of the ring: %w", i, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("cache: key %d of the ring: %w", i, err)
		}
		sum := sha256.Sum256(append([]byte("msal key id\n"), key...))
		r.keys = append(r.keys, ringKey{[idSize]byte(sum[:]), aead})
	}
	return r, nil
}

// Seal encrypts with the first key; see Cipher.
func (r *KeyRing) Seal(_ context.Context, key string, value []byte) ([]byte, error) {
	k := r.keys[0]
	size := len(sealMark) + idSize + k.aead.NonceSize()
	sealed := make([]byte, size, size+len(value)+k.aead.Overhead())
	copy(sealed, sealMark)
	copy(sealed[len(sealMark):], k.id[:])
	nonce := sealed[len(sealMark)+idSize:]
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return k.aead.Seal(sealed, nonce, value, associated(key)), nil
}

// Open decrypts with the key that the value was sealed with; see Cipher.
func (r *KeyRing) Open(_ context.Context, key string, sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(sealMark))
	if !ok || len(rest) < idSize {
		return nil, ErrBrokenSeal
	}
	for _, k := range r.keys {
		if !bytes.Equal(rest[:idSize], k.id[:]) {
			continue
		}
		rest := rest[idSize:]
		if len(rest) < k.aead.NonceSize() {
			return nil, ErrBrokenSeal
		}
		value, err := k.aead.Open(nil, rest[:k.aead.NonceSize()], rest[k.aead.NonceSize():], associated(key))
		if err != nil {
			return nil, ErrBrokenSeal
		}
		return value, nil
	}
	return nil, ErrUnknownKey
}

// associated is what is authenticated beside the value.
func associated(key string) []byte { return []byte(sealMark + key) }

// String names the ring without its keys.
func (r KeyRing) String() string { return fmt.Sprintf("ring of %d keys", len(r.keys)) }

// GoString is String.
func (r KeyRing) GoString() string { return r.String() }

// LogValue is String.
func (r KeyRing) LogValue() slog.Value { return slog.StringValue(r.String()) }
