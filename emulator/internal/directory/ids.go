package directory

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// namespace is an arbitrary UUID of this project; ids derived from it are the
// same on every machine and in every run.
var namespace = [16]byte{0x6d, 0x73, 0x61, 0x6c, 0x2d, 0x65, 0x4d, 0x75, 0x8c, 0x61, 0x74, 0x6f, 0x72, 0x2d, 0x69, 0x64}

// ID derives a UUID of version 5 (RFC 9562 section 5.5) from names, so that
// what a configuration leaves out is stable across runs.
func ID(names ...string) string {
	h := sha1.New()
	h.Write(namespace[:])
	h.Write([]byte(strings.ToLower(strings.Join(names, "\x00"))))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return FormatID([16]byte(u))
}

// FormatID writes a UUID in its usual form.
func FormatID(u [16]byte) string {
	s := hex.EncodeToString(u[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// IsID reports whether s has the form of a GUID.
func IsID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	_, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	return err == nil && strings.Count(s, "-") == 4
}
