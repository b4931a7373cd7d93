package tokencache

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"
)

// file decodes what a cache marshals.
func file(t testing.TB, c *Cache) map[string]map[string]map[string]any {
	t.Helper()
	var f map[string]map[string]map[string]any
	if err := json.Unmarshal(marshal(t, c), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// The rules of MSAL Python section 4.4, and where we differ on purpose.
func TestRecordWritesTheFamilysEntries(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := signIn("at", "s2 s1 s3")
	e.Now = time.Unix(4000000000, 0)
	e.ExpiresOn, e.RefreshOn = e.Now.Add(3600*time.Second), e.Now.Add(1800*time.Second)
	e.FamilyID = "1"
	record(t, c, Family, e)
	f := file(t, c)
	for section, want := range map[string]map[string]any{
		"AccessToken": {
			"credential_type": "AccessToken", "secret": "at", "home_account_id": jane, "environment": env, "client_id": client,
			"target": "s1 s2 s3", "realm": tenant, "token_type": "Bearer", "cached_at": "4000000000", "expires_on": "4000003600",
			"extended_expires_on": "4000003600", "refresh_on": "4000001800",
		},
		"RefreshToken": {
			"credential_type": "RefreshToken", "secret": "rt-at", "home_account_id": jane, "environment": env, "client_id": client,
			"target": "s1 s2 s3", "last_modification_time": "4000000000", "family_id": "1",
		},
		"IdToken": {
			"credential_type": "IdToken", "secret": "id-at", "home_account_id": jane, "environment": env, "realm": tenant, "client_id": client,
		},
		"Account": {
			"home_account_id": jane, "environment": env, "realm": tenant, "local_account_id": "oid", "username": "jane@example.com",
			"authority_type": "MSSTS", "account_source": "authorization_code",
		},
		"AppMetadata": {"client_id": client, "environment": env, "family_id": "1"},
	} {
		if len(f[section]) != 1 {
			t.Errorf("%s: %v", section, f[section])
		}
		for key, entry := range f[section] {
			if len(entry) != len(want) {
				t.Errorf("%s %q: %v\nwant %v", section, key, entry, want)
			}
			for name, value := range want {
				if entry[name] != value {
					t.Errorf("%s %q: %s is %v; want %v", section, key, name, entry[name], value)
				}
			}
		}
	}
	if f["RefreshToken"]["jane.utid-login.example.com-refreshtoken-client-1--s1 s2 s3"] == nil {
		t.Errorf("refresh token keys: %v", f["RefreshToken"])
	}
}

func TestRefreshUpdatesTheUsedTokenInPlace(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	first := signIn("1", "s1 s2")
	first.FamilyID = "1"
	first.Now = first.Now.Add(-time.Hour)
	record(t, c, Family, first)
	used := c.RefreshTokens(query(), "")[0]
	if byFamily := c.RefreshTokens(query(), "1"); len(byFamily) != 1 || byFamily[0] != used {
		t.Errorf("RefreshTokens of the family = %v", byFamily)
	}
	second := event("2", "other")
	second.RefreshToken = "rotated"
	second.UsedRefreshToken = &used
	record(t, c, Family, second)
	rts := c.RefreshTokens(query(), "")
	want := used
	want.Secret, want.LastModified = "rotated", time.Unix(second.Now.Unix(), 0)
	if len(rts) != 1 || rts[0] != want {
		t.Errorf("RefreshTokens = %+v\nwant %+v", rts, want)
	}
	// MSAL Python would have forgotten both (its quirks, not contract).
	if family, known := c.AppMetadata(envs, client); family != "1" || !known {
		t.Errorf("AppMetadata = %q, %v; want the family to be kept", family, known)
	}
	accounts, err := c.Accounts(t.Context(), AccountQuery{Partition: Family, Environments: envs})
	if err != nil || len(accounts) != 1 || accounts[0].AccountSource != "authorization_code" {
		t.Errorf("Accounts = %+v, %v", accounts, err)
	}
	third := event("3", "other")
	third.Account = &Account{HomeAccountID: jane, Environment: env, Realm: tenant, Username: "jane@new.example.com", AuthorityType: "MSSTS"}
	record(t, c, Family, third)
	accounts, _ = c.Accounts(t.Context(), AccountQuery{Partition: Family, Environments: envs})
	if len(accounts) != 1 || accounts[0].AccountSource != "authorization_code" || accounts[0].Username != "jane@new.example.com" {
		t.Errorf("Accounts = %+v; want the new name and the old source", accounts)
	}
}

func TestAnAnswerWithoutARefreshTokenKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, signIn("1", "s"))
	used := c.RefreshTokens(query(), "")[0]
	e := event("2", "s")
	e.UsedRefreshToken = &used
	record(t, c, Family, e)
	if rts := c.RefreshTokens(query(), ""); len(rts) != 1 || rts[0] != used {
		t.Errorf("RefreshTokens = %+v; want %+v", rts, used)
	}
	wantToken(t, c, query("s"), "2")
}

