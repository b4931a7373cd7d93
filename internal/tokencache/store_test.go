package tokencache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// gate is a store that counts, and that fails or waits when told to.
type gate struct {
	cache.Memory
	loads, updates atomic.Int32
	values         atomic.Int32 // loads that returned a value
	fail           atomic.Pointer[error]
	enter, leave   chan struct{} // when set, Load announces itself and waits
}

func (g *gate) Load(ctx context.Context, key string, have cache.Version) ([]byte, cache.Version, error) {
	g.loads.Add(1)
	if err := g.fail.Load(); err != nil {
		return nil, "", *err
	}
	if g.enter != nil {
		g.enter <- struct{}{}
		select {
		case <-g.leave:
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
	value, now, err := g.Memory.Load(ctx, key, have)
	if value != nil {
		g.values.Add(1)
	}
	return value, now, err
}

func (g *gate) Update(ctx context.Context, key string, f func([]byte) ([]byte, time.Time, error)) (cache.Version, error) {
	g.updates.Add(1)
	if err := g.fail.Load(); err != nil {
		return "", *err
	}
	return g.Memory.Update(ctx, key, f)
}

func (g *gate) failWith(err error) {
	if err == nil {
		g.fail.Store(nil)
		return
	}
	g.fail.Store(&err)
}

func sync1(t testing.TB, c *Cache, partition string) {
	t.Helper()
	if err := c.Sync(t.Context(), partition); err != nil {
		t.Fatalf("Sync: %v", err)
	}
}

func TestProcessesSeeEachOther(t *testing.T) {
	t.Parallel()
	s := new(gate)
	one, two := New(Options{Store: s}), New(Options{Store: s})
	record(t, one, Family, signIn("1", "a"))
	wantMiss(t, two, query("a"))
	sync1(t, two, Family)
	wantToken(t, two, query("a"), "1")
	record(t, two, Family, event("2", "b"))
	sync1(t, one, Family)
	wantToken(t, one, query("a"), "1")
	wantToken(t, one, query("b"), "2")
	if rts := one.RefreshTokens(query(), ""); len(rts) != 1 {
		t.Errorf("RefreshTokens = %+v", rts)
	}
	removeJane(t, two, Family)
	sync1(t, one, Family)
	wantMiss(t, one, query("a"))
	if err := s.Delete(t.Context(), Family); err != nil {
		t.Fatal(err)
	}
	sync1(t, one, Family)
	if _, known := one.AppMetadata(envs, client); known {
		t.Error("what vanished from the store is still in memory")
	}
}

func TestAnUnchangedPartitionIsNotRead(t *testing.T) {
	t.Parallel()
	s := new(gate)
	one, two := New(Options{Store: s}), New(Options{Store: s})
	record(t, one, Family, signIn("1", "a"))
	for range 3 {
		sync1(t, one, Family) // wrote it itself
		sync1(t, two, Family)
		sync1(t, two, AppPartition("nobody", "x"))
	}
	if n := s.values.Load(); n != 1 {
		t.Errorf("the partition was read %d times; want once", n)
	}
	if n := len(two.parts); n != 1 {
		t.Errorf("%d partitions are held; want 1, not those that do not exist", n)
	}
}

func TestTokensThatDidNotChangeStayThroughASync(t *testing.T) {
	t.Parallel()
	s := new(gate)
	one, two := New(Options{Store: s}), New(Options{Store: s})
	record(t, one, Family, event("1", "a b"))
	sync1(t, two, Family)
	wantToken(t, two, query("a"), "1")
	before := two.exactToken(query("a", "b"))
	record(t, one, Family, event("2", "c"))
	sync1(t, two, Family)
	if after := two.exactToken(query("a", "b")); after != before || before == nil {
		t.Error("a token that did not change was made anew")
	}
}

func (c *Cache) exactToken(q *Query) *token {
	id := c.hashGroup(c.hashIdentity(c.partitionKey(q.Partition), q.ClientID, q.Realm, q.ExtKey), env, q.HomeAccountID)
	return c.exact(mix(id, c.hashScopes(q.Scopes)), env, q, q.Scopes, time.Now().Unix())
}

// MSAL's extensions for Go keep about 22 of 80 tokens here.
func TestConcurrentProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	s := new(gate)
	const processes, tokens = 4, 20
	var wg sync.WaitGroup
	for p := range processes {
		wg.Go(func() {
			c := New(Options{Store: s})
			for i := range tokens {
				e := signIn(fmt.Sprint(p, ".", i), fmt.Sprint("s", p, ".", i))
				if err := c.Record(t.Context(), Family, e); err != nil {
					t.Errorf("Record: %v", err)
				}
			}
		})
	}
	wg.Wait()
	c := New(Options{Store: s})
	sync1(t, c, Family)
	for p := range processes {
		for i := range tokens {
			wantToken(t, c, query(fmt.Sprint("s", p, ".", i)), fmt.Sprint(p, ".", i))
		}
	}
	if rts := c.RefreshTokens(query(), ""); len(rts) != processes*tokens {
		t.Errorf("%d refresh tokens; want %d", len(rts), processes*tokens)
	}
}

// Probe 3 of peers.md B3: written under one key, looked for under another.
func TestConfidentialPartitionsAreFoundAgain(t *testing.T) {
	t.Parallel()
	s := new(cache.Memory)
	user, app, obo := UserPartition(jane), AppPartition(client, tenant), BehalfPartition(Behalf{Assertion: "jwt"})
	one := New(Options{Store: s})
	record(t, one, user, signIn("user's", "s"))
	e := event("app's", "s")
	e.HomeAccountID = ""
	record(t, one, app, e)
	record(t, one, obo, event("obo's", "s"))
	for _, key := range []string{user, app, obo} {
		if err := cache.CheckKey(key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	for range 2 {
		two := New(Options{Store: s})
		for partition, want := range map[string]string{user: "user's", app: "app's", obo: "obo's"} {
			sync1(t, two, partition)
			q := query("s")
			q.Partition = partition
			if partition == app {
				q.HomeAccountID = ""
			}
			wantToken(t, two, q, want)
		}
		accounts, err := New(Options{Store: s}).Accounts(t.Context(), AccountQuery{Environments: envs})
		if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != jane {
			t.Errorf("Accounts = %+v, %v", accounts, err)
		}
	}
}

// noLister hides that a store can list.
type noLister struct{ cache.Store }

func TestAccountsOfAStoreThatCannotList(t *testing.T) {
	t.Parallel()
	s := noLister{new(cache.Memory)}
	one := New(Options{Store: s})
	record(t, one, UserPartition(jane), signIn("1", "s"))
	if accounts, err := one.Accounts(t.Context(), AccountQuery{Environments: envs}); err != nil || len(accounts) != 1 {
		t.Errorf("Accounts = %+v, %v; want those in memory", accounts, err)
	}
	if accounts, err := New(Options{Store: s}).Accounts(t.Context(), AccountQuery{Environments: envs}); err != nil || len(accounts) != 0 {
		t.Errorf("Accounts = %+v, %v", accounts, err)
	}
}

func TestAFailingStoreCostsNoToken(t *testing.T) {
	t.Parallel()
	errDown := errors.New("the store is down")
	var log bytes.Buffer
	s := new(gate)
	c := New(Options{Store: s, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	record(t, c, Family, signIn("1", "a"))
	used := c.RefreshTokens(query(), "")[0]
	s.failWith(errDown)
	e := event("s3cret-2", "b")
	e.RefreshToken, e.UsedRefreshToken = "rotated", &used
	var storeErr *StoreError
	if err := c.Record(t.Context(), Family, e); !errors.Is(err, errDown) || !errors.As(err, &storeErr) || storeErr.Op != "update" {
		t.Errorf("Record = %v; want a *StoreError that wraps the store's", err)
	}
	if err := c.Sync(t.Context(), Family); !errors.Is(err, errDown) {
		t.Errorf("Sync = %v", err)
	}
	wantToken(t, c, query("b"), "s3cret-2")
	if !strings.Contains(log.String(), "could not be stored") || strings.Contains(log.String(), "s3cret") {
		t.Errorf("log: %s", log.String())
	}
	s.failWith(nil)
	// Another process writes meanwhile; the token survives that, too.
	other := New(Options{Store: s})
	record(t, other, Family, event("3", "c"))
	sync1(t, c, Family)
	wantToken(t, c, query("b"), "s3cret-2")
	wantToken(t, c, query("c"), "3")
	record(t, c, Family, event("4", "d"))
	sync1(t, other, Family)
	for scope, want := range map[string]string{"a": "1", "b": "s3cret-2", "c": "3", "d": "4"} {
		wantToken(t, other, query(scope), want)
	}
	if rts := other.RefreshTokens(query(), ""); len(rts) != 1 || rts[0].Secret != "rotated" {
		t.Errorf("RefreshTokens = %+v; want the rotated one", rts)
	}
}

func TestWhatWaitsForTheStoreDoesNotOverwriteWhatIsLater(t *testing.T) {
	t.Parallel()
	s := new(gate)
	c, other := New(Options{Store: s}), New(Options{Store: s})
	first := signIn("1", "a")
	first.Now = first.Now.Add(-time.Hour)
	record(t, c, Family, first)
	used := c.RefreshTokens(query(), "")[0]
	s.failWith(errors.New("down"))
	late := event("2", "a")
	late.Now = late.Now.Add(-time.Minute)
	late.RefreshToken, late.UsedRefreshToken = "rt-2", &used
	if err := c.Record(t.Context(), Family, late); err == nil {
		t.Fatal("Record succeeded")
	}
	s.failWith(nil)
	newer := event("3", "a")
	newer.ExpiresOn = newer.ExpiresOn.Add(time.Hour)
	newer.RefreshToken, newer.UsedRefreshToken = "rt-3", &used
	record(t, other, Family, newer)
	sync1(t, c, Family)
	for range 2 {
		wantToken(t, c, query("a"), "3")
		if rts := c.RefreshTokens(query(), ""); len(rts) != 1 || rts[0].Secret != "rt-3" {
			t.Errorf("RefreshTokens = %+v; want the later one", rts)
		}
		record(t, c, Family, event("x", "x")) // stores what waited
	}
}

func TestSigningOutForgetsWhatWaitsForTheStore(t *testing.T) {
	t.Parallel()
	s := new(gate)
	c := New(Options{Store: s})
	s.failWith(errors.New("down"))
	joes := event("joe's", "a")
	joes.HomeAccountID = "joe.utid"
	for _, e := range []Event{signIn("1", "a"), joes} {
		if err := c.Record(t.Context(), Family, e); err == nil {
			t.Fatal("Record succeeded")
		}
	}
	s.failWith(nil)
	joe := query("a")
	joe.HomeAccountID = "joe.utid"
	wantToken(t, c, joe, "joe's")
	removeJane(t, c, Family)
	wantToken(t, c, joe, "joe's")
	record(t, c, Family, event("app's", "b"))
	wantToken(t, c, joe, "joe's")
	wantMiss(t, c, query("a"))
	data, _, err := s.Memory.Load(t.Context(), Family, "")
	if err != nil || bytes.Contains(data, []byte("rt-1")) || !bytes.Contains(data, []byte("joe's")) {
		t.Errorf("the store has %s, %v", data, err)
	}
}

func TestWhatWasStoredLateIsNotStoredAgain(t *testing.T) {
	t.Parallel()
	s := new(gate)
	c, other := New(Options{Store: s}), New(Options{Store: s})
	s.failWith(errors.New("down"))
	if err := c.Record(t.Context(), Family, signIn("1", "a")); err == nil {
		t.Fatal("Record succeeded")
	}
	s.failWith(nil)
	e := event("joe's", "a")
	e.HomeAccountID = "joe.utid"
	record(t, c, Family, e)
	sync1(t, other, Family)
	wantToken(t, other, query("a"), "1")
	removeJane(t, other, Family)
	record(t, c, Family, e)
	wantMiss(t, c, query("a"))
	sync1(t, other, Family)
	wantMiss(t, other, query("a"))
}

func TestAnAccountWithoutTokensStaysInMemory(t *testing.T) {
	t.Parallel()
	c := New(Options{Store: noLister{new(cache.Memory)}})
	e := signIn("", "a")
	e.RefreshToken = ""
	record(t, c, UserPartition(jane), e)
	if accounts, err := c.Accounts(t.Context(), AccountQuery{Environments: envs}); err != nil || len(accounts) != 1 {
		t.Errorf("Accounts = %+v, %v; want one", accounts, err)
	}
}

func TestSignOutFailsWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	errDown := errors.New("down")
	s := new(gate)
	c := New(Options{Store: s})
	record(t, c, Family, signIn("1", "a"))
	s.failWith(errDown)
	err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: Family, Environments: envs, ClientID: client, HomeAccountID: jane})
	if !errors.Is(err, errDown) {
		t.Errorf("RemoveAccount = %v; want the store's error", err)
	}
	wantMiss(t, c, query("a"))
}

func TestACorruptPartitionIsNeitherUsedNorOverwritten(t *testing.T) {
	t.Parallel()
	s := new(gate)
	bad := []byte(`{"AccessToken": {"pl4nted`)
	if _, err := s.Memory.Update(t.Context(), Family, func([]byte) ([]byte, time.Time, error) { return bad, time.Time{}, nil }); err != nil {
		t.Fatal(err)
	}
	c := New(Options{Store: s})
	var corrupt *CorruptError
	var format *schema.FormatError
	for name, err := range map[string]error{
		"Sync":          c.Sync(t.Context(), Family),
		"Record":        c.Record(t.Context(), Family, signIn("1", "a")),
		"RemoveAccount": c.RemoveAccount(t.Context(), AccountRemoval{Partition: Family, Environments: envs, HomeAccountID: "joe"}),
	} {
		if !errors.As(err, &corrupt) || corrupt.Partition != Family || !errors.As(err, &format) {
			t.Errorf("%s = %v; want a *CorruptError", name, err)
		} else if strings.Contains(err.Error(), "pl4nted") {
			t.Errorf("%s shows the data: %v", name, err)
		}
	}
	wantToken(t, c, query("a"), "1")
	if data, _, _ := s.Memory.Load(t.Context(), Family, ""); !bytes.Equal(data, bad) {
		t.Errorf("the partition was overwritten: %s", data)
	}
}

func TestAContextThatEnds(t *testing.T) {
	t.Parallel()
	c := New(Options{Store: new(cache.Memory)})
	ctx := canceled(t)
	for name, err := range map[string]error{
		"Sync":            c.Sync(ctx, Family),
		"Record":          c.Record(ctx, Family, signIn("1", "a")),
		"RemoveAppTokens": c.RemoveAppTokens(ctx, query()),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v; want context.Canceled", name, err)
		}
	}
	wantToken(t, c, query("a"), "1")
}

func TestCallersShareOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &gate{enter: make(chan struct{}), leave: make(chan struct{})}
		c := New(Options{Store: s})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := c.Sync(t.Context(), Family); err != nil {
					t.Errorf("Sync: %v", err)
				}
			})
		}
		<-s.enter
		synctest.Wait()
		close(s.leave)
		wg.Wait()
		if n := s.loads.Load(); n != 1 {
			t.Errorf("the store was asked %d times; want once", n)
		}
	})
}

