package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/httpx"
)

// answer is a response with what is needed to report about it.
type answer struct {
	*httpx.Response
	host        string
	correlation string  // of the request
	secrets     secrets // of the request
}

// members is a JSON object by exact member names. Decoding into a struct would
// also accept other capitalization, which no OAuth client may.
type members map[string]json.RawMessage

// object decodes the body. It is an *Error if the object is an OAuth error,
// and a *ResponseError if there is no object or no success.
func (a *answer) object() (members, error) {
	m, reason := decodeObject(a.Body)
	if reason != "" {
		return nil, a.refuse(reason, "")
	}
	if code := m.text("error"); code != "" {
		return nil, a.oauthError(code, m)
	}
	if a.Status < 200 || a.Status > 299 {
		return nil, a.refuse(ReasonStatus, "")
	}
	if _, ok := m.str("error"); !ok { // an object, say: not ours, but no success
		return nil, a.refuse(ReasonMember, "error")
	}
	return m, nil
}

var errDuplicate = errors.New("duplicate member")

// decodeObject reads exactly one JSON object without duplicate members: two
// readers of "error" twice could otherwise disagree about what the answer says.
func decodeObject(body []byte) (members, Reason) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, ReasonEmpty
	}
	d := json.NewDecoder(bytes.NewReader(body))
	start, err := d.Token()
	if err != nil {
		return nil, ReasonNotJSON
	}
	if start != json.Delim('{') {
		if !json.Valid(body) {
			return nil, ReasonNotJSON
		}
		return nil, ReasonNotObject
	}
	m := members{}
	for d.More() {
		if err := m.readMember(d); errors.Is(err, errDuplicate) {
			return nil, ReasonDuplicate
		} else if err != nil {
			return nil, ReasonNotJSON
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, ReasonNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) { // something follows
		return nil, ReasonNotJSON
	}
	return m, ""
}

func (m members) readMember(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	name := token.(string) // inside an object the decoder yields only strings here
	if _, twice := m[name]; twice {
		return errDuplicate
	}
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return err
	}
	m[name] = value
	return nil
}

// has reports whether name is there and not null.
func (m members) has(name string) bool {
	raw, ok := m[name]
	return ok && string(raw) != "null"
}

// text is a string member; of a number its digits; of anything else nothing.
func (m members) text(name string) string {
	raw := m[name]
	if len(raw) == 0 {
		return ""
	}
	switch c := raw[0]; {
	case c == '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	case c == '-' || c >= '0' && c <= '9':
		return string(raw)
	}
	return ""
}

// str is a member that must be a string if it is there at all.
func (m members) str(name string) (string, bool) {
	if !m.has(name) {
		return "", true
	}
	var s string
	if json.Unmarshal(m[name], &s) != nil {
		return "", false
	}
	return s, true
}

// longest bounds time spans of answers: enough for any token, and no sum with
// the present time overflows.
const longest = 100 * 365 * 24 * time.Hour

// seconds is a time span in seconds, sent as an integer, a float or a string of
// either (some services quote numbers). Absent, null and "" are alike.
func (m members) seconds(name string) (span time.Duration, present, ok bool) {
	if !m.has(name) {
		return 0, false, true
	}
	value, present, ok := m.number(name)
	if !present || !ok {
		return 0, present, ok
	}
	limit := longest.Seconds()
	value = min(max(math.Trunc(value), -limit), limit)
	return time.Duration(value) * time.Second, true, true
}

func (m members) number(name string) (value float64, present, ok bool) {
	if c := m[name][0]; c == '{' || c == '[' || c == 't' || c == 'f' {
		return 0, true, false
	}
	text := strings.TrimSpace(m.text(name))
	if text == "" {
		return 0, false, true
	}
	if strings.Trim(text, "0123456789+-.eE") != "" { // no hex, Inf or NaN
		return 0, true, false
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, true, false
	}
	return value, true, true // out of range is infinite, which seconds bounds
}

// integers is a list of integers, each possibly quoted; others are skipped.
func (m members) integers(name string) []int {
	var list []json.RawMessage
	if !m.has(name) || json.Unmarshal(m[name], &list) != nil {
		return nil
	}
	var out []int
	for _, raw := range list {
		n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
		if err == nil {
			out = append(out, n)
		}
		if len(out) == maxErrorCodes {
			break
		}
	}
	return out
}

// maxErrorCodes bounds a list that has one entry in practice.
const maxErrorCodes = 32
