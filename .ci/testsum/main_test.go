package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func lines(events ...string) string { return strings.Join(events, "\n") + "\n" }

func TestSummary(t *testing.T) {
	t.Parallel()
	passing := lines(
		`{"Action":"start","Package":"p"}`,
		`{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}`,
		`{"Action":"pass","Package":"p","Elapsed":0.2}`)
	for _, tc := range []struct {
		name, in, counts string
		ok               bool
		shown, hidden    string
	}{
		{"passing tests are one line", passing, "1 0 0\n", true, "ok    p ", "chatter"},
		{"failing tests speak", lines(
			`{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: wrong\n"}`,
			`{"Action":"fail","Package":"p","Test":"TestA"}`,
			`{"Action":"fail","Package":"p"}`), "0 1 0\n", false, "a_test.go:1: wrong", ""},
		{"skipped tests give their reason", passing + lines(
			`{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}`,
			`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:1: no browser\n"}`,
			`{"Action":"skip","Package":"p","Test":"TestB"}`), "1 0 1\n", true, "skipped p TestB: no browser\n", "b_test.go"},
		{"a package that does not build fails", lines(
			`{"ImportPath":"p","Action":"build-output","Output":"a.go:1: undefined: x\n"}`,
			`{"ImportPath":"p","Action":"build-fail"}`,
			`{"Action":"fail","Package":"p","FailedBuild":"p"}`), "0 1 0\n", false, "undefined: x", ""},
		{"a panic fails and speaks", lines(
			`{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oh\n"}`,
			`{"Action":"fail","Package":"p"}`), "0 1 0\n", false, "panic: oh", ""},
		{"the go command's own words are shown", passing + "go: downloading\n", "1 0 0\n", true, "go: downloading", ""},
		{"no test is a failure", lines(`{"Action":"pass","Package":"p"}`), "0 0 0\n", false, "", ""},
		{"nothing is a failure", "", "0 0 0\n", false, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "counts")
			var out strings.Builder
			if err := run(strings.NewReader(tc.in), &out, file); (err == nil) != tc.ok {
				t.Errorf("error %v, want none: %v", err, tc.ok)
			} else if strings.HasPrefix(tc.counts, "0 1") && !errors.Is(err, errFailed) {
				t.Errorf("error %v, want %v", err, errFailed)
			}
			counts, err := os.ReadFile(file)
			if err != nil || string(counts) != tc.counts {
				t.Errorf("counts %q, %v; want %q", counts, err, tc.counts)
			}
			if !strings.Contains(out.String(), tc.shown) || tc.hidden != "" && strings.Contains(out.String(), tc.hidden) {
				t.Errorf("output:\n%s\nwant %q and not %q", &out, tc.shown, tc.hidden)
			}
		})
	}
}
