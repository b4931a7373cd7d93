package loopback

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the built-in page
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var styleSheet string

// cleanAddress removes the answer from the address bar and from the history of
// the browser. It is appended to every page, also to the caller's own.
const cleanAddress = `history.replaceState(null,"",location.pathname)`

// maxShown bounds what a page shows of a stranger's text, in bytes.
const maxShown = 2000

// view is the data of the built-in page.
type view struct {
	Style   template.CSS
	Failed  bool
	Title   string
	Message string
	Outcome
}

// pages writes what people see.
type pages struct {
	builtin       *template.Template
	success, fail *template.Template // nil if the built-in page serves
	welcome       *template.Template // nil if there is none
	policy        string             // the Content-Security-Policy of the built-in page
	openPolicy    string             // and of the caller's pages, which bring their own styles
}

func newPages(o Options) (*pages, error) {
	builtin, err := template.New("page").Parse(pageSource)
	if err != nil {
		return nil, fmt.Errorf("loopback: the built-in page: %w", err)
	}
	p := &pages{builtin: builtin}
	outcome := Outcome{Error: "access_denied", Description: "trial"}
	if p.success, err = parsePage("SuccessPage", o.SuccessPage, outcome); err != nil {
		return nil, err
	}
	if p.fail, err = parsePage("ErrorPage", o.ErrorPage, outcome); err != nil {
		return nil, err
	}
	if p.welcome, err = parsePage("WelcomePage", o.WelcomePage, Welcome{SignInURL: "https://trial/", AbortURL: "http://localhost/"}); err != nil {
		return nil, err
	}
	rest := "; script-src " + source(cleanAddress) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	p.policy = "default-src 'none'; style-src " + source(styleSheet) + rest
	p.openPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:" + rest
	return p, nil
}

// parsePage reads the caller's template and tries it, so that a mistake shows
// before the person has signed in, not after.
func parsePage(option, text string, trial any) (*template.Template, error) {
	if text == "" {
		return nil, nil
	}
	t, err := template.New(option).Parse(text)
	if err == nil {
		err = t.Execute(new(bytes.Buffer), trial)
	}
	if err != nil {
		return nil, &OptionError{option, err}
	}
	return t, nil
}

// source returns the CSP source expression of an inline element.
func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// outcome writes the last page of a sign-in.
func (p *pages) outcome(w http.ResponseWriter, o Outcome) {
	o.Error, o.Description = shorten(o.Error), shorten(o.Description)
	if o.Error != "" {
		p.write(w, http.StatusOK, p.fail, view{
			Failed: true, Title: "Sign-in failed", Outcome: o,
			Message: "You can close this tab and go back to the application.",
		})
		return
	}
	p.write(w, http.StatusOK, p.success, view{Title: "You are signed in", Message: "You can close this tab."})
}

// refused writes the page of a request that is not the answer.
func (p *pages) refused(w http.ResponseWriter, no *refusal) {
	title := "Sign-in is not complete"
	if no.status == http.StatusNotFound {
		title = "Not found"
	}
	p.write(w, no.status, nil, view{Failed: true, Title: title, Message: no.message})
}

// write sends the page to the last byte before it returns. A browser that is
// gone does not matter: the answer is here.
func (p *pages) write(w http.ResponseWriter, status int, own *template.Template, v view) {
	var body bytes.Buffer
	policy := p.policy
	if own != nil {
		policy = p.openPolicy
	}
	if own == nil || own.Execute(&body, v.Outcome) != nil {
		policy = p.policy
		body.Reset()
		v.Style = template.CSS(styleSheet)
		if p.builtin.Execute(&body, v) != nil {
			body.Reset()
			body.WriteString(v.Title)
		}
	}
	body.WriteString("<script>" + cleanAddress + "</script>\n")
	send(w, status, policy, &body)
}

// send sends a page with the headers that all of them have.
func send(w http.ResponseWriter, status int, policy string, body *bytes.Buffer) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	w.WriteHeader(status)
	w.Write(body.Bytes())
	http.NewResponseController(w).Flush()
}

// shorten cuts at a rune boundary.
func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
