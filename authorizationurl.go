package msal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
)

// AuthorizationURLRequest asks for the URL of a sign-in whose state, nonce and
// PKCE are the caller's business.
type AuthorizationURLRequest struct {
	Scopes      []string // of one resource, without openid, profile and offline_access
	RedirectURI string   // as registered; empty leaves it to the registration, if that has just one
	Prompt      Prompt   // zero: the service decides
	LoginHint   string   // user name to fill in
	DomainHint  string   // "organizations", "consumers" or a domain: skips a page
	Claims      string   // claims challenge to satisfy
	// State comes back with the answer: make it random and compare it. Empty
	// sends none, which leaves the sign-in open to forgery (RFC 9700 section
	// 4.7).
	State string
	// Nonce comes back in the ID token: make it random and give it to
	// AcquireTokenByAuthorizationCode. It is sent as it is.
	Nonce string
	// CodeVerifier of PKCE (RFC 7636 section 4.1): 43 to 128 characters out of
	// A-Z a-z 0-9 - . _ ~. What is sent is its SHA-256. Give the same to
	// AcquireTokenByAuthorizationCode. Empty goes without PKCE.
	CodeVerifier string
	// ResponseType defaults to "code". "code id_token" brings an ID token as
	// well, which is not checked here, and needs a Nonce; so does "id_token".
	// Types with "token" are passed on, but RFC 9700 section 2.1.2 advises
	// against them, and no call of this library takes their answers.
	ResponseType string
	// ResponseMode defaults to what the service does with the type: "query" for
	// a code alone, else "fragment", which no server gets to see.
	ResponseMode ResponseMode
}

// String names the request without what the caller has to keep.
func (r AuthorizationURLRequest) String() string {
	return "authorization request for " + strings.Join(r.Scopes, " ")
}

// GoString is String.
func (r AuthorizationURLRequest) GoString() string { return r.String() }

// LogValue is String.
func (r AuthorizationURLRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String, so that JSON shows no secret either.
func (r AuthorizationURLRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// AuthorizationURL makes the URL of a sign-in with the caller's own state, nonce
// and PKCE (RFC 6749 section 4.1.1). Its errors are those of
// InitiateAuthCodeFlow.
//
// Deprecated: InitiateAuthCodeFlow makes and checks all of these itself. MSAL
// Python has deprecated the call too.
func (c *core) AuthorizationURL(ctx context.Context, r AuthorizationURLRequest) (string, error) {
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return "", err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return "", err
	}
	if err := checkAuthorizationURL(&r); err != nil {
		return "", err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return "", err
	}
	var q oauth.Form
	q.Add("client_id", c.clientID)
	q.Add("response_type", r.ResponseType)
	q.Add("redirect_uri", r.RedirectURI)
	q.Add("scope", scopeParam(scopes))
	q.Add("state", r.State)
	if r.CodeVerifier != "" {
		q.Add("code_challenge", codeChallenge(r.CodeVerifier))
		q.Add("code_challenge_method", "S256")
	}
	q.Add("login_hint", r.LoginHint)
	q.Add("prompt", string(r.Prompt))
	q.Add("nonce", r.Nonce)
	q.Add("domain_hint", r.DomainHint)
	q.Add("claims", claims)
	q.Add("response_mode", string(r.ResponseMode))
	return authorizationRequest(p, q)
}

func checkAuthorizationURL(r *AuthorizationURLRequest) error {
	if r.RedirectURI != "" && !usableRedirect(r.RedirectURI) {
		return configError(opStartSignIn, "give the absolute redirect URI of the app registration, without fragment, or leave it out", errBadRedirect)
	}
	if err := checkVerifier(opStartSignIn, r.CodeVerifier); err != nil {
		return err
	}
	if r.ResponseType == "" {
		r.ResponseType = "code"
	}
	words := strings.Split(r.ResponseType, " ")
	for i, word := range words {
		if !oneOf(word, "code", "id_token", "token") || slices.Contains(words[:i], word) {
			return configError(opStartSignIn, "use code, or code id_token", fmt.Errorf("response type %q is not supported", r.ResponseType))
		}
	}
	if slices.Contains(words, "id_token") && r.Nonce == "" { // OpenID Connect Core section 3.3.2.11
		return configError(opStartSignIn, "give a random Nonce, and compare it with that of the ID token", errors.New("a sign-in that answers with an ID token needs a nonce"))
	}
	switch r.ResponseMode {
	case "", ResponseModeFormPost:
		return nil
	case ResponseModeQuery:
		if r.ResponseType == "code" {
			return nil
		}
	}
	return configError(opStartSignIn, "use form_post, or query for a code alone",
		fmt.Errorf("response mode %q is not supported for the response type %q", string(r.ResponseMode), r.ResponseType))
}

// checkVerifier holds a verifier of the caller against RFC 7636 section 4.1.
func checkVerifier(op, verifier string) error {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~", c)
	}
	if verifier == "" || len(verifier) >= 43 && len(verifier) <= 128 && !strings.ContainsFunc(verifier, odd) {
		return nil
	}
	return configError(op, "make it of 32 random bytes in base64url without padding", errors.New("the CodeVerifier is not 43 to 128 unreserved characters"))
}

