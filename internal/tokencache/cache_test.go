package tokencache

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The tests' user, tenant and client.
const (
	env    = "login.example.com"
	alias  = "login.alias.example.com"
	client = "client-1"
	tenant = "contoso"
	jane   = "jane.utid"
)

var envs = []string{env, alias}

// event is an answer for jane with an access token for scope.
func event(secret, scope string) Event {
	now := time.Now()
	return Event{
		Now: now, ClientID: client, Environment: env, Realm: tenant, HomeAccountID: jane,
		Scope: scope, AccessToken: secret, TokenType: "Bearer", ExpiresOn: now.Add(time.Hour),
	}
}

// signIn is an answer with everything.
func signIn(secret, scope string) Event {
	e := event(secret, scope)
	e.RefreshToken = "rt-" + secret
	e.IDToken = "id-" + secret
	e.Account = &Account{
		HomeAccountID: e.HomeAccountID, Environment: env, Realm: tenant, LocalAccountID: "oid", Username: "jane@example.com",
		AuthorityType: "MSSTS", AccountSource: "authorization_code",
	}
	return e
}

// query asks for jane's token.
func query(scopes ...string) *Query {
	return &Query{Partition: Family, Environments: envs, ClientID: client, Realm: tenant, HomeAccountID: jane, Scopes: scopes}
}

func record(t testing.TB, c *Cache, partition string, e Event) {
	t.Helper()
	if err := c.Record(t.Context(), partition, e); err != nil {
		t.Fatalf("Record: %v", err)
	}
}

func wantToken(t testing.TB, c *Cache, q *Query, secret string) {
	t.Helper()
	got, ok := c.AccessToken(q, q.Scopes, time.Now())
	switch {
	case !ok:
		t.Errorf("AccessToken(%v) is none; want %q", q.Scopes, secret)
	case got.Secret() != secret:
		t.Errorf("AccessToken(%v) = %q; want %q", q.Scopes, got.Secret(), secret)
	}
}

func wantMiss(t testing.TB, c *Cache, q *Query) {
	t.Helper()
	if got, ok := c.AccessToken(q, q.Scopes, time.Now()); ok {
		t.Errorf("AccessToken(%+v) = %q; want a miss", q, got.Secret())
	}
}

func TestScopesAreASet(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, event("t", "User.Read mail.READ  openid"))
	for _, scopes := range [][]string{
		{"User.Read", "mail.READ", "openid"},
		{"openid", "User.Read", "mail.READ"},
		{"OPENID", "user.read", "Mail.Read"},
		{"user.read"},
		{"mail.read", "openid"},
		{"openid", "mail.read", "OpenID", "openid"},
	} {
		for range 2 { // the second time it is remembered
			wantToken(t, c, query(scopes...), "t")
		}
	}
	for _, scopes := range [][]string{{"user"}, {"user.read", "other"}, {"user.read mail.read"}, {"User.ReadWrite"}, {"mail"}, {""}, nil} {
		wantMiss(t, c, query(scopes...))
	}
}

func TestTokenFields(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := event("s", "b a")
	e.Now = time.Unix(time.Now().Unix(), 0)
	e.ExpiresOn, e.ExtendedExpiresOn, e.RefreshOn = e.Now.Add(time.Hour), e.Now.Add(2*time.Hour), e.Now.Add(time.Minute)
	record(t, c, Family, e)
	got, ok := c.AccessToken(query("a"), []string{"a"}, time.Now())
	if !ok {
		t.Fatal("there is no token")
	}
	if got.Secret() != "s" || got.TokenType() != "Bearer" || got.Target() != "a b" {
		t.Errorf("got %q of type %q for %q", got.Secret(), got.TokenType(), got.Target())
	}
	if got.ExpiresOn() != e.ExpiresOn || got.ExtendedExpiresOn() != e.ExtendedExpiresOn || got.RefreshOn() != e.RefreshOn {
		t.Errorf("it ends %v and %v, to be refreshed %v; want %+v", got.ExpiresOn(), got.ExtendedExpiresOn(), got.RefreshOn(), e)
	}
}

