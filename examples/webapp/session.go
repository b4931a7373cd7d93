package main

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/msal-go/msal"
)

// A session is what the application knows of one browser. Flow and account
// marshal to JSON, so that it may as well live in a database.
type session struct {
	flow    msal.AuthCodeFlow // of a sign-in that has begun
	account msal.Account      // of the person who is signed in
	expires time.Time
}

// sessions are in memory, by the random value of a cookie.
type sessions struct {
	secure bool // cookies travel by https only
	mu     sync.Mutex
	open   map[string]session
}

const cookieName = "session"

// of is the session of a request, or a zero one.
func (s *sessions) of(r *http.Request) session {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return session{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.open[c.Value]
	if time.Now().After(found.expires) {
		return session{}
	}
	return found
}

// begin opens a session and drops those that have expired.
func (s *sessions) begin(w http.ResponseWriter, opened session) {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := map[string]session{id: opened}
	for id, old := range s.open {
		if time.Now().Before(old.expires) {
			kept[id] = old
		}
	}
	s.open = kept
	http.SetCookie(w, s.cookie(id, int(time.Until(opened.expires).Seconds())))
}

// end closes the session of a request and returns what was in it.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) session {
	last := s.of(r)
	if c, err := r.Cookie(cookieName); err == nil {
		s.mu.Lock()
		delete(s.open, c.Value)
		s.mu.Unlock()
	}
	http.SetCookie(w, s.cookie("", -1))
	return last
}

func (s *sessions) cookie(value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: seconds, Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}
