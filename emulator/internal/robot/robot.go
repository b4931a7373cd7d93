// Package robot is a web browser without a screen that signs a person in. It
// knows the forms of the identity platform's pages by the names of their
// fields and buttons, follows redirects, keeps cookies, and takes the answer
// to an application that listens on this machine.
//
// It reads pages as a browser without scripts does, so that it fails where
// such a person would.
package robot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// maxSteps bounds the pages and redirects of one visit.
const maxSteps = 30

// userAgent is what the robot calls itself.
const userAgent = "Mozilla/5.0 (compatible; msal-emulator-robot/1)"

// ErrTooManySteps reports redirects or pages that lead nowhere.
var ErrTooManySteps = errors.New("robot: still no end after 30 pages and redirects; look at the request log for a circle")

// ErrNothingToRefuse reports a visit that went through because no page offered
// to cancel.
var ErrNothingToRefuse = errors.New("robot: no page offered to cancel; an authorization request with prompt=none shows none")

// ErrURL reports an address that the robot cannot visit.
var ErrURL = errors.New("robot: not an http or https URL")

// PageError reports a page that a person could not have gone on from: an
// error page, or a question that was asked again after it was answered.
type PageError struct {
	Status  int    // HTTP status
	Code    string // such as AADSTS50011, or empty
	Title   string // of the page
	Message string // what the page says went wrong, or empty
	Asked   string // what was asked for again: "password", "code", ...; or empty
}

// Error shows what the page says.
func (e *PageError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "robot: the page %q (HTTP %d) ends the sign-in", e.Title, e.Status)
	if e.Asked != "" {
		fmt.Fprintf(&b, "; it asks for the %s again", e.Asked)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	return b.String()
}

// Config says who browses and how places are reached.
type Config struct {
	// UPN and Password sign in.
	UPN, Password string
	// Factor is the one-time code of the second factor; nil means none.
	Factor func() string
	// Platform reaches the identity platform.
	Platform http.RoundTripper
	// IsPlatform tells, by the host of a URL with its port, what belongs to
	// the platform. Where a visit starts does so too unless it is loopback.
	IsPlatform func(host string) bool
	// Loopback reaches applications on this machine.
	Loopback http.RoundTripper
}

// Robot is one browser profile: one person and one set of cookies. Visits may
// run concurrently, as tabs do.
type Robot struct {
	cfg Config
	jar *cookiejar.Jar
}

// New returns a robot without cookies.
func New(cfg Config) *Robot {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // documented as always nil
	}
	return &Robot{cfg: cfg, jar: jar}
}

// Visit is what a person sets out to do.
type Visit struct {
	URL    string
	Refuse bool   // cancel where that is first possible; see [Robot.Do]
	Code   string // user code of the device flow
}

// Result is where a visit ended.
type Result struct {
	Answer Answer // zero unless an authorization response was seen
	Title  string // of the last page, if there was one
}

// Do makes a visit. An answer for an application on this machine is delivered
// to it; the result has it in any case. The sign-in pages have no way out, so
// that a refusal asks for the consent page (prompt=consent) and cancels there.
// Errors are [ErrURL],
// [ErrTooManySteps], [ErrNothingToRefuse], a [*PageError], or what reaching a
// place returned.
func (r *Robot) Do(ctx context.Context, v Visit) (Result, error) {
	start, err := url.Parse(v.URL)
	if err != nil || !isWeb(start) || start.Host == "" {
		return Result{}, ErrURL // not repeated: it may carry secrets
	}
	b := &browsing{Robot: r, visit: v, start: start.Host, done: make(map[string]bool)}
	next := &step{method: http.MethodGet, url: start}
	for range maxSteps {
		next, err = b.take(ctx, next)
		if err != nil {
			return b.result, err
		}
		if next == nil {
			return b.result, b.check()
		}
	}
	return b.result, ErrTooManySteps
}

