package imds

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// machine answers as the metadata service, in memory.
type machine struct {
	status int
	body   string
	header http.Header
	delay  time.Duration
	asked  atomic.Int32
	t      *testing.T
}

func (m *machine) RoundTrip(r *http.Request) (*http.Response, error) {
	m.asked.Add(1)
	if r.Method != http.MethodGet || r.URL.String() != regionURL || r.Header.Get("Metadata") != "true" || r.Body != nil {
		m.t.Errorf("asked %s %s, header %v", r.Method, r.URL, r.Header)
	}
	select {
	case <-time.After(m.delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	for name, values := range m.header {
		w.Header()[name] = values
	}
	w.WriteHeader(m.status)
	_, _ = io.WriteString(w, m.body)
	return w.Result(), nil
}

func (m *machine) client() *Client { return New(&http.Client{Transport: m}) }

func TestRegionIsAskedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{t: t, status: 200, body: `{"location":"westus2","name":"vm"}`, delay: time.Second}
		c := m.client()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if region, err := c.Region(t.Context()); region != "westus2" || err != nil {
					t.Errorf("got %q, %v", region, err)
				}
			})
		}
		wg.Wait()
		time.Sleep(48 * time.Hour)
		if region, err := c.Region(t.Context()); region != "westus2" || err != nil {
			t.Errorf("later: %q, %v", region, err)
		}
		if n := m.asked.Load(); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
	})
}

func TestSilenceTakesTwoSecondsOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{t: t, status: 200, body: `{"location":"westus2"}`, delay: time.Hour}
		c := m.client()
		started := time.Now()
		for range 3 {
			if region, err := c.Region(t.Context()); region != "" || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %q, %v; want a time-out", region, err)
			}
		}
		if took := time.Since(started); took != timeout {
			t.Errorf("three questions took %v, want %v", took, timeout)
		}
		m.delay = 0
		time.Sleep(retryAfter)
		if region, err := c.Region(t.Context()); region != "westus2" || err != nil {
			t.Errorf("after an hour: %q, %v", region, err)
		}
	})
}

func TestWhoGivesUpTeachesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{t: t, status: 200, body: `{"location":"westus2"}`, delay: time.Second}
		c := m.client()
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Region(hasty); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's own deadline", err)
		}
		synctest.Wait() // the question that nobody waits for has ended
		if region, err := c.Region(t.Context()); region != "westus2" || err != nil {
			t.Errorf("the next caller: %q, %v", region, err)
		}
	})
}

func TestBadAnswersNameNoRegion(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*machine{
		"not found":   {status: 404, body: `{"location":"westus2"}`},
		"gone wrong":  {status: 500},
		"empty":       {status: 200},
		"not JSON":    {status: 200, body: "westus2"},
		"HTML":        {status: 200, body: "<html>"},
		"no location": {status: 200, body: `{"name":"vm"}`},
		"a number":    {status: 200, body: `{"location":7}`},
		"an array":    {status: 200, body: `["westus2"]`},
		"too large":   {status: 200, body: `{"location":"westus2","x":"` + strings.Repeat("a", maxBody) + `"}`},
	} {
		m.t = t
		region, err := m.client().Region(t.Context())
		var status *StatusError
		if region != "" || !errors.As(err, &status) || status.Status != m.status {
			t.Errorf("%s: %q, %v; want a StatusError", name, region, err)
		}
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	m := &machine{t: t, status: 302, header: http.Header{"Location": {"http://evil.example/"}}}
	if _, err := m.client().Region(t.Context()); !errors.Is(err, ErrRedirect) || m.asked.Load() != 1 {
		t.Errorf("got %v after %d requests", err, m.asked.Load())
	}
}

func TestOwnTransportUsesNoProxy(t *testing.T) {
	t.Parallel()
	transport, ok := New(nil).http.Transport.(*http.Transport)
	if !ok || transport.Proxy != nil {
		t.Errorf("the transport is %T with a proxy", New(nil).http.Transport)
	}
}

func FuzzDocument(f *testing.F) {
	for _, s := range []string{`{"location":"westus2"}`, "", "{}", "null", `{"location":null}`, `{"location":["a"]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if region, ok := parse(body); ok == (region == "") {
			t.Fatalf("%q: %q, %v", body, region, ok)
		}
	})
}
