package redisstore_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// An application is one node of a web application.
type application struct {
	*msal.ConfidentialClient
	issuer   *issuer
	requests atomic.Int64
}

func (a *application) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests.Add(1)
	return a.issuer.RoundTrip(r)
}

func newApplication(t *testing.T, is *issuer, s *redisstore.Store) *application {
	t.Helper()
	a := &application{issuer: is}
	svc, err := msal.NewConfidentialClient(issuerClient, msal.Secret("secret"), msal.Options{
		Authority:  issuerHost + issuerTenant,
		Metadata:   msal.AuthorityMetadata{OpenIDConfiguration: is.openIDConfiguration()},
		HTTPClient: &http.Client{Transport: a},
		Cache:      msal.NewTokenCache(msal.CacheOptions{Store: s}),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.ConfidentialClient = svc
	return a
}

func testIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := newIssuerKey()
	if err != nil {
		t.Fatal(err)
	}
	is, err := newIssuer(key)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func (a *application) signIn(t *testing.T, user, scope string) msal.Result {
	t.Helper()
	res, err := a.AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{RefreshToken: a.issuer.token(user, ""), Scopes: []string{scope}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (a *application) silent(ctx context.Context, user, scope string) (msal.Result, error) {
	return a.AcquireTokenSilent(ctx, msal.SilentRequest{Account: account(user), Scopes: []string{scope}})
}

const scope = "api://tasks/read"

func TestSignInAndOutShowOnTheOtherNode(t *testing.T) {
	t.Parallel()
	srv, is := startServer(t), testIssuer(t)
	// Only an announcement can show a change within the test's patience.
	forAnHour := func(o *redisstore.Options) { o.MaxStaleness = time.Hour }
	sa, na := node(t, srv, forAnHour)
	sb, nb := node(t, srv, forAnHour)
	settle(t, sa, na)
	settle(t, sb, nb)
	a, b := newApplication(t, is, sa), newApplication(t, is, sb)
	if _, err := b.silent(t.Context(), "alice", scope); !errors.Is(err, msal.ErrNoToken) {
		t.Fatalf("before the sign-in: %v", err)
	}
	first := a.signIn(t, "alice", scope)
	res, err := b.silent(t.Context(), "alice", scope)
	if err != nil || res.AccessToken != first.AccessToken || res.Source != msal.FromCache {
		t.Fatalf("the other node: source %v, %v; want the token of the sign-in", res.Source, err)
	}
	if accounts, err := b.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 1 || accounts[0].Username != "alice@contoso.test" {
		t.Errorf("the other node knows %d accounts, %v", len(accounts), err)
	}
	before := nb.n.Load()
	for range 100 {
		if _, err := b.silent(t.Context(), "alice", scope); err != nil {
			t.Fatal(err)
		}
	}
	if asked := nb.n.Load() - before; asked > 1 {
		t.Errorf("100 hits asked Redis %d times", asked)
	}
	// A refresh on one node replaces the token on the other.
	second, err := a.AcquireTokenSilent(t.Context(), msal.SilentRequest{Account: account("alice"), Scopes: []string{scope}, ForceRefresh: true})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the refresh to show", func() bool {
		res, err := b.silent(t.Context(), "alice", scope)
		return err == nil && res.AccessToken == second.AccessToken
	})
	if err := a.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: account("alice")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sign-out to show", func() bool {
		_, err := b.silent(t.Context(), "alice", scope)
		return errors.Is(err, msal.ErrNoToken)
	})
	if b.requests.Load() != 0 {
		t.Errorf("the other node made %d requests; want none", b.requests.Load())
	}
}

func TestTokensAreServedWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]redisstore.Outage{"fail closed": redisstore.FailClosed, "fail open": redisstore.FailOpen} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, is := startServer(t, durable()...), testIssuer(t)
			choose := func(o *redisstore.Options) { o.Outage = outage }
			a := newApplication(t, is, open(t, srv.client(t), brisk, choose))
			b := newApplication(t, is, open(t, srv.client(t), brisk, choose))
			had := a.signIn(t, "alice", scope)
			b.signIn(t, "bob", scope)
			srv.kill()

			res, err := a.silent(t.Context(), "alice", scope)
			if err != nil || res.AccessToken != had.AccessToken {
				t.Errorf("a token in memory: %v; want that it is served", err)
			}
			res, err = a.silent(t.Context(), "alice", "api://tasks/write")
			if err != nil || res.Source != msal.FromIdentityProvider || !errors.Is(res.CacheErr, msal.ErrCache) || !errors.Is(res.CacheErr, redisstore.ErrUnavailable) {
				t.Errorf("a token that is not: source %v, %v, cache error %v; want a new one, and why it was not written", res.Source, err, res.CacheErr)
			}
			_, err = a.silent(t.Context(), "bob", scope) // of whom this node knows nothing
			if closed := errors.Is(err, msal.ErrCache) && errors.Is(err, redisstore.ErrUnavailable); closed != (outage == redisstore.FailClosed) || closed == errors.Is(err, msal.ErrNoToken) {
				t.Errorf("a user that only Redis knows: %v", err)
			}
			if err := a.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: account("bob")}); !errors.Is(err, redisstore.ErrUnavailable) {
				t.Errorf("a sign-out that is not written: %v; want ErrUnavailable", err)
			}

			srv.start(t)
			eventually(t, "the store to try again", func() bool {
				res, err := a.AcquireTokenSilent(t.Context(), msal.SilentRequest{Account: account("alice"), Scopes: []string{"api://tasks/third"}, ForceRefresh: true})
				if err != nil {
					t.Fatal(err)
				}
				return res.CacheErr == nil
			})
			eventually(t, "the other node to try again", func() bool {
				found, err := b.silent(t.Context(), "alice", "api://tasks/write") // which was acquired during the outage
				return err == nil && found.AccessToken == res.AccessToken && found.Source == msal.FromCache
			})
		})
	}
}

func TestReadOnlyServerCostsNobodyTheToken(t *testing.T) {
	t.Parallel()
	srv, is := startServer(t), testIssuer(t)
	a := newApplication(t, is, open(t, srv.client(t), brisk))
	a.signIn(t, "alice", scope)
	if err := srv.client(t).Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if res := a.signIn(t, "bob", scope); res.IsZero() || !errors.Is(res.CacheErr, redisstore.ErrReadOnly) {
		t.Errorf("a sign-in at a replica: cache error %v; want ErrReadOnly beside a good token", res.CacheErr)
	}
	if res, err := a.silent(t.Context(), "bob", scope); err != nil || res.Source != msal.FromCache {
		t.Errorf("after that: %v, %v; want the token from memory", res.Source, err)
	}
}

func TestRightsOfTheReadmeSuffice(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	rights := strings.Fields(readmeRights(t))
	args := []any{"ACL", "SETUSER", "app", "reset", "on", ">" + password}
	for _, r := range rights {
		args = append(args, r)
	}
	if err := srv.client(t).Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, &redis.UniversalOptions{Addrs: []string{srv.socket}, Username: "app"})
	n := &counter{}
	c.AddHook(n)
	s := open(t, c, func(o *redisstore.Options) { o.MaxStaleness = time.Hour })
	settle(t, s, n)
	mustPut(t, s, "x", "one")
	if value, _ := mustLoad(t, s, "x"); value != "one" {
		t.Errorf("Load = %q", value)
	}
	for _, err := range s.Keys(t.Context(), "") {
		if err != nil {
			t.Errorf("Keys: %v", err)
		}
	}
	if where, err := s.SetAside(t.Context(), "x", []byte("one")); err != nil || where == "" {
		t.Errorf("SetAside = %q, %v", where, err)
	}
	mustPut(t, s, "x", "two")
	if err := s.Delete(t.Context(), "x"); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

// readmeRights is what the README tells administrators to allow.
func readmeRights(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```text\n")
	rights, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("README.md has no rights")
	}
	return rights
}
