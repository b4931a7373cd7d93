// Package jwtview takes a JSON Web Token apart for people to look at. It checks
// no signature: what it shows may have been written by anybody.
package jwtview

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxSize bounds a token, in bytes; headers of HTTP servers are far smaller.
const MaxSize = 1 << 20

// Reason says what is wrong with a token.
type Reason string

// The reasons of a MalformedError.
const (
	Empty     Reason = "empty"
	TooLarge  Reason = "too large"
	Opaque    Reason = "not a JWT"
	Encrypted Reason = "encrypted"
	Parts     Reason = "wrong number of parts"
	Encoding  Reason = "not base64url"
	NotObject Reason = "not a JSON object"
)

// MalformedError reports something that is no readable JWT. It never repeats
// the token.
type MalformedError struct {
	Reason Reason
	Part   string // "header", "claims" or "signature"; empty for the whole
	Hint   string
}

func (e *MalformedError) Error() string {
	if e.Part != "" {
		return fmt.Sprintf("the %s of the token is %s", e.Part, e.Reason)
	}
	return "the token is " + string(e.Reason)
}

// Token is a token in its parts (RFC 7519 section 3). Numbers are json.Number.
type Token struct {
	Header, Claims map[string]any
	Signed         bool // whether there is anything in the place of a signature
}

// Parse reads a token in compact form. White space around it, quotation marks
// and the word Bearer are dropped, for people who paste.
func Parse(text string) (Token, error) {
	raw := Trim(text)
	switch {
	case raw == "":
		return Token{}, &MalformedError{Reason: Empty, Hint: "give a token as the argument, or pipe it in"}
	case len(raw) > MaxSize:
		return Token{}, &MalformedError{Reason: TooLarge, Hint: "give one token and nothing else"}
	}
	if strings.ContainsAny(raw, " \t\r\n") {
		return Token{}, &MalformedError{Reason: Opaque, Hint: "give one token and nothing else, on one line"}
	}
	parts := strings.Split(raw, ".")
	switch len(parts) {
	case 3:
	case 5:
		return encrypted(parts[0])
	default:
		return Token{}, opaque(len(parts))
	}
	var t Token
	var err error
	if t.Header, err = object("header", parts[0]); err != nil {
		return Token{}, err
	}
	if t.Claims, err = object("claims", parts[1]); err != nil {
		return Token{}, err
	}
	if _, err := decode(parts[2]); err != nil {
		return Token{}, &MalformedError{Reason: Encoding, Part: "signature", Hint: "was the token cut off?"}
	}
	t.Signed = parts[2] != ""
	return t, nil
}

// Trim drops what people paste around a token.
func Trim(text string) string {
	s := strings.TrimSpace(text)
	if name, value, ok := strings.Cut(s, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "authorization") {
		s = strings.TrimSpace(value)
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "bearer ") {
		s = s[7:]
	}
	return strings.TrimSpace(strings.Trim(strings.TrimSpace(s), `"'`))
}

func opaque(parts int) error {
	if parts == 2 {
		return &MalformedError{Reason: Parts, Hint: "a JWT has three parts between dots; was the token cut off?"}
	}
	return &MalformedError{Reason: Opaque, Hint: "access tokens of some APIs, personal accounts' tokens and refresh tokens are opaque: only who issued them can read them"}
}

// encrypted reads the header of a JWE (RFC 7516 section 3.1), which is all that
// can be read without the key.
func encrypted(header string) (Token, error) {
	h, err := object("header", header)
	if err != nil {
		return Token{}, err
	}
	return Token{Header: h}, &MalformedError{Reason: Encrypted, Hint: "only the API that the token is for can read it (JWE)"}
}

func object(part, text string) (map[string]any, error) {
	data, err := decode(text)
	if err != nil {
		return nil, &MalformedError{Reason: Encoding, Part: part, Hint: "was the token cut off, or wrapped over several lines?"}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil || m == nil || !utf8.Valid(data) {
		return nil, &MalformedError{Reason: NotObject, Part: part, Hint: "this is no JWT, or it was changed on the way"}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &MalformedError{Reason: NotObject, Part: part, Hint: "there is something after it"}
	}
	return m, nil
}

// decode takes base64url with or without padding: some issuers pad.
func decode(s string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
}
