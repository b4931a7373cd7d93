package endpoint

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

const (
	// shellAddress is where programs in Azure Cloud Shell find its tokens.
	shellAddress = "localhost:50342"
	shellPath    = "/oauth2/token"
	// shellClient is the application that Cloud Shell's tokens are issued to.
	shellClient = "2233b157-f44d-4812-b777-036cdaf9a96e"
)

// isShell recognizes the token endpoint of Azure Cloud Shell.
func isShell(r *http.Request) bool {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return strings.EqualFold(host, shellAddress) && r.URL.Path == shellPath
}

// shell answers as the token endpoint of Azure Cloud Shell for the person who
// has opened it. What a client sends was recorded from MSAL Python; the answers
// are in the form of the version 1 endpoints, and how it refuses is unverified.
func (p *Platform) shell(w http.ResponseWriter, r *http.Request, c *Call) {
	refuse := func(code, message string) {
		c.note(Finding{Rule: "cloud-shell", Detail: message, Source: "the token endpoint of Azure Cloud Shell (undocumented)"})
		shellError(w, http.StatusBadRequest, code, message)
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		shellError(w, http.StatusMethodNotAllowed, "method_not_allowed", "Only POST is answered.")
		return
	case r.Header.Get("Metadata") != "true":
		refuse("bad_request_102", "Required metadata header not specified")
		return
	case r.Header.Get("Origin") != "" || r.Header.Get("X-Forwarded-For") != "":
		refuse("bad_request_102", "The request must not come from a page or a proxy")
		return
	case err != nil || kind != "application/x-www-form-urlencoded" || c.body != nil || len(c.Form["resource"]) != 1:
		refuse("invalid_request", "The body must be a form with one resource")
		return
	}
	p.shellToken(w, c)
}

func (p *Platform) shellToken(w http.ResponseWriter, c *Call) {
	resource := c.Form.Get("resource")
	user, ok := p.dir.User(p.shellUser)
	if !ok || user.Disabled {
		shellError(w, http.StatusBadRequest, "invalid_request", "Nobody is signed in to this Cloud Shell.")
		return
	}
	c.User = user.UPN
	scopes, err := p.dir.UserScopes(shellClient, resource+"/.default", false)
	if err != nil {
		shellError(w, http.StatusBadRequest, "invalid_resource", "The resource "+resource+" was not found.")
		return
	}
	app := &directory.App{Name: "Azure Cloud Shell", ClientID: shellClient, TokenVersion: 1}
	life := p.Lifetimes()
	t := p.describe(c, client{app: app, proof: "0"}, user.TenantID, life.AccessToken)
	t.User, t.AuthTime = user, p.now()
	t.Resource, t.Audience, t.Scopes = scopes.Resource, audience(scopes), scopes.Claim()
	signed, refused := p.sign(c, t, life)
	if refused != nil {
		shellError(w, http.StatusInternalServerError, "server_error", refused.Text)
		return
	}
	now := p.now().Unix()
	writeJSON(w, http.StatusOK, map[string]string{
		"access_token": signed.AccessToken, "refresh_token": "", "token_type": "Bearer", "resource": resource,
		"expires_in": strconv.FormatInt(signed.ExpiresIn, 10), "expires_on": strconv.FormatInt(now+signed.ExpiresIn, 10), "not_before": strconv.FormatInt(now, 10),
	})
}

func shellError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}
