package msal

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
)

const grantAuthorizationCode = "authorization_code" // RFC 6749 section 4.1

// Prompt says how the service treats the person at sign-in (OpenID Connect Core
// section 3.1.2.1).
type Prompt string

// The prompts that Entra knows. The zero Prompt leaves it to the service, and
// so does any other: it is passed on as it is.
const (
	PromptSelectAccount Prompt = "select_account"
	PromptNone          Prompt = "none"
	PromptLogin         Prompt = "login"
	PromptConsent       Prompt = "consent"
	PromptCreate        Prompt = "create"
)

// ResponseMode is how the answer of a sign-in travels back to the redirect URI.
type ResponseMode string

const (
	// ResponseModeFormPost, the default, posts the answer, so that the code
	// is in no browser history or server log (RFC 9700 section 4.3.1).
	ResponseModeFormPost ResponseMode = "form_post"
	// ResponseModeQuery puts the answer into the URL.
	ResponseModeQuery ResponseMode = "query"
)

// AuthCodeFlowRequest asks for the start of a sign-in by authorization code.
type AuthCodeFlowRequest struct {
	Scopes      []string // of one resource, without openid, profile and offline_access
	RedirectURI string   // as registered; where the answer comes in
	Prompt      Prompt   // zero: the service decides
	LoginHint   string   // user name to fill in
	DomainHint  string   // "organizations", "consumers" or a domain: skips a page
	Claims      string   // claims challenge to satisfy
	// MaxAge is how long ago the person may have typed a password, in whole
	// seconds. The answer is checked. Zero asks nothing; to force a password,
	// use PromptLogin.
	MaxAge time.Duration
	// State comes back with the answer and ties it to the flow. Empty makes a
	// random one; your own must be impossible to guess.
	State string
	// ResponseMode defaults to form_post.
	ResponseMode ResponseMode
	// ExtraScopesToConsent are agreed to in this sign-in too, also of other
	// resources, and are not part of the token: ask for them later, silently.
	ExtraScopesToConsent []string
	// ExtraQueryParameters go onto the URL as they are, for what a service
	// offers and this library has no field for. Names that the library answers
	// for are refused.
	ExtraQueryParameters map[string]string
	// CorrelationID goes out as client-request-id at redemption. Empty makes a
	// new one.
	CorrelationID string
}

// AuthCodeFlow is a sign-in that has begun. Send the person to URL, keep the
// flow where only this person's session can reach it (it is plain JSON, and
// holds secrets), and give it to AcquireTokenByAuthCodeFlow with the answer.
type AuthCodeFlow struct {
	URL           string        `json:"auth_uri"` // where to send the person
	State         string        `json:"state"`    // what the answer must come with
	Nonce         string        `json:"nonce"`    // its SHA-256 is what is sent
	CodeVerifier  string        `json:"code_verifier"`
	RedirectURI   string        `json:"redirect_uri"`
	Scopes        []string      `json:"scope"`
	ClientID      string        `json:"client_id"` // of the client that began it, which alone may redeem it
	Authority     string        `json:"authority"`
	Claims        string        `json:"claims_challenge,omitempty"`
	MaxAge        time.Duration `json:"max_age,omitempty"` // nanoseconds
	ExpiresAt     time.Time     `json:"expires_at"`
	CorrelationID string        `json:"correlation_id"`
}

// String names the flow without showing its secrets.
func (f AuthCodeFlow) String() string {
	return fmt.Sprintf("sign-in with correlation id %s until %s", f.CorrelationID, f.ExpiresAt.UTC().Format(time.RFC3339))
}

// GoString is String.
func (f AuthCodeFlow) GoString() string { return f.String() }

// LogValue is String.
func (f AuthCodeFlow) LogValue() slog.Value { return slog.StringValue(f.String()) }

// flowLifetime is how long a person may take to sign in.
const flowLifetime = time.Hour

// InitiateAuthCodeFlow makes the URL of a sign-in with state, nonce and PKCE
// (RFC 6749 section 4.1, RFC 7636, OpenID Connect Core section 3.1). It sends
// nothing, unless the authority's endpoints have to be discovered.
func (c *core) InitiateAuthCodeFlow(ctx context.Context, r AuthCodeFlowRequest) (AuthCodeFlow, error) {
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return AuthCodeFlow{}, err
	}
	claims, err := mergeClaims(c.capabilities, r.Claims)
	if err != nil {
		return AuthCodeFlow{}, err
	}
	if err := checkAuthCodeRequest(&r); err != nil {
		return AuthCodeFlow{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return AuthCodeFlow{}, err
	}
	f := AuthCodeFlow{
		State:         r.State,
		RedirectURI:   r.RedirectURI,
		Scopes:        scopes,
		ClientID:      c.clientID,
		Authority:     c.authority.URL,
		Claims:        claims,
		MaxAge:        r.MaxAge,
		ExpiresAt:     time.Now().Add(flowLifetime).Round(0),
		CorrelationID: c.newCorrelationID(r.CorrelationID),
	}
	for _, secret := range []struct {
		into  *string
		bytes int
	}{{&f.State, 16}, {&f.Nonce, 16}, {&f.CodeVerifier, 32}} {
		if *secret.into != "" {
			continue
		}
		if *secret.into, err = c.randomText(secret.bytes); err != nil {
			return AuthCodeFlow{}, err
		}
	}
	f.URL, err = c.authorizeURL(p, f, r)
	return f, err
}