func TestARefreshUnderwayDoesNotBringASignedOutUserBack(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, signIn("1", "s"))
	used := c.RefreshTokens(query(), "")[0]
	removeJane(t, c, Family)
	e := event("2", "s")
	e.RefreshToken, e.UsedRefreshToken = "rotated", &used
	record(t, c, Family, e)
	wantMiss(t, c, query("s"))
	if rts := c.RefreshTokens(query(), ""); len(rts) != 0 {
		t.Errorf("RefreshTokens = %+v", rts)
	}
}

func TestNewestRefreshTokenFirst(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for i, scope := range []string{"b", "c", "a"} {
		e := signIn(scope, scope)
		e.Now = e.Now.Add(time.Duration(i%2) * time.Minute) // "c" is the newest
		record(t, c, Family, e)
	}
	rts := c.RefreshTokens(query(), "")
	if len(rts) != 3 || rts[0].Secret != "rt-c" || rts[1].Secret != "rt-b" || rts[2].Secret != "rt-a" {
		t.Errorf("RefreshTokens = %+v", rts)
	}
	other := query()
	other.ClientID = "client-2"
	if rts := c.RefreshTokens(other, ""); len(rts) != 0 {
		t.Errorf("RefreshTokens of another client = %+v", rts)
	}
	other.Realm = "fabrikam"
	other.ClientID = client
	if rts := c.RefreshTokens(other, ""); len(rts) != 3 {
		t.Errorf("RefreshTokens in another tenant = %+v; the tenant does not matter", rts)
	}
}

func TestIDToken(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, signIn("1", "s"))
	if raw, ok := c.IDToken(query()); raw != "id-1" || !ok {
		t.Errorf("IDToken = %q, %v", raw, ok)
	}
	q := query()
	q.Realm = "fabrikam"
	if _, ok := c.IDToken(q); ok {
		t.Error("the ID token of another tenant is an answer")
	}
}

func TestAccountsAreGroupedByHomeAccount(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	add := func(home, environment, realm, username, kind string) {
		e := event("", "s")
		e.HomeAccountID, e.Environment, e.Realm = home, environment, realm
		e.Account = &Account{HomeAccountID: home, Environment: environment, Realm: realm, LocalAccountID: "oid@" + realm, Username: username, AuthorityType: kind}
		record(t, c, Family, e)
	}
	add("z", env, "contoso", "zoe", "MSSTS")
	add("a", env, "contoso", "abe", "MSSTS")
	add("z", env, "fabrikam", "zoe#ext", "MSSTS")
	add("z", alias, "contoso", "zoe at the alias", "MSSTS")
	add("b", alias, "contoso", "bea", "ADFS")
	add("x", "login.other.com", "contoso", "xan", "MSSTS")
	add("m", env, "contoso", "msa", "MSA")
	accounts, err := c.Accounts(t.Context(), AccountQuery{Partition: Family, Environments: envs})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range accounts {
		names = append(names, a.Username)
	}
	if len(names) != 3 || names[0] != "zoe#ext" || names[1] != "abe" || names[2] != "bea" {
		t.Errorf("accounts: %q; want the last of each, in the order in which they came", names)
	}
	if p := accounts[0].Profiles; len(p) != 2 || p[0].Realm != "contoso" || p[0].LocalAccountID != "oid@contoso" || p[1].Username != "zoe#ext" {
		t.Errorf("profiles: %+v", p)
	}
}

