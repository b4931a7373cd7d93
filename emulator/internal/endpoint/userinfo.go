package endpoint

import (
	"net/http"
	"slices"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// userInfo answers /oidc/userinfo of the directory API for the tokens that the
// platform issued.
func (p *Platform) userInfo(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet, http.MethodPost) {
		return
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := p.keys.Verify(token)
	if !ok || err != nil || claims["cnf"] != nil {
		c.Err = p.fail("AssertionBad", "why", "the bearer token is missing, expired or not issued here")
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	scopes, _ := claims["scp"].(string)
	oid, _ := claims["oid"].(string)
	user, found := p.dir.UserByID(oid)
	aud, _ := claims["aud"].(string)
	if !found || !slices.Contains(strings.Fields(scopes), "openid") || !isGraph(p, aud) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	c.User = user.UPN
	writeJSON(w, http.StatusOK, map[string]any{"sub": claims["sub"], "name": user.Name, "email": user.UPN})
}

func isGraph(p *Platform, audience string) bool {
	graph, ok := p.dir.App(directory.GraphID)
	return ok && (audience == graph.ClientID || slices.Contains(graph.IdentifierURIs, strings.TrimSuffix(audience, "/")))
}
