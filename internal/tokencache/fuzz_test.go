package tokencache

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/internal/schema"
)

// FuzzUnmarshal checks that a cache that was read is sound, that all of it can
// be found and removed, and that writing and reading it end in a fixed point.
func FuzzUnmarshal(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "schema", "testdata", "family", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.ReplaceAll(data, []byte("1795"), []byte("4795"))) // not expired
	}
	f.Add([]byte(`{"AccessToken":{"a":{"secret":"s","environment":"H","target":"b  a","expires_on":4000000000},"b":{"secret":"t","environment":"h","target":"A b","expires_on":"5000000000"}}}`))
	f.Add([]byte(`{"RefreshToken":{"a":{"secret":"s","environment":"h"},"b":{"secret":"t","environment":"H","user_assertion_hash":"x"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := New(Options{})
		if err := c.Unmarshal(bytes.Clone(data)); err != nil {
			var format *schema.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		checkIndex(t, c)
		once := marshal(t, c)
		again := New(Options{})
		unmarshal(t, again, bytes.Clone(once))
		if twice := marshal(t, again); !bytes.Equal(once, twice) {
			t.Fatalf("no fixed point:\n%s\n%s", once, twice)
		}
		removeAll(t, c)
		checkIndex(t, c)
	})
}

// removeAll signs every user out, after a look at what is found of them.
func removeAll(t *testing.T, c *Cache) {
	d, err := schema.Parse(marshal(t, c))
	if err != nil {
		t.Fatal(err)
	}
	now, removed := time.Now(), map[string]bool{}
	for _, a := range d.AccessTokens {
		if a.Isolated != "" || a.KeyID == "" && schema.Bound(a.TokenType) || a.ExpiresOn <= now.Unix() || a.CredentialType != credentialAccessToken {
			continue // set aside
		}
		q := Query{
			Environments: []string{a.Environment}, ClientID: a.ClientID, Realm: a.Realm,
			HomeAccountID: a.HomeAccountID, ExtKey: a.ExtKey, KeyID: a.KeyID, TokenType: a.TokenType, Scopes: strings.Fields(a.Target),
		}
		_, found := c.AccessToken(&q, q.Scopes, now)
		err := c.RemoveAccount(t.Context(), AccountRemoval{Environments: q.Environments, HomeAccountID: q.HomeAccountID})
		if err != nil {
			t.Fatal(err)
		}
		_, left := c.AccessToken(&q, q.Scopes, now)
		if !found && !removed[q.HomeAccountID+" "+q.Environments[0]] || left {
			t.Fatalf("%+v: found %v, left %v", q, found, left)
		}
		removed[q.HomeAccountID+" "+q.Environments[0]] = true
	}
}
