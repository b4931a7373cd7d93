package redisstore

import (
	"crypto/rand"
	"strconv"
	"time"

	"github.com/msal-go/msal/cache"
)

// A value in Redis is a head and what the caller gave:
//
//	msal1: VERSION : EXPIRY \n VALUE
//
// without the blanks. The version is 26 random letters (130 bits), so that it is
// never used again, also when the server forgets. The expiry is in milliseconds
// of Unix time, in 14 digits; zero is never. It is there although Redis has an
// expiry too, since the clocks may differ. Scripts compare the first markLen bytes.
const (
	magic      = "msal1:"
	versionLen = 26
	markLen    = len(magic) + versionLen
	expiryLen  = 14
	headLen    = markLen + 1 + expiryLen + 1
)

// A frame is a value of Redis taken apart.
type frame struct {
	version cache.Version
	expires time.Time // zero: never
	value   []byte    // shared by those who load at once: not to be changed
}

// newVersion draws a version.
func newVersion() cache.Version { return cache.Version(rand.Text()) }

// mark is the beginning of the frame with this version; "" when absent.
func mark(v cache.Version) string {
	if v == "" {
		return ""
	}
	return magic + string(v)
}

// encode is the value for Redis.
func (f *frame) encode() []byte {
	b := make([]byte, 0, headLen+len(f.value))
	b = append(b, mark(f.version)...)
	b = append(b, ':')
	var millis int64
	if !f.expires.IsZero() {
		millis = min(max(f.expires.UnixMilli(), 1), 99999999999999)
	}
	digits := strconv.FormatInt(millis, 10)
	for range expiryLen - len(digits) {
		b = append(b, '0')
	}
	b = append(b, digits...)
	b = append(b, '\n')
	return append(b, f.value...)
}

// decode is the reverse of encode; ok is false for what encode did not make. A
// head alone makes a frame without a value.
func decode(b []byte) (f frame, ok bool) {
	if len(b) < headLen || string(b[:len(magic)]) != magic || b[markLen] != ':' || b[headLen-1] != '\n' {
		return frame{}, false
	}
	for _, c := range b[len(magic):markLen] {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') { // base 32, RFC 4648 section 6
			return frame{}, false
		}
	}
	millis, err := strconv.ParseUint(string(b[markLen+1:headLen-1]), 10, 63)
	if err != nil {
		return frame{}, false
	}
	if millis != 0 {
		f.expires = time.UnixMilli(int64(millis))
	}
	f.version = cache.Version(b[len(magic):markLen])
	f.value = b[headLen:]
	return f, true
}

func expired(expires, now time.Time) bool { return !expires.IsZero() && !now.Before(expires) }
