package listen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func inMemory(h http.HandlerFunc) *http.Client {
	return &http.Client{Transport: &Transport{Handler: h}}
}

func get(t *testing.T, c *http.Client, target string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(data)
}

func TestTransportShowsTheHandlerWhatAServerWouldSee(t *testing.T) {
	t.Parallel()
	c := inMemory(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "%s %s %s|%s|%s|tls=%t|%d|%s|%s|%s", r.Method, r.RequestURI, r.Proto, r.Host, r.URL, r.TLS != nil,
			r.ContentLength, r.Header.Get("User-Agent"), r.Header.Get("Content-Length"), body)
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://login.microsoftonline.com/t%2Fu/token?a=b#frag", strings.NewReader("x=1"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /t%2Fu/token?a=b HTTP/1.1|login.microsoftonline.com|/t%2Fu/token?a=b|tls=true|3|Go-http-client/1.1|3|x=1"
	if string(got) != want {
		t.Errorf("the handler saw\n%s\nwant\n%s", got, want)
	}
	if resp.TLS == nil || resp.Request != req || resp.ContentLength != int64(len(want)) || resp.Header.Get("Date") == "" {
		t.Errorf("response: TLS %v, request %p, length %d, date %q", resp.TLS, resp.Request, resp.ContentLength, resp.Header.Get("Date"))
	}
	if got := resp.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestTransportKeepsTheHeaderOfTheRequestApart(t *testing.T) {
	t.Parallel()
	c := inMemory(func(_ http.ResponseWriter, r *http.Request) { r.Header.Set("X-Mine", "changed") })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Mine", "original")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := req.Header.Get("X-Mine"); got != "original" {
		t.Errorf("X-Mine = %q after the request", got)
	}
}

func TestTransportDoesNotPassValuesOfTheContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	c := inMemory(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Context().Value(key{})) })
	req, err := http.NewRequestWithContext(context.WithValue(t.Context(), key{}, "leak"), http.MethodGet, "http://a.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != "<nil>" {
		t.Errorf("value %q, error %v", got, err)
	}
}

func TestTransportRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	web := &url.URL{Scheme: "https", Host: "a.test", Path: "/"}
	for name, req := range map[string]*http.Request{
		"no URL":            {Header: http.Header{}},
		"scheme":            {URL: &url.URL{Scheme: "ftp", Host: "a.test"}},
		"no host":           {URL: &url.URL{Scheme: "https", Path: "/x"}},
		"only a port":       {URL: &url.URL{Scheme: "https", Host: ":443"}},
		"method":            {URL: web, Method: "GE T"},
		"header name":       {URL: web, Header: http.Header{"a b": {"x"}}},
		"empty header name": {URL: web, Header: http.Header{"": {"x"}}},
		"header value":      {URL: web, Header: http.Header{"A": {"x\r\nB: y"}}},
		"opaque":            {URL: &url.URL{Scheme: "http", Host: "a.test", Opaque: "no slash"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &closeWatch{Reader: strings.NewReader("x")}
			req.Body = body
			h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
			resp, err := (&Transport{Handler: h}).RoundTrip(req)
			if err == nil {
				resp.Body.Close()
			}
			if !errors.Is(err, ErrRequest) {
				t.Errorf("error %v, want ErrRequest", err)
			}
			if !body.closed {
				t.Error("the body of the request stays open")
			}
		})
	}
}

type closeWatch struct {
	io.Reader
	closed bool
}

func (c *closeWatch) Close() error { c.closed = true; return nil }

func TestTransportAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method string
		h            http.HandlerFunc
		status       int
		body         string
		length       int64
		err          error // of reading the body
	}{
		{name: "nothing written", h: func(http.ResponseWriter, *http.Request) {}, status: 200},
		{name: "status", h: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418); w.WriteHeader(200) }, status: 418},
		{name: "early hints are dropped", h: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(201) }, status: 201},
		{name: "no content", h: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrBodyNotAllowed) {
				t.Errorf("write: %v", err)
			}
		}, status: 204},
		{name: "head", method: http.MethodHead, h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}, status: 200, length: 5},
		{name: "declared length", h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}, status: 200, body: "hello", length: 5},
		{name: "more than declared", h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
			if _, err := io.WriteString(w, "!"); !errors.Is(err, http.ErrContentLength) {
				t.Errorf("write: %v", err)
			}
		}, status: 200, body: "hello", length: 5},
		{name: "less than declared", h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "hello")
		}, status: 200, body: "hello", length: 9, err: io.ErrUnexpectedEOF},
		{name: "aborted in the middle", h: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hel")
			panic(http.ErrAbortHandler)
		}, status: 200, body: "hel", length: -1, err: io.ErrUnexpectedEOF},
		{name: "aborted after the header", h: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(503)
			panic(http.ErrAbortHandler)
		}, status: 503, length: -1, err: io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "https://a.test/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := inMemory(tt.h).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.status || string(body) != tt.body || resp.ContentLength != tt.length || !errors.Is(err, tt.err) {
				t.Errorf("got %d %q, length %d, error %v; want %d %q, %d, %v",
					resp.StatusCode, body, resp.ContentLength, err, tt.status, tt.body, tt.length, tt.err)
			}
		})
	}
}

