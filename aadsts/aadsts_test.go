package aadsts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func load(t *testing.T) *Catalog {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheCatalogIsSound(t *testing.T) {
	t.Parallel()
	dec := json.NewDecoder(bytes.NewReader(catalogFile))
	dec.DisallowUnknownFields()
	var rows []Entry
	if err := dec.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) < 80 {
		t.Errorf("only %d codes", len(rows))
	}
	names := map[string]bool{}
	for i, e := range rows {
		if i > 0 && rows[i-1].Code >= e.Code {
			t.Errorf("%d comes after %d; the file is sorted by code, each code once", e.Code, rows[i-1].Code)
		}
		for _, problem := range problems(e) {
			t.Errorf("%d: %s", e.Code, problem)
		}
		for _, a := range e.Answers {
			if a.Name != "" && names[a.Name] {
				t.Errorf("%d: the name %s is taken", e.Code, a.Name)
			}
			names[a.Name] = true
		}
	}
}

var sentence = regexp.MustCompile(`^[A-Z][^\n]*\.$`)

func problems(e Entry) (found []string) {
	bad := func(is bool, what string) {
		if is {
			found = append(found, what)
		}
	}
	bad(e.Code < 10000 || e.Code > 99999999, "a number of five to eight digits is expected")
	for _, text := range []string{e.Meaning, e.Remedy} {
		bad(!sentence.MatchString(text) || len(text) > 200, "not a sentence, or too long: "+text)
		bad(strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }), "plain ASCII is expected: "+text)
	}
	bad(len(e.Who) == 0, "nobody can mend it")
	for _, w := range e.Who {
		bad(!slices.Contains([]Who{Developer, Administrator, User, Microsoft}, w), "unknown who: "+string(w))
	}
	bad((e.Source == "") != e.Unverified, "either a source or unverified")
	bad(e.Source != "" && !strings.HasPrefix(e.Source, "https://learn.microsoft.com/"), "the source is no page of learn.microsoft.com")
	bad(len(e.Answers) == 0, "no answers")
	for _, a := range e.Answers {
		bad(a.Error == "" || a.Status < 400 || a.Status > 599, "an answer is incomplete")
		bad((a.Name == "") != (a.Text == ""), "name and text belong together")
	}
	return found
}

func TestTheRulesOfTheCatalogFire(t *testing.T) {
	t.Parallel()
	good := Entry{Code: 50076, Meaning: "It is.", Remedy: "Do it.", Who: []Who{User}, Unverified: true, Answers: []Answer{{Error: "x", Status: 400}}}
	if got := problems(good); len(got) != 0 {
		t.Fatalf("a good row has problems: %v", got)
	}
	for name, spoil := range map[string]func(*Entry){
		"code":          func(e *Entry) { e.Code = 1 },
		"meaning":       func(e *Entry) { e.Meaning = "" },
		"remedy":        func(e *Entry) { e.Remedy = "no sentence" },
		"who":           func(e *Entry) { e.Who = []Who{"somebody"} },
		"nobody":        func(e *Entry) { e.Who = nil },
		"source":        func(e *Entry) { e.Unverified = false },
		"both":          func(e *Entry) { e.Source = "https://learn.microsoft.com/x" },
		"other source":  func(e *Entry) { e.Source, e.Unverified = "https://example.com", false },
		"answers":       func(e *Entry) { e.Answers = nil },
		"status":        func(e *Entry) { e.Answers = []Answer{{Error: "x", Status: 200}} },
		"name, no text": func(e *Entry) { e.Answers = []Answer{{Name: "X", Error: "x", Status: 400}} },
	} {
		e := good
		spoil(&e)
		if len(problems(e)) == 0 {
			t.Errorf("%s: no problem was found", name)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	c := load(t)
	e, ok := c.Lookup(50076)
	if !ok || e.Code != 50076 || e.Answers[0].SubError != "basic_action" {
		t.Errorf("50076 is %+v, %v", e, ok)
	}
	for _, n := range []int{0, -1, 1, 50075, 99999999} {
		if e, ok := c.Lookup(n); ok || e.Code != 0 {
			t.Errorf("%d was found: %+v", n, e)
		}
	}
	last, count := 0, 0
	for e := range c.All() {
		if e.Code <= last {
			t.Errorf("%d comes after %d", e.Code, last)
		}
		last = e.Code
		if got, ok := c.Lookup(e.Code); !ok || got.Meaning != e.Meaning {
			t.Errorf("%d is not found", e.Code)
		}
		count++
	}
	if count < 80 {
		t.Errorf("only %d entries", count)
	}
}

func TestNumbersAreFoundInWhatPeoplePaste(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []int
	}{
		{"a number", "50076", []int{50076}},
		{"with letters", "AADSTS50076", []int{50076}},
		{"lower case and a blank", "aadsts 50076", []int{50076}},
		{"a list", "50076, 53003\n65001", []int{50076, 53003, 65001}},
		{"leading zeros", "AADSTS0050076", []int{50076}},
		{"a description", "AADSTS50076: Due to a change. Trace ID: 1234-5678 Correlation ID: 99999 Timestamp: 2026-11-21 06:00:00Z", []int{50076}},
		{"a JSON answer", `{"error":"invalid_grant","error_description":"AADSTS50076: x","error_codes":[50076],"timestamp":"2026-11-21 06:00:00Z","suberror":"basic_action"}`, []int{50076}},
		{"only error_codes", `{"error":"invalid_grant","error_codes": [ 50076, "53003" ], "expires_in": 3599}`, []int{50076, 53003}},
		{"escaped JSON", `{"msg":"{\"error_codes\":[50076],\"timestamp\":\"2026\"}"}`, []int{50076}},
		{"error_uri", "see https://login.microsoftonline.com/error?code=700016 please", []int{700016}},
		{"a log of many", "x AADSTS70008 y\nAADSTS50076 z\nAADSTS70008 again", []int{70008, 50076}},
		{"our own error", "msal: the identity service answered invalid_grant (basic_action): AADSTS50076: Use more. [correlation id 12345]", []int{50076}},
		{"B2C has another series", "AADB2C90118: The user forgot", nil},
		{"too long", "AADSTS99999999999999999999", nil},
		{"zero", "AADSTS0", nil},
		{"times and ids", "at 06:00:00 request 12345 failed", nil},
		{"nothing", "", nil},
	} {
		if got := Numbers(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	var many strings.Builder
	for i := range 10 * maxNumbers {
		fmt.Fprintf(&many, "AADSTS%d ", 10000+i)
	}
	if got := Numbers(many.String()); len(got) != maxNumbers {
		t.Errorf("%d numbers were returned", len(got))
	}
}

func TestFindLeavesOutWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	got := load(t).Find("AADSTS53003 after AADSTS12345 after AADSTS50076")
	if len(got) != 2 || got[0].Code != 53003 || got[1].Code != 50076 {
		t.Errorf("found %+v", got)
	}
}

func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"AADSTS50076", `{"error_codes":[1,2]}`, "50076, 53003", "https://h/error?code=5", "aadsts aadsts", `error_codes\":[`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Numbers(s)
		if len(got) > maxNumbers {
			t.Errorf("%d numbers", len(got))
		}
		for i, n := range got {
			if n <= 0 || n > 999999999 || slices.Contains(got[:i], n) {
				t.Errorf("%d in %v", n, got)
			}
			if !strings.Contains(s, fmt.Sprint(n)) {
				t.Errorf("%d is not in the text", n)
			}
		}
	})
}