func TestEveryPartOfTheQuestionCounts(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := event("t", "s")
	e.ExtKey, e.KeyID = "ext", "kid"
	record(t, c, Family, e)
	right := func() *Query {
		q := query("s")
		q.ExtKey, q.KeyID = "ext", "kid"
		return q
	}
	wantToken(t, c, right(), "t")
	for name, change := range map[string]func(*Query){
		"environment": func(q *Query) { q.Environments = []string{"login.other.com"} },
		"none":        func(q *Query) { q.Environments = nil },
		"client":      func(q *Query) { q.ClientID = "client-2" },
		"tenant":      func(q *Query) { q.Realm = "fabrikam" },
		"account":     func(q *Query) { q.HomeAccountID = "joe.utid" },
		"case":        func(q *Query) { q.HomeAccountID = "JANE.utid" }, // a subject of another provider may differ in case only
		"application": func(q *Query) { q.HomeAccountID = "" },
		"extended":    func(q *Query) { q.ExtKey = "" },
		"key":         func(q *Query) { q.KeyID = "" },
		"isolated":    func(q *Query) { q.Partition = BehalfPartition(Behalf{Assertion: "jwt"}) },
	} {
		q := right()
		change(q)
		if _, ok := c.AccessToken(q, q.Scopes, time.Now()); ok {
			t.Errorf("a question with another %s is answered", name)
		}
	}
}

// Java #1047 and MSAL Node's keys: joined parts must not run into each other.
func TestPartsDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	a, b := event("one", "s"), event("two", "s")
	a.ClientID, a.Realm = "a-b", "c"
	b.ClientID, b.Realm = "a", "b-c"
	record(t, c, Family, a)
	record(t, c, Family, b)
	q := query("s")
	q.ClientID, q.Realm = "a-b", "c"
	wantToken(t, c, q, "one")
	q.ClientID, q.Realm = "a", "b-c"
	wantToken(t, c, q, "two")
	if AppPartition("a-b", "c") == AppPartition("a", "b-c") || AppPartition("ab", "c") == AppPartition("a", "bc") {
		t.Error("two applications share a partition")
	}
	// They survive the file, whose keys are ambiguous.
	again := New(Options{})
	unmarshal(t, again, marshal(t, c))
	wantToken(t, again, q, "two")
	q.ClientID, q.Realm = "a-b", "c"
	wantToken(t, again, q, "one")
}

// MSAL Go never finds a token of a host that has no alias (peers.md B3 row 4),
// and MSAL Python finds one under an alias only if there is a refresh token.
func TestAliasesAnswerForEachOther(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := event("other", "s more")
	e.Environment = alias
	record(t, c, Family, e)
	wantToken(t, c, query("s"), "other")
	wantToken(t, c, query("more", "s"), "other")
	record(t, c, Family, event("own", "s"))
	wantToken(t, c, query("s"), "own")
	q := query("s")
	q.Environments = []string{env}
	wantToken(t, c, q, "own")
}

func TestPortsAndTheirAbsence(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := event("python's", "s")
	e.Environment = "127.0.0.1"
	record(t, c, Family, e)
	q := query("s")
	q.Environments = []string{"127.0.0.1:8443", "127.0.0.1"}
	wantToken(t, c, q, "python's")
	q.Environments = q.Environments[:1]
	wantMiss(t, c, q)
}

func TestExpiredTokensAreNoAnswer(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := event("t", "a b")
	record(t, c, Family, e)
	for _, q := range []*Query{query("a", "b"), query("a")} {
		if _, ok := c.AccessToken(q, q.Scopes, e.ExpiresOn.Add(-2*time.Second)); !ok {
			t.Error("a token that is about to expire is no answer; the caller is to judge")
		}
		if _, ok := c.AccessToken(q, q.Scopes, e.ExpiresOn); ok {
			t.Error("an expired token is an answer")
		}
	}
}

func TestTheLongerLivedTokenIsPreferredNearTheEnd(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	short := event("short", "a")
	short.ExpiresOn = time.Now().Add(time.Minute)
	record(t, c, Family, short)
	wantToken(t, c, query("a"), "short")
	record(t, c, Family, event("long", "a b"))
	for range 2 {
		wantToken(t, c, query("a"), "long")
	}
	// One that is about to expire is better than nothing.
	c = New(Options{})
	short.Environment = alias
	record(t, c, Family, short)
	wantToken(t, c, query("a"), "short")
	record(t, c, Family, event("own", "a"))
	wantToken(t, c, query("a"), "own")
}

func TestANewTokenReplacesTheOldOne(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, event("old", "a b"))
	wantToken(t, c, query("a"), "old")
	record(t, c, Family, event("new", "B A"))
	wantToken(t, c, query("a"), "new")
	wantToken(t, c, query("a", "b"), "new")
	if n := c.count(); n != 1 {
		t.Errorf("%d tokens are held; want 1", n)
	}
}

