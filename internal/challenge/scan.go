package challenge

import (
	"encoding/json"
	"strings"
)

// scanner walks over one header value.
type scanner struct {
	text    string
	at      int
	objects int // how often bare JSON was looked for
}

// maxObjects bounds the search for bare JSON, which may look at all of the rest.
const maxObjects = 8

func (s *scanner) atEnd() bool  { return s.at >= len(s.text) }
func (s *scanner) rest() string { return s.text[s.at:] }

// skip passes over any of the given characters.
func (s *scanner) skip(set string) {
	for !s.atEnd() && strings.IndexByte(set, s.text[s.at]) >= 0 {
		s.at++
	}
}

// take returns the longest run of characters that satisfy is.
func (s *scanner) take(is func(byte) bool) string {
	from := s.at
	for !s.atEnd() && is(s.text[s.at]) {
		s.at++
	}
	return s.text[from:s.at]
}

// token is a name (RFC 9110 section 5.6.2); "" if there is none.
func (s *scanner) token() string { return s.take(isTokenChar) }

func isTokenChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// equals passes over an equals sign with blanks around it, if there is one.
func (s *scanner) equals() bool {
	before := s.at
	s.skip(" \t")
	if s.atEnd() || s.text[s.at] != '=' {
		s.at = before
		return false
	}
	s.at++
	s.skip(" \t")
	return true
}

// token68 is the data of a scheme without parameters (RFC 9110 section 11.2).
// It stands alone; what has more after it is a parameter.
func (s *scanner) token68() string {
	before := s.at
	s.skip(" \t")
	from := s.at
	s.take(func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-._~+/", c) >= 0 })
	if s.at == from {
		s.at = before
		return ""
	}
	s.skip("=")
	data := s.text[from:s.at]
	if s.skip(" \t"); !s.atEnd() && s.text[s.at] != ',' {
		s.at = before
		return ""
	}
	return data
}

// value is what follows an equals sign. It is not ok if a quote is never closed;
// then nothing after it can be told apart.
func (s *scanner) value() (value string, ok bool) {
	switch rest := s.rest(); {
	case strings.HasPrefix(rest, `"{`):
		// Microsoft.Identity.Web puts JSON into quotes as it is.
		if object, ok := s.jsonObject(rest[1:]); ok && strings.HasPrefix(rest[1+len(object):], `"`) {
			s.at += len(object) + 2
			return object, true
		}
		return s.quoted()
	case strings.HasPrefix(rest, `"`):
		return s.quoted()
	case strings.HasPrefix(rest, "{"):
		if object, ok := s.jsonObject(rest); ok {
			s.at += len(object)
			return object, true
		}
	}
	// Azure Storage sends addresses without quotes, which no token may be.
	return s.take(func(c byte) bool { return c != ',' && c != ' ' && c != '\t' }), true
}

// quoted is a quoted string without its quotes and escapes.
func (s *scanner) quoted() (value string, ok bool) {
	var b strings.Builder
	for s.at++; !s.atEnd(); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return b.String(), true
		case c == '\\' && s.at+1 < len(s.text):
			s.at++
			b.WriteByte(s.text[s.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// jsonObject is the JSON object that a text begins with.
func (s *scanner) jsonObject(text string) (object string, ok bool) {
	if s.objects++; s.objects > maxObjects {
		return "", false
	}
	d := json.NewDecoder(strings.NewReader(text))
	var raw json.RawMessage
	if d.Decode(&raw) != nil {
		return "", false
	}
	return text[:d.InputOffset()], true
}

// skipElement passes over something unreadable, up to the next comma.
func (s *scanner) skipElement() {
	for !s.atEnd() && s.text[s.at] != ',' {
		if s.text[s.at] == '"' {
			s.quoted()
		} else {
			s.at++
		}
	}
}
