package wstrust

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decode converts a document to UTF-8 and drops byte order mark and XML
// declaration (XML 1.0 section 4.3.3 and appendix F). Without a mark it is what
// the declaration says, or UTF-8.
func decode(document []byte) (text []byte, ok bool) {
	switch {
	case bytes.HasPrefix(document, []byte("\xef\xbb\xbf")):
		text, _ = cutDeclaration(document[3:])
		return text, utf8.Valid(text)
	case bytes.HasPrefix(document, []byte("\xff\xfe")):
		return fromUTF16(document[2:], binary.LittleEndian)
	case bytes.HasPrefix(document, []byte("\xfe\xff")):
		return fromUTF16(document[2:], binary.BigEndian)
	case bytes.HasPrefix(document, []byte("<\x00?\x00")):
		return fromUTF16(document, binary.LittleEndian)
	case bytes.HasPrefix(document, []byte("\x00<\x00?")):
		return fromUTF16(document, binary.BigEndian)
	}
	text, encoding := cutDeclaration(document)
	switch strings.ToLower(encoding) {
	case "", "utf-8", "utf8", "us-ascii":
		return text, utf8.Valid(text)
	case "iso-8859-1":
		return fromLatin1(text), true
	}
	return nil, false
}

func fromUTF16(b []byte, order binary.ByteOrder) ([]byte, bool) {
	if len(b)%2 != 0 || len(b) > maxDocument {
		return nil, false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	text, _ := cutDeclaration([]byte(string(utf16.Decode(units))))
	return text, true
}

func fromLatin1(b []byte) []byte {
	text := make([]byte, 0, len(b))
	for _, c := range b {
		text = utf8.AppendRune(text, rune(c))
	}
	return text
}

// cutDeclaration drops <?xml ...?> and returns the encoding that it names.
func cutDeclaration(text []byte) (rest []byte, encoding string) {
	const open, end = "<?xml", "?>"
	if !bytes.HasPrefix(text, []byte(open)) || len(text) == len(open) || !isBlank(text[len(open)]) {
		return text, ""
	}
	declaration, rest, ok := bytes.Cut(text[len(open):], []byte(end))
	if !ok {
		return text, "" // the parser will say what is wrong
	}
	_, value, _ := strings.Cut(string(declaration), "encoding")
	value = strings.TrimLeft(value, " \t\r\n=")
	if value == "" || value[0] != '"' && value[0] != '\'' {
		return rest, ""
	}
	encoding, _, _ = strings.Cut(value[1:], value[:1])
	return rest, encoding
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