// MSAL Python keeps one token for all keys; see schema.PutAccessToken.
func TestTokensOfSeveralKeysLiveSideBySide(t *testing.T) {
	t.Parallel()
	bound := func(secret, tokenType, keyID string) Event {
		e := event(secret, "a b")
		e.TokenType, e.KeyID = tokenType, keyID
		return e
	}
	c := New(Options{})
	record(t, c, Family, event("unbound", "a b"))
	record(t, c, Family, bound("pop 1", "pop", "kid-1"))
	record(t, c, Family, bound("pop 2 old", "pop", "kid-2"))
	record(t, c, Family, bound("pop 2", "PoP", "kid-2"))
	record(t, c, Family, bound("certificate 2", "ssh-cert", "kid-2"))
	ask := func(keyID, tokenType string, scopes ...string) *Query {
		q := query(scopes...)
		q.KeyID, q.TokenType = keyID, tokenType
		return q
	}
	check := func(t *testing.T, c *Cache) {
		t.Helper()
		for range 2 { // the second time from what is remembered
			for _, scopes := range [][]string{{"a", "b"}, {"b"}} {
				wantToken(t, c, query(scopes...), "unbound")
				wantToken(t, c, ask("kid-1", "pop", scopes...), "pop 1")
				wantToken(t, c, ask("kid-2", "pop", scopes...), "pop 2")
				wantToken(t, c, ask("kid-2", "ssh-cert", scopes...), "certificate 2")
				wantMiss(t, c, ask("kid-1", "ssh-cert", scopes...))
				wantMiss(t, c, ask("kid-3", "pop", scopes...))
			}
		}
		if n := c.count(); n != 4 {
			t.Errorf("%d tokens are held; want 4", n)
		}
		checkIndex(t, c)
	}
	check(t, c)
	read := New(Options{})
	unmarshal(t, read, marshal(t, c))
	check(t, read)
	unmarshal(t, read, marshal(t, c)) // the same again
	check(t, read)
}

// MSAL Python writes tokens of a broker like this: nobody knows their key.
func TestABoundTokenWithoutKeyAnswersNobodyAndSurvives(t *testing.T) {
	t.Parallel()
	e := event("bound", "a")
	e.TokenType = "pop"
	written := New(Options{})
	record(t, written, Family, e)
	c := New(Options{})
	unmarshal(t, c, marshal(t, written))
	wantMiss(t, c, query("a"))
	if !strings.Contains(string(marshal(t, c)), `"bound"`) {
		t.Error("the token of another library is lost")
	}
}

func TestAnExactAnswerTakesOverFromARememberedOne(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	wide := event("wide", "a b c")
	wide.ExpiresOn = wide.ExpiresOn.Add(time.Hour)
	record(t, c, Family, wide)
	wantToken(t, c, query("a", "b"), "wide")
	record(t, c, Family, event("exact", "a b"))
	wantToken(t, c, query("b", "a"), "exact")
	wantToken(t, c, query("c"), "wide")
}

func TestSupersetsAmongManyTokens(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for i := range 200 {
		record(t, c, Family, event(fmt.Sprint("t", i), fmt.Sprintf("openid common%d only%d", i%2, i)))
	}
	for i := range 200 {
		wantToken(t, c, query("openid", fmt.Sprint("only", i)), fmt.Sprint("t", i))
		wantToken(t, c, query(fmt.Sprint("COMMON", i%2), fmt.Sprint("only", i)), fmt.Sprint("t", i))
		wantMiss(t, c, query(fmt.Sprint("common", (i+1)%2), fmt.Sprint("only", i)))
	}
	wantMiss(t, c, query("openid", "nobody"))
	wantMiss(t, c, query("common0", "common1"))
	// The same again with every second token replaced, and the rest gone.
	for i := range 200 {
		e := event(fmt.Sprint("n", i), fmt.Sprintf("openid common%d only%d", i%2, i))
		if i%2 == 1 {
			e.ExpiresOn = time.Now().Add(-time.Second)
		}
		record(t, c, Family, e)
	}
	for i := range 200 {
		if i%2 == 1 {
			wantMiss(t, c, query("openid", fmt.Sprint("only", i)))
		} else {
			wantToken(t, c, query("openid", fmt.Sprint("only", i)), fmt.Sprint("n", i))
		}
	}
}

