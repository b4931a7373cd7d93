package endpoint

import (
	"io"
	"net/http"
	"net/url"

	"github.com/msal-go/msal/emulator/internal/page"
)

// logout answers /{tenant}/oauth2/v2.0/logout: it ends the browser's session.
// It goes back to the application only when the address is registered for the
// application that the request names.
func (p *Platform) logout(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet, http.MethodPost) {
		return
	}
	who := ""
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		p.mu.Lock()
		if people := p.state.sessions[cookie.Value]; len(people) > 0 {
			who = people[len(people)-1].user.UPN
		}
		delete(p.state.sessions, cookie.Value)
		p.mu.Unlock()
		http.SetCookie(w, p.cookie(c, ""))
	}
	c.User = who
	if back, ok := p.logoutTarget(c); ok {
		w.Header().Set("Location", back)
		w.WriteHeader(http.StatusFound)
		return
	}
	p.show(w, c, http.StatusOK, func(out io.Writer) error { return p.pages.SignedOut(out, page.SignedOutData{Username: who}) })
}

func (p *Platform) logoutTarget(c *Call) (string, bool) {
	back := c.param("post_logout_redirect_uri")
	if back == "" {
		return "", false
	}
	id := c.ClientID
	if hint := c.param("id_token_hint"); id == "" && hint != "" {
		if claims, err := p.keys.Verify(hint); err == nil {
			id, _ = claims["aud"].(string)
		}
	}
	app, ok := p.dir.App(id)
	if !ok {
		return "", false
	}
	if _, ok := app.Redirect(back); !ok {
		return "", false
	}
	u, err := url.Parse(back)
	if err != nil {
		return "", false
	}
	if state := c.param("state"); state != "" {
		q := u.Query()
		q.Set("state", state)
		u.RawQuery = q.Encode()
	}
	return u.String(), true
}
