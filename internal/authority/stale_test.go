package authority

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// outages are the ways in which a document that was good does not come again.
// The value nil stands for no connection.
func outages() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"no connection":         nil,
		"server error":          says(503, ""),
		"throttled":             says(429, "{}"),
		"not found":             says(404, "<html>"),
		"a gateway's page":      says(200, "<html>"),
		"tenant is gone":        says(400, `{"error":"invalid_tenant","error_codes":[90002]}`),
		"endpoints elsewhere":   says(200, `{"issuer":"https://private.example/t/v2.0","authorization_endpoint":"https://evil.example/a","token_endpoint":"https://evil.example/t/token"}`),
		"no endpoints, no JSON": says(200, `[]`),
	}
}

func (n *internet) answer(host string, h http.HandlerFunc) {
	if n.hosts[host] = h; h == nil {
		delete(n.hosts, host)
	}
}

func TestKnownMetadataOutlivesFailedRefreshes(t *testing.T) {
	a := mustParse(t, "https://private.example/t")
	for name, outage := range outages() {
		synctest.Test(t, func(t *testing.T) {
			n := &internet{hosts: map[string]http.HandlerFunc{"private.example": says(200, configuration("private.example", "t"))}}
			r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
			first, err := r.Resolve(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(72 * time.Hour) // asleep over the weekend
			n.answer("private.example", outage)
			begun := time.Now()
			for time.Since(begun) < graceFor {
				if m, err := r.Resolve(t.Context(), a); err != nil || m != first {
					t.Fatalf("%s: after %v: %v", name, time.Since(begun), err)
				}
				time.Sleep(refreshEvery / 2)
			}
			if got, want := len(n.requests())-1, int(graceFor/refreshEvery); got != want {
				t.Errorf("%s: %d requests during the grace time, want %d", name, got, want)
			}
			var me *MetadataError
			if _, err := r.Resolve(t.Context(), a); !errors.As(err, &me) {
				t.Errorf("%s: after the grace time: %v, want a MetadataError", name, err)
			}
			n.answer("private.example", says(200, configuration("private.example", "t")))
			if _, err := r.Resolve(t.Context(), a); err != nil {
				t.Errorf("%s: after the outage: %v", name, err)
			}
			time.Sleep(25 * time.Hour)
			n.answer("private.example", outage)
			if _, err := r.Resolve(t.Context(), a); err != nil {
				t.Errorf("%s: the next outage has a grace time of its own: %v", name, err)
			}
		})
	}
}

func TestAnswerThatDeniesKnownMetadataFailsAtOnce(t *testing.T) {
	a := mustParse(t, "https://private.example/t")
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]http.HandlerFunc{
			"private.example":           says(200, configuration("private.example", "t")),
			"login.microsoftonline.com": says(200, `{"tenant_discovery_endpoint":"https://private.example/t/v2.0/.well-known/openid-configuration"}`),
		}}
		r := n.resolver(Options{})
		if _, err := r.Resolve(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		n.answer("private.example", says(200, `{"issuer":"https://evil.example"}`))
		var issuer *IssuerError
		if _, err := r.Resolve(t.Context(), a); !errors.As(err, &issuer) {
			t.Errorf("another issuer: %v, want an IssuerError", err)
		}
		n.answer("login.microsoftonline.com", says(400, `{"error":"invalid_instance"}`))
		var unknown *UnknownHostError
		if _, err := r.Resolve(t.Context(), a); !errors.As(err, &unknown) {
			t.Errorf("a host that is known no more: %v, want an UnknownHostError", err)
		}
	})
}

func TestStaleMetadataIsReported(t *testing.T) {
	a := mustParse(t, "https://private.example/t")
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]http.HandlerFunc{"private.example": says(200, configuration("private.example", "t"))}}
		var told []string
		r := n.resolver(Options{InstanceDiscovery: DiscoveryOff, Stale: func(_ context.Context, a Authority, err error) {
			var me *MetadataError
			told = append(told, fmt.Sprint(a, errors.As(err, &me)))
		}})
		resolve := func() {
			for range 3 {
				if _, err := r.Resolve(t.Context(), a); err != nil {
					t.Error(err)
				}
			}
		}
		resolve()
		time.Sleep(25 * time.Hour)
		resolve()
		if len(told) != 0 {
			t.Errorf("told %q without need", told)
		}
		time.Sleep(25 * time.Hour)
		n.answer("private.example", says(500, ""))
		resolve()
		if len(told) != 1 || told[0] != "https://private.example/t true" {
			t.Errorf("told %q, want the outage once", told)
		}
	})
}

func TestRefreshOfMetadataObeysRetryAfter(t *testing.T) {
	a := mustParse(t, "https://private.example/t")
	busy := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]http.HandlerFunc{"private.example": busy}}
		r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
		var me *MetadataError
		if _, err := r.Resolve(t.Context(), a); !errors.As(err, &me) || me.RetryAfter != time.Hour || me.RetryDelay() != time.Hour {
			t.Fatalf("got %#v, want a MetadataError with the delay", err)
		}
		n.answer("private.example", says(200, configuration("private.example", "t")))
		if _, err := r.Resolve(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		n.answer("private.example", busy)
		for _, c := range []struct {
			after time.Duration
			asked int
		}{{0, 3}, {time.Hour - time.Second, 3}, {time.Second, 4}} {
			time.Sleep(c.after)
			if _, err := r.Resolve(t.Context(), a); err != nil || len(n.requests()) != c.asked {
				t.Errorf("after %v: %d requests, %v; want %d", c.after, len(n.requests()), err, c.asked)
			}
		}
	})
}

// A service that hangs must cost impatient callers one deadline, not each.
func TestImpatientCallersComeByKnownMetadata(t *testing.T) {
	a := mustParse(t, "https://private.example/t")
	synctest.Test(t, func(t *testing.T) {
		n := &internet{hosts: map[string]http.HandlerFunc{"private.example": says(200, configuration("private.example", "t"))}}
		r := n.resolver(Options{InstanceDiscovery: DiscoveryOff})
		if _, err := r.Resolve(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		n.delay = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Resolve(ctx, a); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("first caller: %v, want its deadline", err)
		}
		synctest.Wait()
		start := time.Now()
		if _, err := r.Resolve(t.Context(), a); err != nil || time.Since(start) != 0 {
			t.Errorf("next caller: %v after %v", err, time.Since(start))
		}
	})
}
