package authority

import (
	"encoding/hex"
	"slices"
	"strings"
)

// Environments are the environments under which tokens of a may be cached, as
// far as they are known without asking anybody: those of [Metadata], but for
// aliases that only instance discovery can tell.
func (a Authority) Environments() []string {
	hostname, _ := cutPort(a.Host)
	var aliases []string
	if a.Kind == Entra {
		aliases = byAlias(hostname).hosts
	}
	return a.environments(aliases)
}

// environment is what tokens of a are cached under: its host, and for an OIDC
// issuer that is none of Microsoft's its path. One host may serve any number of
// issuers there, none of which may see the tokens of another. The realm does not
// tell them apart: of /realms/prod/token it is "realms".
func (a Authority) environment() string { return a.Host + a.environmentPath() }

// environments lists a's own environment, then aliases, then its own without
// the port, as libraries of the family write it, once each. Issuers with a path
// are ours alone, and their port stays.
func (a Authority) environments(aliases []string) []string {
	hostname, _ := cutPort(a.Host)
	all := append([]string{a.environment()}, aliases...)
	if a.environmentPath() == "" {
		all = append(all, bracketed(hostname))
	}
	unique := all[:0]
	for _, e := range all {
		if !slices.Contains(unique, e) {
			unique = append(unique, e)
		}
	}
	return slices.Clip(unique)
}

func (a Authority) environmentPath() string {
	hostname, _ := cutPort(a.Host)
	if a.Kind != OIDC || cloudOf(hostname).exists() || b2cHost(hostname) {
		return ""
	}
	path := strings.TrimPrefix(a.URL, "https://"+a.Host)
	if path == "/adfs" || strings.HasPrefix(path, "/dstsv2/") {
		return "" // services of the family's, which keeps their tokens under the host
	}
	return caseless(path)
}

// caseless spells a URL's path without capitals: /Prod becomes /%50rod, which
// is the same path (RFC 3986, section 6.2.2.2). Caches of the MSAL family do not
// heed the letter case of environments, but the issuers /Prod and /prod are two.
func caseless(path string) string {
	if strings.ToLower(path) == path {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '%' && i+2 < len(path):
			b.WriteString(strings.ToLower(path[i : i+3]))
			i += 2
		case 'A' <= c && c <= 'Z':
			b.WriteString("%" + hex.EncodeToString([]byte{c}))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Environments are those of a's metadata, if r has it, else those of a alone.
// Nobody is asked.
func (r *Resolver) Environments(a Authority) []string {
	if k, _ := r.look(a); k.metadata != nil {
		return k.metadata.Environments
	}
	return a.Environments()
}
