package tokencache

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// All slots get one of few hashes, so that they are in each other's way, and the
// table grows, shrinks and fills with places that became free.
func TestSlotsAreFoundUntilTheyAreDropped(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 0))
		var s slots
		in := map[*slot]bool{}
		for step := range 6000 {
			if growing := step/1000%2 == 0; r.IntN(10) < 7 == growing {
				sl := &slot{tok: new(token), hash: r.Uint64N(1 << (1 + 3*seed))}
				s.add(sl)
				in[sl] = true
			} else {
				for sl := range in {
					s.drop(sl)
					s.drop(sl) // does nothing
					delete(in, sl)
					break
				}
			}
			if step%100 == 0 {
				checkSlots(t, &s, in)
			}
		}
	}
}

func checkSlots(t *testing.T, s *slots, in map[*slot]bool) {
	t.Helper()
	found := map[*slot]bool{}
	table, hashes := s.look(), map[uint64]bool{}
	for sl := range in {
		hashes[sl.hash] = true
	}
	for hash := range hashes {
		for sl, at := table.next(hash, 0); sl != nil; sl, at = table.next(hash, at) {
			if found[sl] || !in[sl] || sl.hash != hash {
				t.Fatal("a slot was found that was dropped, or twice, or under another hash")
			}
			found[sl] = true
		}
	}
	if len(found) != len(in) || s.live != len(in) {
		t.Fatalf("%d slots are found and %d counted; want %d", len(found), s.live, len(in))
	}
}

// A token that was replaced or removed is not served once that call has
// returned, and one that is replaced is never missed meanwhile, whatever readers
// and the growth of the table do at the same time.
func TestReadersSeeWhatWritersHaveDone(t *testing.T) {
	t.Parallel()
	c := New(Options{MaxAccessTokens: -1})
	now := time.Now()
	write := func(secret int, scope string) {
		e := event(fmt.Sprint(secret), scope)
		e.Now, e.ExpiresOn = now, now.Add(time.Hour)
		record(t, c, Family, e)
	}
	prepared := query("a")
	c.Prepare(prepared)
	write(0, "a")
	var floor sync.Map // reader's lower bound: what has been written for sure
	floor.Store("a", 0)
	stop := make(chan struct{})
	var readers, writer sync.WaitGroup
	for g := range 4 {
		readers.Go(func() {
			q := prepared
			if g%2 == 0 {
				q = query("a")
			}
			for {
				select {
				case <-stop:
					return
				default:
				}
				least, _ := floor.Load("a")
				got, ok := c.AccessToken(q, q.Scopes, now)
				if !ok {
					t.Error("the token was missed while it was replaced")
					return
				}
				var n int
				if _, err := fmt.Sscan(got.Secret(), &n); err != nil || n < least.(int) {
					t.Errorf("token %q was served after %d had replaced it", got.Secret(), least)
					return
				}
			}
		})
	}
	writer.Go(func() {
		for i := 1; i <= 400; i++ {
			write(i, "a")
			floor.Store("a", i)
			write(-1, fmt.Sprint("grow", i)) // the table is made anew now and then
		}
	})
	writer.Wait()
	close(stop)
	readers.Wait()
	if err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: Family, Environments: envs, ClientID: client, HomeAccountID: prepared.HomeAccountID}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantMiss(t, c, prepared)
		wantMiss(t, c, query("a"))
	}
	checkIndex(t, c)
}

// A prepared question remembers which tokens its identity has, and must not take
// those of another for them, nor those that came after a removal for none.
func TestPreparedQuestionsFollowRemovals(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	q := query("a")
	c.Prepare(q)
	for i := range 3 {
		wantMiss(t, c, q)
		record(t, c, Family, event(fmt.Sprint(i), "a"))
		wantToken(t, c, q, fmt.Sprint(i))
		wantToken(t, c, q, fmt.Sprint(i))
		other := *q
		other.HomeAccountID = "joe.utid"
		c.Prepare(&other)
		wantMiss(t, c, &other)
		if err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: Family, Environments: envs, ClientID: client, HomeAccountID: q.HomeAccountID}); err != nil {
			t.Fatal(err)
		}
	}
}

