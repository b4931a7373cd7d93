package tokencache

import (
	"slices"
	"strings"
)

// Scopes are compared without regard to the case of ASCII letters: Entra does
// so, and the family's cache keys are lower-cased.

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b += 'a' - 'A'
	}
	return b
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if s[i]-'A' <= 'Z'-'A' {
			return true
		}
	}
	return false
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	if a == b {
		return true
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// nextWord returns the bounds of the first word of s that starts at or after i;
// start is len(s) when there is none.
func nextWord(s string, i int) (start, end int) {
	for i < len(s) && isBlank(s[i]) {
		i++
	}
	start = i
	for i < len(s) && !isBlank(s[i]) {
		i++
	}
	return start, i
}

// hasScopes reports whether words has all the scopes that are asked for. It
// looks for each behind the one before first, so that two lists in the same
// order take one pass.
func hasScopes(words string, asked []string) bool {
	at := 0
	for _, scope := range asked {
		end := findWord(words, scope, at, len(words))
		if end < 0 && at > 0 {
			end = findWord(words, scope, 0, at)
		}
		if end < 0 {
			return false
		}
		at = end
	}
	return true
}

// findWord returns the end of the word that equals scope and begins in
// words[from:to], or -1.
func findWord(words, scope string, from, to int) int {
	for from < to {
		start, end := nextWord(words, from)
		if start < to && equalFold(words[start:end], scope) {
			return end
		}
		from = end
	}
	return -1
}

// target joins scopes as the family does: sorted, with their letter case.
func target(scope string) string {
	words := strings.Fields(scope)
	slices.Sort(words)
	return strings.Join(words, " ")
}
