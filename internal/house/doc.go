// Package house holds the rules of this repository as tests: which package may
// import which, what may be depended on, how long a file may grow, what a
// package must say about itself, and what no file may contain. It exports
// nothing; everything is in its test files, one file per family of rules.
//
// Each rule is a function from sources to findings. One test applies it to the
// repository; a second one feeds it a bad example and fails unless the rule
// fires, so that no rule can fall silent unnoticed.
//
// A rule that is in the way is changed here, in the open, with a reason beside
// it. CONTRIBUTING.md has the rules in prose.
package house
