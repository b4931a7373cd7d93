package httpx

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		value string
		want  time.Duration
	}{
		{"", 0}, {"0", 0}, {"17", 17 * time.Second}, {" 17 ", 17 * time.Second}, {"007", 7 * time.Second},
		{"86400", 24 * time.Hour}, {"86401", 24 * time.Hour}, {strings.Repeat("9", 40), 24 * time.Hour},
		{"-5", 0}, {"+5", 0}, {"1.5", 0}, {"1e3", 0}, {"5s", 0}, {"soon", 0}, {"5, 6", 0},
		{"Fri, 02 Jan 2026 03:04:35 GMT", 30 * time.Second},
		{"Friday, 02-Jan-26 03:04:35 GMT", 30 * time.Second},
		{"Fri Jan  2 03:04:35 2026", 30 * time.Second},
		{"Fri, 02 Jan 2026 03:04:00 GMT", 0},
		{"Fri, 02 Jan 2099 03:04:00 GMT", 24 * time.Hour},
	} {
		if got := RetryAfter(http.Header{"Retry-After": {tc.value}}, now); got != tc.want {
			t.Errorf("RetryAfter(%q) = %v, want %v", tc.value, got, tc.want)
		}
	}
	if got := RetryAfter(nil, now); got != 0 {
		t.Errorf("RetryAfter of no header = %v", got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("17")
	f.Add("Fri, 02 Jan 2026 03:04:35 GMT")
	f.Add("99999999999999999999")
	f.Fuzz(func(t *testing.T, value string) {
		got := RetryAfter(http.Header{"Retry-After": {value}}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		if got < 0 || got > maxRetryAfter {
			t.Errorf("RetryAfter(%q) = %v", value, got)
		}
	})
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestCorrelationIDIsARandomUUID(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]io.Reader{
		"default": nil, "zeros": bytes.NewReader(make([]byte, 16)), "ones": bytes.NewReader(bytes.Repeat([]byte{0xff}, 16)),
		"failing": iotest.ErrReader(errors.New("no entropy")), "short": strings.NewReader("abc"),
	} {
		if got := NewCorrelationID(r); !uuid4.MatchString(got) {
			t.Errorf("%s: %q is no version 4 UUID", name, got)
		}
	}
	if got := NewCorrelationID(bytes.NewReader(make([]byte, 16))); got != "00000000-0000-4000-8000-000000000000" {
		t.Errorf("the reader is not used: %q", got)
	}
	c := New(Config{Random: bytes.NewReader(make([]byte, 16))})
	if got := c.NewCorrelationID(); got != "00000000-0000-4000-8000-000000000000" {
		t.Errorf("the client's reader is not used: %q", got)
	}
	if first, second := NewCorrelationID(nil), NewCorrelationID(nil); first == second {
		t.Error("two ids are equal")
	}
}

func TestLogNamesTheExchangeAndNothingPrivate(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	srv, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, secret) })
	c := New(Config{HTTP: srv.Client(), Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	h := http.Header{"Authorization": {secret}}
	h.Set(CorrelationHeader, "corr-1")
	if _, err := c.PostForm(t.Context(), srv.URL+"/userrealm/jane@contoso.com/x?code="+secret, "password="+secret, h); err != nil {
		t.Fatal(err)
	}
	srv.Close()
	if _, err := c.Get(t.Context(), srv.URL+"/gone?code="+secret, nil); err == nil {
		t.Fatal("a closed server answered")
	}
	text := out.String()
	for _, private := range []string{secret, "jane", "?"} {
		if strings.Contains(text, private) {
			t.Errorf("the log shows %q", private)
		}
	}
	for _, want := range []string{"method=POST", "host=" + srv.Listener.Addr().String(), "path=/userrealm/(user)/x", "status=200", "duration=", "correlation_id=corr-1", "method=GET", "path=/gone", "error="} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 2 {
		t.Errorf("%d lines for two exchanges", n)
	}
}
