package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// difference is a field in which two clients differ. An absent field is "-".
type difference struct {
	Request string `json:"request"` // kind of request
	Field   string `json:"field"`
	Ours    string `json:"ours"`
	Theirs  string `json:"theirs"`
}

const absent = "-"

// differences compares what two clients sent in one flow: the first token
// request of one with the first of the other, and so on. The two may have sent
// different kinds of requests; only how many there are of each kind is
// compared.
func differences(ours, theirs []message) []difference {
	var out []difference
	a, b := numbered(ours), numbered(theirs)
	for _, kind := range union(a, b) {
		x, sent := lookup(a, kind)
		y, received := lookup(b, kind)
		if !sent || !received {
			says := map[bool]string{true: "yes", false: "no"}
			out = append(out, difference{kindOf(kind), "sent", says[sent], says[received]})
			continue
		}
		out = append(out, compare(kindOf(kind), x.fields, y.fields)...)
	}
	return out
}

// numbered gives a name to each message: its kind, and a number from the second
// of that kind on.
func numbered(list []message) []message {
	var out []message
	count := map[string]int{}
	for _, m := range list {
		count[m.kind]++
		if n := count[m.kind]; n > 1 {
			m.kind = fmt.Sprintf("%s %d", m.kind, n)
		}
		out = append(out, m)
	}
	return out
}

// kindOf is the kind without the number.
func kindOf(name string) string { return strings.TrimRight(name, " 0123456789") }

func lookup(list []message, kind string) (message, bool) {
	i := slices.IndexFunc(list, func(m message) bool { return m.kind == kind })
	if i < 0 {
		return message{}, false
	}
	return list[i], true
}

// union has the kinds of both, in the order in which they came.
func union(a, b []message) []string {
	var kinds []string
	for _, m := range slices.Concat(a, b) {
		if !slices.Contains(kinds, m.kind) {
			kinds = append(kinds, m.kind)
		}
	}
	return kinds
}

func compare(kind string, ours, theirs []pair) []difference {
	var out []difference
	for _, name := range namesOf(slices.Concat(ours, theirs)) {
		if a, b := values(ours, name), values(theirs, name); a != b {
			out = append(out, difference{kind, name, a, b})
		}
	}
	for _, place := range []string{"query", "form"} {
		a, b := order(place, ours, theirs), order(place, theirs, ours)
		if a != b {
			out = append(out, difference{kind, place + " order", a, b})
		}
	}
	return out
}

func namesOf(list []pair) []string {
	var names []string
	for _, p := range list {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// values are all values of a field; more than one is a finding in itself.
func values(list []pair, name string) string {
	var all []string
	for _, p := range list {
		if p.name == name {
			all = append(all, p.value)
		}
	}
	if all == nil {
		return absent
	}
	return strings.Join(all, " & ")
}

// order names the parameters that both have, in the order of one. The members
// of an assertion count as one parameter.
func order(place string, of, other []pair) string {
	parameter := func(p pair) string {
		name, found := strings.CutPrefix(p.name, place+" ")
		if !found {
			return ""
		}
		name, _, _ = strings.Cut(name, " ")
		return name
	}
	var names []string
	for _, p := range of {
		name := parameter(p)
		shared := slices.ContainsFunc(other, func(o pair) bool { return parameter(o) == name })
		if name != "" && shared && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// allowed is a difference that is meant, and why. Ours or theirs may be "*"
// where the value is compared with another client's, or is the machine's.
type allowed struct {
	Client string   `json:"client"`
	Flows  []string `json:"flows"` // each of them has it
	difference
	Cause string `json:"cause"`
}

func (e allowed) covers(d difference) bool {
	same := func(allowed, found string) bool { return allowed == found || allowed == "*" && found != absent }
	return e.Request == d.Request && e.Field == d.Field && same(e.Ours, d.Ours) && same(e.Theirs, d.Theirs)
}

// allowList is testdata/differences.json, and what of it has been met.
type allowList struct {
	entries []allowed
	met     map[string]bool // by client, flow and entry
}

var strangers = []string{"msal-python", "msal-go", "msal-node"}

func readAllowList(t *testing.T) *allowList {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "differences.json"))
	if err != nil {
		t.Fatal(err)
	}
	l := &allowList{met: map[string]bool{}}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&l.entries); err != nil {
		t.Fatalf("differences.json: %v", err)
	}
	for _, e := range l.entries {
		if !slices.Contains(strangers, e.Client) || len(e.Flows) == 0 || e.Request == "" || e.Field == "" || len(e.Cause) < 20 {
			t.Errorf("differences.json: a client, a flow, a request, a field or a cause is missing: %v", e)
		}
	}
	return l
}

// unexplained are the differences that are not in the list. It remembers the
// entries that were of use.
func (l *allowList) unexplained(client, flow string, found []difference) []difference {
	var out []difference
	for _, d := range found {
		known := false
		for i, e := range l.entries {
			if e.Client == client && slices.Contains(e.Flows, flow) && e.covers(d) {
				known = true
				l.met[key(i, flow)] = true
			}
		}
		if !known {
			out = append(out, d)
		}
	}
	return out
}

func key(entry int, flow string) string { return fmt.Sprintf("%d %s", entry, flow) }

// unused are the entries, by flow, that a client did not need.
func (l *allowList) unused(client string) []allowed {
	var out []allowed
	for i, e := range l.entries {
		for _, flow := range e.Flows {
			if e.Client == client && !l.met[key(i, flow)] {
				e.Flows = []string{flow}
				out = append(out, e)
			}
		}
	}
	return out
}

// String is the entry as it is written in the file.
func (e allowed) String() string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
