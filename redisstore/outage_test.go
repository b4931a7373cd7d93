package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// brisk is for tests of servers that fail.
func brisk(o *redisstore.Options) {
	o.Timeout, o.RetryEvery = 500*time.Millisecond, 50*time.Millisecond
}

func TestServerThatIsDownIsATypedErrorUntilItIsBack(t *testing.T) {
	t.Parallel()
	srv := startServer(t, durable()...)
	closed := open(t, srv.client(t), brisk)
	opened := open(t, srv.client(t), brisk, func(o *redisstore.Options) { o.Outage = redisstore.FailOpen })
	v := mustPut(t, closed, "x", "one")
	for range 3 {
		srv.kill()
		_, _, err := closed.Load(t.Context(), "x", "")
		wantKind(t, err, redisstore.ErrUnavailable)
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v looks like the end of the caller's context", err)
		}
		for key, err := range closed.Keys(t.Context(), "") {
			if key != "" {
				t.Errorf("Keys yields %q", key)
			}
			wantKind(t, err, redisstore.ErrUnavailable)
		}
		if value, now, err := opened.Load(t.Context(), "x", v); value != nil || now != v || err != nil {
			t.Errorf("fail open: Load = %q, %q, %v; want that nothing has changed", value, now, err)
		}
		if value, now, err := opened.Load(t.Context(), "y", ""); value != nil || now != "" || err != nil {
			t.Errorf("fail open: Load = %q, %q, %v; want that it is absent", value, now, err)
		}
		for key, err := range opened.Keys(t.Context(), "") {
			t.Errorf("fail open: Keys yields %q, %v", key, err)
		}
		for _, s := range []cache.Store{closed, opened} { // changes are never pretended
			_, err = put(t.Context(), s, "x", "two")
			wantKind(t, err, redisstore.ErrUnavailable)
			wantKind(t, s.Delete(t.Context(), "x"), redisstore.ErrUnavailable)
		}
		srv.start(t)
		eventually(t, "the store to try again", func() bool { _, _, err := closed.Load(t.Context(), "x", ""); return err == nil })
		if value, now := mustLoad(t, closed, "x"); value != "one" || now != v {
			t.Errorf("after the restart: %q, %q; want what was acknowledged", value, now)
		}
		eventually(t, "the store to write again", func() bool { v, _ = put(t.Context(), opened, "x", "one"); return v != "" })
	}
}

