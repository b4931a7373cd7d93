package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is measured is looked at, but never how long it took.
func TestQuickRunMeasuresEveryScenario(t *testing.T) {
	var out, progress bytes.Buffer
	folder := t.TempDir()
	if code := run(t.Context(), []string{"-quick", "-json", "-write", folder}, &out, &progress); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress.String())
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, row := range r.Rows {
		seen[row.Scenario+" by "+row.Subject]++
		if row.Nanos <= 0 || row.TimesFloor <= 0 {
			t.Errorf("nothing was measured: %+v", row)
		}
	}
	for _, sc := range scenarios(quick()) {
		for _, name := range sc.subjects() {
			if seen[sc.name+" by "+name] == 0 {
				t.Errorf("%s is not measured with %s", sc.name, name)
			}
		}
	}
	for _, h := range r.Herds {
		if h.Subject == ours && h.Requests != h.Want {
			t.Errorf("%s: %d requests, want %d", h.Case, h.Requests, h.Want)
		}
	}
	if len(r.Herds) != 3*len(herdCases()) || len(r.Memory) != 3 {
		t.Errorf("got %d herds and %d memories", len(r.Herds), len(r.Memory))
	}
	checkPage(t, folder, r)
}

func checkPage(t *testing.T, folder string, r report) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(folder, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{r.Machine, r.Date, r.Command, r.Versions[0], r.Versions[1], "### On behalf of", "## Herds", "## Memory", "performance.svg"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(string(page), "Do not quote") != (r.Busy != "") {
		t.Error("the page does not say whether the machine was busy")
	}
	chart, err := os.ReadFile(filepath.Join(folder, "performance.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(chart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v", err)
		}
	}
	for _, want := range []string{"<desc", "prefers-color-scheme", theFloor, ours, peer} {
		if !bytes.Contains(chart, []byte(want)) {
			t.Errorf("the chart lacks %q", want)
		}
	}
}

func TestTablesNameEverySubject(t *testing.T) {
	var out bytes.Buffer
	r := report{Machine: "here", Busy: "others work", Rows: []row{{Scenario: hitApp, Subject: ours, Tokens: 7, Nanos: 1500}},
		Herds: []herd{{Subject: peer, Callers: 100}}, Memory: []memory{{Subject: theFloor}}}
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"here", "NOT TO BE QUOTED: others work", ours, peer, theFloor, "1.5 µs", "100"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, out.String())
		}
	}
}

func TestMissedExpectationsAreNamed(t *testing.T) {
	r := report{
		Rows: []row{
			{Subject: ours, TimesFloor: 2.01, Allocs: 1, limit: limit{timesFloor: 2, noAllocs: true, bound: "the clock"}},
			{Subject: ours, TimesFloor: 2.004, Nanos: 2001, limit: limit{timesFloor: 2, nanos: 2000}},
			{Subject: peer, TimesFloor: 99, limit: limit{timesFloor: 2}},
		},
		Herds:  []herd{{Subject: ours, Requests: 2, Want: 1, Waits: true, Longest: time.Second}, {Subject: ours, Longest: time.Second}},
		Memory: []memory{{Subject: ours, TimesFloor: 1.4}},
	}
	got := r.missed()
	if len(got) != 6 {
		t.Errorf("got %q, want six", got)
	}
	if !strings.Contains(got[0], "bound by the clock") {
		t.Errorf("%q does not say what bounds it", got[0])
	}
}

func TestPageSaysInALineWhatWasMissed(t *testing.T) {
	l := limit{timesFloor: 2, noAllocs: true, bound: "the clock"}
	r := report{Rows: []row{
		{Scenario: "hit", Subject: ours, TimesFloor: 2.5, limit: l},
		{Scenario: "hit", Subject: theFloor, TimesFloor: 1, limit: l},
		{Scenario: "hit", Subject: ours, TimesFloor: 3, Allocs: 2, limit: l},
		{Scenario: "hit", Subject: ours, TimesFloor: 1.9, limit: l},
		{Scenario: "store", Subject: ours, Nanos: 2500, limit: limit{nanos: 2000}},
	}}
	var b bytes.Buffer
	r.writeMissed(&b)
	for _, want := range []string{
		"- hit, 2 of 3 cases: 2.50 to 3.00 times the floor, want at most 2; bound by the clock\n",
		"- hit, 1 of 3 cases: 2 allocations, want none; bound by the clock\n",
		"- store, 1 of 1 cases: 2.5 µs each, want at most 2 µs\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestUnknownFlagIsAUsageError(t *testing.T) {
	if code := run(t.Context(), []string{"-nonsense"}, &bytes.Buffer{}, &bytes.Buffer{}); code != 64 {
		t.Errorf("exit code %d, want 64", code)
	}
}
