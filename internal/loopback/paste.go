package loopback

import (
	"net/http"
	"net/url"
	"strings"
)

// maxPaste bounds what people paste, in bytes.
const maxPaste = 64 << 10

// PasteError reports a pasted text that is not the answer. It does not repeat
// the text.
type PasteError struct {
	Problem string // in words for the person
}

func (e *PasteError) Error() string {
	return "loopback: the pasted text is not the answer: " + e.Problem
}

// Paste takes the answer from the address that the person's browser could not
// reach: "http://localhost:PORT/?code=...&state=...", or what follows its
// question mark. It needs mode Query, as only then the answer is in the address.
// The state must match, as everywhere. The error is a [*PasteError]; after it
// the wait goes on.
func (l *Listener) Paste(text string) error {
	values, no := l.readPaste(text)
	if no == nil && !l.claimed.CompareAndSwap(false, true) {
		no = refuse(http.StatusConflict, "This sign-in was answered before.")
	}
	if no != nil {
		return &PasteError{Problem: no.message}
	}
	l.deliver(values)
	return nil
}

func (l *Listener) readPaste(text string) (url.Values, *refusal) {
	const whole = "Paste the whole address of the page that the browser could not open."
	text = strings.Trim(text, " \t\r\n\"'<>")
	switch {
	case l.mode != Query:
		return nil, refuse(http.StatusBadRequest, "The answer is not in the address of the page.")
	case text == "":
		return nil, refuse(http.StatusBadRequest, whole)
	case len(text) > maxPaste:
		return nil, refuse(http.StatusBadRequest, "The text is too long.")
	}
	query, isQuery := strings.CutPrefix(text, "?")
	if !isQuery && strings.Contains(text, "://") {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" || u.User != nil || !l.isOurHost(u.Host) || strings.Trim(u.Path, "/") != strings.Trim(l.path, "/") {
			return nil, refuse(http.StatusBadRequest, "This is another page's address. "+whole)
		}
		query = u.RawQuery
	}
	if query == "" {
		return nil, refuse(http.StatusBadRequest, whole)
	}
	return parse(query, l.state)
}
