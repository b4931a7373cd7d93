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

	"github.com/msal-go/msal/cache"
)

// floor is the least that anything like a token cache can do: a map under a
// lock and a look at the clock. With the scope alone as its key it serves one
// client, tenant and user; keyed, it makes the key from the question.
type floor struct {
	mu            sync.RWMutex
	tokens, keyed map[string]floorToken
}

type floorToken struct {
	secret  string
	expires time.Time
}

func (f *floor) get(q *Query) (floorToken, bool) {
	f.mu.RLock()
	t, ok := f.tokens[q.Scopes[0]]
	f.mu.RUnlock()
	return t, ok && time.Until(t.expires) > 5*time.Minute
}

func (f *floor) getKeyed(q *Query) (floorToken, bool) {
	var buf [256]byte
	key := q.key(buf[:0])
	f.mu.RLock()
	t, ok := f.keyed[string(key)]
	f.mu.RUnlock()
	return t, ok && time.Until(t.expires) > 5*time.Minute
}

func (q *Query) key(b []byte) []byte {
	b = append(append(b, q.HomeAccountID...), '-')
	b = append(append(b, q.Environments[0]...), '-')
	b = append(append(b, q.ClientID...), '-')
	b = append(append(b, q.Realm...), '-')
	return append(b, q.Scopes[0]...)
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
		b.Run(fmt.Sprintf("floor/%d", n), func(b *testing.B) { benchFloor(b, n, order, (*floor).get) })
		b.Run(fmt.Sprintf("keyed/%d", n), func(b *testing.B) { benchFloor(b, n, order, (*floor).getKeyed) })
		for name, scope := range map[string]string{"exact": "", "superset": "other.read profile openid"} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				c, qs := appCache(n, scope)
				for _, i := range order { // remember the supersets
					c.AccessToken(&qs[i], qs[i].Scopes, time.Now())
				}
				b.ReportAllocs()
				runtime.GC() // not during the measurement
				i := 0
				for b.Loop() {
					if _, ok := c.AccessToken(&qs[order[i%len(order)]], qs[order[i%len(order)]].Scopes, time.Now()); !ok {
						b.Fatal("miss")
					}
					i++
				}
			})
		}
	}
}

func benchFloor(b *testing.B, n int, order []int, get func(*floor, *Query) (floorToken, bool)) {
	f := floor{tokens: make(map[string]floorToken, n), keyed: make(map[string]floorToken, n)}
	_, qs := appCache(n, "")
	for i := range qs {
		f.tokens[strings.Clone(qs[i].Scopes[0])] = floorToken{secret: strings.Repeat("x", 1200), expires: time.Now().Add(time.Hour)}
	}
	for i := range qs {
		f.keyed[string(qs[i].key(nil))] = floorToken{secret: strings.Repeat("x", 1200), expires: time.Now().Add(time.Hour)}
	}
	b.ReportAllocs()
	runtime.GC()
	i := 0
	for b.Loop() {
		if _, ok := get(&f, &qs[order[i%len(order)]]); !ok {
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
			c.AccessToken(&qs[i*7919%len(qs)], qs[i*7919%len(qs)].Scopes, time.Now())
		}
	})
}

func BenchmarkMiss(b *testing.B) {
	c, qs := appCache(10_000, "profile openid")
	q := qs[0]
	q.Scopes = []string{"profile", "nobody.has.this"}
	for b.Loop() {
		c.AccessToken(&q, q.Scopes, time.Now())
	}
}

func BenchmarkSyncUnchanged(b *testing.B) {
	c := New(Options{Store: new(cache.Memory)})
	q := query("s1")
	for i := range 1000 {
		e := event("t", fmt.Sprint("s", i))
		e.HomeAccountID = fmt.Sprint(i)
		record(b, c, UserPartition(e.HomeAccountID), e)
	}
	q.HomeAccountID = "1"
	q.Partition = UserPartition("1")
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Sync(b.Context(), q.Partition); err != nil {
			b.Fatal(err)
		}
		if _, ok := c.AccessToken(q, q.Scopes, time.Now()); !ok {
			b.Fatal("miss")
		}
	}
}

// BenchmarkRecordInStore is one new token for a user among 10,000 others.
func BenchmarkRecordInStore(b *testing.B) {
	c := New(Options{Store: new(cache.Memory)})
	e := signIn(strings.Repeat("x", 1200), "s")
	for i := range 10_000 {
		e.HomeAccountID = fmt.Sprint(i)
		e.Account.HomeAccountID = e.HomeAccountID
		record(b, c, UserPartition(e.HomeAccountID), e)
	}
	partition := UserPartition(e.HomeAccountID)
	for b.Loop() {
		record(b, c, partition, e)
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
