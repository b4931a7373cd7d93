package tokencache

import (
	"testing"

	"github.com/msal-go/msal/cache"
)

func removeJane(t *testing.T, c *Cache, partition string) {
	t.Helper()
	err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: partition, Environments: envs, ClientID: client, HomeAccountID: jane})
	if err != nil {
		t.Fatalf("RemoveAccount: %v", err)
	}
}

// forEachStore runs a test without a store and with one.
func forEachStore(t *testing.T, f func(t *testing.T, open func() *Cache)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		c := New(Options{})
		f(t, func() *Cache { return c })
	})
	t.Run("store", func(t *testing.T) {
		t.Parallel()
		s := new(cache.Memory)
		f(t, func() *Cache { return New(Options{Store: s}) }) // as another process
	})
}

// MSAL Go reads and writes another partition when it removes (peers.md B3 row 2,
// issue 218), and MSAL Python forgets aliases and extended keys.
func TestRemoveAccount(t *testing.T) {
	t.Parallel()
	for name, partition := range map[string]string{"public": Family, "confidential": UserPartition(jane)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachStore(t, func(t *testing.T, open func() *Cache) { removeAccount(t, open, partition) })
		})
	}
}

func removeAccount(t *testing.T, open func() *Cache, partition string) {
	c := open()
	record(t, c, partition, signIn("own", "s"))
	extended := event("extended", "s")
	extended.ExtKey = "ext"
	record(t, c, partition, extended)
	elsewhere := signIn("alias", "s")
	elsewhere.Environment, elsewhere.Account.Environment = alias, alias
	record(t, c, partition, elsewhere)
	foreign := signIn("other client", "s")
	foreign.ClientID = "client-2"
	record(t, c, partition, foreign)
	joe := signIn("joe's", "s")
	joe.HomeAccountID, joe.Account.HomeAccountID = "joe.utid", "joe.utid"
	record(t, c, partition, joe)
	removeJane(t, c, partition)
	for _, c := range []*Cache{c, open()} {
		if err := c.Sync(t.Context(), partition); err != nil {
			t.Fatal(err)
		}
		q := query("s")
		q.Partition = partition
		wantMiss(t, c, q)
		if rts := c.RefreshTokens(q, ""); len(rts) != 0 {
			t.Errorf("RefreshTokens = %+v", rts)
		}
		if _, ok := c.IDToken(q); ok {
			t.Error("the ID token is left")
		}
		q.ExtKey = "ext"
		wantMiss(t, c, q)
		q.ExtKey = ""
		q.ClientID = "client-2"
		wantMiss(t, c, q)
		if rts := c.RefreshTokens(q, ""); len(rts) != 1 {
			t.Errorf("another client, of no family, has refresh tokens %+v; want its own", rts)
		}
		q = query("s")
		q.Partition, q.HomeAccountID = partition, "joe.utid"
		wantToken(t, c, q, "joe's")
		accounts, err := c.Accounts(t.Context(), AccountQuery{Partition: partition, Environments: envs})
		if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != "joe.utid" {
			t.Errorf("Accounts = %+v, %v", accounts, err)
		}
	}
	removeJane(t, c, partition) // again: no error
}

func TestRemoveAccountOfAFamily(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, open func() *Cache) {
		c := open()
		mine, sibling, stranger := signIn("mine", "s"), signIn("sibling's", "s"), signIn("stranger's", "s")
		mine.FamilyID, sibling.FamilyID = "1", "1"
		sibling.ClientID, stranger.ClientID = "client-2", "client-3"
		for _, e := range []Event{mine, sibling, stranger} {
			record(t, c, Family, e)
		}
		removeJane(t, c, Family)
		if rts := c.RefreshTokens(query(), "1"); len(rts) != 0 {
			t.Errorf("the family's refresh tokens are left: %+v", rts)
		}
		q := query()
		q.ClientID = "client-3"
		if rts := c.RefreshTokens(q, ""); len(rts) != 1 {
			t.Errorf("a stranger's refresh tokens: %+v", rts)
		}
		if family, known := c.AppMetadata(envs, client); family != "1" || !known {
			t.Errorf("AppMetadata = %q, %v; want it kept", family, known)
		}
	})
}

func TestRemoveAppTokens(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, open func() *Cache) {
		c := open()
		p := AppPartition(client, tenant)
		app := func(secret, ext, environment, clientID, realm string) {
			e := event(secret, "s")
			e.HomeAccountID, e.ExtKey, e.Environment, e.ClientID, e.Realm = "", ext, environment, clientID, realm
			record(t, c, p, e)
		}
		app("plain", "", env, client, tenant)
		app("extended", "ext", env, client, tenant)
		app("alias", "", alias, client, tenant)
		app("other", "", env, "client-2", tenant)
		app("elsewhere", "", env, client, "fabrikam")
		record(t, c, p, event("a user's", "s"))
		own := query("s")
		own.Partition, own.HomeAccountID = p, ""
		if err := c.RemoveAppTokens(t.Context(), own); err != nil {
			t.Fatal(err)
		}
		q := query("s")
		q.Partition, q.HomeAccountID = p, ""
		wantMiss(t, c, q)
		q.Realm = "fabrikam"
		wantToken(t, c, q, "elsewhere")
		q.ExtKey, q.Realm = "ext", tenant
		wantMiss(t, c, q)
		q.ExtKey, q.ClientID = "", "client-2"
		wantToken(t, c, q, "other")
		q = query("s")
		q.Partition = p
		wantToken(t, c, q, "a user's")
	})
}

func TestRemoveRefreshToken(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, open func() *Cache) {
		c := open()
		record(t, c, Family, signIn("1", "s"))
		rt := c.RefreshTokens(query(), "")[0]
		stale := rt
		stale.Secret = "rotated since"
		for _, remove := range []RefreshToken{stale, rt} {
			if err := c.RemoveRefreshToken(t.Context(), Family, remove); err != nil {
				t.Fatal(err)
			}
			want := 0
			if remove == stale {
				want = 1
			}
			if rts := c.RefreshTokens(query(), ""); len(rts) != want {
				t.Errorf("RefreshTokens = %+v; want %d", rts, want)
			}
		}
		wantToken(t, c, query("s"), "1")
	})
}