// AuthorizationCodeRequest redeems a code that the caller has received.
type AuthorizationCodeRequest struct {
	// Code is the one of the answer, whose state the caller has compared.
	Code string
	// Scopes are those of the sign-in, or some of them.
	Scopes []string
	// RedirectURI is the one of the sign-in.
	RedirectURI string
	// Nonce is the one of the sign-in: an ID token with another one is
	// refused. Empty does not compare.
	Nonce string
	// Claims is a claims challenge to satisfy.
	Claims string
	// CodeVerifier is the one of the sign-in.
	CodeVerifier string
	// ReturnSPACode: see AuthCodeRedemption.
	ReturnSPACode bool
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// CorrelationID goes out as client-request-id. Empty makes a new one.
	CorrelationID string
}

// String names the request without its secrets.
func (r AuthorizationCodeRequest) String() string {
	return "redemption of an authorization code for " + strings.Join(r.Scopes, " ")
}

// GoString is String.
func (r AuthorizationCodeRequest) GoString() string { return r.String() }

// LogValue is String.
func (r AuthorizationCodeRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String, so that JSON shows no secret either.
func (r AuthorizationCodeRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// AcquireTokenByAuthorizationCode redeems a code for tokens (RFC 6749 section
// 4.1.3). The ID token is checked as everywhere, the nonce where one is given;
// nothing is cached unless all is well. That the code belongs to the person's
// session, which state and PKCE are for, is for the caller to know. Errors:
// *Error when the service refuses, *IDTokenError, ErrConfiguration.
//
// Deprecated: AcquireTokenByAuthCodeFlow compares state and nonce and proves
// possession of the sign-in. MSAL Python has deprecated the call too.
func (c *core) AcquireTokenByAuthorizationCode(ctx context.Context, r AuthorizationCodeRequest) (Result, error) {
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return Result{}, err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return Result{}, err
	}
	if err := c.checkCode(r); err != nil {
		return Result{}, err
	}
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return Result{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	g := grant{
		kind:          grantAuthorizationCode,
		api:           telemetry.AuthorizationCode,
		extra:         x,
		scopes:        scopes,
		claims:        claims,
		correlationID: c.newCorrelationID(r.CorrelationID),
		signIn:        &signIn{nonce: r.Nonce, ownNonce: true},
		partition:     func(_ *place, home string) string { return c.userPartition(home) },
	}
	g.form.Add("code_verifier", r.CodeVerifier)
	g.form.Add("code", r.Code)
	g.form.Add("redirect_uri", r.RedirectURI)
	g.form.Add("scope", scopeParam(scopes))
	g.form.Add("return_spa_code", spaCodeFlag(r.ReturnSPACode))
	return c.ask(ctx, p, g)
}

func (c *core) checkCode(r AuthorizationCodeRequest) error {
	const op = "redeem the authorization code"
	switch {
	case r.Code == "":
		return configError(op, "give the code of the answer", errors.New("the code is empty"))
	case r.RedirectURI != "" && !usableRedirect(r.RedirectURI):
		return configError(op, "give the redirect URI of the sign-in", errBadRedirect)
	}
	if err := c.checkSPACode(r.ReturnSPACode); err != nil {
		return err
	}
	return checkVerifier(op, r.CodeVerifier)
}
