package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// responseTypes is what an authorization request asks for (OAuth 2.0 Multiple
// Response Type Encoding Practices).
type responseTypes struct {
	code    bool
	idToken bool
	token   bool
}

// front reports whether tokens come through the browser.
func (t responseTypes) front() bool { return t.idToken || t.token }

// authResponse reads response_type and response_mode. Tokens through the
// browser have to be enabled for the application, and are never in a query.
func (p *Platform) authResponse(c *Call, req *authRequest) *Error {
	switch mode := c.param("response_mode"); mode {
	case "":
	case "query", "fragment", "form_post":
		req.mode = mode
	default:
		return p.fail("ResponseModeUnknown", "mode", safeName(mode))
	}
	kind := c.param("response_type")
	if kind == "" {
		return p.fail("ParameterMissing", "name", "response_type")
	}
	disabled := p.fail("ResponseTypeDisabled", "type", safeName(strings.ReplaceAll(kind, " ", "+")))
	for word := range strings.SplitSeq(kind, " ") {
		asked, allowed := &req.types.code, true
		switch word {
		case "code":
		case "id_token":
			asked, allowed = &req.types.idToken, req.app.IssueIDTokens
		case "token":
			asked, allowed = &req.types.token, req.app.IssueAccessTokens
		default:
			return disabled
		}
		if *asked || !allowed {
			return disabled
		}
		*asked = true
	}
	switch {
	case req.types.front() && c.param("response_mode") == "":
		req.mode = "fragment"
	case req.types.front() && req.mode == "query":
		return p.fail("ResponseModeQuery")
	}
	if req.types.idToken && req.nonce == "" { // OpenID Connect Core sections 3.2.2.1 and 3.3.2.11
		return p.fail("ParameterMissing", "name", "nonce")
	}
	return nil
}

// addTokens puts the tokens that come through the browser into an answer
// (OpenID Connect Core sections 3.2.2.5 and 3.3.2.5).
func (p *Platform) addTokens(c *Call, req authRequest, g grant, answer url.Values) *Error {
	asked, refused := p.claimsOf(req.claims)
	if refused == nil {
		refused = p.admit(c, &g, asked)
	}
	if refused != nil {
		return refused
	}
	life := accessLife(g.scopes.Resource, asked.capabilities, p.Lifetimes())
	t := p.describe(c, client{app: req.app, proof: "0"}, g.tenant.ID, life.AccessToken)
	t.User, t.AuthTime, t.MFA, t.Nonce = g.user, g.authTime, g.mfa, req.nonce
	t.Contexts, t.IDContexts = g.contexts, asked.idContexts
	t.Resource, t.Audience, t.Scopes, t.Capabilities = g.scopes.Resource, audience(g.scopes), g.scopes.Claim(), asked.capabilities
	if req.types.token {
		signed, refused := p.sign(c, t, life)
		if refused != nil {
			return refused
		}
		if len(t.Capabilities) > 0 {
			p.follow(t.ID, g.user, t.Now.Add(t.Lifetime))
		}
		answer.Set("access_token", signed.AccessToken)
		answer.Set("token_type", signed.TokenType)
		answer.Set("expires_in", strconv.FormatInt(signed.ExpiresIn, 10))
		answer.Set("scope", g.scopes.Granted())
	}
	if req.types.idToken {
		claims := c.claims(t.IDClaims(), g.user)
		if code := answer.Get("code"); code != "" {
			claims["c_hash"] = halfHash(code)
		}
		if token := answer.Get("access_token"); token != "" {
			claims["at_hash"] = halfHash(token)
		}
		signed, err := p.keys.Sign(claims, c.Tamper)
		if err != nil {
			return p.signFailure(err)
		}
		answer.Set("id_token", signed)
	}
	return nil
}

// halfHash ties a code or a token to the ID token beside it (OpenID Connect Core
// section 3.3.2.11).
func halfHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// checkSPACode reads return_spa_code, by which a web application asks for a
// second code for its page. How the real service refuses is unverified.
func (p *Platform) checkSPACode(c *Call, who client) *Error {
	switch asked := c.Form.Get("return_spa_code"); {
	case asked == "":
		return nil
	case asked != "1" || who.proof == "0" || len(who.app.SPA) == 0 && !who.app.Registered:
		return p.fail("ParameterBad", "name", "return_spa_code")
	}
	return nil
}

// newSPACode makes the code for the page. It has no redirect URI and no PKCE of
// its own: what it is tied to is that only a page may redeem it.
func (p *Platform) newSPACode(g grant) string {
	g.platform, g.nonce = directory.SPA, ""
	g.expires = p.now().Add(p.Lifetimes().Code)
	value := p.random.Handle("1.C")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.codes[value] = &code{grant: g, forPage: true}
	return value
}
