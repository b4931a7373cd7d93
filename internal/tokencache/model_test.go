package tokencache

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
)

// model is a token cache as simple as can be: it looks at every token.
type model struct{ tokens []modelToken }

type modelToken struct {
	partition, env, client, realm, home, ext string
	scopes                                   []string
	secret                                   string
}

func (m *model) add(t modelToken) {
	slices.Sort(t.scopes)
	m.tokens = slices.DeleteFunc(m.tokens, func(o modelToken) bool {
		return o.partition == t.partition && o.env == t.env && o.client == t.client && o.realm == t.realm && o.home == t.home &&
			o.ext == t.ext && slices.Equal(o.scopes, t.scopes)
	})
	m.tokens = append(m.tokens, t)
}

// answers returns the secrets that may answer q.
func (m *model) answers(q *Query) []string {
	var all []string
	for _, t := range m.tokens {
		if t.partition != q.Partition || t.client != q.ClientID || t.realm != q.Realm || t.home != q.HomeAccountID || t.ext != q.ExtKey ||
			!slices.Contains(q.Environments, t.env) {
			continue
		}
		if !slices.ContainsFunc(q.Scopes, func(s string) bool { return !slices.Contains(t.scopes, s) }) {
			all = append(all, t.secret)
		}
	}
	return all
}

func (m *model) removeAccount(partition, home string) {
	m.tokens = slices.DeleteFunc(m.tokens, func(t modelToken) bool { return t.partition == partition && t.home == home })
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func someScopes(r *rand.Rand) []string {
	var scopes []string
	for len(scopes) == 0 {
		for _, s := range []string{"a", "b", "c", "d", "e"} {
			if r.IntN(3) == 0 {
				scopes = append(scopes, s)
			}
		}
	}
	r.Shuffle(len(scopes), func(i, j int) { scopes[i], scopes[j] = scopes[j], scopes[i] })
	return scopes
}

// TestAgainstAModel plays at random on the cache, and on a second one that
// shares its store, and compares all answers with the model's.
func TestAgainstAModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var o Options
			if seed%2 == 1 {
				o.Store = new(cache.Memory)
			}
			clients := []string{"c1", "c2", "c3"}
			if seed%4 > 1 {
				clients = clients[:1] // few identities with many tokens each
			}
			play(t, rand.New(rand.NewPCG(seed, 0)), o, clients)
		})
	}
}

func play(t *testing.T, r *rand.Rand, o Options, clients []string) {
	caches := []*Cache{New(o)}
	partitions := []string{Family, BehalfPartition(Behalf{Assertion: "1"})}
	if o.Store != nil {
		caches = append(caches, New(o))
	}
	var m model
	for i := range 1500 {
		c := caches[r.IntN(len(caches))]
		partition, home := pick(r, partitions...), pick(r, "", "u1")
		switch n := r.IntN(60); {
		case n == 0:
			m.removeAccount(partition, home)
			if err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: partition, Environments: envs, ClientID: client, HomeAccountID: home}); err != nil {
				t.Fatal(err)
			}
		case n == 1 && o.Store == nil:
			unmarshal(t, c, marshal(t, c))
		case n < 25:
			e := event(fmt.Sprint("t", i), "")
			e.HomeAccountID, e.Environment, e.Realm = home, pick(r, envs...), pick(r, clients...)
			e.ClientID, e.ExtKey = pick(r, clients...), pick(r, "", "", "", "x")
			scopes := someScopes(r)
			e.Scope = strings.ToUpper(strings.Join(scopes, " "))
			m.add(modelToken{partition, e.Environment, e.ClientID, e.Realm, home, e.ExtKey, scopes, e.AccessToken})
			record(t, c, partition, e)
		default:
			q := Query{
				Partition: partition, Environments: envs[r.IntN(2):], ClientID: pick(r, clients...), Realm: pick(r, clients...),
				HomeAccountID: home, Scopes: someScopes(r), ExtKey: pick(r, "", "", "", "x"),
			}
			if err := c.Sync(t.Context(), partition); err != nil {
				t.Fatal(err)
			}
			got, ok := c.AccessToken(&q, q.Scopes, time.Now())
			secret := "none"
			if ok {
				secret = got.Secret()
			}
			if want := m.answers(&q); ok != (len(want) > 0) || ok && !slices.Contains(want, secret) {
				t.Fatalf("step %d: AccessToken(%+v) = %q; want one of %q", i, q, secret, want)
			}
		}
	}
	for _, c := range caches {
		checkIndex(t, c)
	}
}

