// Command testsum reads the output of "go test -json" and writes what a person
// wants to see of it: a line for each package, everything that failing tests
// said, and every skipped test with its reason. Its exit code is 1 when
// anything failed, or when no test ran at all.
//
//	go test -json ./... | testsum -counts FILE
//
// FILE gets one line with the number of tests (and subtests) that passed,
// failed and were skipped.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// An event is one line of go test -json (go doc test2json), or of the build
// before it (go help buildjson).
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

type testName struct{ pkg, test string }

// A summary is what has been read so far.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[testName][]string // of tests that have not ended
	perPackage              map[string]int        // tests that ran
	failedIn                map[string]bool       // packages with a failed test
	skips                   []string
}

func main() {
	counts := flag.String("counts", "", "write the three numbers to this `file`")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *counts); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

var errFailed = errors.New("some tests failed")

func run(in io.Reader, out io.Writer, counts string) error {
	s := summary{out: out, output: map[testName][]string{}, perPackage: map[string]int{}, failedIn: map[string]bool{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			s.read(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	for _, skip := range s.skips {
		fmt.Fprintln(out, "      skipped", skip)
	}
	if counts != "" {
		text := fmt.Sprintf("%d %d %d\n", s.passed, s.failed, s.skipped)
		if err := os.WriteFile(counts, []byte(text), 0o644); err != nil {
			return err
		}
	}
	switch {
	case s.failed > 0:
		return errFailed
	case s.passed+s.skipped == 0:
		return errors.New("no test ran")
	}
	return nil
}

func (s *summary) read(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
		io.WriteString(s.out, "      "+line) // the go command itself spoke
		return
	}
	name := testName{e.Package, e.Test}
	switch e.Action {
	case "output":
		s.output[name] = append(s.output[name], e.Output)
	case "build-output":
		io.WriteString(s.out, "      "+e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e)
		}
		delete(s.output, name)
	}
}

func (s *summary) endTest(e event) {
	s.perPackage[e.Package]++
	said := s.output[testName{e.Package, e.Test}]
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(said)))
	case "fail":
		s.failed++
		s.failedIn[e.Package] = true
		for _, l := range said {
			io.WriteString(s.out, "      "+l)
		}
	}
}

func (s *summary) endPackage(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(s.out, "ok    %-60s %5d tests %6.1fs\n", e.Package, s.perPackage[e.Package], e.Elapsed)
	case "fail":
		if !s.failedIn[e.Package] {
			// It did not build, panicked, or ran into the time-out.
			s.failed++
		}
		for name, said := range s.output {
			if name.pkg == e.Package {
				for _, l := range said {
					io.WriteString(s.out, "      "+l)
				}
				delete(s.output, name)
			}
		}
		fmt.Fprintf(s.out, "FAIL  %-60s %5d tests %6.1fs\n", e.Package, s.perPackage[e.Package], e.Elapsed)
	}
}

// reason is what a skipped test said, without the frame that go test puts
// around it.
func reason(said []string) string {
	var words []string
	for _, l := range said {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "=== ") || strings.HasPrefix(l, "--- ") {
			continue
		}
		if _, text, ok := strings.Cut(l, ".go:"); ok {
			if _, text, ok = strings.Cut(text, ": "); ok {
				l = text
			}
		}
		words = append(words, l)
	}
	return strings.Join(words, " ")
}
