package msal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msal-go/msal/internal/acquire"
	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/cloudshell"
	"github.com/msal-go/msal/internal/httpcache"
	"github.com/msal-go/msal/internal/httpx"
	"github.com/msal-go/msal/internal/idtoken"
	"github.com/msal-go/msal/internal/oauth"
	"github.com/msal-go/msal/internal/telemetry"
	"github.com/msal-go/msal/internal/tokencache"
)

// InstanceDiscovery says whether an authority on an unknown host is first
// checked with Microsoft.
type InstanceDiscovery int

const (
	// InstanceDiscoveryAuto, the default, asks about hosts that are not in the
	// built-in table of Microsoft clouds.
	InstanceDiscoveryAuto InstanceDiscovery = iota
	// InstanceDiscoveryOn is Auto, said explicitly.
	InstanceDiscoveryOn
	// InstanceDiscoveryOff asks never: for private clouds and emulators. The
	// host is then trusted because you configured it.
	InstanceDiscoveryOff
)

// Options configures a client. The zero value signs in users of any tenant and
// personal accounts through https://login.microsoftonline.com/common.
type Options struct {
	// Authority is the URL of an Entra ID tenant, such as
	// "https://login.microsoftonline.com/contoso.com". The last segment is a
	// tenant id or domain, or "common", "organizations" or "consumers".
	// AuthorityURL makes it for each cloud. Its relatives go here as well:
	//
	//	External ID    https://{name}.ciamlogin.com, or with a tenant behind it
	//	Azure AD B2C   https://{name}.b2clogin.com/{tenant}/{policy}, or a domain
	//	               of your own if the policy's name begins with B2C_
	//	AD FS          https://{host}/adfs
	//	dSTS           https://{host}/dstsv2/{tenant}
	Authority string
	// OIDCAuthority is the issuer URL of any OpenID Connect provider, without
	// "/.well-known/openid-configuration". Give this or Authority, not both.
	OIDCAuthority string
	// InstanceDiscovery: see the constants. It has no effect on OIDCAuthority
	// and on the relatives of Entra, which Microsoft is never asked about.
	InstanceDiscovery InstanceDiscovery
	// KnownAuthorities are hosts, such as "login.example.com" or
	// "login.example.com:8443", or authority URLs on them, that you vouch for:
	// Microsoft is not asked whether it knows them.
	KnownAuthorities []string
	// Metadata of the authority, so that it is not asked for. The zero value
	// asks. Other tenants of the authority, where a request names one, are
	// asked about all the same.
	Metadata AuthorityMetadata
	// Region is the Azure region, such as "westus2", whose endpoint a
	// confidential client asks for tokens of the application itself
	// (AcquireTokenForClient), RegionAuto or RegionOff. Empty takes the
	// environment variable MSAL_FORCE_REGION, and without it the global
	// endpoint. Only Entra authorities have regions. Public clients ignore it.
	Region string
	// Cache is shared with other clients that are given the same one. Nil
	// makes a new one in memory.
	Cache *TokenCache
	// HTTPCache remembers refusals and discovery documents. Nil makes a new one.
	HTTPCache *HTTPCache
	// HTTPClient sends all requests: proxies, TLS roots and transports go
	// here. Its redirects are refused whatever it says. Nil uses a client of
	// its own with the proxy settings of the environment.
	HTTPClient *http.Client
	// Timeout bounds each HTTP exchange, besides the context. Zero means 30 s,
	// a negative duration no bound of its own.
	Timeout time.Duration
	// ClientCapabilities are announced to the service, such as "CP1": this
	// program can handle claims challenges (continuous access evaluation).
	ClientCapabilities []string
	// ExcludeScopes leaves some of "profile" and "offline_access" out of every
	// request for a user, which asks for both and "openid" otherwise: without
	// "offline_access" the service gives no refresh token (OpenID Connect Core
	// section 11), so that people sign in again when the access token expires.
	// Anything else is refused, and "openid" too: it brings the ID token, which
	// says who has signed in. Nil excludes nothing.
	ExcludeScopes []string
	// AppName and AppVersion are sent in the x-app-name and x-app-ver headers.
	AppName, AppVersion string
	// Logger gets what the client does; never a secret. Nil is silent.
	Logger *slog.Logger
	// EnablePIILog lets user names and ids into the log.
	EnablePIILog bool
}

// core is what public and confidential clients share. It is immutable after
// construction, but for memories that guard themselves.
type core struct {
	clientID     string
	authority    authority.Authority
	resolver     *authority.Resolver
	oauth        *oauth.Client
	throttle     oauth.Throttle
	passwords    *httpcache.Section // where people's passwords go
	telemetry    *telemetry.Log     // apart, as each hit writes to it
	http         *httpx.Client
	cache        *TokenCache
	prover       prover // nil for public clients
	capabilities []string
	reserved     []string // scopes that every request for a user has
	log          *slog.Logger
	pii          bool
	random       io.Reader
	manner       string // how this client asks, as far as that can change an answer

	regions    regions
	cloudShell *cloudshell.Client    // nil outside of Azure Cloud Shell
	place      atomic.Pointer[place] // where tokens of this client are, once known
	tenants    places                // those of requests that name another tenant
	used       usedFlows
	realmless  realmlessHosts

	keysMu sync.Mutex
	keys   map[string]*idtoken.KeySet // by JWKS URI
}