// A caller that gives up must not fail the others (peers.md B3 row 8).
func TestALoaderThatGivesUpFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &gate{enter: make(chan struct{}), leave: make(chan struct{})}
		c := New(Options{Store: s})
		ctx, cancel := context.WithCancel(t.Context())
		first, second, third := make(chan error, 1), make(chan error, 1), make(chan error, 1)
		go func() { first <- c.Sync(ctx, Family) }()
		<-s.enter
		go func() { second <- c.Sync(t.Context(), Family) }()
		impatient, stop := context.WithCancel(t.Context())
		go func() { third <- c.Sync(impatient, Family) }()
		synctest.Wait()
		stop()
		if err := <-third; !errors.Is(err, context.Canceled) {
			t.Errorf("a waiting caller that gave up got %v", err)
		}
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the caller that gave up got %v", err)
		}
		<-s.enter
		close(s.leave)
		if err := <-second; err != nil {
			t.Errorf("the other caller got %v", err)
		}
	})
}

func TestPartitionsExpireInTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(cache.Memory)
		c := New(Options{Store: s})
		app := event("1", "a")
		app.HomeAccountID = ""
		record(t, c, AppPartition(client, tenant), app)
		app.Scope, app.AccessToken, app.ExpiresOn = "b", "2", time.Now().Add(2*time.Hour)
		record(t, c, AppPartition(client, tenant), app)
		record(t, c, UserPartition(jane), signIn("3", "a"))
		keys := func() (n int) {
			for range s.Keys(t.Context(), "") {
				n++
			}
			return n
		}
		time.Sleep(time.Hour + time.Minute)
		if n := keys(); n != 2 {
			t.Errorf("%d partitions after an hour; want 2", n)
		}
		time.Sleep(time.Hour)
		if n := keys(); n != 1 {
			t.Errorf("%d partitions after two hours; want the user's", n)
		}
		// An expired token goes out of the store with the next answer.
		record(t, c, UserPartition(jane), event("4", "b"))
		data, _, err := s.Load(t.Context(), UserPartition(jane), "")
		if err != nil || bytes.Contains(data, []byte(`"3"`)) || !bytes.Contains(data, []byte(`"4"`)) {
			t.Errorf("the partition is %s, %v", data, err)
		}
		removeJane(t, c, UserPartition(jane))
		if n := keys(); n != 0 {
			t.Errorf("%d partitions after signing out; want none", n)
		}
	})
}

