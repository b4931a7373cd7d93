package schema

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func mustParse(t *testing.T, in string) *Document {
	t.Helper()
	d, err := Parse([]byte(in))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return d
}

func family(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/family/*.json")
	if err != nil || len(files) != 6 {
		t.Fatalf("testdata/family: %d files, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = data
	}
	return out
}

// decode is the oracle: encoding/json.
func decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("encoding/json: %v", err)
	}
	for name, section := range v { // Marshal leaves empty sections out
		if m, ok := section.(map[string]any); ok && len(m) == 0 {
			delete(v, name)
		}
	}
	return v
}

func TestFamilyFilesComeOutAsTheyWentIn(t *testing.T) {
	t.Parallel()
	for name, data := range family(t) {
		d, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := decode(t, d.Marshal()), decode(t, data); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v\nwant %v", name, got, want)
		}
	}
}

func TestFamilyFilesAreUnderstood(t *testing.T) {
	t.Parallel()
	type counts struct{ at, rt, id, accounts, apps int }
	want := map[string]counts{
		"azure-cli-2.45.json":              {3, 1, 1, 1, 1},
		"msal-go-1.10.1-confidential.json": {1, 0, 0, 0, 1},
		"msal-go-1.10.1-obo-export.json":   {},
		"msal-go-1.10.1-public.json":       {1, 1, 1, 1, 1},
		"msal-node-7.2.1.json":             {3, 2, 2, 1, 0},
		"msal-python-1.31.json":            {3, 2, 2, 1, 2},
	}
	for name, data := range family(t) {
		d, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := counts{len(d.AccessTokens), len(d.RefreshTokens), len(d.IDTokens), len(d.Accounts), len(d.AppMetadata)}
		if got != want[name] || d.HasUnknown() {
			t.Errorf("%s: %+v, unknown parts: %v; want %+v and none", name, got, d.HasUnknown(), want[name])
		}
		for _, at := range d.AccessTokens {
			if at.ExpiresOn < 1795232000 || at.ExpiresOn > 1795234000 || at.ClientID == "" || at.Realm == "" {
				t.Errorf("%s: access token %+v", name, at)
			}
		}
	}
	node, err := Parse(family(t)["msal-node-7.2.1.json"])
	if err != nil {
		t.Fatal(err)
	}
	if node.AccessTokens[2].Isolated == "" {
		t.Error("the on-behalf-of token of MSAL Node is not marked as isolated")
	}
}

// Rewritten from fields alone, MSAL Python's file has to come out the same:
// keys, fields and values.
func TestPythonKeysAndFields(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"msal-python-1.31.json", "azure-cli-2.45.json"} {
		data := family(t)[name]
		d, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range d.AccessTokens {
			d.AccessTokens[i].Detach()
		}
		for i := range d.RefreshTokens {
			d.RefreshTokens[i].Detach()
		}
		for i := range d.IDTokens {
			d.IDTokens[i].Detach()
		}
		for i := range d.Accounts {
			d.Accounts[i].Detach()
		}
		for i := range d.AppMetadata {
			d.AppMetadata[i].Detach()
		}
		if got, want := decode(t, d.Marshal()), decode(t, data); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v\nwant %v", name, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	d := Document{}
	d.PutAccessToken(AccessToken{Secret: "s", HomeAccountID: "UID.UTID", Environment: "login.example.com", ClientID: "my_client_id", Realm: "contoso", Target: "s1 S2 s3"})
	d.PutAccessToken(AccessToken{Secret: "s", Environment: "login.microsoftonline.com", ClientID: "cid", Realm: "tid", Target: "a b"})
	d.PutAccessToken(AccessToken{Secret: "s", Environment: "localhost", ClientID: "", Realm: "managed_identity", Target: "R"})
	d.PutAccessToken(AccessToken{Secret: "s", Environment: "h", ClientID: "c", Realm: "t", Target: "x", ExtKey: "zm2n"})
	d.PutRefreshToken(RefreshToken{Secret: "s", HomeAccountID: "uid.utid", Environment: "login.example.com", ClientID: "my_client_id", Target: "s1 s2 s3"})
	d.PutIDToken(IDToken{Secret: "s", HomeAccountID: "uid.utid", Environment: "login.example.com", ClientID: "c", Realm: "contoso"})
	d.PutAccount(Account{HomeAccountID: "uid.utid", Environment: "login.example.com", Realm: "contoso"})
	d.PutAppMetadata(AppMetadata{ClientID: "CID", Environment: "login.example.com"})
	var got map[string]map[string]map[string]any
	if err := json.Unmarshal(d.Marshal(), &got); err != nil {
		t.Fatal(err)
	}
	for section, keys := range map[string][]string{
		"AccessToken": {
			"uid.utid-login.example.com-accesstoken-my_client_id-contoso-s1 s2 s3",
			"-login.microsoftonline.com-accesstoken-cid-tid-a b",
			"-localhost-accesstoken--managed_identity-r",
			"-h-atext-c-t-x-zm2n",
		},
		"RefreshToken": {"uid.utid-login.example.com-refreshtoken-my_client_id--s1 s2 s3"},
		"IdToken":      {"uid.utid-login.example.com-idtoken-c-contoso-"},
		"Account":      {"uid.utid-login.example.com-contoso"},
		"AppMetadata":  {"appmetadata-login.example.com-CID"},
	} {
		for _, key := range keys {
			if got[section][key] == nil {
				t.Errorf("%s has no key %q", section, key)
			}
		}
		if len(got[section]) != len(keys) {
			t.Errorf("%s has %d entries; want %d", section, len(got[section]), len(keys))
		}
	}
	app := got["AccessToken"]["-login.microsoftonline.com-accesstoken-cid-tid-a b"]
	if home, ok := app["home_account_id"]; !ok || home != nil {
		t.Errorf("home_account_id of an application token is %v; want null", home)
	}
	if app["expires_on"] != "0" || app["token_type"] != "Bearer" {
		t.Errorf("application token: %v", app)
	}
}

func TestAmbiguousKeysLoseNothing(t *testing.T) {
	t.Parallel()
	d := Document{}
	d.PutAccessToken(AccessToken{Secret: "1", Environment: "h", ClientID: "a-b", Realm: "c"})
	d.PutAccessToken(AccessToken{Secret: "2", Environment: "h", ClientID: "a", Realm: "b-c"})
	d.PutAccount(Account{HomeAccountID: "Sub", Environment: "h", Realm: "r"})
	d.PutAccount(Account{HomeAccountID: "sub", Environment: "h", Realm: "r"})
	again := mustParse(t, string(d.Marshal()))
	if len(again.AccessTokens) != 2 || again.AccessTokens[0].ClientID != "a-b" || again.AccessTokens[1].Realm != "b-c" {
		t.Errorf("access tokens: %+v", again.AccessTokens)
	}
	if len(again.Accounts) != 2 {
		t.Errorf("accounts: %+v", again.Accounts)
	}
}

func TestRewritingReplacesTheForeignKeyAndKeepsUnknownMembers(t *testing.T) {
	t.Parallel()
	d := mustParse(t, `{
	"RefreshToken": {"wrong-key": {"secret":"old","home_account_id":"u","environment":"H","client_id":"c","note":{"a":[1]}}},
	"AccessToken": {
		"one": {"secret":"old","environment":"h","client_id":"c","realm":"t","target":"B a","home_account_id":"","note":1,"requestedClaimsHash":"x"},
		"two": {"secret":"older","environment":"h","client_id":"c","realm":"t","target":"a b","home_account_id":null}},
	"Account": {"k": {"home_account_id":"u","environment":"h","realm":"t","tenantProfiles":["p"],"client_info":"ci"}}}`)
	d.PutRefreshToken(RefreshToken{Secret: "new", HomeAccountID: "u", Environment: "h", ClientID: "c"})
	d.PutAccessToken(AccessToken{Secret: "new", Environment: "h", ClientID: "c", Realm: "t", Target: "a B"})
	d.PutAccount(Account{HomeAccountID: "u", Environment: "h", Realm: "t", Username: "jane"})
	got := decode(t, d.Marshal())
	rt := got["RefreshToken"].(map[string]any)
	if e, ok := rt["u-h-refreshtoken-c--"].(map[string]any); !ok || len(rt) != 1 || e["secret"] != "new" || e["note"] == nil {
		t.Errorf("refresh tokens: %v", rt)
	}
	at := got["AccessToken"].(map[string]any)
	e, ok := at["-h-accesstoken-c-t-a b"].(map[string]any)
	if !ok || len(at) != 1 || e["secret"] != "new" || e["note"] != 1.0 {
		t.Errorf("access tokens: %v", at)
	}
	if _, stale := e["requestedClaimsHash"]; stale {
		t.Error("what described the old token is said of the new one")
	}
	account := got["Account"].(map[string]any)["u-h-t"].(map[string]any)
	if account["username"] != "jane" || account["client_info"] != "ci" || account["tenantProfiles"] == nil {
		t.Errorf("account: %v", account)
	}
}

// Other libraries may hold one identity under two keys. Putting one of the two
// keeps what it says, and of the other what it does not say.
func TestPutOfOneOfTwinsKeepsItsOwnMembers(t *testing.T) {
	t.Parallel()
	d := mustParse(t, `{"RefreshToken": {
	"one": {"secret":"1","environment":"h","client_id":"c","note":"first","first":true},
	"two": {"secret":"2","environment":"h","client_id":"c","note":"second","issuer":"of 2"}}}`)
	twin := d.RefreshTokens[1]
	twin.Secret = "3"
	d.PutRefreshToken(twin)
	got := decode(t, d.Marshal())["RefreshToken"].(map[string]any)
	e, ok := got["-h-refreshtoken-c--"].(map[string]any)
	if !ok || len(got) != 1 || e["secret"] != "3" || e["note"] != "second" || e["first"] != true || e["issuer"] != nil {
		t.Errorf("refresh tokens: %v", got)
	}
}

func TestUnknownPartsSurvive(t *testing.T) {
	t.Parallel()
	const in = `{"customized":{"x":[1,2.5e3,"\u00e9"]},"AccessToken":{"odd":"text","bad time":{"secret":"s","environment":"h","expires_on":"soon"},"no secret":{"a":{}}},"RefreshToken":{"k":[]},"schema":7}`
	d := mustParse(t, in)
	if len(d.AccessTokens) != 0 || !d.HasUnknown() || d.Empty() {
		t.Errorf("document: %+v", d)
	}
	if got, want := decode(t, d.Marshal()), decode(t, []byte(in)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	rest := d.UnknownOnly()
	var other Document
	other.PutAccount(Account{HomeAccountID: "u", Environment: "h"})
	other.Append(&rest)
	got := decode(t, other.Marshal())
	if got["Account"] == nil || got["schema"] != 7.0 || got["AccessToken"].(map[string]any)["odd"] != "text" {
		t.Errorf("after Append: %v", got)
	}
}

func TestTolerance(t *testing.T) {
	t.Parallel()
	d := mustParse(t, "\ufeff"+` {"AccessToken":{"k":{"secret":"s\u00e9\ud83d\ude00\/","environment":"h","client_id":12,"home_account_id":null,
	"expires_on":1795233515,"cached_at":"1795229916.75","extended_expires_on":99999999999999999999,"refresh_on":null}},
	"RefreshToken":null,"IdToken":{},
	"AppMetadata":{"a":{"client_id":"c","environment":"h","familyId":"1"}}} `)
	at := d.AccessTokens[0]
	if at.Secret != "sé😀/" || at.ClientID != "12" || at.ExpiresOn != 1795233515 || at.CachedAt != 1795229916 ||
		at.ExtendedExpiresOn != lastSecond || at.RefreshOn != 0 {
		t.Errorf("%+v", at)
	}
	if d.AppMetadata[0].FamilyID != "1" {
		t.Errorf("%+v", d.AppMetadata[0])
	}
}

func TestOfMembersThatOccurTwiceTheLastCounts(t *testing.T) {
	t.Parallel()
	d := mustParse(t, `{"AccessToken":{"gone":{"secret":"0","environment":"h"}},"x":1,
	"AccessToken":{"k":{"secret":"1","environment":"h"},"l":5,"k":{"secret":"2","secret":"3","environment":"h"},"l":{"secret":"4","environment":"h"},"m":{"secret":"5","environment":"h"},"m":6},"x":2}`)
	if len(d.AccessTokens) != 2 || d.AccessTokens[0].Secret != "3" || d.AccessTokens[1].Secret != "4" {
		t.Errorf("access tokens: %+v", d.AccessTokens)
	}
	got := decode(t, d.Marshal())
	if got["x"] != 2.0 || got["AccessToken"].(map[string]any)["m"] != 6.0 || len(got["AccessToken"].(map[string]any)) != 3 {
		t.Errorf("%v", got)
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", " \r\n\t", "\ufeff", "{}", `{"AccessToken":{},"Account":null}`} {
		d := mustParse(t, in)
		if !d.Empty() || string(d.Marshal()) != "{}" {
			t.Errorf("Parse(%q) is not empty: %s", in, d.Marshal())
		}
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	const secret = "pl4nted-s3cret"
	for name, test := range map[string]struct {
		in     string
		offset int
	}{
		"no JSON":              {secret, 0},
		"array":                {`["` + secret + `"]`, 0},
		"null":                 {`null`, 0},
		"text":                 {`"` + secret + `"`, 0},
		"cut":                  {`{"AccessToken":{"` + secret, 31},
		"cut after a colon":    {`{"AccessToken":`, 15},
		"section is an array":  {`{"AccessToken":["` + secret + `"]}`, 15},
		"section is a number":  {`{"Account":5}`, 11},
		"more after the end":   {`{} {"` + secret + `"}`, 3},
		"comma at the end":     {`{"a":1,}`, 7},
		"no comma":             {`{"a":1 "b":2}`, 7},
		"single quotes":        {`{'a':1}`, 1},
		"bad escape":           {`{"a":"\x` + secret + `"}`, 6},
		"bad unicode escape":   {`{"a":"\u12"}`, 6},
		"escape at the end":    {`{"a":"\`, 6},
		"control character":    {"{\"a\":\"x\ny\"}", 7},
		"control after escape": {"{\"a\":\"\\n\ny\"}", 8},
		"bad number":           {`{"a":01}`, 6},
		"no digits":            {`{"a":-}`, 5},
		"not a number":         {`{"a":NaN}`, 5},
		"cut word":             {`{"AccessToken":nul}`, 15},
		"not UTF-8":            {"{\"a\":\"\xff\"}", 6},
		"zero byte":            {"\x00" + secret, 0},
		"zero byte at the end": {"{}\x00", 2},
		"too deep":             {`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", 69},
		"too deep in an entry": {`{"Account":{"k":{"x":` + strings.Repeat(`{"y":`, 1_000_000), 331},
		"too many entries":     {`{"Account":{` + strings.Repeat(`"":0,`, maxEntries+1), 5242895},
		"encrypted by an OS":   {"\x01\x00\x00\x00\xd0\x8c\x9d\xdf" + secret, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Parse([]byte(test.in))
			var format *FormatError
			if !errors.As(err, &format) || d != nil {
				t.Fatalf("Parse = %v, %v; want a *FormatError", d, err)
			}
			if format.Offset != test.offset {
				t.Errorf("offset %d; want %d (%s)", format.Offset, test.offset, format.Reason)
			}
			if strings.Contains(err.Error(), secret) {
				t.Error("the error quotes the document")
			}
			if !strings.Contains(err.Error(), "sign in again") {
				t.Errorf("%q does not say what to do", err)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	var format *FormatError
	if _, err := Parse(make([]byte, maxSize+1)); !errors.As(err, &format) {
		t.Errorf("Parse = %v; want a *FormatError", err)
	}
}

func TestExtendedKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		params map[string]string
		want   string
	}{
		{map[string]string{"fmi_path": "SomeFmiPath/FmiCredentialPath"}, "zm2n0e62zwtsnnsozptlsooob_c7i-gfpxhyqqinjuw"},
		{map[string]string{"fmi_path": "a", "dc": "b"}, "zwbkblroav3efla9mj74yxblqutgyg8sepncjgkdwuw"},
		{map[string]string{"foo": "bar"}, "w6up8tcg6k2qr905rms8ixtlksl6od1kowbxtk7wxpi"},
		{map[string]string{"foo": "bar", "scope": "s", "client_secret": "x", "fmi_path": ""}, "w6up8tcg6k2qr905rms8ixtlksl6od1kowbxtk7wxpi"},
		{map[string]string{"grant_type": "client_credentials", "claims": "{}", "empty": ""}, ""},
		{nil, ""},
	} {
		if got := ExtendedKey(test.params); got != test.want {
			t.Errorf("ExtendedKey(%v) = %q; want %q", test.params, got, test.want)
		}
	}
}

// The parts of MSAL Python's key run into each other.
func TestExtendedDigestTellsParametersApart(t *testing.T) {
	t.Parallel()
	sets := []map[string]string{{"dc": "bfmi_patha"}, {"dc": "b", "fmi_path": "a"}, {"d": "cbfmi_patha"}, {"dc": "b", "fmi_pat": "ha"}}
	seen := map[string]bool{}
	for _, set := range sets {
		if ExtendedKey(set) != ExtendedKey(sets[0]) {
			t.Errorf("%v has another key: this test shows nothing", set)
		}
		seen[ExtendedDigest(set)] = true
	}
	if len(seen) != len(sets) {
		t.Errorf("%d digests for %d sets of parameters", len(seen), len(sets))
	}
	// Computed by MSAL Go 1.10.1.
	if got, want := ExtendedDigest(map[string]string{"fmi_path": "SomeFmiPath/FmiCredentialPath"}), "cojvfy5tzae3njpkvcebguvvx5vvmnj8hphqrbogjoi"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := ExtendedDigest(map[string]string{"scope": "s", "empty": ""}); got != "" {
		t.Errorf("got %s, want none", got)
	}
}

func TestSameScopes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"a b", "B  a", true},
		{"a a b", "a b", true},
		{"a b", "a", false},
		{"ab", "a b", false},
	} {
		if got := SameScopes(test.a, test.b); got != test.want {
			t.Errorf("SameScopes(%q, %q) = %v", test.a, test.b, got)
		}
	}
}
