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