// MSAL Go keeps all of 201 expired tokens (peers.md B3 row 16).
func TestExpiredTokensAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		for i := range 200 {
			e := event("t", "s")
			e.HomeAccountID, e.Realm, e.ClientID = "", time.Duration(i).String(), client
			record(t, c, AppPartition(client, e.Realm), e)
		}
		record(t, c, Family, signIn("jane's", "s"))
		time.Sleep(2 * time.Hour)
		record(t, c, Family, event("new", "s"))
		if n := c.count(); n != 1 {
			t.Errorf("%d access tokens are held; want 1", n)
		}
		if rts := c.RefreshTokens(query(), ""); len(rts) != 1 {
			t.Errorf("refresh tokens: %v; they do not expire here", rts)
		}
		c.mu.RLock()
		defer c.mu.RUnlock()
		groups, slots := 0, c.slots.live
		for i := range c.shards {
			groups += len(c.shards[i].groups)
		}
		if groups != 1 || slots != 1 || len(c.parts[Family].users) != 1 {
			t.Errorf("%d groups, %d slots and %d users are left; want 1 of each", groups, slots, len(c.parts[Family].users))
		}
	})
}

func TestTheLeastRecentlyUsedTokensGo(t *testing.T) {
	t.Parallel()
	c := New(Options{MaxAccessTokens: 10})
	secret := func(i int) string { return string(rune('a' + i)) }
	for i := range 10 {
		e := signIn(secret(i), secret(i))
		e.HomeAccountID = secret(i)
		e.Account.HomeAccountID = secret(i)
		record(t, c, Family, e)
	}
	q := func(i int) *Query {
		q := query(secret(i))
		q.HomeAccountID = secret(i)
		return q
	}
	for i := range 5 {
		wantToken(t, c, q(2*i), secret(2*i)) // used: even ones
	}
	for i := 10; i < 15; i++ {
		e := event(secret(i), secret(i))
		e.HomeAccountID = secret(i)
		record(t, c, Family, e)
	}
	for i := range 15 {
		if i < 10 && i%2 == 1 {
			wantMiss(t, c, q(i))
		} else {
			wantToken(t, c, q(i), secret(i))
		}
		if rts := c.RefreshTokens(q(i), ""); i < 10 && len(rts) != 1 {
			t.Errorf("refresh tokens of %d: %v", i, rts)
		}
	}
	accounts, err := c.Accounts(t.Context(), AccountQuery{Environments: envs})
	if err != nil || len(accounts) != 10 {
		t.Errorf("%d accounts, %v; want 10", len(accounts), err)
	}
}

func TestANewTokenDoesNotGoBecauseAllOthersAreInUse(t *testing.T) {
	t.Parallel()
	c := New(Options{MaxAccessTokens: 2})
	for _, s := range []string{"a", "b", "c", "d"} {
		record(t, c, Family, event(s, s))
		wantToken(t, c, query(s), s)
	}
	wantMiss(t, c, query("a"))
	wantMiss(t, c, query("b"))
	wantToken(t, c, query("c"), "c")
	one := New(Options{MaxAccessTokens: 1})
	for _, s := range []string{"a", "b"} {
		record(t, one, Family, event(s, s))
		wantToken(t, one, query(s), s)
	}
	wantMiss(t, one, query("a"))
	checkIndex(t, c)
	checkIndex(t, one)
}
