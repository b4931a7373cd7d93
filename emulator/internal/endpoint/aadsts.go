package endpoint

import (
	"fmt"
	"strings"

	"github.com/msal-go/msal/aadsts"
)

// Error is an error that the platform answers with.
type Error struct {
	Name     string // of its row in the catalog
	Code     int
	Status   int
	Kind     string // the OAuth error
	Suberror string
	Text     string
	Claims   string // a claims challenge, JSON
}

func (e *Error) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.Code, e.Text) }

// Table is the catalog of errors by name.
type Table map[string]Error

// ParseTable reads the catalog of package aadsts, the only place that knows
// numbers, status codes and texts. Numbers that this package never answers with
// are there for tests that inject them; their names are the numbers.
func ParseTable() (Table, error) {
	catalog, err := aadsts.Load()
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	t := Table{}
	for entry := range catalog.All() {
		for _, a := range entry.Answers {
			e := Error{Name: a.Name, Code: entry.Code, Status: a.Status, Kind: a.Error, Suberror: a.SubError, Text: a.Text}
			if e.Name == "" {
				e.Name, e.Text = fmt.Sprintf("AADSTS%d", entry.Code), entry.Meaning
			}
			t[e.Name] = e
		}
	}
	return t, nil
}

// ByCode finds an entry by its number. Where several share it, the plainest
// one is returned: without a suberror, and first in the alphabet.
func (t Table) ByCode(code int) (Error, bool) {
	var found Error
	for _, row := range t {
		if row.Code != code {
			continue
		}
		plainer := row.Suberror == "" && found.Suberror != ""
		if found.Name == "" || plainer || row.Name < found.Name && (row.Suberror == "" || found.Suberror != "") {
			found = row
		}
	}
	return found, found.Name != ""
}

// fail makes an error from the catalog. Pairs replace the placeholders of the
// text: fail("AppUnknown", "app", id, "tenant", name).
func (p *Platform) fail(name string, pairs ...string) *Error {
	e, ok := p.table[name]
	if !ok {
		e = Error{Name: name, Code: 90033, Status: 500, Kind: "server_error", Text: "The emulator has no entry for " + name + "."}
	}
	old := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		old = append(old, "{"+pairs[i]+"}", pairs[i+1])
	}
	e.Text = strings.NewReplacer(old...).Replace(e.Text)
	return &e
}

// wireError is the JSON of an error answer.
type wireError struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri,omitempty"`
	Suberror      string `json:"suberror,omitempty"`
	Claims        string `json:"claims,omitempty"`
}

const timestampFormat = "2006-01-02 15:04:05Z"

func (p *Platform) wire(c *Call, e *Error) wireError {
	now := p.now().UTC().Format(timestampFormat)
	return wireError{
		Error:     e.Kind,
		Codes:     []int{e.Code},
		Timestamp: now, TraceID: c.TraceID, CorrelationID: c.CorrelationID,
		Description: description(c, e, now),
		URI:         fmt.Sprintf("%s/error?code=%d", c.place.base, e.Code),
		Suberror:    e.Suberror,
		Claims:      e.Claims,
	}
}

func description(c *Call, e *Error, stamp string) string {
	return fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.Code, e.Text, c.TraceID, c.CorrelationID, stamp)
}
