package endpoint

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// continuous is what is known of an access token whose client handles claims
// challenges, so that a resource can be told that it is no longer good.
type continuous struct {
	oid        string
	generation int
	challenged bool
	expires    time.Time
}

// evaluation is the latest event of a person's account that continuous access
// evaluation tells resources about.
type evaluation struct {
	generation int
	at         time.Time
}

// resourcePath is where the emulator stands for the resources of the
// configuration: /resource/{client id}.
const resourcePath = "resource"

// resource answers as an API would that evaluates access continuously
// (learn.microsoft.com/entra/identity/conditional-access/concept-continuous-access-evaluation):
// /resource/{client id} for the applications of the configuration, and /v1.0/me
// of the directory API. The query may ask for a scope and for an authentication
// context (acrs).
func (p *Platform) resource(w http.ResponseWriter, r *http.Request, c *Call) {
	if !p.allow(w, r, c, http.MethodGet, http.MethodPost) {
		return
	}
	app, ok := p.dir.App(directory.GraphID)
	if c.tenant == resourcePath {
		app, ok = p.dir.App(c.rest)
	}
	if !ok {
		p.nothing(w, r, c)
		return
	}
	claims, problem := p.bearer(r, app)
	if problem != "" {
		p.reject(w, c, http.StatusUnauthorized, problem, "")
		return
	}
	c.ClientID = cmp.Or(text(claims, "azp"), text(claims, "appid"))
	user, isUser := p.dir.UserByID(text(claims, "oid"))
	if isUser {
		c.User = user.UPN
	}
	granted := append(strings.Fields(text(claims, "scp")), list(claims, "roles")...)
	needed := c.Query.Get("scope")
	if c.tenant != resourcePath {
		needed = "User.Read"
	}
	switch {
	case needed != "" && !slices.ContainsFunc(granted, func(s string) bool { return strings.EqualFold(s, needed) }):
		p.reject(w, c, http.StatusForbidden, "insufficient_scope", "")
	case p.outdated(c, text(claims, "uti")):
		p.reject(w, c, http.StatusUnauthorized, "insufficient_claims", p.newer(user))
	case !p.meetsContext(c, claims):
		p.rejectContext(w, c, claims)
	default:
		answer := map[string]any{"id": claims["oid"], "aud": claims["aud"], "granted": granted, "amr": list(claims, "amr"), "acrs": list(claims, "acrs"), "xms_cc": list(claims, "xms_cc")}
		if isUser {
			answer["displayName"], answer["userPrincipalName"] = user.Name, user.UPN
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

// bearer reads the token of a request and checks that it is for the resource. It
// returns the error of RFC 6750 section 3.1; a space when there was no token.
func (p *Platform) bearer(r *http.Request, app *directory.App) (jwt.MapClaims, string) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, " "
	}
	claims, err := p.keys.Verify(token)
	isAccess := cmp.Or(text(claims, "azp"), text(claims, "appid")) != "" // ID tokens name no client but their audience
	bound := claims["cnf"] != nil                                        // to a key, which Bearer does not prove
	if err != nil || bound || !isAccess || !app.Named(text(claims, "aud")) {
		return nil, "invalid_token"
	}
	return claims, ""
}

// outdated reports whether something happened to the person's account since the
// token was issued. Only tokens of clients that handle challenges are followed;
// the others are good until they expire.
func (p *Platform) outdated(c *Call, id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.state.continuous[id]
	if t == nil || t.generation == p.state.evaluations[t.oid].generation {
		return false
	}
	if t.challenged {
		c.note(Finding{Rule: "challenge-ignored", Detail: "an access token came again after a claims challenge", Advice: true,
			Source: "learn.microsoft.com/entra/identity-platform/claims-challenge: ask for a new token with the claims of the challenge"})
	}
	t.challenged = true
	return true
}

// newer is the challenge that asks for a token issued after the last event.
func (p *Platform) newer(user *directory.User) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return challenge("nbf", essential(strconv.FormatInt(p.state.evaluations[user.ObjectID].at.Unix(), 10)))
}

// meetsContext reports whether a token has the authentication context that the
// request's address asks for.
func (p *Platform) meetsContext(c *Call, claims jwt.MapClaims) bool {
	wanted := c.Query.Get("acrs")
	return wanted == "" || slices.Contains(list(claims, "acrs"), wanted)
}

// rejectContext challenges clients that can handle it, and refuses the others,
// which would only come again.
func (p *Platform) rejectContext(w http.ResponseWriter, c *Call, claims jwt.MapClaims) {
	if len(list(claims, "xms_cc")) == 0 {
		p.reject(w, c, http.StatusForbidden, "insufficient_claims", "")
		return
	}
	p.reject(w, c, http.StatusUnauthorized, "insufficient_claims", challenge("acrs", essential(c.Query.Get("acrs"))))
}

// reject writes a challenge in the form of the directory API.
func (p *Platform) reject(w http.ResponseWriter, c *Call, status int, kind, claims string) {
	value := `Bearer realm="", authorization_uri="https://` + c.place.cloud.network + `/common/oauth2/authorize"`
	if kind = strings.TrimSpace(kind); kind != "" {
		value += `, error="` + kind + `"`
	}
	if claims != "" {
		value += `, claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`
	}
	c.Err = &Error{Kind: cmp.Or(kind, "invalid_token"), Status: status}
	w.Header().Set("WWW-Authenticate", value)
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": c.Err.Kind, "message": "The access token is missing or not good enough for this request."}})
}

// follow remembers an access token that resources can be told about.
func (p *Platform) follow(id string, user *directory.User, expires time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.continuous[id] = &continuous{oid: user.ObjectID, generation: p.state.evaluations[user.ObjectID].generation, expires: expires}
	p.state.sweep(p.now())
}

// RequireNewTokens makes resources refuse the access tokens that were issued to
// a person so far, if their clients handle claims challenges. It reports whether
// the person exists.
func (p *Platform) RequireNewTokens(upn string) bool {
	user, ok := p.dir.User(upn)
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.evaluate(user, p.now())
	return true
}

func (s *state) evaluate(user *directory.User, now time.Time) {
	s.evaluations[user.ObjectID] = evaluation{generation: s.evaluations[user.ObjectID].generation + 1, at: now}
}

// accessLife is the life of an access token: long where the resource evaluates
// access continuously and the client handles what follows from it.
func accessLife(resource *directory.App, capabilities []string, life Lifetimes) Lifetimes {
	if resource.Continuous && len(capabilities) > 0 {
		life.AccessToken = life.LongAccessToken
	}
	return life
}

func text(claims jwt.MapClaims, name string) string { s, _ := claims[name].(string); return s }

func list(claims jwt.MapClaims, name string) []string {
	items, _ := claims[name].([]any)
	var out []string
	for _, item := range items {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
