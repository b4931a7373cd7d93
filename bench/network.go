package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
)

const (
	miss          = "miss: secret, so many others in the cache"
	startInside   = "first token of a new client, service in the process"
	startLoopback = "first token of a new client, loopback"
)

const checksBound = "the checks of what is sent and answered: correlation, telemetry, throttling, one flight per token"

// networkScenarios send requests.
func networkScenarios(s settings) []scenario {
	var list []scenario
	for _, size := range s.loads {
		list = append(list, scenario{name: miss, size: size, goroutines: []int{1}, peer: size <= 10_000, make: misses,
			limit: limit{timesFloor: 2, bound: checksBound}})
	}
	return append(list,
		scenario{name: startInside, size: 1, goroutines: []int{1}, peer: true, make: starts(inside)},
		scenario{name: startLoopback, size: 1, goroutines: []int{1}, peer: true, make: starts(loopback), limit: limit{timesFloor: 2, bound: checksBound}})
}

func misses(name string, size int) (subject, error) {
	svc := &service{}
	scopes := []string{appScope(0)}
	switch name {
	case theFloor:
		f := newFloor(svc.client(), "client_credentials", []string{scopes[0]}, 0)
		return subject{do: func(ctx context.Context, _ int) error { return got(f.refresh(ctx, scopes[0], scopes)) }}, nil
	case ours:
		client, err := filled(svc.client(), content{}, size)
		return subject{do: func(ctx context.Context, _ int) error {
			r, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: scopes, Claims: challenge})
			return got(r.AccessToken, err)
		}}, err
	}
	client, err := newPeer(svc.client(), content{}.json(size))
	return subject{do: func(ctx context.Context, _ int) error {
		r, err := client.AcquireTokenByCredential(ctx, scopes, confidential.WithClaims(challenge))
		return got(r.AccessToken, err)
	}}, err
}

// inside is the service in this process.
func inside(svc *service) (*http.Client, func()) { return svc.client(), nil }

// loopback is the service behind a socket. TLS would only add the same to all.
func loopback(svc *service) (*http.Client, func()) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		response, err := svc.RoundTrip(r)
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, response.Body) // the client notices
	}))
	to, _ := url.Parse(server.URL) // which is one
	return &http.Client{Transport: &detour{to.Host, server.Client().Transport}}, server.Close
}

// detour sends all requests to one host.
type detour struct {
	host string
	next http.RoundTripper
}

// RoundTrip sends one request.
func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", d.host
	return d.next.RoundTrip(r)
}

func starts(reach func(*service) (*http.Client, func())) func(string, int) (subject, error) {
	return func(name string, _ int) (subject, error) {
		wire, stop := reach(&service{})
		scopes := []string{appScope(0)}
		return subject{close: stop, do: func(ctx context.Context, _ int) error {
			switch name {
			case theFloor:
				f := newFloor[string](wire, "client_credentials", nil, 0)
				return got(f.acquire(ctx, scopes[0], scopes))
			case ours:
				client, err := newOurs(wire, nil)
				if err != nil {
					return err
				}
				r, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: scopes})
				return got(r.AccessToken, err)
			}
			client, err := newPeer(wire, nil)
			if err != nil {
				return err
			}
			r, err := client.AcquireTokenByCredential(ctx, scopes)
			return got(r.AccessToken, err)
		}}, nil
	}
}
