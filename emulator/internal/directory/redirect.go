package directory

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Platform is the kind of a redirect URI; it decides how a code is redeemed.
type Platform string

// The platforms of redirect URIs.
const (
	Web    Platform = "web"
	SPA    Platform = "spa"
	Native Platform = "native"
)

// Redirect finds the platform of a redirect URI. Comparison is exact, except
// that the port of http loopback addresses is ignored (RFC 8252 section 7.3;
// learn.microsoft.com/entra/identity-platform/reply-url).
func (a *App) Redirect(uri string) (Platform, bool) {
	u, err := url.Parse(uri)
	if err != nil || !u.IsAbs() || u.Fragment != "" || strings.Contains(uri, "#") {
		return "", false
	}
	for _, set := range []struct {
		platform Platform
		uris     []string
	}{{Native, a.Native}, {SPA, a.SPA}, {Web, a.Web}} {
		for _, registered := range set.uris {
			if sameRedirect(registered, uri, u) {
				return set.platform, true
			}
		}
	}
	if a.Registered {
		return Native, true
	}
	return "", false
}

// OnlyRedirect returns the redirect URI of an application that has just one.
func (a *App) OnlyRedirect() (string, bool) {
	all := slices.Concat(a.Web, a.SPA, a.Native)
	if len(all) != 1 {
		return "", false
	}
	return all[0], true
}

func sameRedirect(registered, uri string, u *url.URL) bool {
	if registered == uri {
		return true
	}
	r, err := url.Parse(registered)
	if err != nil || r.Scheme != "http" || u.Scheme != "http" || u.User != nil {
		return false
	}
	if !loopback(r.Hostname()) || !strings.EqualFold(r.Hostname(), u.Hostname()) {
		return false
	}
	return emptyPath(r.EscapedPath()) == emptyPath(u.EscapedPath()) && r.RawQuery == u.RawQuery
}

// emptyPath treats http://localhost and http://localhost/ as the same address.
func emptyPath(p string) string {
	if p == "" {
		return "/"
	}
	return p
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
