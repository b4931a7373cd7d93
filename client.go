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
	"github.com/msal-go/msal/internal/httpx"
	"github.com/msal-go/msal/internal/idtoken"
	"github.com/msal-go/msal/internal/oauth"
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
	Authority string
	// OIDCAuthority is the issuer URL of any OpenID Connect provider, without
	// "/.well-known/openid-configuration". Give this or Authority, not both.
	OIDCAuthority string
	// InstanceDiscovery: see the constants. It has no effect on OIDCAuthority.
	InstanceDiscovery InstanceDiscovery
	// Cache is shared with other clients that are given the same one. Nil
	// makes a new one in memory.
	Cache *TokenCache
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
	http         *httpx.Client
	cache        *TokenCache
	prover       prover // nil for public clients
	capabilities []string
	log          *slog.Logger
	pii          bool
	random       io.Reader
	manner       string // how this client asks, as far as that can change an answer

	place atomic.Pointer[place] // where tokens of this client are, once known
	used  usedFlows

	keysMu sync.Mutex
	keys   map[string]*idtoken.KeySet // by JWKS URI
}

// place is an authority's metadata with what the cache needs to know of it.
type place struct {
	meta  *authority.Metadata
	app   tokencache.Query // for the application's own tokens, but for the scopes
	until time.Time        // when to look again
}

// placeLifetime is how long resolved metadata is used without a look at the
// resolver, which keeps it for a day.
const placeLifetime = time.Hour

// init fills a zero core.
func (c *core) init(clientID string, credential Credential, o Options) error {
	if clientID == "" || strings.ContainsAny(clientID, " \t\r\n") {
		return configError("make a client", "give the client (application) id of the app registration", errors.New("the client id is empty or has blanks"))
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
	c.manner = fetchKey(manner, strings.Join(o.ClientCapabilities, " "), fmt.Sprintf("%p", o.HTTPClient), o.Timeout.String())
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
	c.resolver = authority.NewResolver(c.http, authority.Options{
		InstanceDiscovery: discovery(o.InstanceDiscovery),
		Stale: func(ctx context.Context, a authority.Authority, err error) {
			c.log.WarnContext(ctx, "the authority's metadata cannot be renewed; going on with what is known", "authority", a.URL, "error", c.loggableError(err))
		},
	})
	c.oauth = &oauth.Client{HTTP: c.http}
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

// where returns the client's place, resolving its authority if need be. For
// known clouds and tenant ids that takes no network.
func (c *core) where(ctx context.Context, now time.Time) (*place, error) {
	if p := c.place.Load(); p != nil && now.Before(p.until) {
		return p, nil
	}
	meta, err := c.resolver.Resolve(ctx, c.authority)
	if err != nil {
		return nil, wrap("resolve the authority", err)
	}
	p := &place{meta: meta, until: now.Add(placeLifetime), app: tokencache.Query{
		Partition:    tokencache.AppPartition(c.clientID, meta.Realm),
		Environments: meta.Environments,
		ClientID:     c.clientID,
		Realm:        meta.Realm,
	}}
	p.app.Identity = c.cache.index.Identity(&p.app)
	c.place.Store(p)
	return p, nil
}

// hit is step 1 of the road: the cache, without I/O or allocation. It fills in
// a zero r, as copying a Result twice would take as long as finding the token.
func (c *core) hit(q *tokencache.Query, now time.Time, r *Result) acquire.State {
	t, ok := c.cache.index.AccessToken(q, now)
	if !ok {
		return acquire.Gone
	}
	r.AccessToken = t.Secret
	r.TokenType = t.TokenType
	r.ExpiresOn = t.ExpiresOn
	r.ExtendedExpiresOn = t.ExtendedExpiresOn
	r.RefreshOn = t.RefreshOn
	r.Scope = t.Target
	r.Source = FromCache
	return acquire.StateOf(now, t.ExpiresOn, t.RefreshOn)
}

// environments are the hosts under which the client's tokens may be.
func (c *core) environments() []string {
	if p := c.place.Load(); p != nil {
		return p.meta.Environments
	}
	return c.authority.Environments()
}

// sync brings memory up to date with the store. When the store fails, what is in
// memory still serves.
func (c *core) sync(ctx context.Context, partition string) error {
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
