package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestQuickRunMeasuresEverySubject(t *testing.T) {
	var out, progress bytes.Buffer
	if code := run(t.Context(), []string{"-quick", "-json"}, &out, &progress); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress.String())
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	s := quick()
	if want := len(s.sizes) * 2 * 3; len(r.Hits) != want {
		t.Errorf("got %d rows of hits, want %d", len(r.Hits), want)
	}
	for _, h := range r.Hits {
		if h.Nanos <= 0 || h.TimesFloor <= 0 {
			t.Errorf("nothing was measured: %+v", h)
		}
	}
	for _, h := range r.Herds {
		if want := map[string]int64{theFloor: 1, ours: 1, peer: int64(s.herd)}[h.Subject]; h.Requests != want {
			t.Errorf("%s sent %d requests for a herd, want %d", h.Subject, h.Requests, want)
		}
	}
	if len(r.Starts) != 3 {
		t.Errorf("got %d first tokens, want 3", len(r.Starts))
	}
}

func TestTablesNameEverySubject(t *testing.T) {
	var out bytes.Buffer
	r := report{Machine: "here", Hits: []hit{{Subject: ours, Tokens: 7, Nanos: 1500}}, Herds: []herd{{Subject: peer, Callers: 100}}, Starts: []start{{Subject: theFloor}}}
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"here", ours, peer, theFloor, "1.5 µs", "100"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, out.String())
		}
	}
}

func TestMissedExpectationsAreNamed(t *testing.T) {
	r := report{Hits: []hit{{Subject: ours, TimesFloor: 4, Allocs: 2}, {Subject: peer, TimesFloor: 99}}, Herds: []herd{{Subject: ours, Requests: 2}}}
	if got := r.missed(); len(got) != 3 {
		t.Errorf("got %q, want three", got)
	}
}

func TestUnknownFlagIsAUsageError(t *testing.T) {
	if code := run(t.Context(), []string{"-nonsense"}, &bytes.Buffer{}, &bytes.Buffer{}); code != 64 {
		t.Errorf("exit code %d, want 64", code)
	}
}
