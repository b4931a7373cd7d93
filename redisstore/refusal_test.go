package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	c := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:1"}})
	defer c.Close()
	shards := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	defer shards.Close()
	sealed := ring(t)
	for name, tc := range map[string]struct {
		o     redisstore.Options
		field string
		hint  string
	}{
		"no client":        {redisstore.Options{Cipher: sealed}, "Client", "NewUniversalClient"},
		"a ring":           {redisstore.Options{Client: shards, Cipher: sealed}, "Client", "Sentinel"},
		"no cipher":        {redisstore.Options{Client: c}, "Cipher", "InsecurePlainText"},
		"both":             {redisstore.Options{Client: c, Cipher: sealed, InsecurePlainText: true}, "InsecurePlainText", "one of the two"},
		"braces":           {redisstore.Options{Client: c, Cipher: sealed, Prefix: "{a}:"}, "Prefix", "A-Z"},
		"pattern":          {redisstore.Options{Client: c, Cipher: sealed, Prefix: "a*"}, "Prefix", "A-Z"},
		"long prefix":      {redisstore.Options{Client: c, Cipher: sealed, Prefix: strings.Repeat("a", 101)}, "Prefix", "100"},
		"huge values":      {redisstore.Options{Client: c, Cipher: sealed, MaxValueBytes: 1 << 30}, "MaxValueBytes", "536870912"},
		"negative timeout": {redisstore.Options{Client: c, Cipher: sealed, Timeout: -1}, "Timeout", "default"},
		"unknown outage":   {redisstore.Options{Client: c, Cipher: sealed, Outage: 7}, "Outage", "FailOpen"},
	} {
		var config *redisstore.ConfigError
		if _, err := redisstore.New(tc.o); !errors.As(err, &config) || config.Field != tc.field || !strings.Contains(config.Hint, tc.hint) {
			t.Errorf("%s: %v; want a ConfigError of %s with a hint of %q", name, err, tc.field, tc.hint)
		}
	}
}

func TestValueIsSealedAndBoundToItsKey(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c := srv.client(t)
	s := open(t, c)
	const secret = "a-refresh-token-that-nobody-may-see"
	mustPut(t, s, "one", secret)
	mustPut(t, s, "two", "other")
	raw := c.Get(t.Context(), "msal:one").Val()
	if strings.Contains(raw, secret) {
		t.Error("Redis has the value in plain text")
	}
	c.Set(t.Context(), "msal:two", raw, 0) // by somebody who can write to Redis
	var sealErr *cache.SealError
	if _, _, err := s.Load(t.Context(), "two", ""); !errors.As(err, &sealErr) || strings.Contains(err.Error(), secret) {
		t.Errorf("Load of a value that was moved: %v; want a *cache.SealError", err)
	}
	plain := open(t, c, func(o *redisstore.Options) { o.Cipher, o.InsecurePlainText, o.Prefix = nil, true, "p:" })
	mustPut(t, plain, "one", secret)
	if raw := c.Get(t.Context(), "p:one").Val(); !strings.HasSuffix(raw, "\n"+secret) {
		t.Errorf("plain text is %d other bytes", len(raw))
	}
}

func TestForeignValuesAreNeitherUsedNorOverwritten(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c := srv.client(t)
	s := open(t, c, func(o *redisstore.Options) { o.Cipher, o.InsecurePlainText = nil, true })
	mustPut(t, s, "good", "value")
	good := c.Get(t.Context(), "msal:good").Val()
	for name, raw := range map[string]string{
		"words":          "hello",
		"json":           `{"AccessToken":{}}`,
		"head cut":       good[:40],
		"value cut away": good[:48],
		"expiry":         strings.Replace(good, ":000", ":-00", 1),
		"version":        strings.Replace(good, "msal1:", "msal1:!", 1)[:len(good)],
		"next format":    strings.Replace(good, "msal1:", "msal2:", 1),
	} {
		c.Set(t.Context(), "msal:x", raw, 0)
		_, _, err := s.Load(t.Context(), "x", "")
		wantKind(t, err, redisstore.ErrDamaged)
		_, err = put(t.Context(), s, "x", "new")
		wantKind(t, err, redisstore.ErrDamaged)
		if now := c.Get(t.Context(), "msal:x").Val(); now != raw {
			t.Errorf("%s: the value was overwritten", name)
		}
	}
	c.Del(t.Context(), "msal:x")
	c.RPush(t.Context(), "msal:x", "a list")
	_, _, err := s.Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrDamaged)
	if err := s.Delete(t.Context(), "x"); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	mustPut(t, s, "x", "new")
}

func TestKeysAreOnlyOfThisStore(t *testing.T) {
	t.Parallel()
	c := startServer(t).client(t)
	s := open(t, c)
	mustPut(t, s, "user.1", "x")
	mustPut(t, open(t, c, func(o *redisstore.Options) { o.Prefix = "msal:user.b:" }), "user.2", "x")
	for _, foreign := range []string{"msal:", "msal:user.Alice", "msal:user.*", "xmsal:user.3"} {
		c.Set(t.Context(), foreign, "x", 0)
	}
	for prefix, want := range map[string]string{"": "user.1", "user.": "user.1", "*": "", "user.?": "", "u[s]er": "", `user\.`: ""} {
		var got []string
		for key, err := range s.Keys(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, key)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("Keys(%q) yields %q; want %q", prefix, got, want)
		}
	}
}

