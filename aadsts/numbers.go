package aadsts

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxNumbers bounds what Numbers returns: no log has more errors than anybody
// would read about.
const maxNumbers = 100

// maxDigits is enough for any number of Entra's and fits an int32.
const maxDigits = 9

// A number is written as AADSTS50076, as a member of "error_codes", quotes
// escaped or not, or in the link of error_uri.
var (
	written = regexp.MustCompile(`(?i)aadsts[ #_-]?([0-9]+)`)
	linked  = regexp.MustCompile(`/error\?code=([0-9]+)`)
	listed  = regexp.MustCompile(`error_codes[\s\\"':=]*\[([^\]]{0,500})\]`)
	digits  = regexp.MustCompile(`[0-9]+`)
	bare    = regexp.MustCompile(`^[\s,;0-9]+$`)
)

// Numbers returns the error numbers in a text, known or not, in the order in
// which they occur and each once, at most 100: "AADSTS50076" in a log, the
// "error_codes" of a JSON answer, the code of an error_uri. Of other digits,
// such as times and ids, a text that has nothing else counts: "50076, 53003".
func Numbers(text string) []int {
	type place struct{ at, number int }
	var places []place
	add := func(from, to int) {
		if n, ok := number(text[from:to]); ok {
			places = append(places, place{from, n})
		}
	}
	for _, pattern := range []*regexp.Regexp{written, linked} {
		for _, m := range pattern.FindAllStringSubmatchIndex(text, -1) {
			add(m[2], m[3])
		}
	}
	for _, m := range listed.FindAllStringSubmatchIndex(text, -1) {
		for _, d := range digits.FindAllStringIndex(text[m[2]:m[3]], -1) {
			add(m[2]+d[0], m[2]+d[1])
		}
	}
	if bare.MatchString(text) {
		for _, d := range digits.FindAllStringIndex(text, -1) {
			add(d[0], d[1])
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	var out []int
	seen := map[int]bool{}
	for _, p := range places {
		if !seen[p.number] && len(out) < maxNumbers {
			seen[p.number] = true
			out = append(out, p.number)
		}
	}
	return out
}

func number(text string) (int, bool) {
	text = strings.TrimLeft(text, "0")
	if text == "" || len(text) > maxDigits {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
