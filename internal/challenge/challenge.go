// Package challenge reads WWW-Authenticate headers (RFC 9110 section 11.6.1),
// as they ought to be and as services of Azure send them. It knows the syntax;
// what schemes and parameters mean is the caller's business.
package challenge

import "strings"

// Challenge is one challenge of a header.
type Challenge struct {
	Scheme  string            // as it was sent
	Token68 string            // in place of parameters
	Params  map[string]string // by lower-case name; nil if there are none
}

// The bounds of what is read. Real headers have a hundredth of it.
const (
	maxBytes      = 64 << 10 // of all values together
	maxChallenges = 64
	maxParams     = 64 // of one challenge
)

// Parse reads the values of a header, each of which may hold several
// challenges. What it cannot read it passes over.
func Parse(values []string) []Challenge {
	var out []Challenge
	room := maxBytes
	for _, v := range values {
		if room -= len(v); room < 0 {
			break
		}
		s := scanner{text: v}
		out = s.challenges(out)
	}
	return out
}

// challenges appends those of the rest of the text.
func (s *scanner) challenges(out []Challenge) []Challenge {
	inside := false // a challenge has begun in this value
	for s.skip(" \t,"); !s.atEnd(); s.skip(" \t,") {
		name := s.token()
		switch {
		case name == "":
			s.skipElement()
		case s.equals():
			value, ok := s.value()
			if ok && inside {
				out[len(out)-1].add(name, value)
			}
		case len(out) == maxChallenges:
			return out
		default:
			out, inside = append(out, Challenge{Scheme: name, Token68: s.token68()}), true
		}
	}
	return out
}

// add keeps a parameter. Of a name that comes twice the first counts, as in
// most readers: the sender cannot show us what another one does not see.
func (c *Challenge) add(name, value string) {
	name = strings.ToLower(name)
	if _, twice := c.Params[name]; twice || len(c.Params) == maxParams {
		return
	}
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params[name] = value
}
