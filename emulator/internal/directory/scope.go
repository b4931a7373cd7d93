package directory

import (
	"fmt"
	"slices"
	"strings"
)

// ScopeProblem says why a scope parameter was refused.
type ScopeProblem int

// The ways in which a scope parameter is refused.
const (
	ScopeMissing ScopeProblem = iota + 1
	ScopeUnknown
	ScopeMalformed
	ScopeResourceUnknown
	ScopeManyResources
	ScopeDefaultMixed
	ScopeNotDefault
)

// ScopeError is a refused scope parameter. Value is the offending part.
type ScopeError struct {
	Problem ScopeProblem
	Value   string
}

func (e *ScopeError) Error() string { return fmt.Sprintf("scope %q refused (%d)", e.Value, e.Problem) }

// Scopes is an understood scope parameter.
type Scopes struct {
	Resource *App
	Prefix   string   // the resource as the client wrote it; "" for bare names
	Names    []string // delegated permissions of the resource, canonical case
	Default  bool     // <resource>/.default was asked
	OpenID   bool
	Profile  bool
	Email    bool
	Offline  bool
	Extra    bool // scopes of OpenID Connect came with client credentials
}

// Granted is the scope member of a token answer: what was granted, in the
// spelling that the client used for the resource, without offline_access.
func (s Scopes) Granted() string {
	var out []string
	prefix := ""
	if s.Prefix != "" {
		prefix = s.Prefix + "/"
	}
	for _, n := range s.Names {
		out = append(out, prefix+n)
	}
	if s.Default {
		out = append(out, prefix+".default")
	}
	return strings.Join(append(out, s.identity()...), " ")
}

// Claim is the scp claim of the access token.
func (s Scopes) Claim() string {
	names := slices.Clone(s.Names)
	if s.Resource != nil && s.Resource.ClientID == GraphID {
		names = append(names, s.identity()...)
	}
	return strings.Join(names, " ")
}

func (s Scopes) identity() []string {
	var out []string
	if s.OpenID {
		out = append(out, "openid")
	}
	if s.Profile {
		out = append(out, "profile")
	}
	if s.Email {
		out = append(out, "email")
	}
	return out
}

// UserScopes understands the scope parameter of a person's request. Several
// resources are an error unless many is true; then the first one counts, as on
// the authorization endpoint, where the others only ask for consent.
func (d *Directory) UserScopes(clientID, raw string, many bool) (Scopes, error) {
	s := Scopes{}
	var asked []string
	for _, part := range strings.Fields(raw) {
		switch strings.ToLower(part) {
		case "openid":
			s.OpenID = true
		case "profile":
			s.Profile = true
		case "email":
			s.Email = true
		case "offline_access":
			s.Offline = true
		default:
			asked = append(asked, part)
		}
	}
	if len(asked) == 0 && !s.OpenID && !s.Profile && !s.Email && !s.Offline {
		return s, &ScopeError{Problem: ScopeMissing}
	}
	for _, part := range asked {
		if err := d.addScope(&s, clientID, part, many); err != nil {
			return s, err
		}
	}
	if s.Resource == nil {
		s.Resource, _ = d.App(GraphID)
	}
	if s.Default && len(s.Names) > 0 {
		return s, &ScopeError{Problem: ScopeDefaultMixed, Value: raw}
	}
	if s.Default {
		s.Names = slices.Clone(s.Resource.Scopes)
		if s.Resource.DefaultScopes != nil {
			s.Names = slices.Clone(s.Resource.DefaultScopes)
		}
	}
	return s, nil
}

func (d *Directory) addScope(s *Scopes, clientID, part string, many bool) error {
	prefix, name, ok := splitScope(clientID, part)
	if !ok {
		return &ScopeError{Problem: ScopeMalformed, Value: part}
	}
	res, ok := d.resource(prefix)
	if !ok {
		return &ScopeError{Problem: ScopeResourceUnknown, Value: prefix}
	}
	if s.Resource != nil && s.Resource != res {
		if many {
			return nil
		}
		return &ScopeError{Problem: ScopeManyResources, Value: part}
	}
	s.Resource, s.Prefix = res, prefix
	if name == ".default" {
		s.Default = true
		return nil
	}
	i := slices.IndexFunc(res.Scopes, func(have string) bool { return strings.EqualFold(have, name) })
	switch {
	case i >= 0:
		name = res.Scopes[i]
	case !d.lenient:
		return &ScopeError{Problem: ScopeUnknown, Value: part}
	}
	if !slices.Contains(s.Names, name) {
		s.Names = append(s.Names, name)
	}
	return nil
}

// splitScope takes <resource>/<name> apart at the last slash. A bare name is a
// permission of Microsoft Graph; the client's own id is its own .default.
func splitScope(clientID, part string) (prefix, name string, ok bool) {
	if strings.EqualFold(part, clientID) {
		return clientID, ".default", true
	}
	i := strings.LastIndexByte(part, '/')
	if i < 0 {
		return "", part, !strings.ContainsAny(part, `"\`)
	}
	prefix, name = part[:i], part[i+1:]
	return prefix, name, prefix != "" && name != "" && !strings.ContainsAny(part, `"\`)
}

// resource finds a resource by identifier URI (a trailing slash is ignored,
// which is why https://management.core.windows.net//.default works) or by
// client id. The empty name is Microsoft Graph.
func (d *Directory) resource(name string) (*App, bool) {
	if name == "" {
		return d.App(GraphID)
	}
	bare := strings.TrimSuffix(name, "/")
	d.mu.RLock()
	for _, a := range d.apps {
		if strings.EqualFold(a.ClientID, bare) {
			d.mu.RUnlock()
			return a, true
		}
		for _, uri := range a.IdentifierURIs {
			if strings.EqualFold(strings.TrimSuffix(uri, "/"), bare) {
				d.mu.RUnlock()
				return a, true
			}
		}
	}
	d.mu.RUnlock()
	if id, ok := strings.CutPrefix(bare, "api://"); ok && IsID(id) {
		return d.App(id)
	}
	if !d.lenient {
		return nil, false
	}
	a := &App{Name: bare, ClientID: ID("resource", bare), ObjectID: ID("service principal", bare), MultiTenant: true,
		IdentifierURIs: []string{bare}, TokenVersion: 2, Registered: true}
	d.AddApp(a)
	return a, true
}

// AppScopes understands the scope parameter of client credentials: exactly one
// <resource>/.default. Scopes of OpenID Connect are tolerated because clients
// in use send them; Extra reports them.
func (d *Directory) AppScopes(raw string) (Scopes, error) {
	s := Scopes{}
	parts := strings.Fields(raw)
	if len(parts) == 0 {
		return s, &ScopeError{Problem: ScopeMissing}
	}
	for _, part := range parts {
		switch strings.ToLower(part) {
		case "openid", "profile", "offline_access", "email":
			s.Extra = true
			continue
		}
		prefix, ok := strings.CutSuffix(part, "/.default")
		if !ok {
			return s, &ScopeError{Problem: ScopeNotDefault, Value: part}
		}
		res, ok := d.resource(prefix)
		if !ok || prefix == "" {
			return s, &ScopeError{Problem: ScopeResourceUnknown, Value: prefix}
		}
		if s.Resource != nil && s.Resource != res {
			return s, &ScopeError{Problem: ScopeManyResources, Value: part}
		}
		s.Resource, s.Prefix, s.Default = res, prefix, true
	}
	if s.Resource == nil {
		return s, &ScopeError{Problem: ScopeNotDefault, Value: raw}
	}
	return s, nil
}