// init fills a zero core.
func (c *core) init(clientID string, credential Credential, o Options) error {
	if clientID == "" || strings.ContainsAny(clientID, " \t\r\n") {
		return configError("make a client", "give the client (application) id of the app registration", errors.New("the client id is empty or has blanks"))
	}
	var err error
	if c.reserved, err = reservedWithout(o.ExcludeScopes); err != nil {
		return err
	}
	a, err := parseAuthority(o)
	if err != nil {
		return err
	}
	c.log = o.Logger
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	manner := "public"
	if credential != nil {
		if c.prover, manner, err = credential.bind(c.log); err != nil {
			return err
		}
	}
	if manner == "" {
		manner = fmt.Sprintf("%p", c) // this client's alone
	}
	c.manner = fetchKey(manner, strings.Join(o.ClientCapabilities, " "), strings.Join(c.reserved, " "), fmt.Sprintf("%p", o.HTTPClient), o.Timeout.String())
	c.http = httpx.New(httpx.Config{
		HTTP: o.HTTPClient, Timeout: o.Timeout, Logger: o.Logger,
		AppName: o.AppName, AppVersion: o.AppVersion, Version: Version,
	})
	c.cache = o.Cache
	if c.cache == nil {
		c.cache = NewTokenCache(CacheOptions{Logger: o.Logger})
	} else if c.cache.index == nil {
		return configError("make a client", "make the cache with NewTokenCache", errors.New("the cache is a zero TokenCache"))
	}
	c.clientID = clientID
	c.authority = a
	if c.resolver, err = c.newResolver(a, o); err != nil {
		return err
	}
	c.oauth = &oauth.Client{HTTP: c.http}
	memory := o.HTTPCache
	if memory == nil {
		memory = new(HTTPCache)
	}
	c.throttle = newThrottle(memory, credential != nil)
	c.passwords = &memory.entries.Passwords
	c.telemetry = new(telemetry.Log)
	c.capabilities = append([]string(nil), o.ClientCapabilities...)
	c.pii = o.EnablePIILog
	c.random = rand.Reader
	c.keys = map[string]*idtoken.KeySet{}
	return nil
}

func discovery(d InstanceDiscovery) authority.Discovery {
	if d == InstanceDiscoveryOff {
		return authority.DiscoveryOff
	}
	return authority.DiscoveryOn
}

func parseAuthority(o Options) (authority.Authority, error) {
	if o.OIDCAuthority != "" {
		if o.Authority != "" {
			return authority.Authority{}, configError("make a client", "give Authority or OIDCAuthority, not both", errors.New("two authorities"))
		}
		a, err := authority.ParseOIDC(o.OIDCAuthority)
		if err != nil {
			return a, configError("read OIDCAuthority", "", err)
		}
		return a, nil
	}
	a, err := authority.Parse(o.Authority)
	if err != nil {
		return a, configError("read Authority", "", err)
	}
	return a, nil
}

// hit is step 1 of the road: the cache, without I/O or allocation. It fills in
// a zero r, as copying a Result twice would take as long as finding the token.
func (c *core) hit(q *tokencache.Query, scopes []string, now time.Time, r *Result) acquire.State {
	t, ok := c.cache.index.AccessToken(q, scopes, now)
	if !ok {
		return acquire.Gone
	}
	r.AccessToken = t.Secret()
	r.TokenType = t.TokenType()
	r.ExpiresOn = t.ExpiresOn()
	r.ExtendedExpiresOn = t.ExtendedExpiresOn()
	r.RefreshOn = t.RefreshOn()
	r.Scope = t.Target()
	r.Source = FromCache
	if t.Good(now) {
		return acquire.Fresh
	}
	return acquire.StateOf(now, r.ExpiresOn, r.RefreshOn)
}

// sync brings memory up to date with the store. When the store fails, what is in
// memory still serves.
func (c *core) sync(ctx context.Context, partition string) error {
	if !c.cache.stored {
		return nil
	}
	return c.syncStore(ctx, partition)
}

func (c *core) syncStore(ctx context.Context, partition string) error {
	err := c.cache.index.Sync(ctx, partition)
	if err == nil {
		return nil
	}
	c.log.WarnContext(ctx, "the token cache cannot be read; going on with what is in memory", "error", err)
	return cacheError(ctx, "read the token cache", err)
}

// newCorrelationID is the id of one call, shared by all its requests.
func (c *core) newCorrelationID(given string) string {
	if given != "" {
		return given
	}
	return httpx.NewCorrelationID(c.random)
}

// keySet returns the memoized signing keys behind uri.
func (c *core) keySet(uri string) *idtoken.KeySet {
	c.keysMu.Lock()
	defer c.keysMu.Unlock()
	ks, ok := c.keys[uri]
	if !ok {
		ks = idtoken.NewKeySet(c.http, uri)
		c.keys[uri] = ks
	}
	return ks
}

// String names the client without its credential.
func (c *core) String() string { return "client " + c.clientID + " of " + c.authority.URL }

// GoString is String.
func (c *core) GoString() string { return c.String() }

// LogValue is String.
func (c *core) LogValue() slog.Value { return slog.StringValue(c.String()) }