func TestTransportTurnsAnAbortBeforeTheAnswerIntoAReset(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"abort":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"goexit": func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
	} {
		resp, err := inMemory(h).Get("https://a.test/")
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: error %v, want a reset", name, err)
		}
	}
}

func TestTransportReportsAPanic(t *testing.T) {
	t.Parallel()
	resp, err := inMemory(func(http.ResponseWriter, *http.Request) { panic("a defect") }).Get("https://a.test/")
	if err == nil {
		resp.Body.Close()
	}
	var p *PanicError
	if !errors.As(err, &p) || p.Value != "a defect" || !bytes.Contains(p.Stack, []byte("transport_test.go")) {
		t.Errorf("error %v", err)
	}
}

func TestTransportSharesTheClockOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inMemory(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(3 * time.Second)
			fmt.Fprint(w, time.Now().Unix())
		})
		c.Timeout = 30 * time.Second
		began := time.Now()
		_, first := get(t, c, "https://a.test/")
		time.Sleep(2 * time.Hour)
		_, second := get(t, c, "https://a.test/")
		want := fmt.Sprint(began.Add(3*time.Second).Unix(), " ", began.Add(2*time.Hour+6*time.Second).Unix())
		if got := first + " " + second; got != want {
			t.Errorf("the handler's clock said %s, want %s", got, want)
		}
	})
}

// The handlers sleep inside the bubble of the client.
func TestTransportHonorsTheContext(t *testing.T) {
	tests := []struct {
		name   string
		inBody bool
		h      http.HandlerFunc
	}{
		{"while the handler delays", false, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"while the handler ignores it", false, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Hour) }},
		{"in the middle of the body", true, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hel")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := inMemory(tt.h)
				c.Timeout = 5 * time.Second
				began := time.Now()
				resp, err := c.Get("https://a.test/")
				if err == nil {
					var body []byte
					body, err = io.ReadAll(resp.Body)
					resp.Body.Close()
					if string(body) != "hel" {
						t.Errorf("body %q", body)
					}
				} else if tt.inBody {
					t.Errorf("no answer: %v", err)
				}
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
					t.Errorf("error %v after %v", err, time.Since(began))
				}
				time.Sleep(time.Hour) // lets the deaf handler end
			})
		})
	}
}

func TestTransportReturnsTheCauseOfACancellation(t *testing.T) {
	t.Parallel()
	why := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://a.test/", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	resp, err := (&Transport{Handler: h}).RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}

func TestBodyFailsOnceItsContextIsCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://a.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := inMemory(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	if got, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) || len(got) != 0 {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestClosingTheBodyEndsTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		resp, err := inMemory(func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			_, err := io.WriteString(w, "late")
			ended = err != nil
		}).Get("https://a.test/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		synctest.Wait()
		if !ended {
			t.Error("the handler could go on writing")
		}
		if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("reading a closed body: %v", err)
		}
	})
}

func TestHandlerWaitsForItsReaderAfterAMegabyte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := 0
		resp, err := inMemory(func(w http.ResponseWriter, _ *http.Request) {
			for range 64 {
				n, err := w.Write(make([]byte, 64<<10))
				if err != nil {
					t.Error(err)
				}
				written += n
			}
		}).Get("https://a.test/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		synctest.Wait()
		if written != maxBuffered {
			t.Errorf("%d bytes written ahead of the reader, want %d", written, maxBuffered)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != 4<<20 || err != nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
	})
}

func TestTransportClosesTheBodyOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &closeWatch{Reader: strings.NewReader("x")}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://a.test/", body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := inMemory(func(http.ResponseWriter, *http.Request) {}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		synctest.Wait()
		if !body.closed {
			t.Error("still open")
		}
	})
}
