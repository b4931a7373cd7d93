package directory

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultOneTimeCode is the second factor of people whose configuration does not
// name one.
const DefaultOneTimeCode = "246810"

// Requirement is what an access policy asks of a sign-in.
type Requirement string

// The requirements. Only the second factor can be met in a browser here.
const (
	RequireNothing       Requirement = "" // beside a fresh sign-in
	RequireMFA           Requirement = "mfa"
	RequireCompliant     Requirement = "compliant_device"
	RequireDevice        Requirement = "device_authentication"
	RequireAppProtection Requirement = "app_protection"
	RequireBlock         Requirement = "block"
)

// Access is a rule of Conditional Access, in small.
type Access struct {
	ID        string
	Name      string
	Users     []string // sign-in names; none means everybody
	Resources []string // client ids or identifier URIs; none means all
	Clients   []string // client ids; none means all
	Context   string   // applies only where this authentication context is asked for
	Require   Requirement
	MaxAge    time.Duration // of the sign-in; zero: no matter
}

// AppliesTo reports whether the policy is about a person.
func (a *Access) AppliesTo(u *User) bool {
	return len(a.Users) == 0 || slices.ContainsFunc(a.Users, func(upn string) bool { return strings.EqualFold(upn, u.UPN) })
}

// Covers reports whether the policy is about the use of a resource by a client.
func (a *Access) Covers(client, resource *App) bool {
	if len(a.Clients) > 0 && !slices.ContainsFunc(a.Clients, func(id string) bool { return strings.EqualFold(id, client.ClientID) }) {
		return false
	}
	return len(a.Resources) == 0 || slices.ContainsFunc(a.Resources, resource.Named)
}

// Named reports whether name is one of the resource's.
func (a *App) Named(name string) bool {
	return strings.EqualFold(a.ClientID, name) || slices.ContainsFunc(a.IdentifierURIs, func(uri string) bool {
		return strings.EqualFold(strings.TrimSuffix(uri, "/"), strings.TrimSuffix(name, "/"))
	})
}

// IsContext reports whether s names an authentication context: c1 to c99.
func IsContext(s string) bool {
	digits, ok := strings.CutPrefix(s, "c")
	n, err := strconv.Atoi(digits)
	return ok && err == nil && n >= 1 && n <= 99 && strconv.Itoa(n) == digits
}

// AccessOf lists the policies of a person's tenant, with the rule that a person
// who always needs a second factor amounts to.
func (d *Directory) AccessOf(u *User) []*Access {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var out []*Access
	for _, t := range d.tenants {
		if t.ID == u.TenantID {
			out = slices.Clone(t.Access)
		}
	}
	if u.RequireMFA {
		out = append(out, &Access{ID: ID("access", u.ObjectID), Name: "second factor of " + u.UPN, Require: RequireMFA})
	}
	return out
}

// Create adds a person unless the sign-in name is taken, and reports whether it
// did.
func (d *Directory) Create(u *User) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.ContainsFunc(d.users, func(have *User) bool { return strings.EqualFold(have.UPN, u.UPN) }) {
		return false
	}
	d.users = append(d.users, u)
	return true
}
