package tokencache

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/cache"
)

// secrets searches and returns what was found, in order.
func secrets(t *testing.T, c *Cache, s Search) []string {
	t.Helper()
	found := []string{}
	for e, err := range c.Search(t.Context(), s) {
		if err != nil {
			t.Fatalf("Search(%+v): %v", s, err)
		}
		if e.Section != s.Section {
			t.Errorf("an entry of %s among those of %s", e.Section, s.Section)
		}
		found = append(found, e.Secret)
	}
	slices.Sort(found)
	return found
}

func TestSearchFindsByEveryField(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, open func() *Cache) {
		c := open()
		record(t, c, Family, signIn("1", "User.Read Mail.Read"))
		guest := signIn("2", "User.Read")
		guest.Realm, guest.Account.Realm, guest.FamilyID, guest.KeyID = "fabrikam", "fabrikam", "1", "key"
		record(t, c, Family, guest)
		joe := signIn("3", "User.Read")
		joe.HomeAccountID, joe.Account.HomeAccountID, joe.ExtKey = "joe", "joe", "ext"
		record(t, c, UserPartition("joe"), joe)
		app := event("4", "api/.default")
		app.HomeAccountID = ""
		record(t, c, AppPartition(client, tenant), app)
		isolated := event("5", "User.Read")
		record(t, c, BehalfPartition(Behalf{Assertion: "of a caller"}), isolated)

		for _, tt := range []struct {
			s    Search
			want string
		}{
			{Search{Section: "AccessToken"}, "1 2 4"},
			{Search{Section: "AccessToken", ExtKey: "ext"}, "3"},
			{Search{Section: "AccessToken", HomeAccountID: jane}, "1 2"},
			{Search{Section: "AccessToken", OfApplication: true}, "4"},
			{Search{Section: "AccessToken", Realm: "fabrikam"}, "2"},
			{Search{Section: "AccessToken", KeyID: "key"}, "2"},
			{Search{Section: "AccessToken", Environment: strings.ToUpper(env)}, "1 2 4"},
			{Search{Section: "AccessToken", Environment: alias}, ""},
			{Search{Section: "AccessToken", ClientID: "client-2"}, ""},
			{Search{Section: "AccessToken", FamilyID: "1"}, ""},
			{Search{Section: "AccessToken", Target: []string{"Mail.Read"}}, "1"},
			{Search{Section: "AccessToken", Target: []string{"User.Read", "Mail.Read"}}, "1"},
			{Search{Section: "AccessToken", Target: []string{"user.read"}}, ""},
			{Search{Section: "RefreshToken"}, "rt-1 rt-2 rt-3"},
			{Search{Section: "RefreshToken", FamilyID: "1"}, "rt-2"},
			{Search{Section: "RefreshToken", Target: []string{"User.Read"}, HomeAccountID: "joe"}, "rt-3"},
			{Search{Section: "RefreshToken", Realm: tenant}, ""},
			{Search{Section: "IdToken", Realm: "fabrikam"}, "id-2"},
			{Search{Section: "IdToken", Target: []string{"User.Read"}}, ""},
			{Search{Section: "Account", OfApplication: true}, ""},
			{Search{Section: "Unknown"}, ""},
		} {
			if got := secrets(t, open(), tt.s); !slices.Equal(got, strings.Fields(tt.want)) {
				t.Errorf("Search(%+v) = %q; want %q", tt.s, got, tt.want)
			}
		}
		for s, want := range map[*Search]int{
			{Section: "Account"}: 3,
			{Section: "Account", Username: "JANE@example.com"}:         3,
			{Section: "Account", Username: "joe@example.com"}:          0,
			{Section: "Account", LocalAccountID: "oid", Realm: tenant}: 2,
			{Section: "Account", AuthorityType: "ADFS"}:                0,
			{Section: "AppMetadata", ClientID: client}:                 1,
		} {
			n := 0
			for e, err := range open().Search(t.Context(), *s) {
				if n++; err != nil || e.Secret != "" {
					t.Errorf("Search(%+v): %+v, %v", *s, e, err)
				}
			}
			if s.Section == "AppMetadata" && n >= want || n == want {
				continue // with a store, each partition knows of the client
			}
			t.Errorf("Search(%+v) found %d; want %d", *s, n, want)
		}
	})
}

// Letter case counts, except where the family would find a token by its key.
func TestSearchByIdentityFoldsScopes(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, event("1", "User.Read Mail.Read"))
	s := Search{Section: "AccessToken", HomeAccountID: jane, Environment: env, ClientID: client, Realm: tenant, Target: []string{"mail.read", "user.read"}}
	if got := secrets(t, c, s); len(got) != 1 {
		t.Error("not found by its whole identity")
	}
	s.Target = s.Target[:1]
	if got := secrets(t, c, s); len(got) != 0 {
		t.Error("a part of the scopes was found in another letter case")
	}
	s.Target = []string{"user.read", "mail.read"}
	s.Realm = ""
	if got := secrets(t, c, s); len(got) != 0 {
		t.Error("found in another letter case by a part of its identity")
	}
}

func TestSearchPurgesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, store := range []cache.Store{nil, new(cache.Memory)} {
			c := New(Options{Store: store})
			record(t, c, Family, event("1", "a"))
			late := event("2", "b")
			late.ExpiresOn = time.Now().Add(2 * time.Hour)
			record(t, c, Family, late)
			if _, err := c.Marshal(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			if got := secrets(t, c, Search{Section: "AccessToken"}); !slices.Equal(got, []string{"2"}) {
				t.Errorf("found %q; want no expired token", got)
			}
			if c.Changed() || len(c.expiry) != 2 {
				t.Errorf("a search changed the cache: %d tokens left", len(c.expiry))
			}
			if store == nil {
				continue
			}
			if data, _, err := store.Load(t.Context(), Family, ""); err != nil || !strings.Contains(string(data), `"secret": "1"`) && !strings.Contains(string(data), `"secret":"1"`) {
				t.Errorf("a search changed the store (%v)", err)
			}
		}
	})
}

func TestSearchMayChangeTheCacheMeanwhile(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for i := range 10 {
		record(t, c, Family, event(fmt.Sprint(i), fmt.Sprint("s", i)))
	}
	n := 0
	for range c.Search(t.Context(), Search{Section: "AccessToken"}) {
		record(t, c, Family, event("more", fmt.Sprint("more", n)))
		if n++; n == 5 {
			break
		}
	}
	if got := secrets(t, c, Search{Section: "AccessToken"}); len(got) != 15 {
		t.Errorf("%d tokens; want 15", len(got))
	}
}

// blind is a store that cannot list.
type blind struct{ cache.Store }

// broken is a store that cannot list in the end.
type broken struct{ cache.Memory }

func (*broken) Keys(context.Context, string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { yield("", errors.New("the disk is on fire")) }
}

func TestSearchWithoutAListSeesWhatItKnows(t *testing.T) {
	t.Parallel()
	s := blind{new(cache.Memory)}
	first := New(Options{Store: s})
	record(t, first, UserPartition(jane), signIn("1", "a"))
	second := New(Options{Store: s})
	if got := secrets(t, second, Search{Section: "RefreshToken"}); len(got) != 0 {
		t.Errorf("found %q; how?", got)
	}
	if got := secrets(t, second, Search{Section: "RefreshToken", HomeAccountID: jane}); len(got) != 1 {
		t.Error("the user's own partition was not looked at")
	}
	if got := secrets(t, second, Search{Section: "RefreshToken"}); len(got) != 1 {
		t.Error("what is in memory was not seen")
	}
}

func TestSearchReportsTheStore(t *testing.T) {
	t.Parallel()
	var storeErr *StoreError
	for e, err := range New(Options{Store: new(broken)}).Search(t.Context(), Search{Section: "Account"}) {
		if !errors.As(err, &storeErr) || e != (Entry{}) {
			t.Errorf("got %+v, %v; want a *StoreError alone", e, err)
		}
	}
	if storeErr == nil {
		t.Error("no error")
	}
	storeErr = nil
	for _, err := range New(Options{Store: new(cache.Memory)}).Search(canceled(t), Search{Section: "Account"}) {
		if !errors.As(err, &storeErr) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v; want the context's error", err)
		}
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, open func() *Cache) {
		c := open()
		want := func(what string, want bool) {
			t.Helper()
			if c.Changed() != want {
				t.Errorf("%s: Changed() = %v", what, !want)
			}
			if _, err := c.Marshal(); err != nil {
				t.Fatal(err)
			}
			if c.Changed() {
				t.Errorf("%s: changed although marshalled", what)
			}
		}
		want("new", false)
		record(t, c, Family, signIn("1", "a"))
		want("recorded", true)
		wantToken(t, c, query("a"), "1")
		secrets(t, c, Search{Section: "AccessToken"})
		want("read", false)
		record(t, c, BehalfPartition(Behalf{Assertion: "x"}), event("2", "a"))
		want("isolated", false)
		stale := c.RefreshTokens(query(), "")[0]
		removeJane(t, c, Family)
		want("removed", true)
		removeJane(t, c, Family)
		want("removed again", false)
		late := event("3", "a")
		late.UsedRefreshToken = &stale
		record(t, c, Family, late)
		want("a refresh after the sign-out", false)
		app := event("4", "a")
		app.HomeAccountID = ""
		record(t, c, AppPartition(client, tenant), app)
		want("an application's token", true)
		q := query()
		q.Partition, q.HomeAccountID = AppPartition(client, tenant), ""
		if err := c.RemoveAppTokens(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		want("an application's token removed", true)
		if c.store == nil {
			record(t, c, Family, signIn("5", "a"))
			if err := c.Unmarshal([]byte("{}")); err != nil {
				t.Fatal(err)
			}
			want("replaced", false)
		}
	})
}
