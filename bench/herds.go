package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
)

// herd is what simultaneous callers cause.
type herd struct {
	Case     string        `json:"case"`
	Subject  string        `json:"subject"`
	Callers  int           `json:"callers"`
	Requests int64         `json:"requests"`
	Longest  time.Duration `json:"longest_ns"` // that any of them waited
	// Waits reports whether waiting for the service is expected.
	Waits bool  `json:"waits"`
	Want  int64 `json:"want_requests"`
}

type herdCase struct {
	name  string
	c     content
	waits bool
	want  func(callers int) int64
	make  func(svc *service, name string, c content) (func(ctx context.Context, caller int) error, error)
}

func one(int) int64          { return 1 }
func each(callers int) int64 { return int64(callers) }

func herdCases() []herdCase {
	expired, aging := content{life: -time.Minute}, content{aging: true}
	return []herdCase{
		{"application, no token", expired, true, one, appHerd(false)},
		{"application, past its refresh hint", aging, false, one, appHerd(false)},
		{"application, as many different tokens", expired, true, each, appHerd(true)},
		{"user, by refresh token", content{users: true, life: -time.Minute}, true, one, userHerd},
		{"user, past its refresh hint", content{users: true, aging: true}, false, one, userHerd},
		{"on behalf of, no token", content{}, true, one, onBehalfOfHerd},
	}
}

// measureHerds counts requests; nothing is repeated.
func measureHerds(ctx context.Context, s settings) ([]herd, error) {
	var herds []herd
	for _, hc := range herdCases() {
		for _, name := range []string{theFloor, ours, peer} {
			svc := &service{latency: s.latency}
			ask, err := hc.make(svc, name, hc.c)
			if err != nil {
				return nil, err
			}
			waited, failures := make([]time.Duration, s.herd), make([]error, s.herd)
			var wg sync.WaitGroup
			for i := range s.herd {
				wg.Go(func() {
					started := time.Now()
					failures[i] = ask(ctx, i)
					waited[i] = time.Since(started)
				})
			}
			wg.Wait()
			if err := errors.Join(failures...); err != nil {
				return nil, err
			}
			h := herd{Case: hc.name, Subject: name, Callers: s.herd, Waits: hc.waits, Want: hc.want(s.herd)}
			for _, w := range waited {
				h.Longest = max(h.Longest, w)
			}
			select { // a refresh behind the callers' backs ends
			case <-time.After(2 * s.latency):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			h.Requests = svc.tokens.Load()
			herds = append(herds, h)
		}
	}
	return herds, nil
}

func appHerd(different bool) func(*service, string, content) (func(context.Context, int) error, error) {
	return func(svc *service, name string, c content) (func(context.Context, int) error, error) {
		scopes := func(caller int) []string {
			if different {
				return []string{appScope(caller)}
			}
			return []string{appScope(0)}
		}
		switch name {
		case theFloor:
			// It knows no hints, and has one lock for each token.
			floors := make([]*floor[string], 1000)
			for i := range floors {
				life := c.life
				if c.aging {
					life = time.Hour
				}
				floors[i] = newFloor(svc.client(), "client_credentials", []string{appScope(i)}, life)
			}
			return func(ctx context.Context, i int) error {
				f := floors[0]
				if different {
					f = floors[i]
				}
				return got(f.acquire(ctx, scopes(i)[0], scopes(i)))
			}, nil
		case ours:
			client, err := filled(svc.client(), c, 1)
			return func(ctx context.Context, i int) error {
				r, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: scopes(i)})
				return got(r.AccessToken, err)
			}, err
		}
		client, err := newPeer(svc.client(), c.json(1))
		return func(ctx context.Context, i int) error {
			r, err := client.AcquireTokenByCredential(ctx, scopes(i))
			return got(r.AccessToken, err)
		}, err
	}
}

func userHerd(svc *service, name string, c content) (func(context.Context, int) error, error) {
	scopes := []string{userScope}
	switch name {
	case theFloor:
		life := c.life
		if c.aging {
			life = time.Hour
		}
		f := newFloor(svc.client(), "refresh_token", []string{homeID(0)}, life)
		return func(ctx context.Context, _ int) error { return got(f.acquire(ctx, homeID(0), scopes)) }, nil
	case ours:
		client, err := filled(svc.client(), c, 1)
		return func(ctx context.Context, _ int) error {
			r, err := client.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: scopes, Account: msal.Account{HomeAccountID: homeID(0)}})
			return got(r.AccessToken, err)
		}, err
	}
	client, err := newPeer(svc.client(), c.json(1))
	account := confidential.Account{HomeAccountID: homeID(0), Environment: host, Realm: tenant}
	return func(ctx context.Context, _ int) error {
		r, err := client.AcquireTokenSilent(ctx, scopes, confidential.WithSilentAccount(account))
		return got(r.AccessToken, err)
	}, err
}

func onBehalfOfHerd(svc *service, name string, _ content) (func(context.Context, int) error, error) {
	scopes, caller := []string{userScope}, assertions(1)[0]
	switch name {
	case theFloor:
		f := newFloor[[sha256.Size]byte](svc.client(), "urn:ietf:params:oauth:grant-type:jwt-bearer", nil, 0)
		return func(ctx context.Context, _ int) error {
			return got(f.acquire(ctx, sha256.Sum256([]byte(caller)), scopes))
		}, nil
	case ours:
		client, err := newOurs(svc.client(), nil)
		return func(ctx context.Context, _ int) error {
			r, err := client.AcquireTokenOnBehalfOf(ctx, msal.OnBehalfOfRequest{UserAssertion: caller, Scopes: scopes})
			return got(r.AccessToken, err)
		}, err
	}
	client, err := newPeer(svc.client(), nil)
	return func(ctx context.Context, _ int) error {
		r, err := client.AcquireTokenOnBehalfOf(ctx, caller, scopes)
		return got(r.AccessToken, err)
	}, err
}
