package emulator

import (
	"fmt"
	"strings"
)

// defaultRegion is where the emulated machine is.
const defaultRegion = "westus2"

// relatives checks what a tenant has besides Entra.
func (b *builder) relatives(path string, t Tenant) error {
	for i, name := range t.Policies {
		if name == "" || strings.ContainsAny(name, "/?#% ") {
			return wrong(fmt.Sprintf("%s.policies[%d]", path, i), "is not the name of a policy such as B2C_1_signin: %q", name)
		}
	}
	for _, set := range [...]struct {
		name  string
		hosts []string
	}{{"adfs", t.ADFS}, {"dsts", t.DSTS}} {
		for i, host := range set.hosts {
			at := fmt.Sprintf("%s.%s[%d]", path, set.name, i)
			if host == "" || strings.ContainsAny(host, "/:@ ") {
				return wrong(at, "is not a host name such as %s.contoso.test: %q", set.name, host)
			}
			if err := b.claim("federation host", host, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRegion refuses what no region is called; the machine would lead clients
// astray.
func checkRegion(name string) error {
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return wrong("region", "is not the short name of a region such as westus2: %q", name)
		}
	}
	return nil
}
