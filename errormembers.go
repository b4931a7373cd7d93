package msal

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/msal-go/msal/internal/oauth"
)

// ErrorMembers are the members of an error answer that Error has no field for,
// as JSON by exact name: the service may add some at any time. Tokens and other
// credentials are left out, secrets of the request are blotted out, and of more
// than 32 members or 16 KiB the rest is dropped. Printed, logged or marshaled it
// shows names only, for nobody knows what the values are.
type ErrorMembers map[string]json.RawMessage

// Text returns a member that is a string; "" for any other or none.
func (m ErrorMembers) Text(name string) string {
	var s string
	if json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	return s
}

// Format shows the names, whatever the verb.
func (m ErrorMembers) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// String shows the names.
func (m ErrorMembers) String() string {
	names := slices.Sorted(maps.Keys(m))
	for i, n := range names {
		names[i] = oauth.Shorten(n, 100)
	}
	return "[" + strings.Join(names, " ") + "]"
}

// GoString shows the names.
func (m ErrorMembers) GoString() string { return m.String() }

// LogValue shows the names.
func (m ErrorMembers) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalJSON writes the names: loggers marshal what they are given.
func (m ErrorMembers) MarshalJSON() ([]byte, error) { return json.Marshal(slices.Sorted(maps.Keys(m))) }
