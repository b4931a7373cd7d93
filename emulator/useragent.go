package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/msal-go/msal/emulator/internal/listen"
	"github.com/msal-go/msal/emulator/internal/robot"
)

var (
	// ErrNothingToCancel reports that no page offered to cancel, because the
	// request asked for none (prompt=none).
	ErrNothingToCancel = robot.ErrNothingToRefuse
	// ErrNotDelivered reports an answer that [UserAgent.Open] could not take to
	// the application, because that does not listen on this machine.
	ErrNotDelivered = errors.New("emulator: the redirect URI is not on this machine; use Visit and hand the answer over")
)

// UserAgent is a scripted browser: one person with one set of cookies, who
// fills the emulator's pages in, also those for the second factor and for a new
// account, follows redirects and takes the answer to an application that listens
// on this machine. It runs no scripts. It is safe for
// concurrent use: visits share cookies as tabs do.
type UserAgent struct {
	robot *robot.Robot
}

// UserAgent returns a browser for a person, without cookies. It reaches the
// emulator in memory, under the host names of the identity platform. For
// addresses of a [Server] use [Server.UserAgent].
func (e *Emulator) UserAgent(upn, password string) *UserAgent {
	return e.newUserAgent(upn, password, e.Transport(), func(string) bool { return false })
}

// UserAgent returns a browser for a person, without cookies. It reaches the
// emulator through the server, under the server's address and the host names
// of the identity platform.
func (s *Server) UserAgent(upn, password string) *UserAgent {
	return s.emulator.newUserAgent(upn, password, s.server.Transport(), func(host string) bool {
		name, port, err := net.SplitHostPort(host)
		return err == nil && port == s.server.Port() && listen.IsLoopback(name)
	})
}

func (e *Emulator) newUserAgent(upn, password string, platform http.RoundTripper, own func(host string) bool) *UserAgent {
	var known listen.Hosts
	return &UserAgent{robot: robot.New(robot.Config{
		UPN: upn, Password: password, Platform: platform,
		Factor: func() string { return either(e.platform.OneTimeCode(upn), DefaultOneTimeCode) },
		IsPlatform: func(host string) bool {
			name := host
			if h, _, err := net.SplitHostPort(host); err == nil {
				name = h
			}
			return known.Contains(name) || own(host)
		},
		// Connections are not kept: nothing outlives a visit.
		Loopback: &http.Transport{DisableKeepAlives: true},
	})}
}

// Answer is an authorization response: what the platform sent to the
// application. It prints without the code in it.
type Answer struct {
	// Method is GET for a redirect and POST for response_mode=form_post. It is
	// empty when a visit ended without an answer, as a sign-out does.
	Method string
	// URL is where the answer goes, with query and fragment.
	URL string
	// Values are the parameters (code, state, error and so on), wherever they
	// are: in the query, in the fragment or in the form.
	Values url.Values
	// Delivered reports that the application listens on this machine and has
	// received the answer.
	Delivered bool
	// Status is the HTTP status of the application when Delivered.
	Status int
	// Page is the title of the last page, if there was one.
	Page string
}

// NewRequest returns the request that a browser would make to deliver the
// answer, for applications that are not on this machine, such as a handler
// under test.
func (a Answer) NewRequest(ctx context.Context) (*http.Request, error) {
	target, _, _ := strings.Cut(a.URL, "#") // a fragment stays in the browser
	if a.Method != http.MethodPost {
		return http.NewRequestWithContext(ctx, a.Method, target, nil)
	}
	req, err := http.NewRequestWithContext(ctx, a.Method, target, strings.NewReader(a.Values.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// String describes the answer without its parameters, except for the error.
func (a Answer) String() string {
	if a.Method == "" {
		return fmt.Sprintf("no answer; the last page is %q", a.Page)
	}
	target, _, _ := strings.Cut(a.URL, "?")
	target, _, _ = strings.Cut(target, "#")
	s := a.Method + " " + target
	if code := a.Values.Get("error"); code != "" {
		s += " error=" + code
	}
	if a.Delivered {
		s += fmt.Sprintf(" -> %d", a.Status)
	}
	return s
}

// GoString is String: %#v shows no secrets either.
func (a Answer) GoString() string { return a.String() }

// LogValue is String: logs show no secrets either.
func (a Answer) LogValue() slog.Value { return slog.StringValue(a.String()) }

// PageError reports a page that a person could not have gone on from: an error
// page, or a question that was asked again after it was answered, as a wrong
// password is.
type PageError struct {
	Status  int    // HTTP status of the page
	Code    string // such as "AADSTS50011"; empty if the page shows none
	Title   string // of the page
	Message string // what the page says went wrong; may be empty
	Asked   string // what was asked for again, such as "password"; may be empty
}

// Error shows what the page says.
func (e *PageError) Error() string {
	s := fmt.Sprintf("emulator: the page %q (HTTP %d) ends the sign-in", e.Title, e.Status)
	if e.Asked != "" {
		s += "; it asks for the " + e.Asked + " again"
	}
	for _, part := range []string{e.Code, e.Message} {
		if part != "" {
			s += ": " + part
		}
	}
	return s
}

// Visit opens an address, signs in, agrees to everything and returns the
// answer. An application on this machine (localhost, 127.0.0.1, ::1) gets it by
// a real request; the answer for any other is only returned. The address may
// also be that of such an application, which redirects to the platform. Errors
// are a [*PageError], the end of the context, or what kept a request from
// being made.
func (a *UserAgent) Visit(ctx context.Context, address string) (Answer, error) {
	return a.do(ctx, robot.Visit{URL: address})
}

// Cancel is [UserAgent.Visit] by somebody who does not agree, so that the
// answer is error=access_denied. They sign in first, and the request is made
// with prompt=consent, because only the consent page can be canceled. The error
// can also be [ErrNothingToCancel].
func (a *UserAgent) Cancel(ctx context.Context, address string) (Answer, error) {
	return a.do(ctx, robot.Visit{URL: address, Refuse: true})
}

// Open is [UserAgent.Visit] for clients that call a function to open the
// person's browser. It returns when the answer has been delivered, and fails
// with [ErrNotDelivered] when it could not be.
func (a *UserAgent) Open(ctx context.Context, address string) error {
	answer, err := a.Visit(ctx, address)
	if err == nil && !answer.Delivered {
		err = ErrNotDelivered
	}
	return err
}

// ApproveDevice opens the verification address of the device flow, enters the
// user code, signs in and agrees. A code that does not work is a [*PageError].
func (a *UserAgent) ApproveDevice(ctx context.Context, verificationURI, userCode string) error {
	_, err := a.do(ctx, robot.Visit{URL: verificationURI, Code: userCode})
	return err
}

// DenyDevice is [UserAgent.ApproveDevice] by somebody who cancels in the end.
func (a *UserAgent) DenyDevice(ctx context.Context, verificationURI, userCode string) error {
	_, err := a.do(ctx, robot.Visit{URL: verificationURI, Code: userCode, Refuse: true})
	return err
}

func (a *UserAgent) do(ctx context.Context, v robot.Visit) (Answer, error) {
	r, err := a.robot.Do(ctx, v)
	var page *robot.PageError
	if errors.As(err, &page) {
		err = &PageError{Status: page.Status, Code: page.Code, Title: page.Title, Message: page.Message, Asked: page.Asked}
	}
	out := Answer{Method: r.Answer.Method, Values: r.Answer.Values, Delivered: r.Answer.Delivered, Status: r.Answer.Status, Page: r.Title}
	if r.Answer.URL != nil {
		out.URL = r.Answer.URL.String()
	}
	return out, err
}
