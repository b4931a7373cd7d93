package httpcache

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"
)

// version is that of the file's format. Files of another version are not read:
// what is in them is soon asked again.
const version = 1

// How long an entry of a file can have been meant to live, at most. A longer
// life comes from a broken or forged file.
const (
	maxRefusal  = time.Hour
	maxDocument = 24 * time.Hour
)

type file struct {
	Version   int                  `json:"version"`
	Refusals  map[string]fileEntry `json:"refusals"`
	Documents map[string]fileEntry `json:"documents"`
}

type fileEntry struct {
	Value   string    `json:"value"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// ErrFormat reports data that Marshal has not written.
var ErrFormat = errors.New("not an HTTP cache of this version")

// Marshal returns all entries that still count, as JSON.
func (c *Cache) Marshal() ([]byte, error) {
	now := time.Now()
	return json.Marshal(file{Version: version, Refusals: c.Refusals.export(now), Documents: c.Documents.export(now)})
}

// Unmarshal replaces the content of c. Entries that cannot be right are left
// out. On ErrFormat nothing is changed.
func (c *Cache) Unmarshal(data []byte) error {
	var f file
	if err := json.Unmarshal(data, &f); err != nil || f.Version != version {
		return ErrFormat
	}
	now := time.Now()
	c.Refusals.replace(f.Refusals, now, maxRefusal)
	c.Documents.replace(f.Documents, now, maxDocument)
	return nil
}

func (s *Section) export(now time.Time) map[string]fileEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]fileEntry, len(s.entries))
	for k, e := range s.entries {
		if e.fresh(now) && !e.private {
			out[hex.EncodeToString(k[:])] = fileEntry{Value: string(e.value), Created: e.created.UTC(), Expires: e.expires.UTC()}
		}
	}
	return out
}

func (s *Section) replace(from map[string]fileEntry, now time.Time, longest time.Duration) {
	entries := make(map[Key]entry, min(len(from), MaxEntries))
	for name, f := range from {
		var k Key
		if n, err := hex.Decode(k[:], firstBytes(name, 2*len(k))); err != nil || n != len(k) || len(name) != 2*len(k) {
			continue
		}
		e := entry{value: []byte(f.Value), created: f.Created, expires: f.Expires}
		if !e.fresh(now) || len(e.value) > MaxValue || e.expires.Sub(e.created) > longest || len(entries) >= MaxEntries {
			continue
		}
		entries[k] = e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = entries
}

// firstBytes keeps hex.Decode from writing past its destination.
func firstBytes(s string, n int) []byte { return []byte(s[:min(n, len(s))]) }
