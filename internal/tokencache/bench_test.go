package tokencache

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// floor is the least that anything like a token cache can do: a map under a
// lock and a look at the clock. The key is made beforehand, which flatters it.
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

func benchTenant(i int) string { return fmt.Sprintf("%08d-aaaa-bbbb-cccc-dddddddddddd", i) }

// appCache holds n application tokens, ten for each tenant.
func appCache(n int, scope string) (*Cache, []Query) {
	c := New(Options{MaxAccessTokens: -1})
	qs := make([]Query, n)
	now := time.Now()
	for i := range n {
		realm := benchTenant(i / 10)
		resource := fmt.Sprintf("https://resource-%d.example.com/.default", i%10)
		qs[i] = Query{
			Partition: AppPartition(benchClient, realm), Environments: []string{"login.microsoftonline.com", "login.windows.net"},
			ClientID: benchClient, Realm: realm, Scopes: []string{resource},
		}
		err := c.Record(nil, qs[i].Partition, Event{
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
		order := make([]int, 4096)
		for i := range order {
			order[i] = int(uint32(i) * 2654435761 % uint32(n))
		}
		b.Run(fmt.Sprintf("floor/%d", n), func(b *testing.B) { benchFloor(b, n, order) })
		for name, scope := range map[string]string{"exact": "", "superset": "other.read profile openid"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				c, qs := appCache(n, scope)
				for _, i := range order { // remember the supersets
					c.AccessToken(&qs[i], time.Now())
				}
				b.ReportAllocs()
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
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("-login.microsoftonline.com-accesstoken-%s-%s-https://resource-%d.example.com/.default", benchClient, benchTenant(i/10), i%10)
		f.tokens[strings.Clone(keys[i])] = floorToken{secret: strings.Repeat("x", 1200), expires: time.Now().Add(time.Hour)}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := f.get(keys[order[i%len(order)]]); !ok {
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
