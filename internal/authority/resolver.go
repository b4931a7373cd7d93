package authority

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/msal-go/msal/internal/authority/flight"
	"github.com/msal-go/msal/internal/httpcache"
	"github.com/msal-go/msal/internal/httpx"
)

const (
	// keepFor is how long metadata is used before it is fetched again. MSAL
	// Python keeps its answers as long.
	keepFor = 24 * time.Hour
	// graceFor is how long metadata is used on after the first refresh that
	// failed, so that cached tokens stay within reach as long as they live.
	graceFor = 24 * time.Hour
	// refreshEvery is the pause between refreshes that fail; a service that asks
	// for a longer one gets it.
	refreshEvery = 5 * time.Minute
	// maxKept bounds the memory of a service that sees ever new tenants.
	maxKept = 4096
)

// Discovery says whether Microsoft is asked about hosts that it may not own.
type Discovery int

const (
	// DiscoveryAuto is the default and means the same as DiscoveryOn.
	DiscoveryAuto Discovery = iota
	// DiscoveryOn asks login.microsoftonline.com about every host that is
	// neither one of Microsoft's clouds nor in Options.Known.
	DiscoveryOn
	// DiscoveryOff trusts every host that the developer typed.
	DiscoveryOff
)

// Options say whom to trust. The zero value trusts the hosts of Microsoft's
// clouds and asks about all others.
type Options struct {
	InstanceDiscovery Discovery
	// Known are hosts that the developer vouches for: they are not asked about.
	// An entry is a host name, which stands for all its ports, or host:port.
	Known []string
	// Given is metadata from Read. It is used forever and never asked for.
	Given map[Authority]*Metadata
	// Documents remembers documents beyond the life of the Resolver. Nil is none.
	Documents *httpcache.Section
	// Stale, if not nil, is told that a refresh of the metadata of a failed with
	// err and that what was known is used on. It is called at most once in five
	// minutes per authority, possibly from several goroutines at once.
	Stale func(ctx context.Context, a Authority, err error)
}

// Resolver finds the metadata of authorities and remembers it. It is safe for
// concurrent use.
type Resolver struct {
	http      *httpx.Client
	discovery Discovery
	known     []string
	given     map[Authority]*Metadata
	documents *httpcache.Section // may be nil
	stale     func(context.Context, Authority, error)
	flights   flight.Group[Authority, *Metadata]

	mu   sync.RWMutex
	kept map[Authority]kept
}

type kept struct {
	metadata *Metadata
	until    time.Time // when it is due for a refresh
	failing  time.Time // when a refresh first failed; zero after a success
}

// NewResolver returns a Resolver that asks over h.
func NewResolver(h *httpx.Client, opts Options) *Resolver {
	r := &Resolver{http: h, discovery: opts.InstanceDiscovery, given: opts.Given, documents: opts.Documents, stale: opts.Stale, kept: make(map[Authority]kept)}
	for _, host := range opts.Known {
		r.known = append(r.known, strings.TrimSuffix(strings.ToLower(host), ":443"))
	}
	return r
}

// Resolve returns the metadata of a. Authorities with a GUID, common,
// organizations or consumers as tenant, on a host of Microsoft's clouds, cost no
// request. All others cost one or two GETs for any number of callers, once in 24
// hours; failures are not remembered. A caller whose ctx ends gets its cause and
// does not fail the others.
//
// What was learned once is used on for another 24 hours when a refresh fails,
// for whatever reason: a gateway's error page must not part an application from
// tokens it has. Only an answer whose issuer no longer speaks for a, or a host
// that Microsoft no longer knows, fails at once.
//
// Errors: *MetadataError, *IssuerError, *UnknownHostError, *URLError (a is the
// zero value), or the cause of ctx.
func (r *Resolver) Resolve(ctx context.Context, a Authority) (*Metadata, error) {
	k, fresh := r.look(a)
	if fresh {
		return k.metadata, nil
	}
	if a.URL == "" {
		return nil, &URLError{Reason: ReasonMalformed, Problem: "it is the zero value", Hint: "get the authority from Parse or ParseOIDC"}
	}
	if m, ok := builtIn(a); ok {
		r.keep(a, kept{metadata: m, until: time.Now().Add(keepFor)})
		return m, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r.flights.Do(ctx, a, func(ctx context.Context) (*Metadata, error) {
		// Another fetch may have ended between the caller's look and now.
		old, fresh := r.look(a)
		if fresh {
			return old.metadata, nil
		}
		m, err := r.fetch(ctx, a)
		if err == nil {
			r.keep(a, kept{metadata: m, until: time.Now().Add(keepFor)})
			return m, nil
		}
		if !old.outlives(err, time.Now()) {
			return nil, err
		}
		r.keep(a, old.after(err, time.Now()))
		if r.stale != nil {
			r.stale(ctx, a, err)
		}
		return old.metadata, nil
	})
}

// outlives reports whether what is kept may be used although its refresh failed
// with err. An answer that denies it is no outage.
func (k kept) outlives(err error, now time.Time) bool {
	var issuer *IssuerError
	var unknown *UnknownHostError
	if k.metadata == nil || errors.As(err, &issuer) || errors.As(err, &unknown) {
		return false
	}
	return k.failing.IsZero() || now.Before(k.failing.Add(graceFor))
}

// after is what to keep once a refresh failed with err.
func (k kept) after(err error, now time.Time) kept {
	if k.failing.IsZero() {
		k.failing = now
	}
	wait := refreshEvery
	var metadata *MetadataError
	if errors.As(err, &metadata) {
		wait = max(wait, metadata.RetryAfter)
	}
	k.until = now.Add(wait)
	if end := k.failing.Add(graceFor); k.until.After(end) {
		k.until = end
	}
	return k
}

// look returns what is kept for a, if anything, and whether it is still fresh.
func (r *Resolver) look(a Authority) (k kept, fresh bool) {
	if m, ok := r.given[a]; ok {
		return kept{metadata: m}, true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	k = r.kept[a]
	return k, k.metadata != nil && time.Now().Before(k.until)
}

func (r *Resolver) keep(a Authority, k kept) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other := range r.kept {
		if len(r.kept) < maxKept {
			break
		}
		delete(r.kept, other) // any one will do: it costs a request at most
	}
	r.kept[a] = k
}

// fetchBy gets the metadata of a by get and checks it.
func (r *Resolver) fetchBy(ctx context.Context, a Authority, get getter) (*Metadata, error) {
	hostname, _ := cutPort(a.Host)
	where := a.configurationURL()
	aliases := byAlias(hostname).hosts
	if r.mustAsk(a, hostname) {
		i, err := r.instance(ctx, a, get)
		if err != nil {
			return nil, err
		}
		where, aliases = i.configuration, i.aliases
	}
	host, _ := endpointHost(where)
	res, err := get(ctx, where)
	if err != nil {
		return nil, &MetadataError{Step: StepConfiguration, Authority: a.URL, Host: host, Err: err,
			Hint: "check the network, and the host of the authority"}
	}
	if res.Status != http.StatusOK {
		return nil, refused(StepConfiguration, a, host, res)
	}
	return parseDocument(a, aliases, res.Body)
}

// mustAsk reports whether the host of a has to be validated by Microsoft.
func (r *Resolver) mustAsk(a Authority, hostname string) bool {
	return a.Kind == Entra && r.discovery != DiscoveryOff && !wellKnown(hostname) &&
		!slices.Contains(r.known, a.Host) && !slices.Contains(r.known, bracketed(hostname)) && !slices.Contains(r.known, hostname)
}

func acceptJSON() http.Header { return http.Header{"Accept": {"application/json"}} }
