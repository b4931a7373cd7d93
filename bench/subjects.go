package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
)

const (
	ours     = "msal"
	theFloor = "floor"
	peer     = "MSAL Go"

	tenant    = "11111111-1111-4111-8111-111111111111"
	authority = "https://login.microsoftonline.com/" + tenant
	clientID  = "aaaaaaaa-0000-4000-8000-000000000004"
)

// subject is one thing to measure.
type subject struct {
	name string
	// acquire gets the token for one set of scopes.
	acquire func(ctx context.Context, scopes []string) (string, error)
}

// accessToken is as long as a real one.
func accessToken(i int) string {
	return strconv.Itoa(i) + "." + strings.Repeat("t", 1200)
}

// scopeSets are as many different questions as there are tokens.
func scopeSets(n int) [][]string {
	sets := make([][]string, n)
	for i := range sets {
		sets[i] = []string{fmt.Sprintf("api://resource-%d/.default", i)}
	}
	return sets
}

// maxJSON is how many tokens fit into the JSON that Unmarshal accepts, 256 MiB.
const maxJSON = 100_000

// newOurs is a client of this library whose cache was read from the family's
// JSON, as a program would load it. Beyond what one document may hold, tokens
// are acquired one by one.
func newOurs(client *http.Client, sets [][]string) (subject, error) {
	cache := msal.NewTokenCache(msal.CacheOptions{MaxAccessTokens: -1})
	svc, err := msal.NewConfidentialClient(clientID, msal.Secret("s"), msal.Options{Authority: authority, HTTPClient: client, Cache: cache})
	if err != nil {
		return subject{}, err
	}
	acquire := func(ctx context.Context, scopes []string) (string, error) {
		r, err := svc.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: scopes})
		return r.AccessToken, err
	}
	switch {
	case len(sets) > maxJSON:
		err = acquireAll(acquire, sets)
	case len(sets) > 0:
		err = cache.Unmarshal(familyJSON(sets))
	}
	return subject{ours, acquire}, err
}

func acquireAll(acquire func(context.Context, []string) (string, error), sets [][]string) error {
	for _, scopes := range sets {
		if _, err := acquire(context.Background(), scopes); err != nil {
			return err
		}
	}
	return nil
}

func familyJSON(sets [][]string) []byte {
	now := time.Now().Unix()
	entries := make(map[string]map[string]any, len(sets))
	for i, scopes := range sets {
		target := strings.Join(scopes, " ")
		entries["-login.microsoftonline.com-accesstoken-"+clientID+"-"+tenant+"-"+target] = map[string]any{
			"credential_type": "AccessToken", "secret": accessToken(i), "home_account_id": nil,
			"environment": "login.microsoftonline.com", "client_id": clientID, "target": target, "realm": tenant,
			"token_type": "Bearer", "cached_at": strconv.FormatInt(now, 10),
			"expires_on": strconv.FormatInt(now+86400, 10), "extended_expires_on": strconv.FormatInt(now+86400, 10),
		}
	}
	data, err := json.Marshal(map[string]any{"AccessToken": entries})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return data
}

// newFloor is the least a library could do: a map, a lock and a look at the
// clock. The key is there already.
func newFloor(client *http.Client, sets [][]string) (subject, error) {
	type token struct {
		secret    string
		expiresOn time.Time
	}
	var mu sync.RWMutex
	tokens := make(map[string]token, len(sets))
	for i, scopes := range sets {
		tokens[scopes[0]] = token{accessToken(i), time.Now().Add(24 * time.Hour)}
	}
	var fetch sync.Mutex
	get := func(key string) (string, bool) {
		mu.RLock()
		t, ok := tokens[key]
		mu.RUnlock()
		return t.secret, ok && time.Until(t.expiresOn) > 5*time.Minute
	}
	return subject{theFloor, func(ctx context.Context, scopes []string) (string, error) {
		if t, ok := get(scopes[0]); ok {
			return t, nil
		}
		fetch.Lock()
		defer fetch.Unlock()
		if t, ok := get(scopes[0]); ok {
			return t, nil
		}
		t, life, err := post(ctx, client, scopes)
		if err == nil {
			mu.Lock()
			tokens[scopes[0]] = token{t, time.Now().Add(life)}
			mu.Unlock()
		}
		return t, err
	}}, nil
}

// newPeer is MSAL Go. It cannot be given a cache without being made to parse it
// on every call, so its tokens are acquired one by one.
func newPeer(client *http.Client, sets [][]string) (subject, error) {
	cred, err := confidential.NewCredFromSecret("s")
	if err != nil {
		return subject{}, err
	}
	c, err := confidential.New(authority, clientID, cred, confidential.WithHTTPClient(client))
	if err != nil {
		return subject{}, err
	}
	acquire := func(ctx context.Context, scopes []string) (string, error) {
		r, err := c.AcquireTokenByCredential(ctx, scopes)
		return r.AccessToken, err
	}
	return subject{peer, acquire}, acquireAll(acquire, sets)
}
