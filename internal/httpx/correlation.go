package httpx

import (
	"crypto/rand"
	"encoding/hex"
	"io"
)

// NewCorrelationID returns a random UUID (version 4, RFC 9562) from the
// client's source.
func (c *Client) NewCorrelationID() string { return NewCorrelationID(c.random) }

// NewCorrelationID returns a random UUID (version 4, RFC 9562) made of r, or
// of crypto/rand when r is nil or fails.
func NewCorrelationID(r io.Reader) string {
	var b [16]byte
	if r == nil {
		r = rand.Reader
	}
	if _, err := io.ReadFull(r, b[:]); err != nil {
		rand.Read(b[:]) // never fails
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	for _, i := range []int{8, 13, 18, 23} {
		text[i] = '-'
	}
	return string(text[:])
}
