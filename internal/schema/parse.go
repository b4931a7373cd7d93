package schema

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Parse reads a document. Nothing, or white space only, is an empty one. It
// refuses what is not JSON, what is not a cache by its shape, and what is
// absurdly large or deep, with a *FormatError. Of members that occur twice the
// last counts.
//
// The document shares the memory of data, which must not change as long as the
// document, or a string from it that was not cloned, is in use.
func Parse(data []byte) (*Document, error) {
	if len(data) > maxSize {
		return nil, &FormatError{Offset: maxSize, Reason: "it is larger than " + strconv.Itoa(maxSize>>20) + " MiB"}
	}
	if !utf8.Valid(data) {
		return nil, &FormatError{Offset: invalidAt(data), Reason: "it is not UTF-8"}
	}
	p := parser{doc: new(Document)}
	// Not string(data): copying a large cache takes longer than reading it.
	p.in = unsafe.String(unsafe.SliceData(data), len(data))
	p.in = strings.TrimPrefix(p.in, "\ufeff") // some editors and .NET writers begin with a mark
	if p.peek() == 0 && p.pos == len(p.in) {
		return p.doc, nil
	}
	p.object(p.section)
	if p.err == nil && (p.peek() != 0 || p.pos < len(p.in)) {
		p.fail("there is more after the end")
	}
	if p.err != nil {
		return nil, p.err
	}
	p.doc.sections = slices.DeleteFunc(p.doc.sections, func(o opaque) bool { return o.raw == "" })
	return p.doc, nil
}

func invalidAt(data []byte) int {
	at := 0
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

type parser struct {
	scanner
	doc     *Document
	entries int
	others  map[string]int // unknown sections -> index in doc.sections
}

func (p *parser) count() {
	if p.entries++; p.entries > maxEntries {
		p.fail("it has more than " + strconv.Itoa(maxEntries) + " entries")
	}
}

func (p *parser) section(name string) {
	switch Section(name) {
	case SectionAccessToken:
		entries(p, name, &p.doc.AccessTokens)
	case SectionAccount:
		entries(p, name, &p.doc.Accounts)
	case SectionIDToken:
		entries(p, name, &p.doc.IDTokens)
	case SectionRefreshToken:
		entries(p, name, &p.doc.RefreshTokens)
	case SectionAppMetadata:
		entries(p, name, &p.doc.AppMetadata)
	default:
		p.count()
		raw := p.skip(1)
		if at, ok := p.others[name]; ok {
			p.doc.sections[at].raw = "" // dropped at the end
		}
		if p.others == nil {
			p.others = make(map[string]int)
		}
		p.others[name] = len(p.doc.sections)
		p.doc.sections = append(p.doc.sections, opaque{key: name, raw: raw})
	}
}

// place says where the entry of a key went, for the case that the key occurs
// again.
type place struct {
	index  int
	opaque bool
}

// sample is after how many entries the number of those to come is estimated.
const sample = 32

func entries[T any, P entry[T]](p *parser, section string, list *[]T) {
	// A section that occurs twice counts as it is the last time.
	*list = nil
	p.doc.opaque = slices.DeleteFunc(p.doc.opaque, func(o opaque) bool { return o.section == section })
	if p.peek() == 'n' && p.skip(1) == "null" {
		return
	}
	seen := make(map[string]place)
	twice := false
	start := p.pos
	p.object(func(key string) {
		p.count()
		if old, ok := seen[key]; ok {
			twice = true
			if old.opaque {
				p.doc.opaque[old.index].raw = ""
			} else {
				P(&(*list)[old.index]).origin().Raw = ""
			}
		}
		n := len(*list)
		if n == sample {
			// Growing step by step would copy a large section several times.
			more := (len(p.in) - p.pos) / (1 + (p.pos-start)/sample)
			*list = slices.Grow(*list, min(more, maxEntries))
			larger := make(map[string]place, n+min(more, maxEntries))
			maps.Copy(larger, seen)
			seen = larger
		}
		*list = slices.Grow(*list, 1)[:n+1] // parsed in place: entities are large
		e := &(*list)[n]
		clear((*list)[n:])
		if parseEntry[T, P](p, e) {
			P(e).origin().Key = key
			seen[key] = place{index: n}
			return
		}
		*list = (*list)[:n]
		seen[key] = place{index: len(p.doc.opaque), opaque: true}
		p.doc.opaque = append(p.doc.opaque, opaque{section, key, P(e).origin().Raw})
	})
	if twice {
		*list = slices.DeleteFunc(*list, func(e T) bool { return P(&e).origin().Raw == "" })
		p.doc.opaque = slices.DeleteFunc(p.doc.opaque, func(o opaque) bool { return o.raw == "" })
	}
}

// parseEntry reads one entry and its text. It returns false for an entry that
// is JSON, but none that can be used.
func parseEntry[T any, P entry[T]](p *parser, e *T) bool {
	o := P(e).origin()
	if p.peek() != '{' {
		o.Raw = p.skip(2)
		return false
	}
	start, usable, unknown := p.pos, true, false
	p.object(func(name string) {
		str, num := P(e).field(name)
		switch {
		case str != nil:
			usable = p.textValue(str) && usable
		case num != nil:
			usable = p.timeValue(num) && usable
		default:
			unknown = true
			p.skip(3)
		}
	})
	if p.err != nil {
		return false
	}
	o.Raw, o.Unknown = p.in[start:p.pos], unknown
	return usable && P(e).valid()
}

// textValue reads a string. Other libraries may write a number, or null.
func (p *parser) textValue(to *string) bool {
	switch c := p.peek(); {
	case c == '"':
		*to = p.text()
	case c == 'n':
		*to = ""
		p.skip(3)
	case c == '-' || '0' <= c && c <= '9':
		*to = p.skip(3)
	default:
		p.skip(3)
		return false
	}
	return true
}

// timeValue reads seconds since 1970, written as a string or a number.
func (p *parser) timeValue(to *int64) bool {
	var s string
	if !p.textValue(&s) {
		return false
	}
	n, ok := parseSeconds(strings.TrimSpace(s))
	*to = n
	return ok
}

// lastSecond is the end of the year 9999. Some libraries mean "never" by more.
const lastSecond = 253402300799

func parseSeconds(s string) (int64, bool) {
	if s == "" {
		return 0, true
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return min(max(n, 0), lastSecond), true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return int64(min(max(f, 0), lastSecond)), true
}

// selectMembers returns the members of an object, which has been parsed before,
// whose names keep wants, as JSON text without the braces. Of members that
// occur twice it returns the last.
func selectMembers(object string, keep func(name string) bool) string {
	type member struct{ name, raw string }
	var list []member
	last := make(map[string]int)
	s := scanner{in: object}
	s.object(func(name string) {
		raw := s.skip(2)
		if keep(name) {
			last[name] = len(list)
			list = append(list, member{name, raw})
		}
	})
	var w writer
	for i, m := range list {
		if last[m.name] == i {
			w.member(m.name)
			w.raw(m.raw)
		}
	}
	return string(w.out)
}

// joinMembers joins two lists of members; of those in both it takes the first's.
func joinMembers(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return selectMembers("{"+b+","+a+"}", func(string) bool { return true })
}
