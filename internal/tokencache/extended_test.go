package tokencache

import "testing"

// MSAL Python cannot tell these apart, and MSAL Go has another key for them.
func TestParametersWithTheSameExtendedKeyDoNotAnswerForEachOther(t *testing.T) {
	t.Parallel()
	ask := func(params map[string]string) *Query {
		q := query("a")
		q.ExtKey, q.ExtDigest = ExtendedKey(params), ExtendedDigest(params)
		return q
	}
	one, two := map[string]string{"dc": "bfmi_patha"}, map[string]string{"dc": "b", "fmi_path": "a"}
	if ExtendedKey(one) != ExtendedKey(two) {
		t.Fatal("the keys differ: this test shows nothing")
	}
	tell := func(c *Cache, secret string, params map[string]string) {
		e := event(secret, "a b")
		e.ExtKey, e.ExtDigest = ExtendedKey(params), ExtendedDigest(params)
		record(t, c, Family, e)
	}
	c := New(Options{})
	tell(c, "one", one)
	wantMiss(t, c, ask(two))
	tell(c, "two", two)
	read := New(Options{})
	unmarshal(t, read, marshal(t, c))
	for _, c := range []*Cache{c, read} {
		wantToken(t, c, ask(one), "one")
		wantToken(t, c, ask(two), "two")
		wantMiss(t, c, query("a"))
		checkIndex(t, c)
	}
	tell(c, "one again", one)
	wantToken(t, c, ask(one), "one again")
	wantToken(t, c, ask(two), "two")
	if n := c.count(); n != 2 {
		t.Errorf("%d tokens are held, want 2", n)
	}
}

func TestTokensOfOtherLibrariesAnswerByTheirExtendedKeys(t *testing.T) {
	t.Parallel()
	params := map[string]string{"fmi_path": "SomeFmiPath/FmiCredentialPath"}
	q := query("a")
	q.ExtKey, q.ExtDigest = ExtendedKey(params), ExtendedDigest(params)
	for library, key := range map[string]string{
		"MSAL Python": "zm2n0e62zwtsnnsozptlsooob_c7i-gfpxhyqqinjuw",
		"MSAL Go":     "cojvfy5tzae3njpkvcebguvvx5vvmnj8hphqrbogjoi",
	} {
		c := New(Options{})
		e := event(library, "a b")
		e.ExtKey = key
		record(t, c, Family, e)
		wantToken(t, c, q, library)
		wantMiss(t, c, query("a"))
		if err := c.RemoveAccount(t.Context(), AccountRemoval{Partition: Family, Environments: envs, ClientID: client, HomeAccountID: jane}); err != nil {
			t.Fatal(err)
		}
		wantMiss(t, c, q)
	}
}
