package loopback

import (
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// refusal is a polite no to a request that is not the answer.
type refusal struct {
	status  int
	message string
}

func refuse(status int, message string) *refusal { return &refusal{status, message} }

// handle answers every request of the browser.
func (l *Listener) handle(w http.ResponseWriter, r *http.Request) {
	if l.welcome(w, r) {
		return
	}
	values, no := l.read(w, r)
	if no == nil && !l.claimed.CompareAndSwap(false, true) {
		no = refuse(http.StatusConflict, "This sign-in was answered before. You can close this tab.")
	}
	if no != nil {
		if no.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", l.method())
		}
		l.pages.refused(w, no)
		return
	}
	// The page goes out first: the program may end as soon as Wait returns.
	l.pages.outcome(w, Outcome{Error: values.Get("error"), Description: values.Get("error_description")})
	l.deliver(values)
}

func (l *Listener) method() string {
	if l.mode == Query {
		return http.MethodGet
	}
	return http.MethodPost
}

// read returns the parameters of a request that is the answer.
func (l *Listener) read(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	if !l.isOurHost(r.Host) {
		// A foreign name that resolves to this machine is how DNS rebinding looks.
		return nil, refuse(http.StatusBadRequest, "This address is reached as localhost only.")
	}
	if r.URL.Path != l.path {
		return nil, refuse(http.StatusNotFound, "There is nothing here.")
	}
	if r.Method != l.method() {
		return nil, l.wrongMethod(r)
	}
	if !isNavigation(r.Header) {
		return nil, refuse(http.StatusForbidden, "Only a browser tab that comes back from the sign-in page is answered here.")
	}
	if l.mode == Query {
		return parse(r.URL.RawQuery, l.state)
	}
	if r.URL.RawQuery != "" {
		return nil, refuse(http.StatusBadRequest, "The answer belongs in the body of the request.")
	}
	return l.readBody(w, r)
}

func (l *Listener) wrongMethod(r *http.Request) *refusal {
	query := r.URL.Query()
	if r.Method == http.MethodGet && (query.Has("code") || query.Has("error")) {
		return refuse(http.StatusBadRequest, "The answer came in the address of the page, but this sign-in uses response_mode=form_post. Start again from the application.")
	}
	return refuse(http.StatusMethodNotAllowed, "This page waits for the sign-in page to answer.")
}

func (l *Listener) readBody(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, refuse(http.StatusUnsupportedMediaType, "The answer is not a form.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The answer is too large.")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The answer was cut off.")
	}
	return parse(string(body), l.state)
}

// isOurHost tells whether the Host header names this machine and our port.
func (l *Listener) isOurHost(host string) bool {
	name := strings.ToLower(host)
	if l.port == 80 && (name == "localhost" || name == "127.0.0.1" || name == "[::1]") {
		return true
	}
	port := ":" + strconv.Itoa(l.port)
	return name == "localhost"+port || name == "127.0.0.1"+port || name == "[::1]"+port
}

// isNavigation tells whether a browser loads a page in a tab, as opposed to a
// script, an image, a frame or a prefetch of some other page. Clients that do
// not send fetch metadata pass: the state decides.
// Source: https://www.w3.org/TR/fetch-metadata/
func isNavigation(h http.Header) bool {
	mode, dest := h.Get("Sec-Fetch-Mode"), h.Get("Sec-Fetch-Dest")
	return (mode == "" || mode == "navigate") && (dest == "" || dest == "document") && h.Get("Sec-Purpose") == ""
}

// parse reads an authorization response (RFC 6749 sections 4.1.2 and 4.1.2.1)
// and checks that it is the answer to our request.
func parse(raw, state string) (url.Values, *refusal) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The answer cannot be read.")
	}
	for _, v := range values {
		if len(v) != 1 {
			return nil, refuse(http.StatusBadRequest, "The answer has a parameter twice.")
		}
	}
	if subtle.ConstantTimeCompare([]byte(values.Get("state")), []byte(state)) != 1 {
		return nil, refuse(http.StatusBadRequest, "The answer belongs to another sign-in. Start again from the application.")
	}
	code, failure := values.Get("code") != "", values.Get("error") != ""
	if code == failure {
		return nil, refuse(http.StatusBadRequest, "The answer must have either a code or an error.")
	}
	return values, nil
}
