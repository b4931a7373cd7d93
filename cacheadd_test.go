package msal_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/emulator"
)

// unsignedJWT is an ID token that only TokenCache.Add takes.
func unsignedJWT(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"RS256"}`)) + "." + b64([]byte(claims)) + "." + b64([]byte("signature"))
}

// added is an event with all that the tests change.
func added() msal.TokenEvent {
	return msal.TokenEvent{
		ClientID:      emulator.DesktopClientID,
		TokenEndpoint: authority + "/oauth2/v2.0/token",
		GrantType:     "authorization_code",
		Scopes:        []string{"b", "a"},
		Response:      []byte(`{"access_token":"at","refresh_token":"rt","foci":"1","client_info":"eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ","expires_in":"3600"}`),
	}
}

func TestAddedTokensAreFoundByClients(t *testing.T) {
	for name, store := range map[string]cache.Store{"memory": nil, "store": new(cache.Memory)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tokens := msal.NewTokenCache(msal.CacheOptions{Store: store})
			with := func(o *msal.Options) { o.Cache = tokens }
			e := added()
			e.Username = alice
			if err := tokens.Add(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			public := w.public(t, with)
			accounts, err := public.Accounts(t.Context(), msal.AccountsRequest{Username: alice})
			if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != "u.t" || accounts[0].AccountSource != "authorization_code" {
				t.Fatalf("the accounts are %+v, %v", accounts, err)
			}
			res, err := public.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"a"}, Account: accounts[0]})
			if err != nil || res.AccessToken != "at" {
				t.Errorf("a user's token: %v, %v", res, err)
			}
			e.ClientID, e.Confidential = emulator.WebClientID, true
			if err := tokens.Add(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			res, err = w.web(t, with).AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"a", "b"}, Account: accounts[0]})
			if err != nil || res.AccessToken != "at" {
				t.Errorf("a confidential client's user: %v, %v", res, err)
			}
			err = tokens.Add(t.Context(), msal.TokenEvent{
				ClientID: emulator.DaemonClientID, Environment: "login.microsoftonline.com", Realm: emulator.DefaultTenantID,
				GrantType: "client_credentials", Response: []byte(`{"access_token":"app","scope":"` + tasksScope + `","expires_in":3600}`),
			})
			if err != nil {
				t.Fatal(err)
			}
			res, err = w.daemon(t, with).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
			if err != nil || res.AccessToken != "app" {
				t.Errorf("an application's token: %v, %v", res, err)
			}
			if w.wire.tokens() != 0 {
				t.Error("something was asked for")
			}
		})
	}
}

func TestAddMakesEntriesAsTheFamilyDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		idToken := unsignedJWT(`{"iss":"https://issuer.example","sub":"subject","oid":"object","aud":"` + emulator.DesktopClientID + `","preferred_username":"carol@contoso.test"}`)
		for _, tt := range []struct {
			name   string
			change func(*msal.TokenEvent)
			kind   msal.CacheEntryType
			want   msal.CacheEntry // the members that are given
		}{
			{"scopes that were asked for", func(e *msal.TokenEvent) {}, msal.CacheAccessToken, msal.CacheEntry{Target: "a b", HomeAccountID: "u.t"}},
			{"scopes that were granted", func(e *msal.TokenEvent) {
				e.Response = []byte(`{"access_token":"at","scope":"z\ty","client_info":"eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ"}`)
			}, msal.CacheAccessToken, msal.CacheEntry{Target: "y z"}},
			{"a life that is not told", func(e *msal.TokenEvent) {
				e.Response = []byte(`{"access_token":"at","client_info":"eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ"}`)
			}, msal.CacheAccessToken, msal.CacheEntry{ExpiresOn: now.Add(600 * time.Second), ExtendedExpiresOn: now.Add(600 * time.Second)}},
			{"an end instead of a life", func(e *msal.TokenEvent) {
				e.Response = fmt.Appendf(nil, `{"access_token":"at","expires_on":"%d","refresh_in":60,"client_info":"eyJ1aWQiOiJ1IiwidXRpZCI6InQifQ"}`, now.Add(900*time.Second).Unix())
			}, msal.CacheAccessToken, msal.CacheEntry{ExpiresOn: now.Add(900 * time.Second), RefreshOn: now.Add(time.Minute)}},
			{"a realm of its own", func(e *msal.TokenEvent) { e.Environment, e.Realm = "LOGIN.Windows.NET", "r" }, msal.CacheAccessToken, msal.CacheEntry{Environment: "login.windows.net", Realm: "r"}},
			{"a port", func(e *msal.TokenEvent) { e.TokenEndpoint = "https://127.0.0.1:8443/contoso/token" }, msal.CacheAccessToken, msal.CacheEntry{Environment: "127.0.0.1:8443", Realm: "contoso"}},
			{"External ID without a tenant", func(e *msal.TokenEvent) { e.TokenEndpoint = "https://contoso.ciamlogin.com" }, msal.CacheAccessToken, msal.CacheEntry{Realm: "contoso.onmicrosoft.com"}},
			{"an extended key", func(e *msal.TokenEvent) {
				e.Data = map[string]string{"fmi_path": "SomeFmiPath/FmiCredentialPath", "key_id": "k"}
			}, msal.CacheAccessToken, msal.CacheEntry{ExtKey: "zm2n0e62zwtsnnsozptlsooob_c7i-gfpxhyqqinjuw", KeyID: "k"}},
			{"a refresh token of a family", func(e *msal.TokenEvent) {}, msal.CacheRefreshToken, msal.CacheEntry{Secret: "rt", FamilyID: "1", Target: "a b", LastModified: now}},
			{"metadata of a family", func(e *msal.TokenEvent) {}, msal.CacheAppMetadata, msal.CacheEntry{FamilyID: "1", ClientID: emulator.DesktopClientID}},
			{"an ID token", func(e *msal.TokenEvent) { e.Response = []byte(`{"id_token":"` + idToken + `"}`) }, msal.CacheIDToken, msal.CacheEntry{Secret: idToken, HomeAccountID: "subject"}},
			{"an account by the ID token", func(e *msal.TokenEvent) { e.Response = []byte(`{"id_token":"` + idToken + `"}`) }, msal.CacheAccount,
				msal.CacheEntry{HomeAccountID: "subject", LocalAccountID: "object", Username: "carol@contoso.test", AuthorityType: "MSSTS", AccountSource: "authorization_code"}},
			{"an account of AD FS", func(e *msal.TokenEvent) { e.TokenEndpoint = "https://adfs.contoso.test/adfs/oauth2/token" }, msal.CacheAccount, msal.CacheEntry{AuthorityType: "ADFS", Realm: "adfs"}},
			{"an account as the caller says", func(e *msal.TokenEvent) {
				e.LocalAccountID, e.AuthorityType, e.Username, e.GrantType = "local", "MSA", "dave", "broker"
			}, msal.CacheAccount, msal.CacheEntry{LocalAccountID: "local", AuthorityType: "MSA", Username: "dave", AccountSource: "broker"}},
		} {
			tokens := msal.NewTokenCache(msal.CacheOptions{})
			e := added()
			tt.change(&e)
			if err := tokens.Add(t.Context(), e); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			tt.want.Type = tt.kind
			found := find(t, tokens, msal.CacheQuery{Type: tt.kind, ExtKey: tt.want.ExtKey})
			if len(found) != 1 {
				t.Fatalf("%s: found %v", tt.name, found)
			}
			for _, m := range members(tt.want) {
				if m.set && !slices.Contains(members(found[0]), m) {
					t.Errorf("%s: want %s %s", tt.name, m.name, m.value)
				}
			}
		}
	})
}

type member struct {
	name, value string
	set         bool
}

// members are the fields of an entry by name.
func members(e msal.CacheEntry) []member {
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	list := []member{{name: "Type", value: string(e.Type)}, {name: "Secret", value: e.Secret}, {name: "HomeAccountID", value: e.HomeAccountID},
		{name: "Environment", value: e.Environment}, {name: "ClientID", value: e.ClientID}, {name: "Realm", value: e.Realm}, {name: "Target", value: e.Target},
		{name: "KeyID", value: e.KeyID}, {name: "ExtKey", value: e.ExtKey}, {name: "FamilyID", value: e.FamilyID}, {name: "LocalAccountID", value: e.LocalAccountID},
		{name: "Username", value: e.Username}, {name: "AuthorityType", value: e.AuthorityType}, {name: "AccountSource", value: e.AccountSource},
		{name: "ExpiresOn", value: when(e.ExpiresOn)}, {name: "ExtendedExpiresOn", value: when(e.ExtendedExpiresOn)}, {name: "RefreshOn", value: when(e.RefreshOn)},
		{name: "LastModified", value: when(e.LastModified)}}
	for i := range list {
		list[i].set = list[i].value != ""
	}
	return list
}

func TestAddedAccountsKeepToTheGrant(t *testing.T) {
	for grant, source := range map[string]string{"password": "password", "urn:ietf:params:oauth:grant-type:device_code": "urn:ietf:params:oauth:grant-type:device_code",
		"refresh_token": "", "urn:ietf:params:oauth:grant-type:jwt-bearer": "", "": ""} {
		tokens := msal.NewTokenCache(msal.CacheOptions{})
		e := added()
		e.GrantType = grant
		if err := tokens.Add(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if got := find(t, tokens, msal.CacheQuery{Type: msal.CacheAccount}); len(got) != 1 || got[0].AccountSource != source {
			t.Errorf("%q: the source is %q", grant, got[0].AccountSource)
		}
	}
	tokens := msal.NewTokenCache(msal.CacheOptions{})
	e := added()
	e.SkipAccountCreation = true
	if err := tokens.Add(t.Context(), e); err != nil || len(find(t, tokens, msal.CacheQuery{Type: msal.CacheAccount})) != 0 {
		t.Errorf("an account was made, or %v", err)
	}
}

func TestBadEventsChangeNothing(t *testing.T) {
	forOther := unsignedJWT(`{"iss":"i","sub":"s","aud":"other"}`)
	for _, tt := range []struct {
		name   string
		change func(*msal.TokenEvent)
		want   error
		hint   string
	}{
		{"no client", func(e *msal.TokenEvent) { e.ClientID = "" }, msal.ErrConfiguration, "give the client"},
		{"no service", func(e *msal.TokenEvent) { e.TokenEndpoint = "" }, msal.ErrConfiguration, "give TokenEndpoint"},
		{"no realm", func(e *msal.TokenEvent) { e.TokenEndpoint = "https://host/" }, msal.ErrConfiguration, "Environment and Realm"},
		{"not https", func(e *msal.TokenEvent) { e.TokenEndpoint = "http://host/" + planted }, msal.ErrConfiguration, "https URL"},
		{"not a URL", func(e *msal.TokenEvent) { e.TokenEndpoint = "https://%zz" + planted }, msal.ErrConfiguration, "https URL"},
		{"no response", func(e *msal.TokenEvent) { e.Response = nil }, msal.ErrConfiguration, "it is empty"},
		{"not JSON", func(e *msal.TokenEvent) { e.Response = []byte(planted) }, msal.ErrConfiguration, "not JSON"},
		{"an array", func(e *msal.TokenEvent) { e.Response = []byte(`["` + planted + `"]`) }, msal.ErrConfiguration, "not a JSON object"},
		{"a refusal", func(e *msal.TokenEvent) {
			e.Response = []byte(`{"error":"invalid_grant","error_description":"` + planted + `"}`)
		}, msal.ErrConfiguration, "is a refusal"},
		{"a member of the wrong type", func(e *msal.TokenEvent) {
			e.Response = []byte(`{"access_token":"` + planted + `","expires_in":{}}`)
		}, msal.ErrConfiguration, "expires_in"},
		{"nothing to add", func(e *msal.TokenEvent) { e.Response = []byte(`{"scope":"a"}`) }, msal.ErrConfiguration, "neither an access token"},
		{"a user's tokens without a user", func(e *msal.TokenEvent) {
			e.Response = []byte(`{"access_token":"` + planted + `","refresh_token":"` + planted + `"}`)
		}, msal.ErrConfiguration, "client_info or an ID token"},
		{"half a name", func(e *msal.TokenEvent) {
			e.Response = []byte(`{"access_token":"` + planted + `","client_info":"eyJ1aWQiOiJ1In0"}`) // {"uid":"u"}
		}, msal.ErrConfiguration, "whose tokens"},
		{"a grant that is not told", func(e *msal.TokenEvent) {
			e.GrantType, e.Response = "", []byte(`{"access_token":"`+planted+`"}`)
		}, msal.ErrConfiguration, "client_credentials"},
		{"a token of a key that is not told", func(e *msal.TokenEvent) {
			e.GrantType, e.Response = "client_credentials", []byte(`{"access_token":"`+planted+`","token_type":"PoP"}`)
		}, msal.ErrConfiguration, "key_id"},
		{"an ID token for another client", func(e *msal.TokenEvent) {
			e.Response = []byte(`{"access_token":"` + planted + `","id_token":"` + forOther + `"}`)
		}, msal.ErrProtocol, "audience"},
		{"an ID token that is none", func(e *msal.TokenEvent) {
			e.Response = []byte(`{"access_token":"` + planted + `","id_token":"` + planted + `"}`)
		}, msal.ErrProtocol, "malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tokens, unchanged := newCache(t)
			e := added()
			tt.change(&e)
			err := tokens.Add(t.Context(), e)
			wantError(t, err, tt.want)
			wantHint(t, err, tt.hint)
			if tokens.Changed() {
				t.Error("the cache is marked as changed")
			}
			unchanged()
		})
	}
}

func TestOnlyChangesHaveToBeWritten(t *testing.T) {
	w := newWorld(t)
	tokens := msal.NewTokenCache(msal.CacheOptions{})
	c := w.web(t, func(o *msal.Options) { o.Cache = tokens })
	after := func(what string, want bool) []byte {
		t.Helper()
		if tokens.Changed() != want {
			t.Errorf("%s: Changed is %v", what, !want)
		}
		data, err := tokens.Marshal()
		if err != nil || tokens.Changed() {
			t.Fatalf("%s: Marshal leaves the mark, or %v", what, err)
		}
		return data
	}
	after("a new cache", false)
	res := w.signIn(t, c, alice)
	data := after("a sign-in", true)
	if _, err := c.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil {
		t.Fatal(err)
	}
	find(t, tokens, msal.CacheQuery{Type: msal.CacheAccessToken})
	after("reading", false)
	if _, err := c.AcquireTokenSilent(t.Context(), forced(res.Account)); err != nil {
		t.Fatal(err)
	}
	after("a refresh", true)
	if err := tokens.Add(t.Context(), added()); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	after("reading the file", false)
	if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: res.Account}); err != nil {
		t.Fatal(err)
	}
	after("a sign-out", true)
}

func FuzzTokenEvent(f *testing.F) {
	e := added()
	f.Add(e.TokenEndpoint, e.GrantType, e.Response)
	f.Add("https://contoso.ciamlogin.com", "client_credentials", []byte(`{"access_token":"a","expires_in":-1,"scope":""}`))
	f.Add("https://h/adfs/oauth2/token", "", []byte(`{"id_token":"`+unsignedJWT(`{"iss":"i","sub":"s","aud":["`+e.ClientID+`"]}`)+`"}`))
	f.Fuzz(func(t *testing.T, endpoint, grantType string, response []byte) {
		tokens := msal.NewTokenCache(msal.CacheOptions{})
		err := tokens.Add(t.Context(), msal.TokenEvent{ClientID: e.ClientID, TokenEndpoint: endpoint, GrantType: grantType, Response: response})
		if (err == nil) != tokens.Changed() {
			t.Errorf("error %v, but changed: %v", err, tokens.Changed())
		}
		data, err := tokens.Marshal()
		if err != nil || !json.Valid(data) {
			t.Errorf("the cache cannot be written: %v", err)
		}
		if err := msal.NewTokenCache(msal.CacheOptions{}).Unmarshal(data); err != nil {
			t.Errorf("the cache cannot be read again: %v", err)
		}
	})
}

func TestStoreThatIsDownIsReported(t *testing.T) {
	w := newWorld(t)
	store := &brokenStore{broken: true}
	tokens := msal.NewTokenCache(msal.CacheOptions{Store: store})
	err := tokens.Add(t.Context(), added())
	wantError(t, err, msal.ErrCache, errDown)
	account := msal.Account{HomeAccountID: "u.t"}
	res, err := w.public(t, func(o *msal.Options) { o.Cache = tokens }).AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"a"}, Account: account})
	if err != nil || res.AccessToken != "at" {
		t.Errorf("got %v, %v; want the token that stayed in memory", res, err)
	}
	found, err := tokens.Find(t.Context(), msal.CacheQuery{Type: msal.CacheAccessToken})
	wantError(t, err, msal.ErrCache, errDown)
	if found != nil {
		t.Errorf("found %v", found)
	}
}
