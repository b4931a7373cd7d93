package tokencache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// floor is the least that anything like a token cache can do: a map under a
// lock and a look at the clock, for a client with one tenant. It is flattered:
// the scope alone is its key.
type floor struct {
	mu     sync.RWMutex
	tokens map[string]floorToken
}

type floorToken struct {
	secret             string
	expires, refreshOn time.Time
}

func (f *floor) get(key string) (floorToken, bool) {
	f.mu.RLock()
	t, ok := f.tokens[key]
	f.mu.RUnlock()
	if !ok || time.Until(t.expires) <= 5*time.Minute {
		return floorToken{}, false
	}
	return t, true
}

const benchClient = "11111111-2222-3333-4444-555555555555"

// appCache holds n application tokens of one tenant.
func appCache(n int, scope string) (*Cache, []Query) {
	c := New(Options{MaxAccessTokens: -1})
	qs := make([]Query, n)
	realm := "99999999-aaaa-bbbb-cccc-dddddddddddd"
	partition, environments := AppPartition(benchClient, realm), []string{"login.microsoftonline.com", "login.windows.net"}
	now := time.Now()
	for i := range n {
		resource := fmt.Sprintf("https://resource-%d.example.com/.default", i)
		qs[i] = Query{
			Partition: partition, Environments: environments,
			ClientID: benchClient, Realm: realm, Scopes: []string{resource},
		}
		err := c.Record(context.Background(), qs[i].Partition, Event{
			Now: now, ClientID: benchClient, Environment: "login.microsoftonline.com", Realm: realm,
			Scope: strings.TrimSpace(resource + " " + scope), AccessToken: strings.Repeat("x", 1200), TokenType: "Bearer", ExpiresOn: now.Add(time.Hour),
		})
		if err != nil {
			panic(err)
		}
	}
	return c, qs
}

var sizes = []int{1, 100, 10_000, 100_000, 1_000_000}

func BenchmarkHit(b *testing.B) {
	for _, n := range sizes {
		if n > 100_000 && testing.Short() {
			continue
		}
		order := rand.New(rand.NewPCG(1, 2)).Perm(n) // every token, at random
		b.Run(fmt.Sprintf("floor/%d", n), func(b *testing.B) { benchFloor(b, n, order) })
		for name, scope := range map[string]string{"exact": "", "superset": "other.read profile openid"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				c, qs := appCache(n, scope)
				for _, i := range order { // remember the supersets
					c.AccessToken(&qs[i], time.Now())
				}
				b.ReportAllocs()
				runtime.GC() // not during the measurement
				i := 0
				for b.Loop() {
					if _, ok := c.AccessToken(&qs[order[i%len(order)]], time.Now()); !ok {
						b.Fatal("miss")
					}
					i++
				}
			})
		}
	}
}

func benchFloor(b *testing.B, n int, order []int) {
	f := floor{tokens: make(map[string]floorToken, n)}
	_, qs := appCache(n, "")
	for i := range qs {
		f.tokens[strings.Clone(qs[i].Scopes[0])] = floorToken{secret: strings.Repeat("x", 1200), expires: time.Now().Add(time.Hour)}
	}
	b.ReportAllocs()
	runtime.GC()
	i := 0
	for b.Loop() {
		if _, ok := f.get(qs[order[i%len(order)]].Scopes[0]); !ok {
			b.Fatal("miss")
		}
		i++
	}
}

func BenchmarkHitParallel(b *testing.B) {
	c, qs := appCache(10_000, "")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			c.AccessToken(&qs[i*7919%len(qs)], time.Now())
		}
	})
}

func BenchmarkMiss(b *testing.B) {
	c, qs := appCache(10_000, "profile openid")
	q := qs[0]
	q.Scopes = []string{"profile", "nobody.has.this"}
	for b.Loop() {
		c.AccessToken(&q, time.Now())
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, qs := appCache(n, "")
			now := time.Now()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				q := &qs[i%n]
				_ = c.Record(b.Context(), q.Partition, Event{
					Now: now, ClientID: q.ClientID, Environment: q.Environments[0], Realm: q.Realm, Scope: q.Scopes[0],
					AccessToken: "t", ExpiresOn: now.Add(time.Hour + time.Duration(i)*time.Second),
				})
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	c, _ := appCache(100_000, "")
	data, err := c.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := New(Options{}).Unmarshal(data); err != nil {
			b.Fatal(err)
		}
	}
}
