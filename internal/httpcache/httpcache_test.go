package httpcache

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestKeysDifferWhenPartsDo(t *testing.T) {
	t.Parallel()
	keys := map[Key]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"ab", ""}, {"", "ab"}, {"a\x00b"}} {
		k := KeyOf(parts...)
		if other, twice := keys[k]; twice {
			t.Errorf("%q and %s have one key", parts, other)
		}
		keys[k] = fmt.Sprintf("%q", parts)
	}
	if again := KeyOf("a", "b"); keys[again] == "" {
		t.Error("the same parts make two keys")
	}
}

func TestEntriesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Section
		k := KeyOf("k")
		s.Put(k, []byte("v"), time.Minute)
		time.Sleep(time.Minute - time.Nanosecond)
		value, until, ok := s.Get(k)
		if !ok || string(value) != "v" || time.Until(until) != time.Nanosecond {
			t.Errorf("got %q until %v, %v", value, until, ok)
		}
		time.Sleep(time.Nanosecond)
		if _, _, ok := s.Get(k); ok {
			t.Error("an entry outlives its time")
		}
		if len(s.entries) != 0 {
			t.Error("an expired entry takes up room")
		}
	})
}

func TestUselessEntriesAreNotKept(t *testing.T) {
	t.Parallel()
	var s Section
	s.Put(KeyOf("zero"), nil, 0)
	s.Put(KeyOf("negative"), nil, -time.Second)
	s.Put(KeyOf("long"), make([]byte, MaxValue+1), time.Minute)
	if len(s.entries) != 0 {
		t.Errorf("%d entries are kept", len(s.entries))
	}
	s.Put(KeyOf("full"), make([]byte, MaxValue), time.Minute)
	if _, _, ok := s.Get(KeyOf("full")); !ok {
		t.Error("a value of the greatest length is not kept")
	}
}

func TestFullSectionDropsWhatExpiresFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s Section
		key := func(i int) Key { return KeyOf(fmt.Sprint(i)) }
		for i := range MaxEntries {
			s.Put(key(i), nil, time.Hour-time.Duration(i)*time.Second) // the last goes first
		}
		s.Put(key(-1), nil, time.Minute)
		if _, _, ok := s.Get(key(MaxEntries - 1)); ok || len(s.entries) != MaxEntries {
			t.Errorf("%d entries, the first to expire is there: %v", len(s.entries), ok)
		}
		s.Put(key(0), nil, time.Hour) // replaces
		if _, _, ok := s.Get(key(-1)); !ok {
			t.Error("a replacement displaced another entry")
		}
		time.Sleep(50 * time.Minute) // most have expired by now
		s.Put(key(-2), nil, time.Minute)
		if len(s.entries) > 601 {
			t.Errorf("%d entries: the expired ones take up room", len(s.entries))
		}
	})
}

func TestFileKeepsWhatStillCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b Cache
		a.Refusals.Put(KeyOf("r"), []byte("refused"), time.Minute)
		a.Refusals.PutPrivate(KeyOf("p"), []byte("private"), time.Minute)
		a.Refusals.Put(KeyOf("gone"), nil, time.Second)
		a.Documents.Put(KeyOf("d"), []byte(`{"issuer":"x"}`), 24*time.Hour)
		time.Sleep(2 * time.Second)
		data, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		b.Documents.Put(KeyOf("old"), nil, time.Hour)
		if err := b.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		value, until, ok := b.Refusals.Get(KeyOf("r"))
		if !ok || string(value) != "refused" || time.Until(until) != 58*time.Second {
			t.Errorf("got %q until %v, %v", value, until, ok)
		}
		if value, _, _ := b.Documents.Get(KeyOf("d")); string(value) != `{"issuer":"x"}` {
			t.Errorf("the document became %q", value)
		}
		if len(b.Refusals.entries) != 1 || len(b.Documents.entries) != 1 {
			t.Errorf("%d refusals and %d documents, want one each", len(b.Refusals.entries), len(b.Documents.entries))
		}
	})
}

