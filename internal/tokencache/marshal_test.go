package tokencache

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/internal/schema"
)

// at runs f when the family's files were written.
func at(t *testing.T, f func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1795230000, 0)))
		f(t)
	})
}

func familyFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "schema", "testdata", "family", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFilesOfTheFamilyAnswer(t *testing.T) {
	const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	const guid = "11111111-2222-3333-4444-555555555555"
	local := []string{"127.0.0.1:8443", "127.0.0.1"}
	for _, test := range []struct {
		file     string
		q        Query
		refresh  int
		idToken  bool
		accounts int
	}{
		{"msal-go-1.10.1-public.json", Query{Environments: local, ClientID: "client-id-1", Realm: "contoso", HomeAccountID: "u1.contoso", Scopes: []string{"user.read"}}, 1, true, 1},
		{"msal-go-1.10.1-confidential.json", Query{Environments: local, ClientID: "client-id-2", Realm: "contoso", Scopes: []string{"api://app/.default"}}, 0, false, 0},
		{"msal-node-7.2.1.json", Query{Environments: local, ClientID: "client-id-1", Realm: "contoso", HomeAccountID: "u1.contoso", Scopes: []string{"User.Read", "profile"}}, 1, true, 1},
		{"msal-node-7.2.1.json", Query{Environments: local, ClientID: "client-id-2", Realm: "contoso", Scopes: []string{"api://app/.default"}}, 0, false, 1},
		{"msal-python-1.31.json", Query{Environments: local, ClientID: "client-id-2", Realm: "contoso", HomeAccountID: "u1.contoso", Scopes: []string{"api://down/.default"}}, 1, true, 1},
		{"msal-python-1.31.json", Query{Environments: local, ClientID: "client-id-2", Realm: "contoso", Scopes: []string{"api://app/.default"}}, 0, false, 1},
		{"azure-cli-2.45.json", Query{Environments: []string{"login.microsoftonline.com"}, ClientID: azureCLI, Realm: guid, HomeAccountID: "u1." + guid, Scopes: []string{"https://management.core.windows.net//.default"}}, 1, true, 1},
	} {
		at(t, func(t *testing.T) {
			c := New(Options{})
			unmarshal(t, c, familyFile(t, test.file))
			for _, partition := range []string{Family, UserPartition(test.q.HomeAccountID), AppPartition(test.q.ClientID, test.q.Realm)} {
				q := test.q
				q.Partition = partition
				if got, ok := c.AccessToken(&q, q.Scopes, time.Now()); !ok || !strings.HasPrefix(got.Secret(), "fake-jwt") {
					t.Errorf("%s: AccessToken(%+v) = %+v, %v", test.file, q, got, ok)
				}
				if rts := c.RefreshTokens(&q, ""); len(rts) != test.refresh {
					t.Errorf("%s: RefreshTokens = %+v; want %d", test.file, rts, test.refresh)
				}
				if _, ok := c.IDToken(&q); ok != test.idToken {
					t.Errorf("%s: IDToken: %v; want %v", test.file, ok, test.idToken)
				}
			}
			accounts, err := c.Accounts(t.Context(), AccountQuery{Environments: test.q.Environments})
			if err != nil || len(accounts) != test.accounts {
				t.Errorf("%s: Accounts = %+v, %v; want %d", test.file, accounts, err, test.accounts)
			}
		})
	}
}

// A token that another library got on behalf of a caller must not answer for
// its user at large, and must not be lost either.
func TestTokensOnBehalfOfOthersStayApart(t *testing.T) {
	at(t, func(t *testing.T) {
		c := New(Options{})
		unmarshal(t, c, familyFile(t, "msal-node-7.2.1.json"))
		q := Query{
			Partition: Family, Environments: []string{"127.0.0.1:8443"}, ClientID: "client-id-2", Realm: "contoso",
			HomeAccountID: "u1.contoso", Scopes: []string{"api://down/.default"},
		}
		wantMiss(t, c, &q)
		if data := marshal(t, c); !bytes.Contains(data, []byte("hF4wRIgJ4ryJWOsCW_x5UjXROwd6U9DDq70jhRcNybg")) {
			t.Error("the token is gone from the file")
		}
	})
}

func TestMarshalKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"section": `{"customized":{"k":1}}`,
		"entry":   `{"AccessToken":{"odd":[1]},"Account":{"odd":null}}`,
		"field":   `{"Account":{"k":{"home_account_id":"u","environment":"h","tenantProfiles":["p"]}},"AccessToken":{"k":{"secret":"s","environment":"h","expires_on":"4000000000","note":{"k":1}}},"RefreshToken":{"k":{"secret":"s","environment":"h","note":2}},"IdToken":{"k":{"secret":"s","environment":"h","note":3}},"AppMetadata":{"k":{"client_id":"c","environment":"h","note":4}}}`,
		"bound":   `{"AccessToken":{"k":{"credential_type":"AccessToken_With_AuthScheme","secret":"s","environment":"h","expires_on":"4000000000","tokenType":"pop"}}}`,
		"no time": `{"AccessToken":{"k":{"secret":"s","environment":"h"}}}`,
	} {
		c := New(Options{})
		unmarshal(t, c, []byte(in))
		out := marshal(t, c)
		for _, part := range []string{`"customized":{"k":1}`, `"odd":[1]`, `"odd":null`, `"tenantProfiles":["p"]`, `"note":{"k":1}`,
			`"note":2`, `"note":3`, `"note":4`, `"tokenType":"pop"`, `{"secret":"s","environment":"h"}`} {
			if strings.Contains(in, part) && !bytes.Contains(out, []byte(part)) {
				t.Errorf("%s: %s is missing in %s", name, part, out)
			}
		}
		again := New(Options{})
		unmarshal(t, again, out)
		if twice := marshal(t, again); !bytes.Equal(out, twice) {
			t.Errorf("%s: %s\nbecame %s", name, out, twice)
		}
	}
}

func TestANewTokenKeepsTheUnknownMembersBesideTheOldOne(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	unmarshal(t, c, []byte(`{"AccessToken":{"k":{"secret":"old","home_account_id":"jane.utid","environment":"login.example.com","client_id":"client-1",
		"realm":"contoso","target":"s","expires_on":"4000000000","note":1,"requestedClaimsHash":"x"}}}`))
	record(t, c, Family, event("new", "s"))
	out := marshal(t, c)
	if !bytes.Contains(out, []byte(`"note":1`)) || bytes.Contains(out, []byte("requestedClaimsHash")) || bytes.Contains(out, []byte("old")) {
		t.Errorf("%s", out)
	}
}

func TestMarshalIsReadByTheOracle(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	e := signIn("quote\" back\\slash \u00e9\U0001F600\x01", "s")
	record(t, c, Family, e)
	var f map[string]map[string]map[string]any
	if err := json.Unmarshal(marshal(t, c), &f); err != nil {
		t.Fatal(err)
	}
	for _, entry := range f["AccessToken"] {
		if entry["secret"] != e.AccessToken {
			t.Errorf("secret is %q", entry["secret"])
		}
	}
}

func TestUnmarshalReplaces(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	record(t, c, Family, signIn("old", "s"))
	old := marshal(t, c)
	record(t, c, Family, signIn("newer", "other"))
	unmarshal(t, c, old)
	wantToken(t, c, query("s"), "old")
	wantMiss(t, c, query("other"))
	unmarshal(t, c, nil)
	wantMiss(t, c, query("s"))
	if data := marshal(t, c); string(data) != "{}" {
		t.Errorf("Marshal = %s", data)
	}
}

func TestUnmarshalRefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	const secret = "pl4nted-s3cret"
	c := New(Options{})
	record(t, c, Family, signIn("t", "s"))
	before := marshal(t, c)
	for _, bad := range []string{secret, `{"AccessToken":{"` + secret, `[]`, `{"Account":["` + secret + `"]}`, "\xff", "{}{}"} {
		var format *schema.FormatError
		err := c.Unmarshal([]byte(bad))
		if !errors.As(err, &format) {
			t.Errorf("Unmarshal(%q) = %v; want a *schema.FormatError", bad, err)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the data: %v", err)
		}
	}
	if after := marshal(t, c); !bytes.Equal(before, after) {
		t.Errorf("the cache changed:\n%s\n%s", before, after)
	}
	if err := New(Options{Store: new(cache.Memory)}).Unmarshal([]byte("{}")); !errors.Is(err, ErrStoreFills) {
		t.Errorf("Unmarshal with a store = %v; want ErrStoreFills", err)
	}
}
