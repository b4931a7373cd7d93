package robot

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Answer is an authorization response on its way to the application.
type Answer struct {
	Method    string     // GET for a redirect, POST for response_mode=form_post
	URL       *url.URL   // where it goes, with query and fragment
	Form      url.Values // what is posted; nil for GET
	Values    url.Values // the parameters, wherever they are
	Delivered bool       // the application is on this machine and has answered
	Status    int        // what it answered
}

func newAnswer(s *step) Answer {
	a := Answer{Method: s.method, URL: s.url, Form: s.form}
	switch {
	case s.method == http.MethodPost:
		a.Values = s.form
	case s.url.Fragment != "":
		// An odd pair does not spoil the others.
		a.Values, _ = url.ParseQuery(s.url.EscapedFragment())
	default:
		a.Values = s.url.Query()
	}
	return a
}

// remember notes where the answer to an authorization request will go, and
// makes sure that there will be something to refuse.
func (b *browsing) remember(s *step) {
	q := s.url.Query()
	if q.Get("client_id") == "" || q.Get("redirect_uri") == "" {
		return
	}
	if redirect, err := url.Parse(q.Get("redirect_uri")); err == nil {
		b.redirect = redirect
	}
	if prompt := q.Get("prompt"); b.visit.Refuse && prompt != "none" && prompt != "consent" {
		q.Set("prompt", "consent")
		changed := *s.url
		changed.RawQuery = q.Encode()
		s.url = &changed
	}
}

// isAnswer reports whether a step leaves the platform for the application. The
// redirect URI may be on a host of the platform (the "nativeclient" page).
func (b *browsing) isAnswer(s *step, platform bool) bool {
	if b.result.Answer.Method != "" || !s.fromPlatform {
		return false
	}
	return !platform || b.redirect != nil && samePlace(s.url, b.redirect)
}

func samePlace(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) && a.Opaque == b.Opaque &&
		strings.TrimSuffix(a.Path, "/") == strings.TrimSuffix(b.Path, "/")
}

func (b *browsing) isPlatform(u *url.URL) bool {
	if !isWeb(u) {
		return false
	}
	return b.cfg.IsPlatform(u.Host) || u.Host == b.start && !isLoopback(u)
}

func isWeb(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// place names a URL without what may be secret in it.
func place(u *url.URL) string {
	if u.Host == "" {
		return u.Scheme + ":"
	}
	host := u.Hostname()
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(host, port)
	}
	return u.Scheme + "://" + host + u.EscapedPath()
}