func TestLargeValuesAreRefused(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c := srv.client(t)
	s := open(t, c, func(o *redisstore.Options) { o.MaxValueBytes = 1000 })
	large := open(t, c)
	mustPut(t, s, "x", strings.Repeat("x", 900)) // and what sealing adds
	_, err := put(t.Context(), s, "x", strings.Repeat("x", 1000))
	wantKind(t, err, redisstore.ErrTooLarge)
	if value, _ := mustLoad(t, s, "x"); len(value) != 900 {
		t.Errorf("the value has %d bytes after a refused update; want 900", len(value))
	}
	mustPut(t, large, "x", strings.Repeat("x", 5000))
	_, _, err = s.Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrTooLarge)
}

func TestDamagedPartitionIsSetAside(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c := srv.client(t)
	s := open(t, c)
	mustPut(t, s, "x", "no token cache")
	if where, err := s.SetAside(t.Context(), "x", []byte("something else")); err != nil || where != "" {
		t.Errorf("SetAside of another value = %q, %v; want nothing", where, err)
	}
	where, err := s.SetAside(t.Context(), "x", []byte("no token cache"))
	if err != nil || !strings.Contains(where, "{msal:x}.damaged-") {
		t.Fatalf("SetAside = %q, %v", where, err)
	}
	if value, v := mustLoad(t, s, "x"); value != "" || v != "" {
		t.Error("the partition is still there")
	}
	for key, err := range s.Keys(t.Context(), "") {
		t.Errorf("Keys yields %q, %v; want nothing", key, err)
	}
	aside := c.Keys(t.Context(), "{*").Val()
	if len(aside) != 1 || c.TTL(t.Context(), aside[0]).Val() < 29*24*time.Hour {
		t.Errorf("set aside are %q; want one key for 30 days", aside)
	}
}

func TestAnswerOfRedisHasAKind(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c := srv.client(t)
	admin := func(args ...any) {
		t.Helper()
		if err := c.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, c)
	mustPut(t, s, "x", "one")

	wrong := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{srv.socket}, Password: "not-" + password})
	defer wrong.Close()
	stranger := open(t, wrong)
	_, _, err := stranger.Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrDenied)
	if strings.Contains(err.Error(), password) {
		t.Error("the error has the password")
	}

	admin("CONFIG", "SET", "maxmemory", "1")
	_, err = put(t.Context(), s, "x", "two")
	wantKind(t, err, redisstore.ErrFull)
	if value, _ := mustLoad(t, s, "x"); value != "one" {
		t.Errorf("the value is %q while the server is full; want the old one", value)
	}
	admin("CONFIG", "SET", "maxmemory", "0")

	admin("REPLICAOF", "127.0.0.1", "1")
	admin("CONFIG", "SET", "replica-serve-stale-data", "yes")
	_, err = put(t.Context(), s, "x", "two")
	wantKind(t, err, redisstore.ErrReadOnly)
	wantKind(t, s.Delete(t.Context(), "x"), redisstore.ErrReadOnly)
	if value, _ := mustLoad(t, s, "x"); value != "one" {
		t.Errorf("a replica gives %q; want the value", value)
	}
	admin("CONFIG", "SET", "replica-serve-stale-data", "no")
	_, _, err = s.Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrUnavailable)
	admin("REPLICAOF", "NO", "ONE")

	admin("ACL", "SETUSER", "default", "resetchannels")
	eventually(t, "the pause to end", func() bool { _, _, err := s.Load(t.Context(), "x", ""); return err == nil })
	_, err = put(t.Context(), s, "x", "two")
	if err == nil {
		t.Error("an update that may not be announced was written")
	}
	if value, _ := mustLoad(t, s, "x"); value != "one" {
		t.Errorf("the value is %q; what may not be announced may not be written", value)
	}
}

func TestStorePrintsNothingOfItsOptions(t *testing.T) {
	t.Parallel()
	c := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:1"}, Password: password})
	defer c.Close()
	s := open(t, c)
	if text := s.String() + s.GoString() + s.LogValue().String(); strings.Contains(text, password) || !strings.Contains(text, "msal:") {
		t.Errorf("the store prints as %q", text)
	}
}

func TestUpdateWhoseContextEndsWritesNothing(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s := open(t, srv.client(t))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Update(ctx, "x", func([]byte) ([]byte, time.Time, error) {
		cancel()
		return bytes.Repeat([]byte("x"), 10), time.Time{}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update whose context ends meanwhile = %v; want context.Canceled", err)
	}
	if value, _ := mustLoad(t, s, "x"); value != "" {
		t.Error("it was written all the same")
	}
}
