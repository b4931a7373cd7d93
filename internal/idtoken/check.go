package idtoken

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// Skew is how far clocks may differ, as in MSAL Python.
const Skew = 120 * time.Second

// Expect says what an ID token has to be. What is left empty does not match by
// accident: a token without an expected issuer or audience fails.
type Expect struct {
	// Issuers decides on the issuer: it gets the iss and tid claims. Nil
	// accepts none.
	Issuers func(iss, tid string) bool
	// Audience is the client id, which must be among the token's audiences.
	Audience string
	// Nonce is what the nonce claim must be, if not empty.
	Nonce string
	// NonceRequired makes an empty Nonce an error instead of no check.
	NonceRequired bool
	// MaxAge is the max_age of the request: the user must have signed in since.
	// Zero means that none was sent; negative stands for a max_age of 0.
	MaxAge time.Duration
	// Now is the present time; zero means time.Now().
	Now time.Time
}

func (e Expect) now() time.Time {
	if e.Now.IsZero() {
		return time.Now()
	}
	return e.Now
}

// Check reports the first thing about c that makes the token one to refuse: its
// subject, its issuer, its audience, its nonce, or the age of the sign-in. Every
// error is an *Error. Expiry is not among them, see Warnings.
func (c Claims) Check(e Expect) error {
	if c.Subject == "" {
		// Required by OpenID Connect Core 1.0, section 2. A token about nobody
		// would be kept as if it were the application's own.
		return malformed("sub", "is missing")
	}
	if err := c.checkIssuer(e); err != nil {
		return err
	}
	if err := c.checkAudience(e); err != nil {
		return err
	}
	if err := c.checkNonce(e); err != nil {
		return err
	}
	return c.checkAuthTime(e)
}

func (c Claims) checkIssuer(e Expect) error {
	switch {
	case c.Issuer == "":
		return &Error{Reason: ReasonIssuer, Part: "iss", Problem: "is missing"}
	case e.Issuers == nil || !e.Issuers(c.Issuer, c.TenantID):
		return &Error{Reason: ReasonIssuer, Part: "iss", Problem: "is not an issuer of this authority", Got: c.Issuer}
	}
	return nil
}

// checkAudience follows items 3 to 5 of OpenID Connect Core 1.0, section
// 3.1.3.7: the token is for this client, and when it is for others too, it was
// made for this one.
func (c Claims) checkAudience(e Expect) error {
	fail := &Error{Reason: ReasonAudience, Part: "aud", Got: strings.Join(c.Audience, " "), Want: e.Audience}
	switch {
	case len(c.Audience) == 0:
		fail.Problem = "is missing"
		return fail
	case e.Audience == "" || !slices.Contains(c.Audience, e.Audience):
		fail.Problem = "does not name this application"
		return fail
	}
	others := slices.ContainsFunc(c.Audience, func(aud string) bool { return aud != e.Audience })
	if others && c.AuthorizedParty != e.Audience {
		fail.Part, fail.Got, fail.Problem = "azp", c.AuthorizedParty, "is not this application, although the token is for several"
		if c.AuthorizedParty == "" {
			fail.Problem = "is missing, although the token is for several applications"
		}
		return fail
	}
	return nil
}

func (c Claims) checkNonce(e Expect) error {
	fail := &Error{Reason: ReasonNonce, Part: "nonce"}
	switch {
	case e.Nonce == "" && !e.NonceRequired:
		return nil
	case e.Nonce == "":
		fail.Problem = "cannot be checked: none was sent"
	case c.Nonce == "":
		fail.Problem = "is missing"
	case subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(e.Nonce)) != 1:
		fail.Problem = "is not the one that was sent"
	default:
		return nil
	}
	return fail
}

func (c Claims) checkAuthTime(e Expect) error {
	if e.MaxAge == 0 {
		return nil
	}
	switch {
	case c.AuthTime.IsZero():
		return &Error{Reason: ReasonAuthTime, Part: "auth_time", Problem: "is missing, although max_age was sent"}
	case e.now().Add(-Skew).After(c.AuthTime.Add(max(e.MaxAge, 0))):
		return &Error{Reason: ReasonAuthTime, Part: "auth_time", Problem: "is longer ago than max_age allows"}
	}
	return nil
}

// Warnings lists what is odd about c's times beyond the allowed skew: expired
// or not valid yet. They are no reason to refuse a token that the token endpoint
// has just sent, because then it is this machine's clock that is wrong; MSAL
// Python only warns, too.
func (c Claims) Warnings(e Expect) []*Error {
	now := e.now()
	var out []*Error
	if !c.Expiry.IsZero() && now.Add(-Skew).After(c.Expiry) {
		out = append(out, &Error{Reason: ReasonExpired, Part: "exp", Problem: "has passed"})
	}
	if now.Add(Skew).Before(c.NotBefore) {
		out = append(out, &Error{Reason: ReasonNotYetValid, Part: "nbf", Problem: "lies ahead"})
	}
	return out
}
