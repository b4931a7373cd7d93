package msal

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/oauth"
)

func checkAuthCodeRequest(r *AuthCodeFlowRequest) error {
	if !usableRedirect(r.RedirectURI) {
		return configError(opStartSignIn, "give the absolute redirect URI of the app registration, without fragment", errBadRedirect)
	}
	switch r.ResponseMode {
	case "":
		r.ResponseMode = ResponseModeFormPost
	case ResponseModeFormPost, ResponseModeQuery:
	default:
		return configError(opStartSignIn, "use form_post or query", fmt.Errorf("response mode %q is not supported", string(r.ResponseMode)))
	}
	if r.MaxAge < 0 || r.MaxAge%time.Second != 0 {
		return configError(opStartSignIn, "give whole seconds", errors.New("MaxAge is not usable"))
	}
	if err := checkScopes(r.ExtraScopesToConsent); err != nil {
		return err
	}
	return checkExtraQuery(r.ExtraQueryParameters)
}

const opStartSignIn = "start a sign-in"

var (
	errBadRedirect = errors.New("the redirect URI is not usable")
	errNoAuthorize = errors.New("the authority has no authorization endpoint")
)

// usableRedirect reports whether a browser can be sent to uri with an answer:
// an https or http URL with a host, the scheme of a native application
// (RFC 8252 section 7.1), or the out-of-band URN. Not a page that runs scripts.
func usableRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Fragment != "" || u.User != nil {
		return false
	}
	switch u.Scheme {
	case "", "javascript", "data", "file", "about", "blob":
		return false
	case "http", "https":
		return u.Host != ""
	case "urn":
		return u.Opaque != ""
	}
	return u.Opaque == "" && strings.Contains(uri, ":/")
}

// ownQueryNames are the parameters of an authorization request that the library
// answers for, those that would replace it as a whole (RFC 9101), and secrets,
// which no URL may hold.
var ownQueryNames = [...]string{
	"client_id", "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "nonce", "client_info",
	"login_hint", "prompt", "domain_hint", "claims", "max_age", "response_mode", "X-AnchorMailbox",
	"request", "request_uri",
	"client_secret", "client_assertion", "client_assertion_type", "code_verifier", "code", "password", "refresh_token", "access_token", "assertion",
}

// checkExtraQuery refuses parameters that would undo the library's own. Letter
// case does not matter to every service.
func checkExtraQuery(extra map[string]string) error {
	for name, value := range extra {
		if slices.ContainsFunc(ownQueryNames[:], func(own string) bool { return strings.EqualFold(own, name) }) {
			return configError(opStartSignIn, "use the field of the request instead, or leave it out",
				fmt.Errorf("ExtraQueryParameters has %q, which the library answers for", name))
		}
		if name == "" || value == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("&=#+%", c) }) {
			return configError(opStartSignIn, "give each parameter a plain name and a value",
				fmt.Errorf("ExtraQueryParameters has the unusable parameter %q", name))
		}
	}
	return nil
}

// authorizeURL has its parameters in the order of MSAL Python.
func (c *core) authorizeURL(p *place, f AuthCodeFlow, r AuthCodeFlowRequest) (string, error) {
	var q oauth.Form
	q.Add("client_id", c.clientID)
	q.Add("response_type", "code")
	q.Add("redirect_uri", f.RedirectURI)
	q.Add("scope", scopeParam(withConsent(f.Scopes, r.ExtraScopesToConsent)))
	q.Add("state", f.State)
	q.Add("code_challenge", codeChallenge(f.CodeVerifier))
	q.Add("code_challenge_method", "S256")
	q.Add("nonce", wireNonce(f.Nonce))
	q.Add("client_info", "1")
	q.Add("login_hint", r.LoginHint)
	q.Add("prompt", string(r.Prompt))
	q.Add("domain_hint", r.DomainHint)
	q.Add("claims", f.Claims)
	if r.MaxAge > 0 {
		q.Add("max_age", strconv.FormatInt(int64(r.MaxAge/time.Second), 10))
	}
	q.Add("response_mode", string(r.ResponseMode))
	if r.LoginHint != "" {
		q.Add("X-AnchorMailbox", "UPN:"+r.LoginHint)
	}
	for _, name := range slices.Sorted(maps.Keys(r.ExtraQueryParameters)) {
		q.Add(name, r.ExtraQueryParameters[name])
	}
	return authorizationRequest(p, q)
}

// authorizationRequest puts the parameters behind the authorization endpoint,
// which may have a query of its own (RFC 6749 section 3.1).
func authorizationRequest(p *place, q oauth.Form) (string, error) {
	u, err := url.Parse(p.meta.AuthorizationEndpoint)
	if err != nil || p.meta.AuthorizationEndpoint == "" {
		return "", &OpError{Op: opStartSignIn, Kind: ErrConfiguration, Err: errNoAuthorize}
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	return u.String(), nil
}

// withConsent adds the scopes that are agreed to now and asked for later.
func withConsent(scopes, extra []string) []string {
	if len(extra) == 0 {
		return scopes
	}
	all := slices.Concat(scopes, extra)
	slices.Sort(all)
	return slices.Compact(all)
}

// codeChallenge is the S256 challenge of a verifier (RFC 7636 section 4.2).
func codeChallenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// wireNonce is what the service and the ID token see of a flow's nonce: whoever
// has only seen the wire cannot present the flow.
func wireNonce(nonce string) string {
	sum := sha256.Sum256([]byte(nonce))
	return hex.EncodeToString(sum[:])
}
