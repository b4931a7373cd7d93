package listen

import (
	"fmt"
	"net/netip"
	"strings"
)

// domains are the names that identity clients talk to, each with everything
// below it. Regional endpoints are labels in front of these names.
var domains = [...]string{
	"login.microsoftonline.com",
	"login.microsoft.com",
	"login.windows.net",
	"sts.windows.net",
	"login-us.microsoftonline.com",
	"login.microsoftonline.us",
	"login.usgovcloudapi.net",
	"login.partner.microsoftonline.cn",
	"login.chinacloudapi.cn",
	"sts.chinacloudapi.cn",
	"login.microsoftonline.de",
	"login.sovcloud-identity.fr",
	"login.sovcloud-identity.de",
	"login.sovcloud-identity.sg",
	"mtlsauth.microsoft.com",
	"b2clogin.com",
	"b2clogin.cn",
	"b2clogin.us",
	"b2clogin.de",
	"ciamlogin.com",
	"enterpriseregistration.windows.net",
	"graph.microsoft.com",
	"management.azure.com",
}

// metadataAddress is where virtual machines find the instance metadata
// service.
var metadataAddress = netip.AddrFrom4([4]byte{169, 254, 169, 254})

// HostError reports an additional host name that cannot be used.
type HostError struct {
	Host string
}

// Error says which name it is and what a good one looks like.
func (e *HostError) Error() string {
	return fmt.Sprintf("listen: %q is not a host name; give a name such as login.example.com or an IP address, without scheme, port or wildcard", e.Host)
}

// Hosts is the set of host names that belong to the identity platform. The
// zero value has the public ones. It is immutable.
type Hosts struct {
	names []string
	addrs []netip.Addr
}

// NewHosts returns the well-known identity hosts and the given ones: names,
// which stand for everything below them too, or IP addresses. A malformed name
// is a [*HostError].
func NewHosts(extra ...string) (Hosts, error) {
	var h Hosts
	for _, name := range extra {
		if addr, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
			h.addrs = append(h.addrs, addr.Unmap())
			continue
		}
		clean := normal(name)
		if !isHostName(clean) {
			return Hosts{}, &HostError{Host: name}
		}
		h.names = append(h.names, clean)
	}
	return h, nil
}

// Contains reports whether host, without a port, belongs to the identity
// platform. Loopback names do not: what listens there is somebody's own.
func (h Hosts) Contains(host string) bool {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return h.containsAddr(addr.Unmap())
	}
	host = normal(host)
	for _, d := range domains {
		if under(host, d) {
			return true
		}
	}
	for _, d := range h.names {
		if under(host, d) {
			return true
		}
	}
	return false
}

func (h Hosts) containsAddr(addr netip.Addr) bool {
	if addr == metadataAddress {
		return true
	}
	for _, a := range h.addrs {
		if a == addr {
			return true
		}
	}
	return false
}

// IsLoopback reports whether host, without a port, is this machine by name or
// address.
func IsLoopback(host string) bool {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return under(normal(host), "localhost")
}

// normal drops what does not distinguish host names: case and the final dot.
func normal(host string) string {
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func under(host, domain string) bool {
	rest, ok := strings.CutSuffix(host, domain)
	return ok && (rest == "" || strings.HasSuffix(rest, "."))
}

func isHostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !isLabelByte(c) {
				return false
			}
		}
	}
	return true
}

func isLabelByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
