package loopback

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// stray is a request that is not the answer, and the status that it gets.
type stray struct {
	name   string
	mode   Mode
	method string
	target string // path and query
	body   string
	header map[string]string // "Host" included
	status int
}

const formType = "application/x-www-form-urlencoded"

func strays() []stray {
	form := goodForm()
	return []stray{
		{name: "icon", method: "GET", target: "/favicon.ico", status: 404},
		{name: "other path", method: "POST", target: "/elsewhere", body: form, status: 404},
		{name: "path below", method: "POST", target: "/cb/x", body: form, status: 404},
		{name: "path with a slash more", method: "POST", target: "/cb/", body: form, status: 404},
		{name: "path in other case", method: "POST", target: "/CB", body: form, status: 404},
		{name: "plain visit", method: "GET", target: "/cb", status: 405},
		{name: "HEAD", method: "HEAD", target: "/cb", status: 405},
		{name: "OPTIONS", method: "OPTIONS", target: "/cb", status: 405},
		{name: "PUT", method: "PUT", target: "/cb", body: form, status: 405},
		{name: "code in the query although form_post was asked for", method: "GET", target: "/cb?" + form, status: 400},
		{name: "error in the query although form_post was asked for", method: "GET", target: "/cb?error=x&state=" + testState, status: 400},
		{name: "POST although query was asked for", mode: Query, method: "POST", target: "/cb?" + form, body: form, status: 405},
		{name: "query on top of the form", method: "POST", target: "/cb?code=other", body: form, status: 400},
		{name: "wrong state", method: "POST", target: "/cb", body: "code=c&state=other", status: 400},
		{name: "state too long", method: "POST", target: "/cb", body: "code=c&state=" + testState + "x", status: 400},
		{name: "state too short", method: "POST", target: "/cb", body: "code=c&state=" + testState[1:], status: 400},
		{name: "no state", method: "POST", target: "/cb", body: "code=c", status: 400},
		{name: "empty state", method: "POST", target: "/cb", body: "code=c&state=", status: 400},
		{name: "error without state", method: "POST", target: "/cb", body: "error=access_denied", status: 400},
		{name: "error with wrong state", method: "POST", target: "/cb", body: "error=access_denied&state=other", status: 400},
		{name: "neither code nor error", method: "POST", target: "/cb", body: "state=" + testState, status: 400},
		{name: "empty code", method: "POST", target: "/cb", body: "code=&state=" + testState, status: 400},
		{name: "both code and error", method: "POST", target: "/cb", body: form + "&error=x", status: 400},
		{name: "code twice", method: "POST", target: "/cb", body: form + "&code=again", status: 400},
		{name: "state twice", method: "POST", target: "/cb", body: form + "&state=" + testState, status: 400},
		{name: "some other parameter twice", method: "POST", target: "/cb", body: form + "&x=1&x=2", status: 400},
		{name: "escape cut off", method: "POST", target: "/cb", body: form + "&x=%4", status: 400},
		{name: "semicolons", method: "POST", target: "/cb", body: "code=c;state=" + testState, status: 400},
		{name: "empty body", method: "POST", target: "/cb", status: 400},
		{name: "too large", method: "POST", target: "/cb", body: form + "&x=" + strings.Repeat("y", maxBodyBytes), status: 413},
		{name: "JSON", method: "POST", target: "/cb", body: form, header: map[string]string{"Content-Type": "application/json"}, status: 415},
		{name: "multipart", method: "POST", target: "/cb", body: form, header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, status: 415},
		{name: "no content type", method: "POST", target: "/cb", body: form, header: map[string]string{"Content-Type": ""}, status: 415},
		{name: "foreign host", method: "POST", target: "/cb", body: form, header: map[string]string{"Host": "evil.test"}, status: 400},
		{name: "foreign host, our port", method: "POST", target: "/cb", body: form, header: map[string]string{"Host": "evil.test:PORT"}, status: 400},
		{name: "name that begins like ours", method: "POST", target: "/cb", body: form, header: map[string]string{"Host": "localhost.evil.test:PORT"}, status: 400},
		{name: "other port", method: "POST", target: "/cb", body: form, header: map[string]string{"Host": "localhost:1"}, status: 400},
		{name: "no port", method: "POST", target: "/cb", body: form, header: map[string]string{"Host": "localhost"}, status: 400},
		{name: "script of another page", method: "POST", target: "/cb", body: form, header: map[string]string{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty"}, status: 403},
		{name: "frame", method: "POST", target: "/cb", body: form, header: map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, status: 403},
		{name: "image", mode: Query, method: "GET", target: "/cb?" + form, header: map[string]string{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, status: 403},
		{name: "prefetch", mode: Query, method: "GET", target: "/cb?" + form, header: map[string]string{"Sec-Purpose": "prefetch"}, status: 403},
		{name: "query: icon", mode: Query, method: "GET", target: "/favicon.ico", status: 404},
		{name: "query: plain visit", mode: Query, method: "GET", target: "/cb", status: 400},
		{name: "query: HEAD", mode: Query, method: "HEAD", target: "/cb?" + form, status: 405},
		{name: "query: wrong state", mode: Query, method: "GET", target: "/cb?code=c&state=other", status: 400},
		{name: "query: code twice", mode: Query, method: "GET", target: "/cb?" + form + "&code=again", status: 400},
		{name: "query: too large", mode: Query, method: "GET", target: "/cb?" + form + "&x=" + strings.Repeat("y", maxHeaderBytes+8192), status: 431},
	}
}

func TestStrayRequestsAreRefusedAndTheWaitGoesOn(t *testing.T) {
	t.Parallel()
	for _, tc := range strays() {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, Options{Path: "/cb", Mode: tc.mode})
			r, err := http.NewRequestWithContext(t.Context(), tc.method, l.at(tc.target), strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", formType)
			for name, value := range tc.header {
				value = strings.ReplaceAll(value, "PORT", strconv.Itoa(l.port))
				if name == "Host" {
					r.Host = value
				} else {
					r.Header.Set(name, value)
				}
			}
			resp, body := exchange(t, r)
			if resp.StatusCode != tc.status {
				t.Errorf("status = %d, want %d", resp.StatusCode, tc.status)
			}
			if tc.status == http.StatusMethodNotAllowed && resp.Header.Get("Allow") != l.method() {
				t.Errorf("Allow = %q, want %q", resp.Header.Get("Allow"), l.method())
			}
			if strings.Contains(body, "secret-code") || strings.Contains(body, testState) {
				t.Error("the page repeats the request")
			}
			select {
			case <-l.answered:
				t.Error("the wait ended")
			default:
			}
			mustAnswer(t, l)
		})
	}
}

// What no well-behaved client sends.
func TestOddRequestsAreRefusedAndTheWaitGoesOn(t *testing.T) {
	t.Parallel()
	form := goodForm()
	head := "Content-Type: " + formType + "\r\nContent-Length: " + strconv.Itoa(len(form)) + "\r\n"
	for name, raw := range map[string]string{
		"no host":               "POST /cb HTTP/1.0\r\n" + head + "\r\n" + form,
		"foreign absolute form": "POST http://evil.test/cb HTTP/1.1\r\nHost: localhost:PORT\r\n" + head + "\r\n" + form,
		"two hosts":             "POST /cb HTTP/1.1\r\nHost: localhost:PORT\r\nHost: evil.test\r\n" + head + "\r\n" + form,
		"body cut off":          "POST /cb HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: " + formType + "\r\nContent-Length: 10000\r\n\r\n" + form,
		"endless chunks":        "POST /cb HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: " + formType + "\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + strings.Repeat("a", 0x20000) + "\r\n0\r\n\r\n",
		"length and chunks":     "POST /cb HTTP/1.1\r\nHost: localhost:PORT\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + form,
		"asterisk":              "OPTIONS * HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
		"tunnel":                "CONNECT localhost:PORT HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
		"not HTTP":              "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello over TLS\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, Options{Path: "/cb"})
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(l.port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// Errors are part of it: the listener may hang up on a long story.
			io.WriteString(conn, strings.ReplaceAll(raw, "PORT", strconv.Itoa(l.port)))
			conn.(*net.TCPConn).CloseWrite()
			reply, _ := io.ReadAll(conn)
			if len(reply) > 0 && !strings.HasPrefix(string(reply), "HTTP/1.1 4") && !strings.HasPrefix(string(reply), "HTTP/1.0 4") {
				t.Errorf("reply begins %.40q", reply)
			}
			mustAnswer(t, l)
		})
	}
}

func TestAcceptedHostNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"localhost", "LocalHost", "127.0.0.1", "[::1]"} {
		l := listen(t, Options{})
		r := post(t, l.at("/"), goodForm())
		r.Host = name + ":" + strconv.Itoa(l.port)
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		r.Header.Set("Sec-Fetch-Dest", "document")
		r.Header.Set("Content-Type", formType+"; charset=UTF-8")
		r.Header.Set("Origin", "null") // what a page with a no-referrer policy sends
		if resp, _ := exchange(t, r); resp.StatusCode != http.StatusOK {
			t.Errorf("host %s: status = %d", name, resp.StatusCode)
		}
	}
}

func TestPort80NeedsNoPortInTheHost(t *testing.T) {
	t.Parallel()
	l := &Listener{port: 80}
	for host, want := range map[string]bool{"localhost": true, "localhost:80": true, "[::1]": true, "evil.test": false, "": false} {
		if got := l.isOurHost(host); got != want {
			t.Errorf("isOurHost(%q) = %v", host, got)
		}
	}
}

func TestErrorAnswerReachesTheWaiterUnescaped(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{})
	form := url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: <no> & 'thanks'"}, "state": {testState}}.Encode()
	resp, body := exchange(t, post(t, l.at("/"), form))
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status = %d", resp.StatusCode)
	}
	if !strings.Contains(body, "access_denied") || !strings.Contains(body, "AADSTS65004: &lt;no&gt; &amp; &#39;thanks&#39;") {
		t.Errorf("the page does not explain the error:\n%s", body)
	}
	values, err := l.Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := values.Get("error_description"); got != "AADSTS65004: <no> & 'thanks'" {
		t.Errorf("error_description = %q", got)
	}
}

// FuzzAnswer checks what parse promises about every answer that it accepts.
func FuzzAnswer(f *testing.F) {
	f.Add(goodForm(), testState)
	f.Add("error=access_denied&error_description=a+b%20c&state=s", "s")
	f.Add("code=a&code=b&state=s", "s")
	f.Add("code=%zz&state=s", "s")
	f.Add("code=a;state=s", "s")
	f.Add("state=%00&code=%F0%9F%98%80", "\x00")
	f.Add("&&&=&==", "")
	f.Fuzz(func(t *testing.T, raw, state string) {
		if state == "" {
			return // Listen refuses it
		}
		values, no := parse(raw, state)
		if no != nil {
			if no.status != http.StatusBadRequest || no.message == "" || values != nil {
				t.Fatalf("refusal %+v with values %v", no, values)
			}
			return
		}
		if values.Get("state") != state {
			t.Fatal("an answer with another state was accepted")
		}
		if (values.Get("code") == "") == (values.Get("error") == "") {
			t.Fatal("an answer with neither or both of code and error was accepted")
		}
		for name, v := range values {
			if len(v) != 1 {
				t.Fatalf("parameter %q has %d values", name, len(v))
			}
		}
	})
}