func TestEntriesFromTheFutureDoNotCount(t *testing.T) {
	var data []byte
	synctest.Test(t, func(t *testing.T) { // in a bubble the year is 2000
		var later Cache
		time.Sleep(time.Hour)
		later.Refusals.Put(KeyOf("r"), nil, time.Minute)
		var err error
		if data, err = later.Marshal(); err != nil {
			t.Fatal(err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // an hour earlier: the clock was set back
		var c Cache
		if err := c.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		if _, _, ok := c.Refusals.Get(KeyOf("r")); ok {
			t.Error("an entry from the future counts")
		}
	})
}

func TestCorruptFilesChangeNothing(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{", "null", "[]", "7", `"x"`, "\x00\xff", "{}", `{"version":2}`, `{"version":"1"}`,
		`{"version":1,"refusals":[]}`, `{"version":1,"refusals":{"00":{"value":7}}}`, `{"version":1,"documents":{"00":{"created":"yesterday"}}}`} {
		var c Cache
		c.Refusals.Put(KeyOf("r"), nil, time.Minute)
		if err := c.Unmarshal([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: got %v, want ErrFormat", bad, err)
		}
		if _, _, ok := c.Refusals.Get(KeyOf("r")); !ok {
			t.Errorf("%q changed the cache", bad)
		}
	}
}

func TestEntriesThatCannotBeRightAreLeftOut(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("a", 64)
	at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
	entry := func(key, created, expires, value string) string {
		return fmt.Sprintf(`{"version":1,"refusals":{%q:{"value":%q,"created":%q,"expires":%q}}}`, key, value, created, expires)
	}
	for name, tc := range map[string]struct {
		data string
		want int
	}{
		"right":         {entry(good, at(-time.Minute), at(time.Minute), "dg=="), 1},
		"short key":     {entry("aa", at(-time.Minute), at(time.Minute), "dg=="), 0},
		"long key":      {entry(good+"aa", at(-time.Minute), at(time.Minute), "dg=="), 0},
		"odd key":       {entry(good[:63], at(-time.Minute), at(time.Minute), "dg=="), 0},
		"no hex":        {entry(good[:63]+"g", at(-time.Minute), at(time.Minute), "dg=="), 0},
		"expired":       {entry(good, at(-time.Hour), at(-time.Minute), "dg=="), 0},
		"future":        {entry(good, at(time.Minute), at(time.Hour), "dg=="), 0},
		"for ever":      {entry(good, at(-time.Minute), at(1000*time.Hour), "dg=="), 0},
		"no creation":   {`{"version":1,"refusals":{"` + good + `":{"expires":"` + at(time.Minute) + `"}}}`, 0},
		"much too long": {entry(good, at(-time.Minute), at(time.Minute), strings.Repeat("AAAA", MaxValue)), 0},
	} {
		var c Cache
		if err := c.Unmarshal([]byte(tc.data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(c.Refusals.entries) != tc.want {
			t.Errorf("%s: %d entries, want %d", name, len(c.Refusals.entries), tc.want)
		}
	}
}

func TestFileOfManyEntriesIsBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	now := time.Now()
	b.WriteString(`{"version":1,"documents":{`)
	for i := range 3 * MaxEntries {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%064x":{"created":%q,"expires":%q}`, i, now.Add(-time.Second).UTC().Format(time.RFC3339Nano), now.Add(time.Hour).UTC().Format(time.RFC3339Nano))
	}
	b.WriteString("}}")
	var c Cache
	if err := c.Unmarshal([]byte(b.String())); err != nil || len(c.Documents.entries) != MaxEntries {
		t.Errorf("%d entries, %v; want %d", len(c.Documents.entries), err, MaxEntries)
	}
}

func TestCacheIsSafeForManyGoroutines(t *testing.T) {
	t.Parallel()
	var c Cache
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				k := KeyOf(fmt.Sprint(i, j))
				c.Refusals.Put(k, []byte("v"), time.Minute)
				c.Refusals.Get(k)
				if data, err := c.Marshal(); err != nil {
					t.Error(err)
				} else if i == 0 && j%10 == 0 {
					if err := c.Unmarshal(data); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func FuzzUnmarshal(f *testing.F) {
	var c Cache
	c.Refusals.Put(KeyOf("r"), []byte("v"), time.Minute)
	c.Documents.Put(KeyOf("d"), []byte("w"), time.Hour)
	seed, err := c.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("{}"))
	f.Add([]byte(`{"version":1,"refusals":{"0":{}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c, again Cache
		if c.Unmarshal(data) != nil {
			return
		}
		first, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Unmarshal(first); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if second, err := again.Marshal(); err != nil || !bytes.Equal(first, second) && len(first) < len(second) {
			t.Errorf("%s became %s (%v)", first, second, err)
		}
	})
}
