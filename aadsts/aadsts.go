// Package aadsts knows what the error numbers of Microsoft Entra ID mean: for
// each, what happened, what to do, who can do it, and the OAuth error that it
// comes with. It is a table for people and for tools that talk to people: the
// command "msal explain", the documentation and the emulator.
//
// Programs decide by package msal's Err… variables, not by these numbers:
// Microsoft may renumber its errors at any time. The words are this project's
// own; Source says where Microsoft documents a number.
//
//	catalog, err := aadsts.Load()
//	for _, e := range catalog.Find(pastedText) {
//		fmt.Println(e.Code, e.Meaning, e.Remedy)
//	}
package aadsts

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
)

// catalogFile is the only place that knows numbers, status codes and words.
//
//go:embed catalog.json
var catalogFile []byte

// Who can mend what went wrong.
type Who string

// Those who can. One error may be mended by several; the likeliest comes first.
const (
	Developer     Who = "developer"     // of the application
	Administrator Who = "administrator" // of the tenant, or of the person's own organization
	User          Who = "user"          // the person who signs in
	Microsoft     Who = "microsoft"     // nobody else: wait and try again
)

// Entry is what is known about one number. Its slices are shared: do not change
// them.
type Entry struct {
	Code       int      `json:"code"`                 // the number, without the letters AADSTS
	Meaning    string   `json:"meaning"`              // what happened, in a sentence
	Remedy     string   `json:"remedy"`               // what to do
	Who        []Who    `json:"who"`                  // who can do it
	Source     string   `json:"source,omitempty"`     // the page of learn.microsoft.com that documents the number; empty if Unverified
	Unverified bool     `json:"unverified,omitempty"` // no page of Microsoft's confirms the meaning; it is from recordings and reports
	Answers    []Answer `json:"answers"`              // the forms in which the number comes; at least one
}

// Answer is one form in which a number comes at an OAuth endpoint.
type Answer struct {
	Name     string `json:"name,omitempty"`     // by which the emulator knows it; empty if the emulator never sends it of its own accord
	Error    string `json:"error"`              // the OAuth error code, such as "invalid_grant"
	SubError string `json:"suberror,omitempty"` // such as "basic_action"
	Status   int    `json:"status"`             // HTTP status
	Text     string `json:"text,omitempty"`     // what the emulator says, with {placeholders}; empty without Name
	Verified bool   `json:"verified"`           // number and error were seen together in public documentation or recordings
}

// Catalog is the table. It is read-only and safe for concurrent use.
type Catalog struct {
	entries []Entry // by number
}

// Load reads the table, which is part of the program. It takes about a
// millisecond: keep the Catalog. It fails only if this package is damaged.
func Load() (*Catalog, error) {
	var c Catalog
	if err := json.Unmarshal(catalogFile, &c.entries); err != nil {
		return nil, fmt.Errorf("aadsts: read the catalog: %w", err)
	}
	slices.SortStableFunc(c.entries, func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
	return &c, nil
}

// Lookup returns what is known about a number, such as 50076.
func (c *Catalog) Lookup(code int) (Entry, bool) {
	at, ok := slices.BinarySearchFunc(c.entries, code, func(e Entry, code int) int { return cmp.Compare(e.Code, code) })
	if !ok {
		return Entry{}, false
	}
	return c.entries[at], true
}

// Find returns the entries for the numbers in a text, in the order in which
// they occur, each once. See Numbers for what counts as one; those that the
// catalog does not have are left out.
func (c *Catalog) Find(text string) []Entry {
	var found []Entry
	for _, n := range Numbers(text) {
		if e, ok := c.Lookup(n); ok {
			found = append(found, e)
		}
	}
	return found
}

// All yields every entry, by number.
func (c *Catalog) All() iter.Seq[Entry] { return slices.Values(c.entries) }

// URL is the page on which Microsoft shows its present text for a number,
// known to the catalog or not.
func URL(code int) string {
	return "https://login.microsoftonline.com/error?code=" + strconv.Itoa(code)
}
