package tokencache

import "strings"

// maxNames bounds the table of names; past it, it is made anew.
const maxNames = 1 << 16

// intern keeps one copy of strings that thousands of entries have in common:
// hosts, clients, tenants and scopes. It also cuts them loose from the document
// that they were read from. The caller holds Cache.mu.
func (c *Cache) intern(s string) string {
	if s == "" {
		return ""
	}
	if have, ok := c.names[s]; ok {
		return have
	}
	if len(c.names) >= maxNames {
		clear(c.names)
	}
	s = strings.Clone(s)
	c.names[s] = s
	return s
}

// interned returns e with its names interned.
func (c *Cache) interned(e *Event) *Event {
	out := *e
	out.ClientID, out.Environment, out.Realm = c.intern(e.ClientID), c.intern(e.Environment), c.intern(e.Realm)
	out.Scope, out.TokenType, out.FamilyID = c.intern(target(e.Scope)), c.intern(e.TokenType), c.intern(e.FamilyID)
	return &out
}