// A store that another library of the family writes to: its entries stay, under
// their own keys, until they are rewritten.
func TestForeignEntriesInAStore(t *testing.T) {
	t.Parallel()
	s := new(cache.Memory)
	const foreign = `{"customized":{"k":1},
 "RefreshToken":{"wrong-key":{"secret":"rt","home_account_id":"jane.utid","environment":"login.example.com","client_id":"client-1","note":1},
                 "theirs":{"secret":"x","home_account_id":"joe.utid","environment":"login.example.com","client_id":"client-9"}}}`
	if _, err := s.Update(t.Context(), Family, func([]byte) ([]byte, time.Time, error) { return []byte(foreign), time.Time{}, nil }); err != nil {
		t.Fatal(err)
	}
	c := New(Options{Store: s})
	sync1(t, c, Family)
	used := c.RefreshTokens(query(), "")[0]
	e := event("at", "s")
	e.RefreshToken, e.UsedRefreshToken = "rotated", &used
	record(t, c, Family, e)
	data, _, err := s.Load(t.Context(), Family, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"customized":{"k":1}`, `"theirs":{"secret":"x"`, `"note":1`, `"jane.utid-login.example.com-refreshtoken-client-1--"`, `"rotated"`} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("%s is missing in %s", want, data)
		}
	}
	if bytes.Contains(data, []byte("wrong-key")) {
		t.Errorf("the foreign key is left in %s", data)
	}
}
