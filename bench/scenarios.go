package main

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
)

const (
	hitApp      = "hit: application"
	hitAppMore  = "hit: application, token has more scopes"
	hitUser     = "hit: user"
	hitUserMore = "hit: user, token has more scopes"
	hitOBO      = "hit: on behalf of"
)

const clockBound = "the wall clock, which a library has to look at, costs as much as the whole floor with its look at the monotonic one"

// userBound: what a hit reads was once spread over more memory; putting it
// together took one of 10,000 users' from 4.2 to 2.3 times the floor.
const userBound = "the wall clock, the hash of the account and the copy of the question about it; with many users, by the memory that each has of its own"

// scenarios are all that is timed.
func scenarios(s settings) []scenario {
	var list []scenario
	add := func(name string, sizes []int, peerMax int, l limit, make func(string, int) (subject, error)) {
		for _, size := range sizes {
			sc := scenario{name: name, size: size, goroutines: []int{1}, peer: size <= peerMax, limit: l, make: make}
			if slices.Contains(s.busySizes, size) && l.noAllocs {
				sc.goroutines = append(sc.goroutines, s.goroutines...)
			}
			list = append(list, sc)
		}
	}
	hit := limit{timesFloor: 2, noAllocs: true, bound: clockBound}
	user := hit
	user.bound = userBound
	some := upTo(s.sizes, 100_000)
	add(hitApp, s.sizes, s.peerMax, hit, appHits(content{}))
	add(hitAppMore, some, 10_000, hit, appHits(content{more: true}))
	add(hitUser, some, 10_000, user, userHits(content{users: true}))
	add(hitUserMore, some, 10_000, user, userHits(content{users: true, more: true}))
	add(hitOBO, upTo(s.sizes, 10_000), 10_000, limit{timesFloor: 1.5, noAllocs: true, bound: "SHA-256 of the assertion, which both do"}, onBehalfOfHits)
	return append(append(list, storeScenarios(s)...), networkScenarios(s)...)
}

func upTo(sizes []int, most int) []int {
	return slices.DeleteFunc(slices.Clone(sizes), func(n int) bool { return n > most })
}

func appHits(c content) func(string, int) (subject, error) {
	return func(name string, size int) (subject, error) {
		svc := &service{}
		questions := c.questions(size)
		sub := subject{}
		switch name {
		case theFloor:
			keys := make([]string, size)
			for i := range keys {
				keys[i] = questions[i][0]
			}
			f := newFloor(svc.client(), "client_credentials", keys, 24*time.Hour)
			sub.do = func(ctx context.Context, i int) error { return got(f.acquire(ctx, questions[i][0], questions[i])) }
		case ours:
			client, err := filled(svc.client(), c, size)
			if err != nil {
				return sub, err
			}
			sub.do = func(ctx context.Context, i int) error {
				r, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: questions[i]})
				return got(r.AccessToken, err)
			}
		default:
			client, err := newPeer(svc.client(), c.json(size))
			if err != nil {
				return sub, err
			}
			sub.do = func(ctx context.Context, i int) error {
				r, err := client.AcquireTokenByCredential(ctx, questions[i])
				return got(r.AccessToken, err)
			}
			size = min(size, 100) // it remembers nothing
		}
		return settled(sub, svc, size)
	}
}

// settled asks for every token once, in case that anything is remembered, and
// counts requests from then on.
func settled(sub subject, svc *service, size int) (subject, error) {
	for i := range min(size, 10_000) {
		if err := sub.do(context.Background(), i*max(1, size/10_000)); err != nil {
			return sub, err
		}
	}
	before := svc.tokens.Load()
	sub.unasked = func() int64 { return svc.tokens.Load() - before }
	return sub, nil
}

func userHits(c content) func(string, int) (subject, error) {
	return func(name string, size int) (subject, error) {
		svc := &service{}
		scopes := []string{userScope}
		ids := make([]string, size)
		for i := range ids {
			ids[i] = homeID(i)
		}
		sub := subject{}
		switch name {
		case theFloor:
			f := newFloor(svc.client(), "refresh_token", ids, 24*time.Hour)
			sub.do = func(ctx context.Context, i int) error { return got(f.acquire(ctx, ids[i], scopes)) }
		case ours:
			client, err := filled(svc.client(), c, size)
			if err != nil {
				return sub, err
			}
			sub.do = func(ctx context.Context, i int) error {
				r, err := client.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: scopes, Account: msal.Account{HomeAccountID: ids[i]}})
				return got(r.AccessToken, err)
			}
		default:
			client, err := newPeer(svc.client(), c.json(size))
			if err != nil {
				return sub, err
			}
			accounts := make([]confidential.Account, size)
			for i := range accounts {
				accounts[i] = confidential.Account{HomeAccountID: ids[i], Environment: host, Realm: tenant}
			}
			sub.do = func(ctx context.Context, i int) error {
				r, err := client.AcquireTokenSilent(ctx, scopes, confidential.WithSilentAccount(accounts[i]))
				return got(r.AccessToken, err)
			}
			size = min(size, 100) // it remembers nothing
		}
		return settled(sub, svc, size)
	}
}

func onBehalfOfHits(name string, size int) (subject, error) {
	svc := &service{}
	scopes, callers := []string{userScope}, assertions(size)
	sub := subject{}
	switch name {
	case theFloor:
		f := newFloor(svc.client(), "urn:ietf:params:oauth:grant-type:jwt-bearer", digests(callers), 24*time.Hour)
		sub.do = func(ctx context.Context, i int) error {
			return got(f.acquire(ctx, sha256.Sum256([]byte(callers[i])), scopes))
		}
	case ours:
		client, err := newOurs(svc.client(), msal.NewTokenCache(msal.CacheOptions{MaxAccessTokens: -1}))
		if err != nil {
			return sub, err
		}
		sub.do = func(ctx context.Context, i int) error {
			r, err := client.AcquireTokenOnBehalfOf(ctx, msal.OnBehalfOfRequest{UserAssertion: callers[i], Scopes: scopes})
			return got(r.AccessToken, err)
		}
	default:
		client, err := newPeer(svc.client(), nil)
		if err != nil {
			return sub, err
		}
		sub.do = func(ctx context.Context, i int) error {
			r, err := client.AcquireTokenOnBehalfOf(ctx, callers[i], scopes)
			return got(r.AccessToken, err)
		}
	}
	return settled(sub, svc, size)
}
