package jwtview

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// Entry is a header parameter or claim as it is shown.
type Entry struct {
	Name    string
	Value   string    // clean text
	Meaning string    // may be empty
	At      time.Time // of a time; zero for others and for times out of range
}

// HeaderEntries lists the header, the well-known parameters first.
func (t Token) HeaderEntries() []Entry { return entries(t.Header, headerWords[:]) }

// ClaimEntries lists the claims, the well-known ones first.
func (t Token) ClaimEntries() []Entry { return entries(t.Claims, claimWords[:]) }

func entries(values map[string]any, words []word) []Entry {
	var list []Entry
	known := map[string]bool{}
	for _, w := range words {
		known[w.name] = true
		v, ok := values[w.name]
		if !ok {
			continue
		}
		e := Entry{Name: w.name, Value: show(v), Meaning: w.meaning}
		if w.time {
			e.At, _ = numericDate(v)
		}
		list = append(list, e)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !known[name] {
			list = append(list, Entry{Name: terminal.Clean(name), Value: show(values[name])})
		}
	}
	return list
}

// show is a JSON value on one line.
func show(v any) string {
	switch v := v.(type) {
	case string:
		return terminal.Clean(v)
	case json.Number:
		return v.String()
	case []any:
		if text, ok := joinStrings(v); ok {
			return text
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return terminal.Clean(string(data))
}

func joinStrings(list []any) (string, bool) {
	texts := make([]string, len(list))
	for i, item := range list {
		s, ok := item.(string)
		if !ok {
			return "", false
		}
		texts[i] = terminal.Clean(s)
	}
	return strings.Join(texts, ", "), len(list) > 0
}

// lastEpoch is the end of the year 9999, beyond which nothing is a date.
const lastEpoch = 253402300799

// numericDate reads seconds since 1970, which may have a fraction.
func numericDate(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || math.IsNaN(f) || f <= 0 || f > lastEpoch {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

func (t Token) text(claim string) string {
	s, _ := t.Claims[claim].(string)
	return s
}

// graphResource is the application id of Microsoft Graph.
const graphResource = "00000003-0000-0000-c000-000000000000"

// notYet is how far the clocks of two machines may be apart.
const notYet = 5 * time.Minute

// Notes are remarks on what is unusual about a token. The first is always that
// the signature was not checked.
func (t Token) Notes(now time.Time) []string {
	notes := []string{"signature not checked: anybody can write a token that looks like this"}
	times := output.Times{Now: now}
	alg, _ := t.Header["alg"].(string)
	if strings.EqualFold(alg, "none") || !t.Signed {
		notes = append(notes, "not signed at all: nobody must accept it")
	}
	exp, ok := numericDate(t.Claims["exp"])
	switch {
	case !ok:
		notes = append(notes, "no readable expiry (exp): nobody should accept it")
	case !now.Before(exp):
		notes = append(notes, "expired "+times.Relative(exp))
	}
	if nbf, ok := numericDate(t.Claims["nbf"]); ok && nbf.After(now.Add(notYet)) {
		notes = append(notes, "not valid before "+times.Full(nbf)+"; is the clock of this machine right?")
	}
	if aud := strings.TrimSuffix(t.text("aud"), "/"); aud == graphResource || aud == "https://graph.microsoft.com" {
		notes = append(notes, "a token for Microsoft Graph: only Graph can check its signature, and only Graph should look inside")
	}
	if t.text("ver") == "1.0" || strings.HasPrefix(t.text("iss"), "https://sts.windows.net/") {
		notes = append(notes, "a version 1.0 token: its issuer is not that of the v2.0 metadata")
	}
	return notes
}

// Times lists the claims that are times, for programs.
func (t Token) Times(now time.Time) map[string]output.Instant {
	list := map[string]output.Instant{}
	for _, e := range t.ClaimEntries() {
		if !e.At.IsZero() {
			list[e.Name] = output.NewInstant(e.At, now)
		}
	}
	return list
}