func (c *core) randomText(bytes int) (string, error) {
	b := make([]byte, bytes)
	if _, err := io.ReadFull(c.random, b); err != nil {
		return "", &OpError{Op: "draw random bytes", Err: err}
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// AuthCodeRedemption completes a sign-in.
type AuthCodeRedemption struct {
	// Flow is what InitiateAuthCodeFlow returned for this person.
	Flow AuthCodeFlow
	// Response is what came to the redirect URI: the posted form, which is
	// (*http.Request).PostForm after ParseForm, or the query of its URL for
	// ResponseModeQuery.
	Response url.Values
	// Scopes, if given, must be a subset of the flow's: ask at sign-in for
	// consent to all that is ever needed, take one resource's token now.
	Scopes []string
	// ExtraParameters: see ForClientRequest.
	ExtraParameters map[string]string
	// ReturnSPACode asks for a second code, Result.SPACode, with which the
	// page in the browser gets tokens of its own (hybrid single-page
	// application). It is for confidential clients of Entra, whose registration
	// has a single-page redirect URI as well.
	ReturnSPACode bool
}

// String names the redemption without code and verifier.
func (r AuthCodeRedemption) String() string { return "redemption of a " + r.Flow.String() }

// GoString is String.
func (r AuthCodeRedemption) GoString() string { return r.String() }

// LogValue is String.
func (r AuthCodeRedemption) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String, so that JSON shows no secret either.
func (r AuthCodeRedemption) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// AcquireTokenByAuthCodeFlow redeems the answer of a sign-in for tokens.
//
// A flow is good once, for an hour, and only for a client with the id and the
// authority of the one that began it; another process may redeem it, and if two
// try, the service takes the code of one. The state must match; the ID token's
// signature, issuer, audience, nonce and age are checked, and nothing is cached
// unless all is well. Errors: *Error when the service or the person refused,
// *IDTokenError, ErrProtocol for an answer that does not belong to the flow,
// ErrTimeout for an expired flow.
func (c *core) AcquireTokenByAuthCodeFlow(ctx context.Context, r AuthCodeRedemption) (Result, error) {
	return c.redeemAuthCode(ctx, r, telemetry.AuthorizationCode)
}

func (c *core) redeemAuthCode(ctx context.Context, r AuthCodeRedemption, api telemetry.API) (Result, error) {
	scopes, err := c.redemptionScopes(r)
	if err != nil {
		return Result{}, err
	}
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return Result{}, err
	}
	if err := c.checkSPACode(r.ReturnSPACode); err != nil {
		return Result{}, err
	}
	code, err := c.checkAnswer(r)
	if err != nil {
		return Result{}, err
	}
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	if err := checkAnswerIssuer(p, r.Response.Get("iss")); err != nil {
		return Result{}, err
	}
	g := grant{
		kind:          grantAuthorizationCode,
		extra:         x,
		api:           api,
		scopes:        scopes,
		claims:        r.Flow.Claims,
		correlationID: c.newCorrelationID(r.Flow.CorrelationID),
		signIn:        &signIn{nonce: wireNonce(r.Flow.Nonce), maxAge: r.Flow.MaxAge},
		partition:     func(_ *place, home string) string { return c.userPartition(home) },
	}
	if info, err := oauth.ParseClientInfo(r.Response.Get("client_info")); err == nil && info.UID != "" && info.UTID != "" {
		g.mailbox = "Oid:" + info.UID + "@" + info.UTID
	}
	g.form.Add("code_verifier", r.Flow.CodeVerifier)
	g.form.Add("code", code)
	g.form.Add("redirect_uri", r.Flow.RedirectURI)
	g.form.Add("scope", scopeParam(scopes))
	g.form.Add("return_spa_code", spaCodeFlag(r.ReturnSPACode))
	if !c.used.claim(r.Flow.Nonce, r.Flow.ExpiresAt) {
		return Result{}, &OpError{Op: "complete the sign-in", Kind: ErrProtocol, Hint: "begin again; a page may have been reloaded", Err: errFlowUsed}
	}
	res, err := c.ask(ctx, p, g)
	if err != nil && res.IsZero() && (errors.Is(err, ErrTransient) || ctx.Err() != nil) {
		c.used.release(r.Flow.Nonce) // the code, which the service takes once, decides
	}
	return res, err
}

// checkSPACode refuses what cannot work: a public client has no page to hand a
// code to, and gets no second one.
func (c *core) checkSPACode(asked bool) error {
	if asked && c.prover == nil {
		return configError("redeem the authorization code", "leave ReturnSPACode out, or use a ConfidentialClient", errors.New("a public client gets no code for a page"))
	}
	return nil
}

func spaCodeFlag(asked bool) string {
	if asked {
		return "1"
	}
	return ""
}

func (c *core) redemptionScopes(r AuthCodeRedemption) ([]string, error) {
	if len(r.Scopes) == 0 {
		return r.Flow.Scopes, nil
	}
	scopes, err := c.decorate(r.Scopes)
	if err != nil {
		return nil, err
	}
	for _, s := range scopes {
		if !slices.Contains(r.Flow.Scopes, s) {
			return nil, configError("redeem the authorization code", "ask for all scopes when the flow begins", errors.New("the scopes are not a subset of the flow's"))
		}
	}
	return scopes, nil
}

var (
	errFlowUsed    = errors.New("the flow has been used before")
	errFlowExpired = errors.New("the flow has expired")
	errFlowEmpty   = errors.New("the flow is empty")
	errFlowOther   = errors.New("the flow belongs to another client or authority")
	errState       = errors.New("the answer belongs to another sign-in (state differs)")
	errAmbiguous   = errors.New("the answer repeats a parameter")
	errNoAnswer    = errors.New("the answer has neither code nor error")
	errAnswerFrom  = errors.New("the answer names another issuer")
	errNoIssuer    = errors.New("the answer does not name its issuer, although the authority says that its answers do (RFC 9207)")
)

// checkAnswer returns the code of an answer that belongs to the flow.
func (c *core) checkAnswer(r AuthCodeRedemption) (code string, err error) {
	const op = "complete the sign-in"
	f := r.Flow
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(r.Response[name]) > 1 {
			return "", &OpError{Op: op, Kind: ErrProtocol, Err: errAmbiguous}
		}
	}
	switch {
	case f.State == "" || f.CodeVerifier == "" || f.Nonce == "":
		return "", configError(op, "give the flow that InitiateAuthCodeFlow returned, from the person's session", errFlowEmpty)
	case subtle.ConstantTimeCompare([]byte(f.State), []byte(r.Response.Get("state"))) != 1:
		return "", &OpError{Op: op, Kind: ErrProtocol, Hint: "begin again; two sign-ins may have run at once", Err: errState}
	case c.checkOwn(op, f.ClientID, f.Authority) != nil:
		return "", c.checkOwn(op, f.ClientID, f.Authority)
	case !time.Now().Before(f.ExpiresAt):
		return "", &OpError{Op: op, Kind: ErrTimeout, Hint: "begin again", Err: errFlowExpired}
	}
	if code := r.Response.Get("code"); code != "" {
		return code, nil
	}
	if r.Response.Get("error") == "" {
		return "", &OpError{Op: op, Kind: ErrProtocol, Err: errNoAnswer}
	}
	refused := &Error{
		Code:          r.Response.Get("error"),
		Description:   r.Response.Get("error_description"),
		SubError:      r.Response.Get("error_subcode"),
		URI:           r.Response.Get("error_uri"),
		CorrelationID: f.CorrelationID,
		Extra:         oauth.ExtraParams(r.Response),
	}
	if n, ok := oauth.AADSTS(refused.Description); ok {
		refused.AADSTS = []int{n}
	}
	return "", refused
}

