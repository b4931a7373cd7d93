package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"time"

	peercache "github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
)

// newOurs is a client of this library.
func newOurs(client *http.Client, cache *msal.TokenCache) (*msal.ConfidentialClient, error) {
	return msal.NewConfidentialClient(clientID, msal.Secret("s"), msal.Options{Authority: authority, HTTPClient: client, Cache: cache})
}

// filled is a client of this library with a cache that was read from JSON, as a
// program would load it. Beyond what one document may hold, the program reads
// several partitions, or acquires: so does this.
func filled(client *http.Client, c content, size int) (*msal.ConfidentialClient, error) {
	cache := msal.NewTokenCache(msal.CacheOptions{MaxAccessTokens: -1})
	svc, err := newOurs(client, cache)
	if err != nil {
		return nil, err
	}
	if size <= maxJSON {
		return svc, cache.Unmarshal(c.json(size))
	}
	for i := range size {
		if _, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: c.question(i)}); err != nil {
			return nil, err
		}
	}
	return svc, nil
}

// maxJSON is how many tokens fit into the JSON that Unmarshal accepts, 256 MiB.
const maxJSON = 100_000

// once fills MSAL Go through Unmarshal, when it first asks for a cache: it asks
// on every call.
type once struct {
	mu   sync.Mutex
	data []byte
}

// Replace implements MSAL Go's cache.ExportReplace.
func (o *once) Replace(_ context.Context, cache peercache.Unmarshaler, _ peercache.ReplaceHints) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.data == nil {
		return nil
	}
	err := cache.Unmarshal(o.data)
	o.data = nil
	return err
}

// Export implements MSAL Go's cache.ExportReplace.
func (o *once) Export(context.Context, peercache.Marshaler, peercache.ExportHints) error { return nil }

// newPeer is a client of MSAL Go; data may be nil.
func newPeer(client *http.Client, data []byte) (confidential.Client, error) {
	options := []confidential.Option{confidential.WithHTTPClient(client)}
	if data != nil {
		options = append(options, confidential.WithCache(&once{data: data}))
	}
	return newPeerWith(options...)
}

func newPeerWith(options ...confidential.Option) (confidential.Client, error) {
	cred, err := confidential.NewCredFromSecret("s")
	if err != nil {
		return confidential.Client{}, err
	}
	return confidential.New(authority, clientID, cred, options...)
}

// floor is the least a library could do: a map, a lock and a look at the clock.
// Its key is there already.
type floor[K comparable] struct {
	mu     sync.RWMutex
	tokens map[K]floorToken
	fetch  sync.Mutex
	client *http.Client
	grant  string
}

type floorToken struct {
	secret    string
	expiresOn time.Time
}

func newFloor[K comparable](client *http.Client, grant string, keys []K, life time.Duration) *floor[K] {
	f := &floor[K]{tokens: make(map[K]floorToken, len(keys)), client: client, grant: grant}
	for i, key := range keys {
		f.tokens[key] = floorToken{accessToken(i), time.Now().Add(life)}
	}
	return f
}

func (f *floor[K]) get(key K) (string, bool) {
	f.mu.RLock()
	t, ok := f.tokens[key]
	f.mu.RUnlock()
	return t.secret, ok && time.Until(t.expiresOn) > 5*time.Minute
}

// acquire sends one request, whoever else waits.
func (f *floor[K]) acquire(ctx context.Context, key K, scopes []string) (string, error) {
	if t, ok := f.get(key); ok {
		return t, nil
	}
	f.fetch.Lock()
	defer f.fetch.Unlock()
	if t, ok := f.get(key); ok {
		return t, nil
	}
	return f.refresh(ctx, key, scopes)
}

// refresh sends a request at any rate.
func (f *floor[K]) refresh(ctx context.Context, key K, scopes []string) (string, error) {
	t, life, err := post(ctx, f.client, f.grant, scopes)
	if err == nil {
		f.mu.Lock()
		f.tokens[key] = floorToken{t, time.Now().Add(life)}
		f.mu.Unlock()
	}
	return t, err
}

var errNoToken = errors.New("there is no token")

func got(token string, err error) error {
	if err == nil && token == "" {
		return errNoToken
	}
	return err
}

// assertions are what an API was called with by size callers.
func assertions(size int) []string {
	list := make([]string, size)
	for i := range list {
		list[i] = "assertion." + accessToken(i)
	}
	return list
}

func digests(assertions []string) [][sha256.Size]byte {
	list := make([][sha256.Size]byte, len(assertions))
	for i, a := range assertions {
		list[i] = sha256.Sum256([]byte(a))
	}
	return list
}
