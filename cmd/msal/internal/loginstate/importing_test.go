package loginstate_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/internal/schema"
)

func idToken(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".sig"
}

func accessToken(secret string, more string) string {
	return `{"AccessToken":{"` + secret + `":{"secret":"` + secret + `","home_account_id":"u.t","environment":"e","client_id":"c","realm":"t","target":"a"` + more + `}}}`
}

func refreshToken(secret string, more string) string {
	return `{"RefreshToken":{"` + secret + `":{"secret":"` + secret + `","home_account_id":"u.t","environment":"e","client_id":"c"` + more + `}}}`
}

func idTokenEntry(secret string) string {
	return `{"IdToken":{"k":{"secret":"` + secret + `","home_account_id":"u.t","environment":"e","client_id":"c","realm":"t"}}}`
}

func TestTheNewerTokenWins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, here, in string
		taken          bool
	}{
		{"an access token that lasts longer", accessToken("one", `,"expires_on":"4700000000"`), accessToken("two", `,"expires_on":4700000001`), true},
		{"one that lasts less long", accessToken("one", `,"expires_on":"4700000001"`), accessToken("two", `,"expires_on":4700000000`), false},
		{"one as long, and cached later", accessToken("one", `,"expires_on":"4700000000","cached_at":"5"`), accessToken("two", `,"expires_on":4700000000,"cached_at":6`), true},
		{"one as long, of unknown age", accessToken("one", `,"expires_on":"4700000000","cached_at":"5"`), accessToken("two", `,"expires_on":4700000000`), false},
		{"a refresh token written later", refreshToken("one", `,"last_modification_time":"5"`), refreshToken("two", `,"last_modification_time":"6"`), true},
		{"one written earlier", refreshToken("one", `,"last_modification_time":"6"`), refreshToken("two", `,"last_modification_time":"5"`), false},
		{"one of unknown age", refreshToken("one", ``), refreshToken("two", ``), false},
		{"one of known age", refreshToken("one", ``), refreshToken("two", `,"last_modification_time":"5"`), true},
		{"one for other scopes", refreshToken("one", ``), refreshToken("two", `,"target":"x"`), true},
		{"an ID token issued later", idTokenEntry(idToken(`{"iat":5,"n":"one"}`)), idTokenEntry(idToken(`{"iat":6,"n":"two"}`)), true},
		{"one issued earlier", idTokenEntry(idToken(`{"iat":6,"n":"one"}`)), idTokenEntry(idToken(`{"iat":5,"n":"two"}`)), false},
		{"one that is none", idTokenEntry(idToken(`{"iat":6}`)), idTokenEntry("two"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := loginstate.In(t.TempDir())
			put(t, folder, c.here)
			got, err := open(t, folder).Import(t.Context(), []byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if taken := got.Added.Total() == 1; taken != c.taken || got.Known+got.Added.Total() != 1 {
				t.Errorf("%+v, want taken %v", got, c.taken)
			}
			data, err := os.ReadFile(folder.TokensPath())
			if err != nil {
				t.Fatal(err)
			}
			want := `"two"`
			if strings.Contains(c.in, "IdToken") {
				want = idToken(`{"iat":6,"n":"two"}`)
			}
			if strings.Contains(string(data), want) != c.taken {
				t.Errorf("the file has it: %v, want %v", !c.taken, c.taken)
			}
		})
	}
}

func TestWhatCannotBeUsedIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"expired", accessToken("planted", `,"expires_on":"5"`), "expired 1"},
		{"without an end", accessToken("planted", ``), "unusable 1"},
		{"bound to a key that nobody knows", accessToken("planted", `,"expires_on":"4700000000","token_type":"pop"`), "unusable 1"},
		{"of an application", strings.Replace(accessToken("planted", `,"expires_on":"4700000000"`), "u.t", "", 1), "of applications 1"},
		{"on behalf of somebody", accessToken("planted", `,"expires_on":"4700000000","user_assertion_hash":"h"`), "on behalf 1"},
		{"a refresh token on behalf of somebody", refreshToken("planted", `,"user_assertion_hash":"h"`), "on behalf 1"},
		{"a refresh token of nobody", strings.Replace(refreshToken("planted", ``), "u.t", "", 1), "unusable 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			folder := loginstate.In(t.TempDir())
			got, err := open(t, folder).Import(t.Context(), []byte(c.in))
			if err != nil || got.Added.Total() != 0 {
				t.Fatalf("%+v, %v", got, err)
			}
			said := ""
			for _, n := range []struct {
				name string
				n    int
			}{{"expired", got.Expired}, {"unusable", got.Unusable}, {"of applications", got.OfApplications}, {"on behalf", got.OnBehalf}} {
				if n.n > 0 {
					said += fmt.Sprintf("%s %d", n.name, n.n)
				}
			}
			if said != c.want {
				t.Errorf("said %q, want %q", said, c.want)
			}
			if data, err := os.ReadFile(folder.TokensPath()); err == nil && strings.Contains(string(data), "planted") {
				t.Error("it is in the file")
			}
		})
	}
}

func TestImportingKeepsWhatIsHere(t *testing.T) {
	t.Parallel()
	folder := loginstate.In(t.TempDir())
	put(t, folder, strings.Replace(family, `"Unknown"`, `"AppMetadata":{"m":{"client_id":"c","environment":"e","family_id":"1"}},"Unknown"`, 1))
	got, err := open(t, folder).Import(t.Context(), []byte(`{"Account":{"k":{"home_account_id":"u1.t","environment":"E","realm":"t","username":"else@x"}},
		"AppMetadata":{"m":{"client_id":"c","environment":"e"},"n":{"client_id":"n","environment":"e","family_id":"1"}},"Unknown":{"planted":3}}`))
	if err != nil || got.Added.String() != "1 application" || got.Known != 2 || !got.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
	data, err := os.ReadFile(folder.TokensPath())
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{"alice@x", `"kept":1`, `"kept":2`, "nonsense", `"family_id":"1"`} {
		if !strings.Contains(strings.ReplaceAll(string(data), ": ", ":"), kept) {
			t.Errorf("%s is gone", kept)
		}
	}
	if strings.Contains(string(data), "else@x") || strings.Contains(string(data), "planted") {
		t.Error("what was here was overwritten")
	}
}

func TestWhatIsNoCacheChangesNothing(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"planted", `{"Account": {`, `[]`, `{"Account": []}`, ``, `{}`, `{"planted": 1}`, "\xff"} {
		folder := loginstate.In(t.TempDir())
		put(t, folder, family)
		_, err := open(t, folder).Import(t.Context(), []byte(content))
		var format *schema.FormatError
		if !errors.As(err, &format) && !errors.Is(err, loginstate.ErrNothing) {
			t.Errorf("%q: %v", content, err)
		} else if strings.Contains(err.Error(), "planted") {
			t.Errorf("%q is quoted: %v", content, err)
		}
		if data, err := os.ReadFile(folder.TokensPath()); err != nil || string(data) != family {
			t.Errorf("%q: the file has changed, %v", content, err)
		}
	}
}

// Whatever is imported, what was here is still here, and doing it again brings
// nothing.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{family, accessToken("x", `,"expires_on":"4700000000"`), refreshToken("x", ``), idTokenEntry(idToken(`{"iat":1}`)), `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := loginstate.In("").Open(t.Context(), loginstate.Options{Kind: loginstate.Memory})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Import(t.Context(), []byte(family)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Import(t.Context(), data); err != nil {
			return
		}
		again, err := s.Import(t.Context(), data)
		if err != nil || again.Added.Total() != 0 {
			t.Errorf("importing again brought %v, %v", again.Added, err)
		}
		if back, err := s.Import(t.Context(), []byte(family)); err != nil || back.Added.Total() != 0 {
			t.Errorf("what was here had gone: %v, %v", back.Added, err)
		}
	})
}