// checkOwn refuses a flow that another client began: its code and verifier are
// not for this client's authority (RFC 9700 section 4.4).
func (c *core) checkOwn(op, clientID, authority string) error {
	if clientID == c.clientID && authority == c.authority.URL {
		return nil
	}
	return configError(op, "redeem the flow with the client that began it", errFlowOther)
}

// checkAnswerIssuer refuses an answer of another authorization server (RFC 9207).
// Entra's issuer names the tenant that the person came from, whichever that is.
func checkAnswerIssuer(p *place, iss string) error {
	if iss == "" && p.meta.NamesIssuer {
		return &OpError{Op: "complete the sign-in", Kind: ErrProtocol, Hint: "begin again", Err: errNoIssuer}
	}
	if iss == "" || p.meta.Issuer == "" || iss == p.meta.Issuer {
		return nil
	}
	before, after, template := strings.Cut(p.meta.Issuer, "{tenantid}")
	tenant, isThere := strings.CutPrefix(iss, before)
	tenant, isThere2 := strings.CutSuffix(tenant, after)
	if template && isThere && isThere2 && len(tenant) == 36 && !strings.ContainsAny(tenant, "/.:@?#") {
		return nil
	}
	return &OpError{Op: "complete the sign-in", Kind: ErrProtocol, Err: errAnswerFrom}
}
