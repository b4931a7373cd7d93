// Package setting finds out which application, tenant and cloud a command is
// about: from flags, then the environment, then the last login, then defaults.
package setting

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
)

// Flags are the flags of commands that talk to an identity service.
type Flags struct {
	ClientID  string
	Tenant    string
	Authority string
	CAFile    string
	Discovery string
}

// Add defines the flags.
func (f *Flags) Add(fs *pflag.FlagSet) {
	fs.StringVarP(&f.ClientID, "client-id", "c", "", "application (client) id of the app registration (MSAL_CLIENT_ID, AZURE_CLIENT_ID)")
	fs.StringVarP(&f.Tenant, "tenant", "t", "", "tenant id or domain, common, organizations or consumers (MSAL_TENANT, AZURE_TENANT_ID)")
	fs.StringVar(&f.Authority, "authority", "", "https URL of the cloud, with or without tenant (MSAL_AUTHORITY, AZURE_AUTHORITY_HOST)")
	fs.StringVar(&f.CAFile, "ca-file", "", "PEM file with certificates to trust besides the system's (MSAL_CA_FILE)")
	fs.StringVar(&f.Discovery, "instance-discovery", "", "on checks unknown hosts with Microsoft, off trusts --authority (MSAL_INSTANCE_DISCOVERY)")
}

// Client is what a client is made of.
type Client struct {
	ClientID  string
	Authority string // with tenant
	Discovery msal.InstanceDiscovery
	HTTP      *http.Client
	// Emulator is the address that MSAL_EMULATOR_URL names; nil without one.
	Emulator *url.URL
}

// The authority of the public cloud, and who may sign in when no tenant is given.
const (
	publicCloud = "https://login.microsoftonline.com"
	anyTenant   = "common"
)

// rank says where a setting comes from; the higher wins.
type rank int

const (
	fromNowhere rank = iota
	fromEnv
	fromFlag
)

// value is a setting and its rank.
type value struct {
	text string
	rank rank
}

// firstOf takes the flag, or the first variable that is set.
func firstOf(flag string, getenv func(string) string, names ...string) value {
	if flag != "" {
		return value{flag, fromFlag}
	}
	for _, n := range names {
		if v := getenv(n); v != "" {
			return value{v, fromEnv}
		}
	}
	return value{}
}

// Resolve finds the settings of a client. The last login may be zero.
func (f Flags) Resolve(getenv func(string) string, last loginstate.Login) (Client, error) {
	var c Client
	id := firstOf(f.ClientID, getenv, "MSAL_CLIENT_ID", "AZURE_CLIENT_ID")
	if c.ClientID = id.text; c.ClientID == "" {
		c.ClientID = last.ClientID
	}
	if c.ClientID == "" {
		return Client{}, &exit.UsageError{Problem: "no client id was given",
			Hint: "use --client-id or MSAL_CLIENT_ID with the application (client) id of your app registration"}
	}
	if err := c.setEmulator(getenv("MSAL_EMULATOR_URL")); err != nil {
		return Client{}, err
	}
	discovery, err := f.setAuthority(&c, getenv, last)
	if err != nil {
		return Client{}, err
	}
	if err := c.setDiscovery(firstOf(f.Discovery, getenv, "MSAL_INSTANCE_DISCOVERY"), discovery); err != nil {
		return Client{}, err
	}
	c.HTTP, err = httpClient(firstOf(f.CAFile, getenv, "MSAL_CA_FILE").text)
	return c, err
}

// setEmulator takes only this machine: tokens and secrets go there unasked.
func (c *Client) setEmulator(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || !isLoopback(u.Hostname()) {
		return &exit.UsageError{Problem: "MSAL_EMULATOR_URL is not an https URL of this machine",
			Hint: `use the URL that "msal emulator start" prints`}
	}
	c.Emulator = u
	return nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || strings.EqualFold(host, "localhost")
}