// Writers count while the server is killed under them: what was acknowledged is
// there, and what was not may be there at most.
func TestKilledServerLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	srv := startServer(t, durable()...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	tried := map[string]bool{}
	for i := range 4 {
		s := open(t, srv.client(t), brisk)
		wg.Go(func() {
			for j := 0; ; j++ {
				select {
				case <-done:
					return
				default:
				}
				line := fmt.Sprintf("%d.%d", i, j)
				_, err := s.Update(t.Context(), "x", func(old []byte) ([]byte, time.Time, error) {
					if !strings.Contains("\n"+string(old), "\n"+line+"\n") { // it may run again on what it made
						old = append(old, line+"\n"...)
					}
					return old, time.Time{}, nil
				})
				mu.Lock()
				tried[line] = true
				if err == nil {
					acknowledged[line] = true
				} else if !errors.Is(err, redisstore.ErrUnavailable) {
					t.Errorf("Update: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	c := srv.client(t)
	for range 5 {
		before := c.StrLen(t.Context(), "msal:x").Val()
		eventually(t, "writers to write", func() bool { return c.StrLen(t.Context(), "msal:x").Val() > before+100 })
		srv.kill()
		srv.start(t)
	}
	close(done)
	wg.Wait()
	value, _ := mustLoad(t, open(t, srv.client(t)), "x")
	there := map[string]bool{}
	for line := range strings.Lines(value) {
		if line = strings.TrimSuffix(line, "\n"); there[line] || !tried[line] {
			t.Fatalf("the line %q is garbled or there twice", line)
		}
		there[line] = true
	}
	for line := range acknowledged {
		if !there[line] {
			t.Errorf("%q was acknowledged and is lost", line)
		}
	}
	t.Logf("%d acknowledged, %d there", len(acknowledged), len(there))
}

// A deafProxy passes bytes on, until it is told to swallow them.
type deafProxy struct {
	addr string
	deaf atomic.Bool
}

func newDeafProxy(t *testing.T, socket string) *deafProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &deafProxy{addr: l.Addr().String()}
	var mu sync.Mutex
	var conns []net.Conn
	var wg sync.WaitGroup
	pass := func(to, from net.Conn) {
		defer to.Close()
		for b := make([]byte, 1<<16); ; {
			n, err := from.Read(b)
			if err != nil {
				return
			}
			if !p.deaf.Load() {
				if _, err := to.Write(b[:n]); err != nil {
					return
				}
			}
		}
	}
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", socket)
			if err != nil {
				in.Close()
				continue
			}
			mu.Lock()
			conns = append(conns, in, out)
			mu.Unlock()
			wg.Go(func() { pass(in, out) })
			wg.Go(func() { pass(out, in) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return p
}

func TestServerThatDoesNotAnswerHoldsUpNobodyForLong(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	proxy := newDeafProxy(t, srv.socket)
	for _, obeys := range []bool{true, false} { // does the client obey deadlines?
		o := &redis.UniversalOptions{Addrs: []string{proxy.addr}, Password: password, ContextTimeoutEnabled: obeys, ReadTimeout: 5 * time.Second, MaxRetries: -1}
		c := redis.NewUniversalClient(o)
		defer c.Close()
		s, err := redisstore.New(redisstore.Options{Client: c, Cipher: ring(t), Timeout: time.Second, RetryEvery: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, s, "x", "one")
		proxy.deaf.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		begin := time.Now()
		if _, _, err := s.Load(ctx, "x", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Load = %v; want the caller's deadline", err)
		}
		if took := time.Since(begin); took > 900*time.Millisecond {
			t.Errorf("Load took %v after a deadline of 50ms", took)
		}
		cancel()
		_, _, err = s.Load(t.Context(), "x", "")
		wantKind(t, err, redisstore.ErrUnavailable)
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("Load took %v; Timeout is 1s", took)
		}
		begin = time.Now()
		for range 100 { // Redis is left alone
			_, _, err = s.Load(t.Context(), "x", "")
			wantKind(t, err, redisstore.ErrUnavailable)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("100 calls took %v while Redis is known to be down", took)
		}
		proxy.deaf.Store(false)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A caller who is the one to try again, and gives up, leaves that to the next.
func TestCallerWhoGivesUpHoldsUpNobody(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	c, n := srv.client(t), &counter{hold: make(chan struct{})}
	s := open(t, c, func(o *redisstore.Options) { o.Timeout, o.RetryEvery = time.Hour, time.Millisecond })
	mustPut(t, s, "x", "one")
	srv.kill()
	_, err := put(t.Context(), s, "x", "two")
	wantKind(t, err, redisstore.ErrUnavailable)
	srv.start(t)
	c.AddHook(n)
	eventually(t, "a caller to try again", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := put(ctx, s, "x", "two")
		return errors.Is(err, context.DeadlineExceeded)
	})
	close(n.hold)
	eventually(t, "the next caller", func() bool { _, err := put(t.Context(), s, "x", "three"); return err == nil })
}

func TestSlowServerGivesTheRightAnswers(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	admin := srv.client(t)
	s := open(t, srv.client(t), func(o *redisstore.Options) {
		o.Timeout, o.RetryEvery, o.MaxStaleness = 100*time.Millisecond, time.Millisecond, -1
	})
	var wg sync.WaitGroup
	var failed, worked atomic.Int64
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		for range 5 {
			before := worked.Load()
			for tick := time.NewTicker(time.Millisecond); worked.Load() < before+20 && t.Context().Err() == nil; <-tick.C {
			}
			admin.Do(context.Background(), "DEBUG", "SLEEP", "0.25")
		}
	})
	for i := range 4 { // answers that come late must not be taken for others'
		wg.Go(func() {
			for j := 0; ; j++ {
				select {
				case <-done:
					return
				default:
				}
				key := fmt.Sprintf("k%d.%d", i, j%10)
				if _, err := put(t.Context(), s, key, "of "+key); err != nil {
					failed.Add(1)
				}
				value, _, err := s.Load(t.Context(), key, "")
				switch {
				case err != nil:
					wantKind(t, err, redisstore.ErrUnavailable)
					failed.Add(1)
					<-time.After(time.Millisecond)
				case len(value) > 0 && string(value) != "of "+key:
					t.Errorf("%s has %q", key, value)
				default:
					worked.Add(1)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d answers, %d time-outs", worked.Load(), failed.Load())
	if failed.Load() == 0 || worked.Load() == 0 {
		t.Error("the server was not slow, or always")
	}
}

func TestEvictedPartitionIsAbsent(t *testing.T) {
	t.Parallel()
	srv := startServer(t, "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru")
	s := open(t, srv.client(t))
	const n = 1000
	versions := map[string]cache.Version{}
	for i := range n {
		key := fmt.Sprintf("k%d", i)
		v, err := put(t.Context(), s, key, key+strings.Repeat(".", 10_000))
		if err != nil {
			t.Fatalf("Update: %v", err)
		}
		versions[key] = v
	}
	kept := 0
	for key, v := range versions {
		value, now := mustLoad(t, s, key)
		switch {
		case now == v && strings.HasPrefix(value, key+"."):
			kept++
		case now != "" || value != "":
			t.Errorf("%s is at version %q with %d bytes", key, now, len(value))
		}
		if again := mustPut(t, s, key, key+"."); again == v {
			t.Error("a version came back")
		}
		versions[key] = "" // evicts others meanwhile
	}
	t.Logf("%d of %d were kept", kept, n)
	if kept == 0 || kept == n {
		t.Error("the server evicted nothing, or all")
	}
}
