package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	peercache "github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
)

const (
	hitMemory   = "hit: unchanged store, Memory"
	hitFile     = "hit: unchanged store, File"
	writeMemory = "write: partition of so many, Memory"
	writeFile   = "write: partition of so many, File"
	writeAmong  = "write: one token, so many other partitions, Memory"
	load        = "load: Unmarshal"
)

// storeScenarios are about what is kept outside of the cache. MSAL Go's store is
// in memory.
func storeScenarios(s settings) []scenario {
	var list []scenario
	add := func(name string, size int, peers bool, l limit, make func(string, int) (subject, error)) {
		list = append(list, scenario{name: name, size: size, goroutines: []int{1}, peer: peers, limit: l, make: make})
	}
	small := func(size int) bool { return size <= 1000 }
	for _, size := range s.loads {
		add(hitMemory, size, small(size), limit{nanos: 2000}, storeHits(newMemory))
		add(hitFile, size, false, limit{nanos: 2000, bound: "the system call that looks at the file's times"}, storeHits(newFile))
	}
	for _, size := range s.loads {
		add(writeMemory, size, small(size), limit{}, writes(newMemory, 0))
		if size <= 10_000 {
			add(writeFile, size, false, limit{}, writes(newFile, 0))
		}
	}
	add(writeAmong, s.neighbors, false, limit{nanos: 300_000}, writes(newMemory, s.neighbors))
	for _, size := range s.loads {
		add(load, size, size <= 10_000, limit{timesFloor: 3}, loads)
	}
	return list
}

// listed is a store that tells its keys.
type listed interface {
	cache.Store
	cache.Lister
}

// opener makes a store, and what removes it again.
type opener func() (listed, func(), error)

func newMemory() (listed, func(), error) {
	return new(cache.Memory), nil, nil
}

func newFile() (listed, func(), error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, nil, err
	}
	store, err := cache.NewFile(cache.FileOptions{Dir: dir})
	return store, func() { os.RemoveAll(dir) }, err
}

// stored is a client whose partition in a store holds so many tokens, and which
// has neighbors.
func stored(svc *service, open opener, size, neighbors int) (*msal.ConfidentialClient, func(), error) {
	store, remove, err := open()
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	client, err := newOurs(svc.client(), msal.NewTokenCache(msal.CacheOptions{Store: store, MaxAccessTokens: -1}))
	if err != nil {
		return nil, remove, err
	}
	if _, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: []string{appScope(0)}}); err != nil {
		return nil, remove, err
	}
	data := content{}.json(size)
	for key, err := range store.Keys(ctx, "") { // there is one: what was just acquired
		if err == nil {
			_, err = store.Update(ctx, key, func([]byte) ([]byte, time.Time, error) { return data, time.Time{}, nil })
		}
		if err != nil {
			return nil, remove, err
		}
	}
	for i := range neighbors {
		other := fmt.Sprintf("%08d-1111-4111-8111-111111111111", i)
		if _, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: []string{appScope(0)}, Tenant: other}); err != nil {
			return nil, remove, err
		}
	}
	_, err = client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: []string{appScope(0)}})
	return client, remove, err
}

func storeHits(open opener) func(string, int) (subject, error) {
	return func(name string, size int) (subject, error) {
		if name == theFloor {
			return appHits(content{})(name, size)
		}
		svc := &service{}
		questions := content{}.questions(size)
		if name == peer {
			client, err := newPeerWith(confidential.WithHTTPClient(svc.client()), confidential.WithCache(&blob{data: content{}.json(size)}))
			return subject{do: func(ctx context.Context, i int) error {
				r, err := client.AcquireTokenByCredential(ctx, questions[i])
				return got(r.AccessToken, err)
			}}, err
		}
		client, remove, err := stored(svc, open, size, 0)
		if err != nil {
			return subject{}, err
		}
		sub := subject{close: remove, do: func(ctx context.Context, i int) error {
			r, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: questions[i]})
			return got(r.AccessToken, err)
		}}
		return settled(sub, svc, size)
	}
}

// blob is MSAL Go's external store in memory.
type blob struct{ data []byte }

// Replace implements MSAL Go's cache.ExportReplace.
func (b *blob) Replace(_ context.Context, cache peercache.Unmarshaler, _ peercache.ReplaceHints) error {
	return cache.Unmarshal(b.data)
}

// Export implements MSAL Go's cache.ExportReplace.
func (b *blob) Export(_ context.Context, cache peercache.Marshaler, _ peercache.ExportHints) (err error) {
	b.data, err = cache.Marshal()
	return err
}

// challenge makes a client send a request although it has a token.
const challenge = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`

// writes acquires one token anew, request and all, and stores it.
func writes(open opener, neighbors int) func(string, int) (subject, error) {
	return func(name string, size int) (subject, error) {
		if neighbors > 0 {
			size = 1
		}
		svc := &service{}
		scopes := []string{appScope(0)}
		switch name {
		case theFloor:
			return floorWrites(svc.client(), size), nil
		case peer:
			client, err := newPeerWith(confidential.WithHTTPClient(svc.client()), confidential.WithCache(&blob{data: content{}.json(size)}))
			return subject{do: func(ctx context.Context, _ int) error {
				r, err := client.AcquireTokenByCredential(ctx, scopes, confidential.WithClaims(challenge))
				return got(r.AccessToken, err)
			}}, err
		}
		client, remove, err := stored(svc, open, size, neighbors)
		return subject{close: remove, do: func(ctx context.Context, _ int) error {
			r, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: scopes, Claims: challenge})
			if err == nil {
				err = r.CacheErr
			}
			return got(r.AccessToken, err)
		}}, err
	}
}

// stub is what the floor keeps of a token.
type stub struct {
	Secret    string `json:"secret"`
	Target    string `json:"target"`
	ExpiresOn string `json:"expires_on"`
}

// floorWrites sends a request and makes JSON of all tokens.
func floorWrites(client *http.Client, size int) subject {
	all := make(map[string]stub, size)
	for i := range size {
		all[appScope(i)] = stub{accessToken(i), appScope(i), "1"}
	}
	return subject{do: func(ctx context.Context, _ int) error {
		t, life, err := post(ctx, client, "client_credentials", []string{appScope(0)})
		if err != nil {
			return err
		}
		all[appScope(0)] = stub{t, appScope(0), strconv.FormatInt(time.Now().Add(life).Unix(), 10)}
		_, err = json.Marshal(all)
		return err
	}}
}

// loads reads all tokens from JSON.
func loads(name string, size int) (subject, error) {
	data := content{}.json(size)
	svc := &service{}
	return subject{do: func(ctx context.Context, _ int) error {
		switch name {
		case theFloor:
			return floorLoad(data)
		case ours:
			return msal.NewTokenCache(msal.CacheOptions{MaxAccessTokens: -1}).Unmarshal(data)
		}
		client, err := newPeer(svc.client(), data)
		if err == nil {
			_, err = client.Account(ctx, "nobody") // makes it ask for its cache
		}
		return err
	}}, nil
}

func floorLoad(data []byte) error {
	var d struct{ AccessToken map[string]stub }
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	tokens := make(map[string]floorToken, len(d.AccessToken))
	for _, t := range d.AccessToken {
		sec, err := strconv.ParseInt(t.ExpiresOn, 10, 64)
		if err != nil {
			return err
		}
		tokens[t.Target] = floorToken{t.Secret, time.Unix(sec, 0)}
	}
	return nil
}
