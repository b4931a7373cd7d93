package loopback

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
)

// Welcome is what a welcome page leads to.
type Welcome struct {
	SignInURL string // the sign-in page
	AbortURL  string // ends the wait with ErrAborted
}

// Welcome makes the welcome page lead to the sign-in page at address, and
// returns where to send the person: to the welcome page, or to address itself
// when the options have no such page. Call it before anybody is sent anywhere.
//
// The address of the welcome page cannot be guessed. Whoever has seen the page
// could sign the person in with an account that is not theirs, because it leads
// to an address with the state in it.
func (l *Listener) Welcome(address string) string {
	if l.pages.welcome == nil {
		return address
	}
	l.signIn.Store(&address)
	return l.link(welcomeLink)
}

// The links to the listener, by the name of their only parameter.
const (
	welcomeLink = "welcome"
	abortLink   = "abort"
)

// key is a value that nobody can make who does not know the state, and that does
// not tell it.
func (l *Listener) key(link string) string {
	sum := sha256.Sum256([]byte(link + "\x00" + l.state))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (l *Listener) link(name string) string {
	return l.RedirectURI() + "?" + name + "=" + l.key(name)
}

// welcome answers the requests for the welcome page and its abort link. It
// reports false for all others.
func (l *Listener) welcome(w http.ResponseWriter, r *http.Request) bool {
	address := l.signIn.Load()
	if address == nil || r.Method != http.MethodGet || r.URL.Path != l.path || !l.isOurHost(r.Host) || !isNavigation(r.Header) {
		return false
	}
	query := r.URL.Query()
	is := func(link string) bool {
		return len(query) == 1 && subtle.ConstantTimeCompare([]byte(query.Get(link)), []byte(l.key(link))) == 1
	}
	switch {
	case is(welcomeLink):
		l.pages.greet(w, Welcome{SignInURL: *address, AbortURL: l.link(abortLink)})
	case is(abortLink):
		if !l.claimed.CompareAndSwap(false, true) {
			return false // the answer is here; what is left of the request is refused
		}
		l.pages.aborted(w)
		l.fail(ErrAborted)
	default:
		return false
	}
	return true
}

// greet writes the welcome page. Its address stays in the address bar, so that
// the person can come back to it.
func (p *pages) greet(w http.ResponseWriter, to Welcome) {
	var body bytes.Buffer
	if p.welcome.Execute(&body, to) != nil {
		w.Header().Set("Location", to.SignInURL) // better than no way in
		body.Reset()
		send(w, http.StatusFound, p.policy, &body)
		return
	}
	send(w, http.StatusOK, p.openPolicy, &body)
}

// aborted writes the page of a person who left.
func (p *pages) aborted(w http.ResponseWriter) {
	p.write(w, http.StatusOK, p.fail, view{
		Failed: true, Title: "Sign-in canceled", Message: "You can close this tab and go back to the application.",
		Outcome: Outcome{Error: "abort", Description: "You left the sign-in."},
	})
}