// setAuthority returns what instance discovery is to be if nobody says so.
func (f Flags) setAuthority(c *Client, getenv func(string) string, last loginstate.Login) (discovery string, err error) {
	tenant := firstOf(f.Tenant, getenv, "MSAL_TENANT", "AZURE_TENANT_ID")
	base := firstOf(f.Authority, getenv, "MSAL_AUTHORITY")
	if base.text == "" && c.Emulator != nil {
		base, discovery = value{strings.TrimSuffix(c.Emulator.String(), "/"), fromNowhere}, "off"
	}
	if base.text == "" {
		base = value{getenv("AZURE_AUTHORITY_HOST"), fromNowhere}
	}
	if base.text == "" && tenant.text == "" && last.Authority != "" {
		c.Authority = last.Authority
		return last.Discovery, nil
	}
	if base.text == "" {
		base.text = publicCloud
	}
	c.Authority, err = join(base, tenant)
	return discovery, err
}

// join puts an authority and a tenant together. An authority may have a tenant
// already; then the one that was said more explicitly counts.
func join(base, tenant value) (string, error) {
	if !strings.Contains(base.text, "://") {
		base.text = "https://" + base.text
	}
	u, err := url.Parse(base.text)
	if err != nil || u.User != nil {
		return "", &exit.UsageError{Problem: "the authority is not a URL", Hint: "use a form like " + publicCloud + "/contoso.com"}
	}
	given := strings.Trim(u.Path, "/")
	switch {
	case given == "" && tenant.text == "":
		tenant.text = anyTenant
	case given != "" && tenant.rank <= base.rank:
		if tenant.rank == base.rank && !strings.EqualFold(tenant.text, given) {
			return "", &exit.UsageError{Problem: "the authority names one tenant and --tenant another", Hint: "leave one of them out"}
		}
		return u.String(), nil
	}
	if strings.ContainsAny(tenant.text, "/?#% ") {
		return "", &exit.UsageError{Problem: "the tenant is neither an id nor a domain", Hint: "use its id (a GUID), one of its domains, common, organizations or consumers"}
	}
	u.Path, u.RawPath = "/"+tenant.text, ""
	return u.String(), nil
}

func (c *Client) setDiscovery(given value, fallback string) error {
	text := given.text
	if text == "" {
		text = fallback
	}
	switch strings.ToLower(text) {
	case "", "auto":
		c.Discovery = msal.InstanceDiscoveryAuto
	case "on", "true":
		c.Discovery = msal.InstanceDiscoveryOn
	case "off", "false":
		c.Discovery = msal.InstanceDiscoveryOff
	default:
		return &exit.UsageError{Problem: "--instance-discovery is neither on nor off"}
	}
	return nil
}

// maxCAFile bounds a file of certificates, in bytes.
const maxCAFile = 16 << 20

// httpClient is the library's own kind of client with more roots.
func httpClient(caFile string) (*http.Client, error) {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the default HTTP transport has been replaced")
	}
	transport = transport.Clone()
	if caFile != "" {
		roots, err := rootsWith(caFile)
		if err != nil {
			return nil, &exit.UsageError{Problem: "the CA file cannot be used: " + err.Error(), Hint: "give a PEM file with certificates", Err: err}
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}, nil
}

func rootsWith(path string) (*x509.CertPool, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	pem, err := io.ReadAll(io.LimitReader(file, maxCAFile))
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a system without roots is no obstacle
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in it")
	}
	return roots, nil
}

// Options are the library's options for the settings.
func (c Client) Options(cache *msal.TokenCache, timeout time.Duration) msal.Options {
	return msal.Options{
		Authority: c.Authority, InstanceDiscovery: c.Discovery, HTTPClient: c.HTTP,
		Cache: cache, Timeout: timeout, AppName: "msal-cli", AppVersion: msal.Version,
	}
}

// ForBrowser is the address at which a person's browser finds a page. The pages
// of the emulator are shown over plain HTTP on this machine, because no browser
// trusts its certificates.
func (c Client) ForBrowser(address string) string {
	u, err := url.Parse(address)
	if c.Emulator == nil || err != nil || !strings.EqualFold(u.Host, c.Emulator.Host) {
		return address
	}
	u.Scheme = "http"
	if port := u.Port(); port != "" {
		u.Host = "127.0.0.1:" + port
	}
	return u.String()
}

// TenantOf is the tenant at the end of an authority.
func TenantOf(authority string) string {
	u, err := url.Parse(authority)
	if err != nil {
		return ""
	}
	return strings.Trim(u.Path, "/")
}

// AnyTenant reports whether a tenant stands for many.
func AnyTenant(tenant string) bool {
	switch strings.ToLower(tenant) {
	case "", "common", "organizations", "consumers":
		return true
	}
	return false
}
