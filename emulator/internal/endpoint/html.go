package endpoint

import (
	"bytes"
	"io"
	"net/http"

	"github.com/msal-go/msal/emulator/internal/page"
)

// show sends one page with the headers that all pages have.
func (p *Platform) show(w http.ResponseWriter, c *Call, status int, render func(io.Writer) error) {
	var buf bytes.Buffer
	if err := render(&buf); err != nil {
		p.log.Error("a page could not be rendered", "endpoint", c.Endpoint, "error", err)
		http.Error(w, "The emulator could not render this page.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.CSP)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
}

// errorPage shows an error that must not go to an application, because nobody
// knows whether the application's address is to be trusted (RFC 6749 section
// 4.1.2.1).
func (p *Platform) errorPage(w http.ResponseWriter, c *Call, e *Error) {
	c.Err = e
	w.Header().Set("x-ms-clitelem", clitelem(e))
	stamp := p.now().UTC().Format(timestampFormat)
	p.show(w, c, http.StatusBadRequest, func(out io.Writer) error {
		return p.pages.Error(out, page.ErrorData{
			Title: "We cannot sign you in", Message: e.Text, Code: "AADSTS" + itoa(e.Code),
			CorrelationID: c.CorrelationID, Timestamp: stamp, Description: description(c, e, stamp),
		})
	})
}
