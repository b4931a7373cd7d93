package schema

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of what is parsed. They are far above any cache that works and below
// what harms a program.
const (
	maxSize    = 256 << 20 // bytes of a document
	maxEntries = 1 << 20   // entries and unknown sections of a document
	maxDepth   = 64        // nested objects and arrays
)

// A FormatError says where a document stops being a cache. It never quotes the
// document, which holds secrets.
type FormatError struct {
	Offset int    // in bytes from the start
	Reason string // what is wrong there
}

func (e *FormatError) Error() string {
	return "the token cache is not valid at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason +
		"; restore it from a copy, or delete it and sign in again"
}

// scanner reads JSON (RFC 8259) from a string and hands out parts of it. After
// its first error it only returns zero values.
type scanner struct {
	in  string
	pos int
	err *FormatError
}

func (s *scanner) fail(reason string) {
	if s.err == nil {
		s.err = &FormatError{Offset: s.pos, Reason: reason}
	}
}

func (s *scanner) space() {
	for s.pos < len(s.in) {
		switch s.in[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space; zero at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.in) {
		return 0
	}
	return s.in[s.pos]
}

// take consumes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.err == nil && s.peek() == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) expect(c byte, reason string) {
	if !s.take(c) {
		s.fail(reason)
	}
}

// object calls member for every member of the object that comes next. member
// has to consume the value.
func (s *scanner) object(member func(name string)) {
	s.expect('{', "an object is expected")
	if s.take('}') {
		return
	}
	for s.err == nil {
		name := s.text()
		s.expect(':', "a colon is expected")
		if s.err != nil {
			return
		}
		member(name)
		if s.take('}') {
			return
		}
		s.expect(',', "a comma or the end of the object is expected")
	}
}

// skip consumes one value and returns its text.
func (s *scanner) skip(depth int) string {
	c := s.peek()
	start := s.pos
	switch {
	case s.err != nil:
		return ""
	case depth > maxDepth:
		s.fail("it is nested too deeply")
	case c == '"':
		s.text()
	case c == '{':
		s.object(func(string) { s.skip(depth + 1) })
	case c == '[':
		s.array(depth)
	default:
		s.literal()
	}
	if s.err != nil {
		return ""
	}
	return s.in[start:s.pos]
}

func (s *scanner) array(depth int) {
	s.pos++
	if s.take(']') {
		return
	}
	for s.err == nil {
		s.skip(depth + 1)
		if s.take(']') {
			return
		}
		s.expect(',', "a comma or the end of the array is expected")
	}
}

// literal consumes a number, true, false or null.
func (s *scanner) literal() string {
	for _, word := range [...]string{"null", "true", "false"} {
		if strings.HasPrefix(s.in[s.pos:], word) {
			s.pos += len(word)
			return word
		}
	}
	n := numberLen(s.in[s.pos:])
	if n == 0 {
		s.fail("a value is expected")
		return ""
	}
	s.pos += n
	return s.in[s.pos-n : s.pos]
}

// numberLen returns the length of the number that s begins with.
func numberLen(s string) int {
	i := 0
	digits := func() bool {
		start := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	switch {
	case i < len(s) && s[i] == '0':
		i++
	case !digits():
		return 0
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return 0
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return 0
		}
	}
	return i
}

// text consumes a string. The result is a part of the input unless it has
// escapes.
func (s *scanner) text() string {
	s.expect('"', "a string is expected")
	if s.err != nil {
		return ""
	}
	start := s.pos
	s.pos += plainLen(s.in[s.pos:])
	switch {
	case s.pos == len(s.in):
		s.fail("a string does not end")
	case s.in[s.pos] == '"':
		s.pos++
		return s.in[start : s.pos-1]
	case s.in[s.pos] == '\\':
		return s.escaped(start)
	default:
		s.fail("a string has a control character")
	}
	return ""
}

// plainLen returns how many bytes come before a quote, a backslash or a control
// character. Tokens are long, so it looks at eight bytes at a time.
func plainLen(s string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load8(s, i)
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		// The sign bit of every byte that is zero after the xor, or below
		// 0x20. Bytes above the lowest hit may be wrong; only it counts.
		hit := ((quote - ones) &^ quote) | ((slash - ones) &^ slash) | ((w - ones*0x20) &^ w)
		if hit &= highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' || s[i] < 0x20 {
			break
		}
	}
	return i
}

func load8(s string, i int) uint64 {
	var b [8]byte
	copy(b[:], s[i:i+8])
	return binary.LittleEndian.Uint64(b[:])
}

// escaped consumes the rest of a string that began at start and has a
// backslash at the current position.
func (s *scanner) escaped(start int) string {
	out := append(make([]byte, 0, 2*(s.pos-start)+32), s.in[start:s.pos]...)
	for s.pos < len(s.in) {
		n := plainLen(s.in[s.pos:])
		out = append(out, s.in[s.pos:s.pos+n]...)
		s.pos += n
		if s.pos == len(s.in) {
			break
		}
		switch s.in[s.pos] {
		case '"':
			s.pos++
			return string(out)
		case '\\':
			if out = s.escape(out); s.err != nil {
				return ""
			}
		default:
			s.fail("a string has a control character")
			return ""
		}
	}
	s.fail("a string does not end")
	return ""
}

// escape consumes one escape sequence and appends what it stands for.
func (s *scanner) escape(out []byte) []byte {
	if s.pos+1 >= len(s.in) {
		s.fail("a string does not end")
		return out
	}
	c := s.in[s.pos+1]
	if c == 'u' {
		return s.escapeUnicode(out)
	}
	at := strings.IndexByte(`"\/bfnrt`, c)
	if at < 0 {
		s.fail("a string has an unknown escape")
		return out
	}
	s.pos += 2
	return append(out, "\"\\/\b\f\n\r\t"[at])
}

func (s *scanner) escapeUnicode(out []byte) []byte {
	r, ok := hexEscape(s.in[s.pos:])
	if !ok {
		s.fail("a string has a broken \\u escape")
		return out
	}
	s.pos += 6
	if utf16.IsSurrogate(r) {
		low, _ := hexEscape(s.in[s.pos:])
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			s.pos += 6
		}
	}
	return utf8.AppendRune(out, r)
}

// hexEscape decodes the \uXXXX that s begins with.
func hexEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
