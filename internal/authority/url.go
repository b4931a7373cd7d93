package authority

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// longest bounds what is parsed and repeated of an authority URL.
const longest = 2048

// Reason says which part of an authority URL is wrong.
type Reason string

// The reasons of a URLError.
const (
	ReasonMalformed Reason = "malformed" // not a URL, or characters no URL has
	ReasonScheme    Reason = "scheme"    // not https
	ReasonUserinfo  Reason = "userinfo"  // user:password@
	ReasonHost      Reason = "host"      // absent or not a host name
	ReasonPort      Reason = "port"      // not 1 to 65535
	ReasonTenant    Reason = "tenant"    // absent, or not a tenant's name
	ReasonPath      Reason = "path"      // "..", "//", escapes, or too much
	ReasonQuery     Reason = "query"     // a query or a fragment
)

// URLError reports an authority URL that cannot be used. Nothing was sent.
type URLError struct {
	Reason Reason
	// Authority is the scheme, host and path given, for the message; empty when
	// the URL could not be taken apart or held user information.
	Authority string
	Problem   string
	Hint      string
}

func (e *URLError) Error() string {
	what := "authority"
	if e.Authority != "" {
		what += " " + quoted(e.Authority)
	}
	return what + ": " + e.Problem + "; " + e.Hint
}

// quoted makes text that others wrote safe to print, and short.
func quoted(s string) string {
	const most = 120
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

const (
	shapeHint  = "use https://login.microsoftonline.com/{tenant}, or the https URL of your own cloud followed by the tenant"
	issuerHint = "use the issuer's URL, https://{host}/{path}, as its documents spell it"
	tenantHint = "use the tenant's id (a GUID), one of its domain names, common, organizations or consumers"
	escapeHint = "write the path plainly, in letters, digits, dots, hyphens and underscores"
)

// parts is an https URL taken apart: the host is checked, the path is not.
type parts struct {
	host     string // canonical, with port unless 443
	hostname string // canonical, without port
	path     string // escaped, as given
}

func (p parts) fail(r Reason, problem, hint string) *URLError {
	return &URLError{Reason: r, Authority: "https://" + p.host + p.path, Problem: problem, Hint: hint}
}

// split takes a URL apart and checks everything but the path.
func split(raw string) (parts, error) {
	if problem := badText(raw); problem != "" {
		return parts{}, &URLError{Reason: ReasonMalformed, Problem: problem, Hint: shapeHint}
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The text of err repeats the URL, which may hold anything.
		return parts{}, &URLError{Reason: ReasonMalformed, Problem: "it is not a URL", Hint: shapeHint}
	}
	if u.User != nil {
		return parts{}, &URLError{Reason: ReasonUserinfo, Problem: "it has user information before the host", Hint: "remove everything between https:// and the host"}
	}
	if u.Scheme != "https" || u.Opaque != "" {
		return parts{}, &URLError{Reason: ReasonScheme, Problem: "it does not begin with https://", Hint: shapeHint}
	}
	p := parts{path: u.EscapedPath()}
	if err := p.setHost(u); err != nil {
		return parts{}, err
	}
	if u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#") {
		return parts{}, p.fail(ReasonQuery, "it has a query or a fragment", "remove everything from the first ? or #")
	}
	return p, nil
}

// badText reports what no authority URL contains and URL parsers disagree on.
func badText(raw string) string {
	if len(raw) > longest {
		return "it is longer than " + strconv.Itoa(longest) + " bytes"
	}
	for _, r := range raw {
		switch {
		case r <= ' ' || r == 0x7f:
			return "it contains white space or control characters"
		case r > 0x7f:
			return "it contains characters outside ASCII (write international host names in their xn-- form)"
		case r == '\\':
			return "it contains a backslash"
		}
	}
	return ""
}

func (p *parts) setHost(u *url.URL) *URLError {
	name, ok := canonicalHost(u.Hostname())
	if !ok {
		problem := "its host is not a valid host name or IP address"
		if u.Hostname() == "" {
			problem = "it has no host"
		}
		return &URLError{Reason: ReasonHost, Problem: problem, Hint: shapeHint}
	}
	p.hostname, p.host = name, bracketed(name)
	if u.Port() == "" {
		return nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return p.fail(ReasonPort, "its port is not a number from 1 to 65535", "correct the port, or leave it out for 443")
	}
	if port != 443 {
		p.host += ":" + strconv.FormatUint(port, 10)
	}
	return nil
}

// canonicalHost returns the lower-case host name or the canonical IP address.
func canonicalHost(name string) (string, bool) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return ip.String(), ip.Zone() == ""
	}
	name = strings.ToLower(name)
	if name == "" || len(name) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		for _, c := range []byte(label) {
			if !alphanumeric(c) && c != '-' && c != '_' {
				return "", false
			}
		}
	}
	return name, true
}

func bracketed(hostname string) string {
	if strings.Contains(hostname, ":") {
		return "[" + hostname + "]"
	}
	return hostname
}

// cutPort splits a canonical host into name and port; the port may be empty.
func cutPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return strings.Trim(host, "[]"), ""
	}
	return strings.Trim(host[:i], "[]"), host[i+1:]
}

// entraSegments splits the path of an Entra-style authority.
func (p parts) entraSegments() ([]string, error) {
	path := strings.TrimRight(p.path, "/")
	if path == "" {
		return nil, p.fail(ReasonTenant, "it names no tenant", tenantHint)
	}
	segments := strings.Split(path[1:], "/")
	if !validSegment(segments[0]) {
		return nil, p.fail(ReasonTenant, tenantProblem(segments[0]), tenantHint)
	}
	for _, s := range segments[1:] {
		if !validSegment(s) {
			return nil, p.fail(ReasonPath, "its path has an empty segment, dots that lead elsewhere, or unusual characters", escapeHint)
		}
	}
	return segments, nil
}

func tenantProblem(tenant string) string {
	if tenant == "" {
		return "the tenant is empty"
	}
	if strings.EqualFold(tenant, adfsTenant) {
		return "the tenant has the name that AD FS has instead of one"
	}
	return "the tenant has characters or dots that no tenant has"
}

// validSegment admits what a tenant or a policy can be called. Dots that could
// lead to another path are refused: the tenant may come from a caller of the
// application, and must never choose another host or endpoint.
func validSegment(s string) bool {
	if s == "" || len(s) > 255 || strings.Contains(s, "..") || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	for _, c := range []byte(s) {
		if !alphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// issuerPath checks the path of an OIDC issuer, which may be escaped, and
// returns it without trailing slashes.
func (p parts) issuerPath() (string, error) {
	path := strings.TrimRight(p.path, "/")
	if path == "" {
		return "", nil
	}
	if strings.HasSuffix(path, wellKnownPath) {
		return "", p.fail(ReasonPath, "it is the address of a configuration document", "give the issuer: the same URL without "+wellKnownPath)
	}
	for escaped := range strings.SplitSeq(path[1:], "/") {
		s, err := url.PathUnescape(escaped)
		if err != nil || s == "" || s == "." || s == ".." || strings.ContainsFunc(s, separatorOrControl) {
			return "", p.fail(ReasonPath, "its path has an empty segment, dots that lead elsewhere, or an escaped separator", "write the issuer exactly as its provider documents it")
		}
	}
	return path, nil
}

func separatorOrControl(r rune) bool {
	return r == '/' || r == '\\' || r < ' ' || r == 0x7f
}

// validGUID reports whether s is a GUID in its usual form of 36 characters.
func validGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return false
			}
		}
	}
	return true
}