// browsing is a visit under way.
type browsing struct {
	*Robot
	visit    Visit
	start    string          // host that the visit began at
	redirect *url.URL        // redirect_uri of the authorization request, once seen
	refused  bool            // a cancel button was pressed
	done     map[string]bool // questions answered before
	result   Result
}

// step is the next thing to request.
type step struct {
	method       string
	url          *url.URL
	form         url.Values // of a POST
	origin       string     // Origin header of a POST
	fromPlatform bool
}

// check looks back on a visit that came to an end.
func (b *browsing) check() error {
	a := b.result.Answer
	switch {
	case b.visit.Refuse && !b.refused && a.Values.Get("error") == "":
		return ErrNothingToRefuse
	case b.redirect != nil && a.Method == "":
		return &PageError{Status: http.StatusOK, Title: b.result.Title, Message: "no answer went to the application"}
	}
	return nil
}

// take requests one thing and finds out what comes next: nil at the end.
func (b *browsing) take(ctx context.Context, s *step) (*step, error) {
	platform := b.isPlatform(s.url)
	if b.isAnswer(s, platform) {
		b.result.Answer = newAnswer(s)
		platform = false
	}
	var via http.RoundTripper
	switch {
	case platform:
		via = b.cfg.Platform
		b.remember(s)
	case isWeb(s.url) && isLoopback(s.url):
		via = b.cfg.Loopback
	default:
		return nil, nil // out of reach: somebody else's
	}
	resp, err := b.send(ctx, via, s)
	if err != nil {
		return nil, fmt.Errorf("robot: requesting %s: %w", place(s.url), err)
	}
	defer resp.Body.Close()
	if a := &b.result.Answer; a.Method != "" && !platform && !a.Delivered {
		a.Delivered, a.Status = true, resp.StatusCode
	}
	if next, ok, err := follow(s, resp); ok || err != nil {
		if next != nil {
			next.fromPlatform = platform
		}
		return next, err
	}
	return b.read(s, resp, platform)
}

// send makes a request with the cookies of the profile.
func (b *browsing) send(ctx context.Context, via http.RoundTripper, s *step) (*http.Response, error) {
	target := *s.url
	target.Fragment, target.RawFragment = "", ""
	var body io.Reader
	if s.method == http.MethodPost {
		body = strings.NewReader(s.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, s.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	if s.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", s.origin)
	}
	for _, c := range b.jar.Cookies(&target) {
		req.AddCookie(c)
	}
	resp, err := via.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	b.jar.SetCookies(&target, resp.Cookies())
	return resp, nil
}

// follow returns the step that a redirect asks for, and whether it is one.
func follow(s *step, resp *http.Response) (*step, bool, error) {
	keep := false
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		keep = true
	default:
		return nil, false, nil
	}
	target, err := s.url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return nil, true, fmt.Errorf("robot: %s redirects to nowhere", place(s.url))
	}
	next := &step{method: http.MethodGet, url: target}
	if keep {
		next.method, next.form, next.origin = s.method, s.form, s.origin
	}
	return next, true, nil
}

// read looks at a page and fills its form in, if it is one of the platform's.
func (b *browsing) read(s *step, resp *http.Response, platform bool) (*step, error) {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var doc document
	if err == nil && kind == "text/html" {
		if doc, err = parse(resp.Body, s.url); err != nil {
			return nil, fmt.Errorf("robot: reading %s: %w", place(s.url), err)
		}
	}
	b.result.Title = doc.title
	if !platform {
		return nil, nil // the application's own pages are not for the robot
	}
	next, asked := b.fill(doc)
	if asked != "" || next == nil && resp.StatusCode >= 400 {
		return nil, &PageError{Status: resp.StatusCode, Code: doc.code, Title: doc.title, Message: doc.alert, Asked: asked}
	}
	if next != nil && next.method == http.MethodPost {
		next.origin = originOf(s.url, resp.Header.Get("Referrer-Policy"))
		next.fromPlatform = true
	}
	return next, nil
}
