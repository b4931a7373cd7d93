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
	"github.com/msal-go/msal/internal/httpx"
)

const (
	// keepFor is how long metadata is used before it is fetched again. MSAL
	// Python keeps its answers as long.
	keepFor = 24 * time.Hour
	// graceFor is how long metadata is used on, when it was due and the service
	// could not be reached.
	graceFor = 5 * time.Minute
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
}

// Resolver finds the metadata of authorities and remembers it. It is safe for
// concurrent use.
type Resolver struct {
	http      *httpx.Client
	discovery Discovery
	known     []string
	flights   flight.Group[Authority, *Metadata]

	mu   sync.RWMutex
	kept map[Authority]kept
}

type kept struct {
	metadata *Metadata
	until    time.Time
}

// NewResolver returns a Resolver that asks over h.
func NewResolver(h *httpx.Client, opts Options) *Resolver {
	r := &Resolver{http: h, discovery: opts.InstanceDiscovery, kept: make(map[Authority]kept)}
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
// Errors: *MetadataError, *IssuerError, *UnknownHostError, *URLError (a is the
// zero value), or the cause of ctx.
func (r *Resolver) Resolve(ctx context.Context, a Authority) (*Metadata, error) {
	m, fresh := r.look(a)
	if fresh {
		return m, nil
	}
	if a.URL == "" {
		return nil, &URLError{Reason: ReasonMalformed, Problem: "it is the zero value", Hint: "get the authority from Parse or ParseOIDC"}
	}
	if m, ok := builtIn(a); ok {
		r.keep(a, m, keepFor)
		return m, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r.flights.Do(ctx, a, func(ctx context.Context) (*Metadata, error) {
		// Another fetch may have ended between the caller's look and now.
		old, fresh := r.look(a)
		if fresh {
			return old, nil
		}
		m, err := r.fetch(ctx, a)
		switch {
		case err == nil:
			r.keep(a, m, keepFor)
		case old != nil && transient(err):
			// An outage of the configuration must not stop an application that
			// has all it needs to go on.
			r.keep(a, old, graceFor)
			return old, nil
		}
		return m, err
	})
}

// look returns what is kept for a, if anything, and whether it is still fresh.
func (r *Resolver) look(a Authority) (m *Metadata, fresh bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k := r.kept[a]
	return k.metadata, k.metadata != nil && time.Now().Before(k.until)
}

func (r *Resolver) keep(a Authority, m *Metadata, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other := range r.kept {
		if len(r.kept) < maxKept {
			break
		}
		delete(r.kept, other) // any one will do: it costs a request at most
	}
	r.kept[a] = kept{metadata: m, until: time.Now().Add(d)}
}

// fetch asks for the metadata of a and checks it.
func (r *Resolver) fetch(ctx context.Context, a Authority) (*Metadata, error) {
	hostname, _ := cutPort(a.Host)
	where := a.configurationURL()
	aliases := byAlias(hostname).hosts
	if r.mustAsk(a, hostname) {
		i, err := r.instance(ctx, a)
		if err != nil {
			return nil, err
		}
		where, aliases = i.configuration, i.aliases
	}
	host, _ := endpointHost(where)
	res, err := r.http.Get(ctx, where, acceptJSON())
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

// transient reports whether err may go away by itself.
func transient(err error) bool {
	var transport *httpx.TransportError
	var metadata *MetadataError
	return errors.As(err, &transport) ||
		errors.As(err, &metadata) && (metadata.Status >= 500 || metadata.Status == http.StatusTooManyRequests)
}

func acceptJSON() http.Header { return http.Header{"Accept": {"application/json"}} }
