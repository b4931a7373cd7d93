package redisstore

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

func TestScriptsKnowTheFrame(t *testing.T) {
	t.Parallel()
	if markLenText != strconv.Itoa(markLen) || headLenText != strconv.Itoa(headLen) {
		t.Errorf("the scripts have %s and %s; want %d and %d", markLenText, headLenText, markLen, headLen)
	}
	if v := newVersion(); len(v) != versionLen || v == newVersion() {
		t.Errorf("version %q; want %d letters, and others the next time", v, versionLen)
	}
}

// FuzzDecode: whatever is in Redis is refused, or comes out as it went in.
func FuzzDecode(f *testing.F) {
	good := frame{version: newVersion(), expires: time.UnixMilli(1795249138546), value: []byte("value\x00\n")}
	f.Add(good.encode())
	f.Add((&frame{version: newVersion(), value: []byte("{}")}).encode())
	f.Add(good.encode()[:headLen])
	f.Add([]byte("msal1:"))
	f.Add([]byte(`{"AccessToken":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := decode(b)
		if !ok {
			return
		}
		if len(got.version) != versionLen || strings.Trim(string(got.version), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Errorf("version %q", got.version)
		}
		if again := got.encode(); !bytes.Equal(again, b) {
			t.Errorf("%q comes back as %q", b, again)
		}
	})
}

// The vector is that of the Redis Cluster specification, appendix A.
func TestSlotIsThatOfTheSpecification(t *testing.T) {
	t.Parallel()
	if s := slot("123456789"); s != 0x31c3%16384 {
		t.Errorf("slot %#x; want 0x31c3", s)
	}
}

func TestOneCallerTriesAfterAnOutage(t *testing.T) {
	t.Parallel()
	o := &outages{pause: time.Second, claim: 2 * time.Second}
	now := time.Now()
	ask := func(after time.Duration) bool { may, _ := o.ask("x", now.Add(after)); return may }
	if !ask(0) {
		t.Error("Redis may not be asked, although nothing has happened")
	}
	o.note("x", false, now)
	if ask(time.Second - 1) {
		t.Error("Redis is asked during the pause")
	}
	if !ask(time.Second) || ask(time.Second) || ask(3*time.Second) {
		t.Error("not one caller tries after the pause")
	}
	if !ask(4 * time.Second) {
		t.Error("nobody tries again when the one who did is not heard of")
	}
	if o.giveUp("x", now.Add(5*time.Second)); !ask(5*time.Second) || ask(5*time.Second) {
		t.Error("not one caller tries when the one who did gives up")
	}
	o.note("x", true, now)
	if first := ask(0); !first || !ask(0) {
		t.Error("Redis is not asked although it has answered")
	}
}

func TestMemoForgetsWhatMayHaveChanged(t *testing.T) {
	t.Parallel()
	const key, v1, v2 = "x", cache.Version("1"), cache.Version("2")
	now := time.Now()
	for name, tc := range map[string]struct {
		do   func(m *memo)
		want bool // whether the partition is known to be at v1
	}{
		"seen":                      {func(m *memo) { m.saw(key, m.begin(key, now), v1, time.Time{}) }, true},
		"written":                   {func(m *memo) { m.wrote(key, m.begin(key, now), v1, time.Time{}) }, true},
		"not listening":             {func(m *memo) { m.listen(false); m.saw(key, m.begin(key, now), v1, time.Time{}) }, false},
		"listening again":           {func(m *memo) { m.saw(key, m.begin(key, now), v1, time.Time{}); m.listen(true) }, false},
		"listening again meanwhile": {func(m *memo) { since := m.begin(key, now); m.listen(true); m.saw(key, since, v1, time.Time{}) }, false},
		"announced":                 {func(m *memo) { m.saw(key, m.begin(key, now), v1, time.Time{}); m.forget(key) }, false},
		"announced meanwhile":       {func(m *memo) { since := m.begin(key, now); m.forget(key); m.saw(key, since, v1, time.Time{}) }, false},
		"two writers at once": {func(m *memo) {
			a, b := m.begin(key, now), m.begin(key, now)
			m.wrote(key, a, v2, time.Time{})
			m.wrote(key, b, v1, time.Time{})
		}, false},
		"old":             {func(m *memo) { m.saw(key, m.begin(key, now.Add(-time.Minute)), v1, time.Time{}) }, false},
		"expired":         {func(m *memo) { m.saw(key, m.begin(key, now), v1, now) }, false},
		"another version": {func(m *memo) { m.saw(key, m.begin(key, now), v2, time.Time{}) }, false},
		"absent": {func(m *memo) {
			m.saw(key, m.begin(key, now), v1, time.Time{})
			m.saw(key, m.begin(key, now), "", time.Time{})
		}, false},
	} {
		m := newMemo(time.Minute)
		m.listen(true)
		tc.do(m)
		if got := m.unchanged(key, v1, now); got != tc.want {
			t.Errorf("%s: known %v; want %v", name, got, tc.want)
		}
	}
	m := newMemo(time.Minute)
	m.max = 10
	m.listen(true)
	for i := range 100 {
		k := strconv.Itoa(i)
		m.saw(k, m.begin(k, now), v1, time.Time{})
	}
	if len(m.known) != 10 || !m.unchanged("99", v1, now) {
		t.Errorf("%d entries; want the bound, with the newest", len(m.known))
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := error(&Error{Op: "load", Key: "user.x", Kind: ErrFull, Hint: "raise it", Err: cause})
	if !errors.Is(err, ErrFull) || !errors.Is(err, cause) || errors.Is(err, ErrDenied) {
		t.Error("the error does not unwrap to its kind and its cause")
	}
	if want := "redisstore: load user.x: the server is out of memory: cause; raise it"; err.Error() != want {
		t.Errorf("%q; want %q", err, want)
	}
}
