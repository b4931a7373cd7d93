package redisstore_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/redisstore"
	"github.com/redis/go-redis/v9"
)

// counter counts the commands of a client, and can hold them up.
type counter struct {
	n    atomic.Int64
	hold chan struct{} // nil: not at all
}

func (c *counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			c.n.Add(1)
			if c.hold != nil {
				<-c.hold
			}
		}
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// settle waits until a store has heard that it is subscribed: then it no longer
// asks for what has not changed.
func settle(t *testing.T, s cache.Store, n *counter) {
	t.Helper()
	v := mustPut(t, s, "settle", "x")
	eventually(t, "the subscription", func() bool {
		before := n.n.Load()
		for range 2 {
			if _, now, err := s.Load(t.Context(), "settle", v); err != nil || now != v {
				t.Fatalf("Load = %q, %v", now, err)
			}
		}
		return n.n.Load() == before
	})
}

func node(t *testing.T, srv *server, change ...func(*redisstore.Options)) (*redisstore.Store, *counter) {
	t.Helper()
	c, n := srv.client(t), &counter{}
	c.AddHook(n)
	return open(t, c, change...), n
}

func TestUnchangedPartitionIsNotAskedFor(t *testing.T) {
	t.Parallel()
	s, n := node(t, startServer(t), func(o *redisstore.Options) { o.MaxStaleness = time.Hour })
	settle(t, s, n)
	v := mustPut(t, s, "x", "one")
	before := n.n.Load()
	for range 100 {
		if value, now, err := s.Load(t.Context(), "x", v); value != nil || now != v || err != nil {
			t.Fatalf("Load = %q, %q, %v; want that nothing has changed", value, now, err)
		}
	}
	if asked := n.n.Load() - before; asked != 0 {
		t.Errorf("Redis was asked %d times; want never", asked)
	}
}

func TestChangeShowsOnOtherNodes(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	// Only an announcement can show a change within the test's patience.
	forAnHour := func(o *redisstore.Options) { o.MaxStaleness = time.Hour }
	a, na := node(t, srv, forAnHour)
	b, nb := node(t, srv, forAnHour)
	settle(t, a, na)
	settle(t, b, nb)
	var slowest time.Duration
	have := mustPut(t, a, "x", "zero")
	for i := range 50 {
		if _, now, err := b.Load(t.Context(), "x", ""); err != nil || now != have {
			t.Fatalf("Load = %q, %v; want version %q", now, err, have)
		}
		old := have
		begin := time.Now()
		if i%10 == 9 {
			if err := a.Delete(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
		} else {
			mustPut(t, a, "x", strings.Repeat("x", i+1))
		}
		eventually(t, "the other node to see the change", func() bool {
			_, now, err := b.Load(t.Context(), "x", old)
			if err != nil {
				t.Fatal(err)
			}
			return now != old
		})
		slowest = max(slowest, time.Since(begin))
		if have = mustPut(t, a, "x", "next"); have == old {
			t.Fatal("a version came back")
		}
	}
	t.Logf("the slowest of 50 changes showed after %v", slowest)
}

func TestChangeShowsWithinMaxStalenessWithoutAnnouncement(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	const stale = 300 * time.Millisecond
	s, n := node(t, srv, func(o *redisstore.Options) { o.MaxStaleness = stale; o.Cipher, o.InsecurePlainText = nil, true })
	settle(t, s, n)
	v := mustPut(t, s, "x", "one")
	// Somebody writes, and the announcement gets lost.
	c := srv.client(t)
	raw := c.Get(t.Context(), "msal:x").Val()
	begin := time.Now()
	c.Set(t.Context(), "msal:x", strings.Replace(raw, string(v), strings.Repeat("A", len(v)), 1), 0)
	eventually(t, "the change to show", func() bool { _, now, _ := s.Load(t.Context(), "x", v); return now != v })
	if took := time.Since(begin); took > stale+3*time.Second { // less than the default of MaxStaleness
		t.Errorf("it took %v; MaxStaleness is %v", took, stale)
	}
}

func TestNodeThatHearsNothingAsksEveryTime(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s, n := node(t, srv, func(o *redisstore.Options) { o.MaxStaleness = time.Hour; o.RetryEvery = time.Hour })
	settle(t, s, n)
	v := mustPut(t, s, "x", "one")
	admin := srv.client(t)
	if err := admin.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node to notice", func() bool {
		before := n.n.Load()
		if _, _, err := s.Load(t.Context(), "x", v); err != nil {
			t.Fatal(err)
		}
		return n.n.Load() > before
	})
}

func TestCallersShareOneQuestion(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	writer := open(t, srv.client(t))
	v := mustPut(t, writer, "x", "one")
	c, n := srv.client(t), &counter{hold: make(chan struct{})}
	c.AddHook(n)
	s := open(t, c)
	const callers = 100
	var waiting, wg sync.WaitGroup
	for range callers {
		waiting.Add(1)
		wg.Go(func() {
			waiting.Done()
			value, now, err := s.Load(t.Context(), "x", "")
			if string(value) != "one" || now != v || err != nil {
				t.Errorf("Load = %q, %q, %v", value, now, err)
			}
			for i := range value {
				value[i] = '!' // which is this caller's
			}
		})
	}
	// One who gives up does not take the answer from the others.
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		if _, _, err := s.Load(ctx, "x", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("Load = %v; want context.Canceled", err)
		}
	})
	waiting.Wait()
	eventually(t, "the first question", func() bool { return n.n.Load() > 0 })
	for range 1000 {
		runtime.Gosched() // let the others come in
	}
	cancel()
	for range 1000 {
		runtime.Gosched()
	}
	close(n.hold)
	wg.Wait()
	if asked := n.n.Load(); asked > 5 {
		t.Errorf("%d callers asked %d times; want once, or nearly", callers, asked)
	}
}

func TestOwnWritesAreRead(t *testing.T) {
	t.Parallel()
	srv := startServer(t)
	s, n := node(t, srv, func(o *redisstore.Options) { o.MaxStaleness = time.Hour })
	settle(t, s, n)
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 4 { // whose flights must not be joined by who has written since
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if _, _, err := s.Load(t.Context(), "x", ""); err != nil {
					t.Errorf("Load: %v", err)
					return
				}
			}
		})
	}
	for i := range 500 {
		want := strings.Repeat("x", 1+i%50)
		v := mustPut(t, s, "x", want)
		value, now, err := s.Load(t.Context(), "x", "")
		if string(value) != want || now != v || err != nil {
			t.Fatalf("Load after Update %d = %q, %q, %v; want %q, %q", i, value, now, err, want, v)
		}
	}
	close(done)
	wg.Wait()
}

func TestNothingRunsAfterClose(t *testing.T) {
	srv := startServer(t)
	c := srv.client(t)
	c.Ping(t.Context())
	before := runtime.NumGoroutine()
	s := open(t, c)
	mustPut(t, s, "x", "one")
	for range 10 {
		mustLoad(t, s, "x")
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	_, _, err := s.Load(t.Context(), "x", "")
	wantKind(t, err, redisstore.ErrClosed)
	_, err = put(t.Context(), s, "x", "two")
	wantKind(t, err, redisstore.ErrClosed)
	wantKind(t, s.Delete(t.Context(), "x"), redisstore.ErrClosed)
	for _, err := range s.Keys(t.Context(), "") {
		wantKind(t, err, redisstore.ErrClosed)
	}
}
