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

// hasUpper looks at eight bytes at a time, as scopes are long and nearly always
// in lower case.
func hasUpper(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		low := w &^ highs
		// The high bit of each byte: at least 'A', and not more than 'Z'.
		if (low+ones*(0x80-'A'))&^(low+ones*(0x80-'Z'-1))&^w&highs != 0 {
			return true
		}
	}
	for ; i < len(s); i++ {
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

// A list of words is joined by single blanks; see words.

// wordEnd returns the end of the word that begins at i.
func wordEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], ' '); n >= 0 {
		return i + n
	}
	return len(s)
}

// words makes a list of words of a target, which other libraries may have
// written with other white space.
func words(target string) string {
	if !strings.ContainsAny(target, "\t\n\r") && !strings.Contains(target, "  ") && strings.Trim(target, " ") == target {
		return target
	}
	return strings.Join(strings.Fields(target), " ")
}

// hasScopes reports whether words has all the scopes that are asked for. It
// looks for each behind the one before first, so that two lists in the same
// order take one pass.
func hasScopes(words string, asked []string) bool {
	if len(asked) == 1 && words == asked[0] {
		return true
	}
	at := 0
	for _, scope := range asked {
		end := findWord(words, scope, at, len(words))
		if end < 0 && at > 0 {
			end = findWord(words, scope, 0, at)
		}
		if end < 0 {
			return false
		}
		at = min(end+1, len(words))
	}
	return true
}

// findWord returns the end of the word that equals scope and begins in
// words[from:to], or -1. A word begins at from.
func findWord(words, scope string, from, to int) int {
	for from < to {
		end := wordEnd(words, from)
		if equalFold(words[from:end], scope) {
			return end
		}
		from = end + 1
	}
	return -1
}

// target joins scopes as the family does: sorted, with their letter case.
func target(scope string) string {
	words := strings.Fields(scope)
	slices.Sort(words)
	return strings.Join(words, " ")
}