// all yields every slot.
func (s *slots) all() iter.Seq[*slot] {
	return func(yield func(*slot) bool) {
		for i := range s.look() {
			if sl := s.look()[i].Load(); sl != nil && sl != &s.freed && !yield(sl) {
				return
			}
		}
	}
}

// checkIndex checks that nothing is left behind in the index.
func checkIndex(t *testing.T, c *Cache) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	live := map[*token]bool{}
	for i, tok := range c.expiry {
		if tok.gone || int(tok.heap) != i {
			t.Errorf("the heap holds a token that is gone, or misplaced")
		}
		live[tok] = true
	}
	inParts := 0
	for _, p := range c.parts {
		inParts += p.tokens
		ofSites, ofUsers := 0, 0
		for key, s := range p.sites {
			ofSites += s.groups
			if s.siteKey != key || s.part != p.key || s.groups == 0 {
				t.Error("a site is misplaced, or empty")
			}
		}
		for _, u := range p.users {
			ofUsers += len(u.groups)
		}
		if ofSites != ofUsers {
			t.Errorf("sites have %d groups, users %d", ofSites, ofUsers)
		}
		for _, u := range p.users {
			if p.order[u.at] != u {
				t.Error("a user is misplaced")
			}
		}
	}
	own, groups := 0, 0
	all := 0
	for sl := range c.slots.all() {
		all++
		if !live[sl.tok] {
			t.Error("a slot leads to a token that is gone")
		}
		if sl == &sl.tok.slot {
			own++
		}
	}
	if all != c.slots.live || c.slots.taken < all || 2*c.slots.taken > len(c.slots.look()) {
		t.Errorf("%d slots are counted as %d, in %d of %d places", all, c.slots.live, c.slots.taken, len(c.slots.look()))
	}
	for i := range c.shards {
		for _, g := range c.shards[i].groups {
			for ; g != nil; g = g.next {
				groups += len(g.tokens)
				for _, p := range g.lists {
					gone := 0
					for _, tok := range p.tokens {
						if tok.gone {
							gone++
						}
					}
					if gone != p.gone || len(p.tokens) == 0 || 2*gone > len(p.tokens) {
						t.Errorf("a posting of %d tokens counts %d gone; %d are", len(p.tokens), p.gone, gone)
					}
				}
			}
		}
	}
	queue := 0
	for tok := c.recent.root.newer; tok != &c.recent.root; tok = tok.newer {
		queue++
	}
	if n := len(c.expiry); own != n || groups != n || inParts != n || queue != n {
		t.Errorf("%d tokens, %d slots, %d in groups, %d in partitions, %d in the queue", n, own, groups, inParts, queue)
	}
}

// TestConcurrentUse is for the race detector: go #620 was a fatal concurrent map
// write.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]cache.Store{"memory": nil, "store": new(cache.Memory)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(Options{Store: store, MaxAccessTokens: 60})
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(g), 1))
					for range 150 {
						use(t, c, r)
					}
				})
			}
			wg.Wait()
			checkIndex(t, c)
		})
	}
}

func use(t *testing.T, c *Cache, r *rand.Rand) {
	home := pick(r, "u1", "u2", "u3")
	partition := pick(r, Family, UserPartition(home), BehalfPartition(Behalf{Assertion: home}))
	q := query(someScopes(r)...)
	q.Partition, q.HomeAccountID = partition, home
	var err error
	switch r.IntN(12) {
	case 0, 1, 2:
		e := signIn("t", strings.Join(someScopes(r), " "))
		e.HomeAccountID, e.Account.HomeAccountID = home, home
		err = c.Record(t.Context(), partition, e)
	case 3:
		err = c.RemoveAccount(t.Context(), AccountRemoval{Partition: partition, Environments: envs, ClientID: client, HomeAccountID: home})
	case 4:
		_, err = c.Accounts(t.Context(), AccountQuery{Environments: envs})
	case 5:
		_, err = c.Marshal()
	case 6:
		for _, rt := range c.RefreshTokens(q, "") {
			err = c.RemoveRefreshToken(t.Context(), partition, rt)
		}
	case 7:
		c.IDToken(q)
		c.AppMetadata(envs, client)
	default:
		if err = c.Sync(t.Context(), partition); err == nil {
			c.AccessToken(q, q.Scopes, time.Now())
		}
	}
	if err != nil {
		t.Errorf("%v", err)
	}
}
