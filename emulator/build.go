package emulator

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/msal-go/msal/emulator/internal/directory"
	"github.com/msal-go/msal/emulator/internal/endpoint"
)

// ConfigError is a configuration that cannot be used. Path names the member,
// such as tenants[0].apps[2].redirect_uris.web[0].
type ConfigError struct {
	Path    string // the member; empty for the whole
	Problem string // what is wrong with it
}

func (e *ConfigError) Error() string {
	if e.Path == "" {
		return "emulator: the configuration " + e.Problem
	}
	return "emulator: configuration member " + e.Path + " " + e.Problem
}

func wrong(path, format string, args ...any) error {
	return &ConfigError{Path: path, Problem: fmt.Sprintf(format, args...)}
}

// resolved fills in the defaults.
func (l Lifetimes) resolved() (endpoint.Lifetimes, error) {
	fields := l.durations()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if *fields[name] < 0 {
			return endpoint.Lifetimes{}, wrong("lifetimes."+name, "is negative")
		}
	}
	if life := either(l.AccessToken, 3599*time.Second); l.RefreshIn >= life {
		return endpoint.Lifetimes{}, wrong("lifetimes.refresh_in", "is %v, but access tokens live %v", l.RefreshIn, life)
	}
	return endpoint.Lifetimes{
		AccessToken:    either(l.AccessToken, 3599*time.Second),
		RefreshToken:   either(l.RefreshToken, 90*24*time.Hour),
		Code:           either(l.Code, 10*time.Minute),
		DeviceCode:     either(l.DeviceCode, 15*time.Minute),
		DeviceInterval: either(l.DeviceInterval, 5*time.Second),
		RefreshIn:      l.RefreshIn,

		LongAccessToken: either(l.LongAccessToken, 28*time.Hour),
	}, nil
}

// builder turns a configuration into a directory and checks that no name is
// used twice.
type builder struct {
	dir  *directory.Directory
	seen map[string]string // what is taken, by kind and lower-case value -> path
}

func build(cfg Config) (*directory.Directory, error) {
	tenants := cfg.Tenants
	if len(tenants) == 0 {
		tenants = Defaults().Tenants
	}
	b := &builder{dir: directory.New(cfg.Lenient), seen: map[string]string{}}
	for _, a := range directory.BuiltIn() {
		b.seen["app|"+a.ClientID] = "the built-in " + a.Name
		for _, uri := range a.IdentifierURIs {
			b.seen["identifier uri|"+strings.ToLower(uri)] = "the built-in " + a.Name
		}
	}
	for i, t := range tenants {
		if err := b.tenant(fmt.Sprintf("tenants[%d]", i), t); err != nil {
			return nil, err
		}
	}
	if cfg.LoopLimit < 0 {
		return nil, wrong("loop_limit", "is negative")
	}
	return b.dir, checkRegion(cfg.Region)
}

// claim takes a value that has to be unique.
func (b *builder) claim(kind, value, path string) error {
	key := kind + "|" + strings.ToLower(value)
	if first, taken := b.seen[key]; taken {
		return wrong(path, "has the value %q, which %s has already", value, first)
	}
	b.seen[key] = path
	return nil
}

// id checks a GUID, or derives one from names.
func (b *builder) id(kind, value, path string, names ...string) (string, error) {
	if value == "" {
		value = directory.ID(append([]string{kind}, names...)...)
	}
	if !directory.IsID(value) {
		return "", wrong(path, "is not a GUID: %q", value)
	}
	value = strings.ToLower(value)
	return value, b.claim(kind, value, path)
}

