package idtoken

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// Skew is how far clocks may differ when Expect.Skew is zero. MSAL Python
// allows the same 120 s.
const Skew = 120 * time.Second

// Expect says what an ID token has to be. What is left empty does not match by
// accident: a token without an expected issuer or audience fails.
type Expect struct {
	// Issuer is the exact issuer; {tenantid} in it stands for the token's tid
	// claim, which then must be there. It is not used when Issuers is set.
	Issuer string
	// Issuers decides on issuers that no one string describes, such as those of
	// Entra's clouds: it gets the iss and tid claims.
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
	// Skew is how far clocks may differ; zero means Skew, negative none.
	Skew time.Duration
}

func (e Expect) clock() (now time.Time, skew time.Duration) {
	now, skew = e.Now, e.Skew
	if now.IsZero() {
		now = time.Now()
	}
	if skew == 0 {
		skew = Skew
	}
	return now, max(skew, 0)
}

// Check reports the first thing about c that makes the token one to refuse: its
// issuer, its audience, its nonce, or the age of the sign-in. Every error is an
// *Error. Expiry is not among them, see Warnings.
func (c Claims) Check(e Expect) error {
	if err := c.checkIssuer(e); err != nil {
		return err
	}
	if e.Audience == "" || !slices.Contains(c.Audience, e.Audience) {
		problem := "does not name this application"
		if len(c.Audience) == 0 {
			problem = "is missing"
		}
		return &Error{Reason: ReasonAudience, Part: "aud", Problem: problem, Got: strings.Join(c.Audience, " "), Want: e.Audience}
	}
	if err := c.checkNonce(e); err != nil {
		return err
	}
	return c.checkAuthTime(e)
}

func (c Claims) checkIssuer(e Expect) error {
	fail := &Error{Reason: ReasonIssuer, Part: "iss", Problem: "is not an issuer of this authority", Got: c.Issuer}
	if c.Issuer == "" {
		fail.Problem = "is missing"
		return fail
	}
	if e.Issuers != nil {
		if !e.Issuers(c.Issuer, c.TenantID) {
			return fail
		}
		return nil
	}
	const template = "{tenantid}"
	fail.Want = e.Issuer
	if strings.Contains(e.Issuer, template) {
		if !plainTenant(c.TenantID) {
			return fail
		}
		fail.Want = strings.ReplaceAll(e.Issuer, template, c.TenantID)
	}
	if c.Issuer != fail.Want {
		return fail
	}
	return nil
}

// plainTenant reports whether tid can stand in an issuer without changing its
// shape: a token must not choose its issuer's host or path.
func plainTenant(tid string) bool {
	return tid != "" && strings.Trim(strings.ToLower(tid), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
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
	now, skew := e.clock()
	switch {
	case c.AuthTime.IsZero():
		return &Error{Reason: ReasonAuthTime, Part: "auth_time", Problem: "is missing, although max_age was sent"}
	case now.Add(-skew).After(c.AuthTime.Add(max(e.MaxAge, 0))):
		return &Error{Reason: ReasonAuthTime, Part: "auth_time", Problem: "is longer ago than max_age allows"}
	}
	return nil
}

// Warnings lists what is odd about c's times beyond the allowed skew: expired
// or not valid yet. They are no reason to refuse a token that the token endpoint
// has just sent, because then it is this machine's clock that is wrong; MSAL
// Python only warns, too.
func (c Claims) Warnings(e Expect) []*Error {
	now, skew := e.clock()
	var out []*Error
	if !c.Expiry.IsZero() && now.Add(-skew).After(c.Expiry) {
		out = append(out, &Error{Reason: ReasonExpired, Part: "exp", Problem: "has passed"})
	}
	if now.Add(skew).Before(c.NotBefore) {
		out = append(out, &Error{Reason: ReasonNotYetValid, Part: "nbf", Problem: "lies ahead"})
	}
	return out
}