func TestHitsDoNotAllocate(t *testing.T) {
	c := New(Options{})
	for i := range 100 {
		record(t, c, Family, event("t", fmt.Sprintf("https://resource-%d.example.com/User.Read openid profile", i)))
	}
	now := time.Now()
	for name, q := range map[string]*Query{
		"exact":      query("openid", "profile", "https://resource-7.example.com/User.Read"),
		"remembered": query("https://resource-7.example.com/User.Read"),
		"upper case": query("HTTPS://RESOURCE-7.example.com/User.Read"),
		"miss":       query("openid", "nobody"),
	} {
		c.AccessToken(q, q.Scopes, now) // remember it
		if n := testing.AllocsPerRun(100, func() { c.AccessToken(q, q.Scopes, now) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	// Supersets that are not remembered, as too many are already.
	tok := func(i int) []string { return []string{fmt.Sprint("x", i), "y"} }
	scope := "y"
	for i := range 40 {
		scope += fmt.Sprint(" x", i)
	}
	record(t, c, Family, event("wide", scope))
	for i := range 40 {
		wantToken(t, c, query(tok(i)...), "wide")
	}
	q := query(tok(39)...)
	if n := testing.AllocsPerRun(100, func() { c.AccessToken(q, q.Scopes, now) }); n != 0 {
		t.Errorf("not remembered: %v allocations", n)
	}
}

// What one caller's assertion brought answers for that only (design section 4;
// MSAL Go stores the wrong cache here, peers.md B3 row 1).
func TestIsolatedPartitions(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	one, two := BehalfPartition(Behalf{Assertion: "jwt-1"}), BehalfPartition(Behalf{Assertion: "jwt-2"})
	e := signIn("t1", "s")
	record(t, c, one, e)
	q := query("s")
	q.Partition = one
	wantToken(t, c, q, "t1")
	q.Partition = two
	wantMiss(t, c, q)
	wantMiss(t, c, query("s"))
	if rts := c.RefreshTokens(query(), ""); len(rts) != 0 {
		t.Errorf("an isolated refresh token shows: %v", rts)
	}
	if accounts, err := c.Accounts(t.Context(), AccountQuery{Environments: envs}); err != nil || len(accounts) != 0 {
		t.Errorf("Accounts = %v, %v; want none", accounts, err)
	}
	if data := marshal(t, c); string(data) != "{}" {
		t.Errorf("Marshal = %s", data)
	}
	unmarshal(t, c, nil)
	q.Partition = one
	wantToken(t, c, q, "t1")
}

func TestIsolatedPartitionsGoWithTheirTokens(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for i := range 10 {
		e := event("t", "s")
		e.IDToken = "id"
		e.ExpiresOn = time.Now().Add(time.Duration(i-5) * time.Hour)
		if i == 0 {
			e.RefreshToken = "kept for a long-running process"
		}
		record(t, c, BehalfPartition(Behalf{Assertion: fmt.Sprint(i)}), e)
	}
	if n := len(c.parts); n != 1+4 { // one has a refresh token; six to nine have not expired
		t.Errorf("%d partitions are held; want 5", n)
	}
}

// count is the number of access tokens.
func (c *Cache) count() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.expiry)
}

func marshal(t testing.TB, c *Cache) []byte {
	t.Helper()
	data, err := c.Marshal()
	if err != nil {
		t.Fatalf("Marshal: %v", err)
	}
	return data
}

func unmarshal(t testing.TB, c *Cache, data []byte) {
	t.Helper()
	if err := c.Unmarshal(data); err != nil {
		t.Fatalf("Unmarshal: %v", err)
	}
}

func canceled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// A hash that leads to another question's answer is harmless. The test forges
// such collisions, as real ones cannot be found.
func TestCollisionsAreHarmless(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, event("t", "s"))
	for name, change := range map[string]func(*Query){
		"scope":     func(q *Query) { q.Scopes = []string{"other"} },
		"partition": func(q *Query) { q.Partition = BehalfPartition(Behalf{Assertion: "jwt"}) },
		"client":    func(q *Query) { q.ClientID = "client-2" },
		"tenant":    func(q *Query) { q.Realm = "fabrikam" },
		"account":   func(q *Query) { q.HomeAccountID = "joe.utid" },
		"extended":  func(q *Query) { q.ExtKey = "ext" },
		"host":      func(q *Query) { q.Environments = []string{alias} },
	} {
		q := query("s")
		q.Environments = []string{env}
		right := c.exactToken(q)
		change(q)
		id := c.hashGroup(c.hashIdentity(c.partitionKey(q.Partition), q.ClientID, q.Realm, q.ExtKey), q.Environments[0], q.HomeAccountID)
		hash := mix(id, c.hashScopes(q.Scopes))
		c.slots.add(&slot{tok: right, hash: hash, words: right.words})
		gs := c.shard(id)
		gs.mu.Lock()
		if gs.groups == nil {
			gs.groups = map[uint64]*group{}
		}
		if gs.groups[id] == nil {
			gs.groups[id] = right.group
		}
		gs.mu.Unlock()
		if got, ok := c.AccessToken(q, q.Scopes, time.Now()); ok {
			t.Errorf("another %s with the same hash is answered by %q", name, got.Secret())
		}
	}
}
