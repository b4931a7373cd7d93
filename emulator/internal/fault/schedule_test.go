package fault

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestScheduleSkipsCountsAndEnds(t *testing.T) {
	t.Parallel()
	var s Schedule[string]
	s.Add(Match{Method: "POST"}, 1, 2, "a")
	s.Add(Match{}, 0, 0, "b")
	s.Add(Match{Host: "h"}, 0, -1, "c")
	if s.Pending() != 2 {
		t.Errorf("%d pending, want 2", s.Pending())
	}
	var got string
	for _, r := range []Match{{Method: "POST"}, {Method: "POST"}, {Method: "GET"}, {Method: "post"}, {Method: "POST"}, {Host: "H"}, {Host: "h"}} {
		f, ok := s.Take(r)
		if !ok {
			f = "-"
		}
		got += f
	}
	if got != "ba-a-cc" {
		t.Errorf("took %s, want ba-a-cc", got)
	}
	s.Clear()
	if _, ok := s.Take(Match{Host: "h"}); ok || s.Pending() != 0 {
		t.Error("something is left")
	}
}

func TestMatchComparesEveryField(t *testing.T) {
	t.Parallel()
	full := Match{Method: "POST", Host: "h", Endpoint: "token", Path: "/t/token", Grant: "g", ClientID: "c", User: "u"}
	if !full.Fits(full) || !(Match{}).Fits(full) || !(Match{Path: "/TOKEN"}).Fits(full) {
		t.Error("a match does not fit itself")
	}
	for _, m := range []Match{{Method: "x"}, {Host: "x"}, {Endpoint: "x"}, {Path: "x"}, {Grant: "x"}, {ClientID: "x"}, {User: "x"}} {
		if m.Fits(full) {
			t.Errorf("%+v fits", m)
		}
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		before := time.Now()
		if err := Wait(t.Context(), time.Minute); err != nil || time.Since(before) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(before))
		}
		if err := Wait(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
}

func TestTruncatedAnswersKeepTheirHeader(t *testing.T) {
	t.Parallel()
	r := NewRecorder()
	r.Header().Set("X-A", "1")
	r.WriteHeader(418)
	_, _ = r.Write([]byte("teapot"))
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the connection was not broken")
			}
		}()
		r.SendTruncated(w, 3)
	}()
	if w.Code != 418 || w.Body.String() != "tea" || w.Header().Get("Content-Length") != "6" || w.Header().Get("X-A") != "1" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}
