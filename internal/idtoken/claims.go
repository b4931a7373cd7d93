// Package idtoken reads and checks OpenID Connect ID tokens, as OpenID Connect
// Core 1.0 section 3.1.3.7 demands.
//
// Three steps stand alone: Parse reads the claims, Claims.Check compares them
// with what was asked for, and KeySet.Verify checks the signature with the
// issuer's keys. A token that came straight from the token endpoint over TLS may
// do without the last (item 6 of that section); any other may not.
package idtoken

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxToken bounds what is parsed. Entra's largest ID tokens, with 200 groups,
// stay below a fourth of it.
const maxToken = 64 << 10

// Claims are the claims of an ID token that a client needs. They are only what
// the token says: Check and Verify decide whether to believe them. Absent claims
// are zero.
type Claims struct {
	Issuer            string    // iss
	Subject           string    // sub
	Audience          []string  // aud, a string or a list on the wire
	AuthorizedParty   string    // azp, the client that the token was made for
	Expiry            time.Time // exp
	IssuedAt          time.Time // iat
	NotBefore         time.Time // nbf
	AuthTime          time.Time // auth_time
	Nonce             string    // nonce
	OID               string    // oid, the user's id in the tenant
	TenantID          string    // tid
	PreferredUsername string    // preferred_username
	UPN               string    // upn
	Name              string    // name
	Email             string    // email
	// Raw holds all claims; numbers are json.Number, so that nothing is lost.
	Raw map[string]any
}

// Parse reads an ID token in the compact form of RFC 7515 without judging it:
// neither signature nor claims are checked. Every error is an *Error with
// ReasonMalformed that names the part and does not repeat its content.
func Parse(raw string) (Claims, error) {
	t, err := split(raw)
	if err != nil {
		return Claims{}, err
	}
	return t.claims()
}

// token is a JWT taken apart. The signature is not decoded.
type token struct {
	header  map[string]any
	payload map[string]any
}

func split(raw string) (token, error) {
	if raw == "" {
		return token{}, malformed("", "is empty")
	}
	if len(raw) > maxToken {
		return token{}, malformed("", "is longer than "+strconv.Itoa(maxToken)+" bytes")
	}
	switch strings.Count(raw, ".") {
	case 2:
	case 4:
		return token{}, malformed("", "is encrypted, which is not supported: switch token encryption off for the application")
	default:
		return token{}, malformed("", "does not have three parts")
	}
	parts := strings.Split(raw, ".")
	var t token
	var err error
	if t.header, err = decode("header", parts[0]); err != nil {
		return token{}, err
	}
	if t.payload, err = decode("payload", parts[1]); err != nil {
		return token{}, err
	}
	return t, nil
}

// decode reads one part: base64url without padding, of one JSON object.
func decode(part, encoded string) (map[string]any, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	// The decoder skips line breaks, which no token contains.
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, malformed(part, "is not base64url without padding")
	}
	m, err := object(data)
	if errors.Is(err, errDuplicate) {
		return nil, malformed(part, "has a member twice")
	}
	if err != nil {
		return nil, malformed(part, "is not a JSON object")
	}
	return m, nil
}

var (
	errDuplicate = errors.New("duplicate member")
	errNotObject = errors.New("not one JSON object")
)

// object reads one JSON object and refuses duplicate members: readers disagree
// on which of two counts, which attackers use.
func object(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errNotObject
	}
	m := make(map[string]any)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, ok := name.(string)
		if !ok {
			return nil, errNotObject
		}
		if _, twice := m[key]; twice {
			return nil, errDuplicate
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		m[key] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotObject
	}
	return m, nil
}

// claims picks the claims. Those that decide something must have the right
// type; those that are only shown are left out when they do not.
func (t token) claims() (Claims, error) {
	c := Claims{Raw: t.payload}
	for _, s := range [...]struct {
		name string
		to   *string
	}{{"iss", &c.Issuer}, {"sub", &c.Subject}, {"azp", &c.AuthorizedParty}, {"nonce", &c.Nonce}, {"oid", &c.OID}, {"tid", &c.TenantID}} {
		value, ok := t.payload[s.name].(string)
		if !ok && t.payload[s.name] != nil {
			return Claims{}, malformed(s.name, "is not a string")
		}
		*s.to = value
	}
	for _, n := range [...]struct {
		name string
		to   *time.Time
	}{{"exp", &c.Expiry}, {"iat", &c.IssuedAt}, {"nbf", &c.NotBefore}, {"auth_time", &c.AuthTime}} {
		when, ok := instant(t.payload[n.name])
		if !ok {
			return Claims{}, malformed(n.name, "is not a time in seconds since 1970")
		}
		*n.to = when
	}
	var ok bool
	if c.Audience, ok = stringList(t.payload["aud"]); !ok {
		return Claims{}, malformed("aud", "is neither a string nor a list of strings")
	}
	c.PreferredUsername, _ = t.payload["preferred_username"].(string)
	c.UPN, _ = t.payload["upn"].(string)
	c.Name, _ = t.payload["name"].(string)
	c.Email, _ = t.payload["email"].(string)
	return c, nil
}

// lastSecond is the end of the year 9999. Later times are mistakes, such as
// milliseconds, and do not survive conversion.
const lastSecond = 253402300799

// instant reads a NumericDate (RFC 7519, section 2), which some issuers send
// with a fraction and some as a string. An absent one is the zero time.
func instant(v any) (time.Time, bool) {
	var text string
	switch v := v.(type) {
	case nil:
		return time.Time{}, true
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" { // no hex, Inf or NaN
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 0 || seconds > lastSecond {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

func stringList(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case []any:
		list := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}
