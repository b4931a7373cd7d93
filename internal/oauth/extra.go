package oauth

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// The bounds of what is kept of an error beside its known members. Real answers
// have one or two short ones.
const (
	maxExtra      = 32
	maxExtraBytes = 16 << 10 // of names and values together
)

// known are the members of an error answer that have a field of their own, and
// the parameters of an answer through the browser that are about the sign-in.
var known = [...]string{
	"error", "error_description", "error_codes", "error_uri", "suberror", "claims", "timestamp", "trace_id", "correlation_id",
	"error_subcode", "state", "session_state", "iss", "client_info",
}

// extra keeps the members of an error answer that nobody here knows, without
// tokens and without the secrets of the request.
func (s secrets) extra(m members) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	room := maxExtraBytes
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if slices.Contains(known[:], name) || secretName(name) || s.blot(name, prose) != name {
			continue
		}
		value, ok := s.blotJSON(m[name])
		if !ok || len(name)+len(value) > room || len(out) == maxExtra {
			continue
		}
		room -= len(name) + len(value)
		if out == nil {
			out = map[string]json.RawMessage{}
		}
		out[name] = value
	}
	return out
}

// secretName holds for members that would be credentials. No error has any, but
// what answers is not always the service.
func secretName(name string) bool {
	name = strings.ToLower(name)
	return isSecret(name) || strings.HasSuffix(name, "token") || strings.Contains(name, "secret") || strings.Contains(name, "password")
}

// ExtraMembers are the unknown members of an error answer to a request without
// secrets.
func ExtraMembers(body []byte) map[string]json.RawMessage {
	m, reason := decodeObject(body)
	if reason != "" {
		return nil
	}
	return secrets(nil).extra(m)
}

// ExtraParams are the unknown parameters of an error answer through the browser,
// as JSON strings.
func ExtraParams(v url.Values) map[string]json.RawMessage {
	m := members{}
	for name := range v {
		text, err := json.Marshal(v.Get(name))
		if err == nil {
			m[name] = text
		}
	}
	return secrets(nil).extra(m)
}

// blotJSON blots the secrets out of every text inside a JSON value, however it
// is escaped.
func (s secrets) blotJSON(raw json.RawMessage) (json.RawMessage, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil {
		return nil, false
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(s.blotValue(value)) != nil {
		return nil, false
	}
	return bytes.TrimSpace(out.Bytes()), true
}

func (s secrets) blotValue(value any) any {
	switch v := value.(type) {
	case string:
		return s.blot(v, prose)
	case json.Number:
		if text := s.blot(v.String(), prose); text != v.String() {
			return text
		}
	case []any:
		for i := range v {
			v[i] = s.blotValue(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for name, inner := range v {
			if !secretName(name) {
				clean[s.blot(name, prose)] = s.blotValue(inner)
			}
		}
		return clean
	}
	return value
}