// A reader who is on its way must not pass by the new token because that is in a
// place that became free before, and by the old one because it is gone.
func TestReplacedTokensKeepTheirPlace(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	const n = 200
	for i := range n {
		other := event("other", fmt.Sprint("s", i))
		other.HomeAccountID = "joe.utid"
		record(t, c, Family, other)
		record(t, c, Family, event("old", fmt.Sprint("s", i)))
	}
	if err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: Family, Environments: envs, ClientID: client, HomeAccountID: "joe.utid"}); err != nil {
		t.Fatal(err)
	}
	if c.slots.taken == c.slots.live {
		t.Fatal("no place became free")
	}
	table := c.slots.look()
	for i := range n {
		q := query(fmt.Sprint("s", i))
		hash := mix(c.hashFirst(q), c.hashScopes(q.Scopes))
		_, behind := table.next(hash, 0)
		record(t, c, Family, event("new", q.Scopes[0]))
		if sl, _ := table.next(hash, behind-1); sl == nil || sl.tok.secret != "new" {
			t.Fatalf("the token %d is not where the one was that it replaced", i)
		}
	}
	checkIndex(t, c)
}

// The same for questions about some of its scopes, and for a token that takes
// over what others wrote beside the former one. The race detector watches.
func TestReadersSeeOneOfTheTokensThatReplaceEachOther(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := event("", "a b")
	unmarshal(t, c, fmt.Appendf(nil, `{"AccessToken":{"k":{"credential_type":"AccessToken","secret":"first","home_account_id":%q,"environment":%q,
		"client_id":%q,"target":"a b","realm":%q,"token_type":"Bearer","cached_at":"1","expires_on":"%d","theirs":"x"}}}`,
		e.HomeAccountID, e.Environment, e.ClientID, e.Realm, e.ExpiresOn.Unix()))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, scope := range []string{"a", "b"} {
		readers.Go(func() {
			for q := query(scope); ; {
				select {
				case <-stop:
					return
				default:
				}
				if _, ok := c.AccessToken(q, q.Scopes, e.Now); !ok {
					t.Error("the token was missed while it was replaced")
					return
				}
			}
		})
	}
	for i := range 1000 {
		e.AccessToken = fmt.Sprint(i)
		record(t, c, Family, e)
	}
	close(stop)
	readers.Wait()
	if f := file(t, c); len(f["AccessToken"]) != 1 {
		t.Errorf("%d tokens", len(f["AccessToken"]))
	}
}

// An answer that was found before a writer came is not remembered after it.
func TestAnOlderAnswerIsNotRememberedInPlaceOfANewer(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	older := event("older", "a b")
	older.ExpiresOn = older.Now.Add(2 * time.Hour)
	record(t, c, Family, older)
	q, now := query("a"), older.Now.Unix()
	hash := mix(c.hashFirst(q), c.hashScopes(q.Scopes))
	found, came := c.superset(c.hashFirst(q), Family, env, q, q.Scopes, now)
	record(t, c, Family, event("newer", "a"))
	c.remember(found, came, hash, q.Scopes)
	wantToken(t, c, q, "newer")
}

// Whoever refreshes because a resource refuses the token at hand must not be given
// that again because it was remembered, and the new one has more scopes.
func TestANewerTokenAnswersWhatAnOlderWasRememberedFor(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for i, scopes := range []string{"a b", "a b c", "a b c d"} {
		secret := fmt.Sprint(i)
		record(t, c, Family, event(secret, scopes))
		for range 2 {
			wantToken(t, c, query("a"), secret)
			wantToken(t, c, query("b"), secret)
		}
		if own, all := i+1, c.slots.live; all < own+2 {
			t.Errorf("%d slots for %d tokens: nothing was remembered", all, own)
		}
	}
	checkIndex(t, c)
}

// Whether a malformed question is answered does not depend on what is there.
func TestSeveralScopesInOneStringAreNoScope(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, event("t", "a b"))
	wantMiss(t, c, query("a b"))
	wantToken(t, c, query("b", "a"), "t")
	wantMiss(t, c, query("a b"))
	none := event("none", "")
	none.HomeAccountID = "joe.utid"
	record(t, c, Family, none)
	q := query("")
	q.HomeAccountID = "joe.utid"
	wantMiss(t, c, q)
}
