package endpoint

import (
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator/internal/directory"
)

// usage is a person's use of a resource through an application, and what is
// known of their sign-in.
type usage struct {
	user     *directory.User
	app      *directory.App
	resource *directory.App
	asked    claimsRequest
	authTime time.Time
	mfa      bool
}

// barrier finds what stands between a person and a resource: the error of the
// hardest access policy that is not met, or nil. It is the stand-in for
// Conditional Access (learn.microsoft.com/entra/identity/conditional-access).
func (p *Platform) barrier(u usage) *Error {
	policies := p.dir.AccessOf(u.user)
	p.mu.Lock()
	if p.state.stepUps[u.user.ObjectID] {
		policies = append(policies, &directory.Access{ID: directory.ID("step-up", u.user.ObjectID), Require: directory.RequireMFA})
	}
	enrolled := !u.user.Unenrolled || p.state.enrolled[u.user.ObjectID]
	p.mu.Unlock()
	var hardest *Error
	for _, policy := range policies {
		if !u.concerns(policy) {
			continue
		}
		e := p.unmet(policy, u, enrolled)
		if e != nil && (hardest == nil || hardness(e) > hardness(hardest)) {
			hardest = e
		}
	}
	return hardest
}

// concerns reports whether a policy applies. A policy that a claims challenge
// names applies to whatever is asked for now, since the challenge may come from
// a resource further down.
func (u usage) concerns(policy *directory.Access) bool {
	switch {
	case !policy.AppliesTo(u.user):
		return false
	case slices.ContainsFunc(u.asked.policies, func(id string) bool { return strings.EqualFold(id, policy.ID) }):
		return true
	case policy.Context != "" && !slices.Contains(u.asked.contexts, policy.Context) && !slices.Contains(u.asked.idContexts, policy.Context):
		return false
	}
	return policy.Covers(u.app, u.resource)
}

// unmet returns the error of a policy that the sign-in does not meet.
func (p *Platform) unmet(policy *directory.Access, u usage, enrolled bool) *Error {
	if policy.MaxAge > 0 && p.now().Sub(u.authTime) > policy.MaxAge {
		return p.fail("SignInTooOld")
	}
	var e *Error
	switch policy.Require {
	case directory.RequireMFA:
		switch {
		case u.mfa:
			return nil
		case enrolled:
			e = p.fail("MFARequired")
		default:
			e = p.fail("MFAEnrollment")
		}
	case directory.RequireCompliant:
		e = p.fail("DeviceNotCompliant")
	case directory.RequireDevice:
		e = p.fail("DeviceAuthenticationFailed")
	case directory.RequireAppProtection:
		e = p.fail("AppProtectionRequired")
	case directory.RequireBlock:
		e = p.fail("Blocked")
	default:
		return nil
	}
	e.Claims = challenge("capolids", essentialOf(policy.ID))
	if policy.Context != "" {
		e.Claims = challenge("acrs", essential(policy.Context))
	}
	return e
}

// hardness orders errors by how little a person can do about them.
func hardness(e *Error) int {
	return slices.Index([]string{"MFARequired", "MFAEnrollment", "SignInTooOld", "AppProtectionRequired", "DeviceNotCompliant", "DeviceAuthenticationFailed", "Blocked"}, e.Name)
}

// canBeAsked reports whether a page can do something about an error.
func canBeAsked(e *Error) bool {
	return e.Name == "MFARequired" || e.Name == "MFAEnrollment" || e.Name == "SignInTooOld"
}

// admit applies the access policies to a token request.
func (p *Platform) admit(c *Call, g *grant, asked claimsRequest) *Error {
	e := p.barrier(usage{user: g.user, app: g.app, resource: g.scopes.Resource, asked: asked, authTime: g.authTime, mfa: g.mfa})
	if e == nil {
		g.contexts = union(g.contexts, asked.contexts)
		return nil
	}
	if c.Grant == grantOnBehalf && e.Kind == "invalid_grant" {
		// Documented for this grant: learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow.
		e.Kind = "interaction_required"
	}
	return e
}

// union appends what is not there yet, to a new list.
func union(have, more []string) []string {
	out := slices.Clone(have)
	for _, s := range more {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// inherit takes how a person signed in over from the access token that they
// called the middle tier with.
func (g *grant) inherit(claims jwt.MapClaims) {
	methods, _ := claims["amr"].([]any)
	g.mfa = slices.Contains(methods, any("mfa"))
	if at, ok := claims["auth_time"].(float64); ok {
		g.authTime = time.Unix(int64(at), 0)
	}
}

// RequireMFA makes a person need a second factor from now on, or no longer. It
// reports whether the person exists.
func (p *Platform) RequireMFA(upn string, required bool) bool {
	user, ok := p.dir.User(upn)
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.stepUps[user.ObjectID] = required
	return true
}

// OneTimeCode is the code of a person's second factor; empty if there is no such
// person.
func (p *Platform) OneTimeCode(upn string) string {
	if user, ok := p.dir.User(upn); ok {
		return user.OneTimeCode
	}
	return ""
}