func (b *builder) tenant(path string, t Tenant) error {
	if t.Name == "" {
		return wrong(path+".name", "is missing")
	}
	id, err := b.id("tenant", t.ID, path+".id", t.Name)
	if err != nil {
		return err
	}
	domains := t.Domains
	if len(domains) == 0 {
		domains = []string{strings.ToLower(strings.ReplaceAll(t.Name, " ", "")) + ".onmicrosoft.com"}
	}
	for i, d := range domains {
		at := fmt.Sprintf("%s.domains[%d]", path, i)
		if d == "" || strings.ContainsAny(d, "/@ :") || !strings.Contains(d, ".") {
			return wrong(at, "is not a domain name: %q", d)
		}
		if err := b.claim("domain", d, at); err != nil {
			return err
		}
	}
	if err := b.relatives(path, t); err != nil {
		return err
	}
	access, err := b.access(path, id, t.Access)
	if err != nil {
		return err
	}
	b.dir.AddTenant(&directory.Tenant{ID: id, Name: t.Name, Domains: domains, Policies: t.Policies, ADFS: t.ADFS, DSTS: t.DSTS, Access: access, SignUp: t.SignUp})
	for i, f := range t.Federated {
		if err := b.federation(fmt.Sprintf("%s.federated[%d]", path, i), id, domains, f); err != nil {
			return err
		}
	}
	for i, u := range t.Users {
		if err := b.user(fmt.Sprintf("%s.users[%d]", path, i), id, domains, u); err != nil {
			return err
		}
	}
	for i, a := range t.Apps {
		if err := b.app(fmt.Sprintf("%s.apps[%d]", path, i), id, t.Name, a); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) user(path, tenantID string, domains []string, u User) error {
	local, domain, ok := strings.Cut(u.UPN, "@")
	if !ok || local == "" {
		return wrong(path+".upn", "is not a sign-in name such as alice@contoso.test: %q", u.UPN)
	}
	if !isOneOf(domains, domain) {
		return wrong(path+".upn", "has the domain %q, which is not one of its tenant's", domain)
	}
	if err := b.claim("upn", u.UPN, path+".upn"); err != nil {
		return err
	}
	oid, err := b.id("user", u.ObjectID, path+".object_id", u.UPN)
	if err != nil {
		return err
	}
	b.dir.AddUser(&directory.User{ObjectID: oid, TenantID: tenantID, UPN: u.UPN, Password: either(u.Password, DefaultPassword),
		Name: either(u.Name, local), Disabled: u.Disabled, OneTimeCode: either(u.OneTimeCode, DefaultOneTimeCode),
		RequireMFA: u.RequireMFA, Unenrolled: u.Unenrolled, PasswordExpired: u.PasswordExpired})
	return nil
}

func (b *builder) app(path, tenantID, tenantName string, a App) error {
	if a.Name == "" {
		return wrong(path+".name", "is missing")
	}
	id, err := b.id("app", a.ClientID, path+".client_id", tenantName, a.Name)
	if err != nil {
		return err
	}
	if a.TokenVersion < 0 || a.TokenVersion > 2 {
		return wrong(path+".token_version", "is %d; use 1 or 2", a.TokenVersion)
	}
	certificates, err := parseCertificates(path, a.Certificates)
	if err != nil {
		return err
	}
	issuers, err := parseIssuers(path, a.TrustedIssuers)
	if err != nil {
		return err
	}
	federated, err := b.workload(path, tenantID, id, a)
	if err != nil {
		return err
	}
	if err := b.addresses(path, a); err != nil {
		return err
	}
	b.dir.AddApp(&directory.App{
		Name: a.Name, ClientID: id, ObjectID: directory.ID("service principal", id), TenantID: tenantID,
		Secrets: a.Secrets, ExpiredSecrets: a.ExpiredSecrets, Certificates: certificates, TrustedIssuers: issuers, Federated: federated,
		Web: a.RedirectURIs.Web, SPA: a.RedirectURIs.SPA, Native: a.RedirectURIs.Native,
		Public: a.Public, MultiTenant: a.MultiTenant, Family: a.Family, RequireConsent: a.RequireConsent, AssignedRoles: a.AssignedRoles,
		IssueIDTokens: a.IssueIDTokens, IssueAccessTokens: a.IssueAccessTokens,
		IdentifierURIs: a.IdentifierURIs, Scopes: a.Scopes, Roles: a.Roles, TokenVersion: either(a.TokenVersion, 2), Continuous: a.CAE,
	})
	return nil
}

// addresses checks redirect and identifier URIs.
func (b *builder) addresses(path string, a App) error {
	for _, set := range [...]struct {
		name string
		uris []string
	}{{"web", a.RedirectURIs.Web}, {"spa", a.RedirectURIs.SPA}, {"native", a.RedirectURIs.Native}} {
		for i, uri := range set.uris {
			u, err := url.Parse(uri)
			if err != nil || !u.IsAbs() || strings.Contains(uri, "#") {
				return wrong(fmt.Sprintf("%s.redirect_uris.%s[%d]", path, set.name, i), "is not an absolute address without a fragment")
			}
		}
	}
	for i, uri := range a.IdentifierURIs {
		at := fmt.Sprintf("%s.identifier_uris[%d]", path, i)
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() {
			return wrong(at, "is not an absolute address such as api://tasks")
		}
		if err := b.claim("identifier uri", strings.TrimSuffix(uri, "/"), at); err != nil {
			return err
		}
	}
	return nil
}

func parseCertificates(path string, list []string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for i, text := range list {
		cert, err := parseCertificate(fmt.Sprintf("%s.certificates[%d]", path, i), text)
		if err != nil {
			return nil, err
		}
		out = append(out, cert)
	}
	return out, nil
}

func parseCertificate(at, text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, wrong(at, "is not a PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, wrong(at, "is not a certificate that can be parsed")
	}
	return cert, nil
}

func parseIssuers(path string, list []TrustedIssuer) ([]directory.TrustedIssuer, error) {
	var out []directory.TrustedIssuer
	for i, trust := range list {
		at := fmt.Sprintf("%s.trusted_issuers[%d]", path, i)
		if trust.Subject == "" {
			return nil, wrong(at+".subject", "is empty")
		}
		issuer, err := parseCertificate(at+".issuer", trust.Issuer)
		if err != nil {
			return nil, err
		}
		out = append(out, directory.TrustedIssuer{Subject: trust.Subject, Issuer: issuer})
	}
	return out, nil
}
