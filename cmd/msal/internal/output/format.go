// Package output writes what the commands answer: tokens in the forms that
// other programs read, JSON, tables, and times as people say them.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is a value of --output.
type Format string

// The formats. Which of them a command knows is its own affair.
const (
	Text           Format = "text"            // for people
	JSON           Format = "json"            // everything, for programs
	Token          Format = "token"           // the bare token and a line break
	Header         Format = "header"          // Authorization: Bearer ...
	Env            Format = "env"             // export ACCESS_TOKEN=...
	ExecCredential Format = "exec-credential" // for kubectl
	AZ             Format = "az"              // as "az account get-access-token" writes it
	AZD            Format = "azd"             // as "azd auth token" writes it
	Curl           Format = "curl"            // a line of a curl configuration
	None           Format = "none"            // nothing
)

// FormatError reports a format that a command does not know.
type FormatError struct {
	Given string
	Known []Format
}

func (e *FormatError) Error() string {
	names := make([]string, len(e.Known))
	for i, f := range e.Known {
		names[i] = string(f)
	}
	return fmt.Sprintf("there is no output format %q here; use %s", e.Given, strings.Join(names, ", "))
}

// ParseFormat reads a value of --output. Empty means fallback.
func ParseFormat(given string, fallback Format, known ...Format) (Format, error) {
	if given == "" {
		return fallback, nil
	}
	if f := Format(strings.ToLower(given)); slices.Contains(known, f) {
		return f, nil
	}
	return "", &FormatError{Given: given, Known: known}
}

// WriteJSON writes v as indented JSON and a line break. HTML is not escaped:
// nobody pastes this into a page, and URLs stay readable.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
