package interop

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// The files in testdata/cache were written by released clients, at stand-ins
// for the service: their tokens and secrets are made up, their keys and fields
// are not. The files differ in keys, in the port of the environment, and in
// fields that only one library knows.

// cacheFile is a file and what a reader has to find in it.
type cacheFile struct {
	name      string
	authority string // where the tokens are good; its tenant is written into the file
	// The public client of the file: a scope that it has a token for (empty if
	// there is none), its account and its refresh token.
	publicID, scope, home, refreshToken string
	// The confidential client of the file, which has a token for itself; empty
	// if there is none.
	confidentialID string
}

const (
	portAuthority = "https://127.0.0.1:8443/" + emulator.DefaultTenantID
	azureCLI      = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	azureTenant   = "11111111-2222-3333-4444-555555555555"
	appScope      = "api://app/.default"
)

var cacheFiles = []cacheFile{
	{"msal-python-1.31.json", portAuthority, "client-id-1", "", "u1.contoso", "RT.client-id-1", "client-id-2"},
	{"msal-go-1.10.1-public.json", portAuthority, "client-id-1", "User.Read", "u1.contoso", "RT.client-id-1", ""},
	{"msal-go-1.10.1-confidential.json", portAuthority, "", "", "", "", "client-id-2"},
	{"msal-go-1.10.1-obo-export.json", portAuthority, "", "", "", "", ""},
	{"msal-node-7.2.1.json", portAuthority, "client-id-1", "User.Read", "u1.contoso", "RT.client-id-1", "client-id-2"},
	{"azure-cli-2.45.json", "https://login.microsoftonline.com/" + azureTenant, azureCLI,
		"https://management.core.windows.net//.default", "u1." + azureTenant, "RT." + azureCLI, ""},
}

// fresh is the file with tokens that live another hour, in a tenant that the
// authority can have: a GUID where the stand-in had a word.
func (f cacheFile) fresh(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "cache", f.name))
	if err != nil {
		t.Fatal(err)
	}
	var sections map[string]map[string]map[string]any
	if err := json.Unmarshal(raw, &sections); err != nil {
		t.Fatal(err)
	}
	later := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	for section, entities := range sections {
		for _, e := range entities {
			if e["realm"] == "contoso" {
				e["realm"] = emulator.DefaultTenantID
			}
			if section == "AccessToken" {
				e["expires_on"], e["extended_expires_on"] = later, later
				e["cached_at"] = strconv.FormatInt(time.Now().Unix(), 10)
			}
		}
	}
	out, err := json.Marshal(sections)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// read is a cache of ours with the content of the file, and an emulator for
// what the cache cannot answer. No request is a violation: a refresh token
// from nowhere is only unknown.
func (f cacheFile) read(t *testing.T) (msal.Options, *emulator.Emulator) {
	t.Helper()
	cache := msal.NewTokenCache(msal.CacheOptions{})
	if err := cache.Unmarshal(f.fresh(t)); err != nil {
		t.Fatal(err)
	}
	cfg := emulator.Defaults()
	cfg.SigningKey = appKey()
	cfg.Tenants = append(cfg.Tenants, emulator.Tenant{ID: azureTenant, Name: "Azure"})
	emu, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return msal.Options{Authority: f.authority, InstanceDiscovery: msal.InstanceDiscoveryOff, Cache: cache, HTTPClient: emu.Client()}, emu
}

func TestOurClientReadsTheCacheFilesOfOthers(t *testing.T) {
	for _, f := range cacheFiles {
		t.Run(f.name, func(t *testing.T) {
			if f.publicID != "" {
				t.Run("a user's tokens", f.checkUser)
			}
			if f.confidentialID != "" {
				t.Run("the application's token", f.checkApplication)
			}
			if f.publicID == "" && f.confidentialID == "" {
				f.checkEmpty(t)
			}
		})
	}
}

func (f cacheFile) checkUser(t *testing.T) {
	o, emu := f.read(t)
	c, err := msal.NewPublicClient(f.publicID, o)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != f.home || accounts[0].Username != "user@contoso.test" {
		t.Fatalf("the accounts are %+v, %v", accounts, err)
	}
	if f.scope != "" {
		res, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{f.scope}, Account: accounts[0]})
		if err != nil || res.Source != msal.FromCache {
			t.Errorf("the access token: %v, %v", res, err)
		}
		if len(emu.Requests(emulator.EndpointToken)) != 0 {
			t.Error("a token that is in the file was asked for")
		}
	}
	if _, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"api://other/Read"}, Account: accounts[0]}); err == nil {
		t.Error("the emulator took a refresh token that it does not know")
	}
	requests := emu.Requests(emulator.EndpointToken)
	if len(requests) != 1 || !requests[0].Sent("refresh_token", f.refreshToken) {
		t.Errorf("the refresh token was not used: %v", requests)
	}
}

func (f cacheFile) checkApplication(t *testing.T) {
	o, emu := f.read(t)
	c, err := msal.NewConfidentialClient(f.confidentialID, msal.Secret("never sent"), o)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{appScope}})
	if err != nil || res.Source != msal.FromCache {
		t.Errorf("the access token: %v, %v", res, err)
	}
	// The files of Python and Node have a token on behalf of a user for this
	// scope. It is not the application's.
	if res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{"api://down/.default"}}); err == nil {
		t.Errorf("a user's token became the application's: %v", res)
	}
	if n := len(emu.Requests(emulator.EndpointToken)); n != 1 {
		t.Errorf("%d token requests, want the one for the other scope", n)
	}
}

func (f cacheFile) checkEmpty(t *testing.T) {
	o, _ := f.read(t)
	c, err := msal.NewPublicClient(emulator.DesktopClientID, o)
	if err != nil {
		t.Fatal(err)
	}
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 0 {
		t.Errorf("the accounts are %+v, %v", accounts, err)
	}
}

// What others wrote and we hand on is still good for MSAL Go, and nothing of it
// is lost.
func TestMSALGoReadsTheCacheFilesOfOthersFromUs(t *testing.T) {
	for _, f := range cacheFiles {
		if f.publicID == "" {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			o, emu := f.read(t)
			data, err := o.Cache.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			checkNothingLost(t, f.fresh(t), data)
			c, err := public.New(f.publicID, public.WithAuthority(f.authority), public.WithInstanceDiscovery(false),
				public.WithHTTPClient(emu.Client()), public.WithCache(&sharedFile{data: data}))
			if err != nil {
				t.Fatal(err)
			}
			accounts, err := c.Accounts(t.Context())
			if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != f.home {
				t.Fatalf("the accounts are %+v, %v", accounts, err)
			}
			if f.scope == "" {
				return
			}
			res, err := c.AcquireTokenSilent(t.Context(), []string{f.scope}, public.WithSilentAccount(accounts[0]))
			if err != nil || res.Metadata.TokenSource != public.TokenSourceCache {
				t.Errorf("the access token: %v", err)
			}
		})
	}
}

// checkNothingLost compares the entities of two files by their fields; tokens
// on behalf of users are left out on purpose.
func checkNothingLost(t *testing.T, before, after []byte) {
	t.Helper()
	var want, got map[string]map[string]map[string]any
	if err := json.Unmarshal(before, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(after, &got); err != nil {
		t.Fatal(err)
	}
	for section, entities := range want {
		for _, e := range entities {
			if _, onBehalf := e["userAssertionHash"]; !onBehalf && !holds(got[section], e) {
				t.Errorf("%s lost the entity of %v (target %q), or a field of it", section, e["client_id"], e["target"])
			}
		}
	}
}

func holds(section map[string]map[string]any, want map[string]any) bool {
	for _, e := range section {
		all := true
		for field, value := range want {
			all = all && (reflect.DeepEqual(e[field], value) || empty(e[field]) && empty(value))
		}
		if all {
			return true
		}
	}
	return false
}

// empty holds for the three ways in which the family says that there is none.
func empty(v any) bool { return v == nil || v == "" }

func TestMSALGoGoesOnWithTheCacheOfOurClient(t *testing.T) {
	p := startPlatform(t, msalGo)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	first, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{Authority: tenantURL, HTTPClient: p.client, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	res := p.signIn(t, first, alice)
	data, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	file := &sharedFile{data: data}
	second := p.msalGoPublic(t, emulator.DesktopClientID, public.WithCache(file))
	accounts, err := second.Accounts(t.Context())
	if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != res.Account.HomeAccountID || accounts[0].PreferredUsername != alice {
		t.Fatalf("MSAL Go reads the accounts %+v, %v", accounts, err)
	}
	hit, err := second.AcquireTokenSilent(t.Context(), []string{emulator.TasksReadScope}, public.WithSilentAccount(accounts[0]))
	if err != nil || hit.AccessToken != res.AccessToken || hit.Metadata.TokenSource != public.TokenSourceCache {
		t.Errorf("MSAL Go does not find our access token: %v", err)
	}
	refreshed, err := second.AcquireTokenSilent(t.Context(), []string{"User.Read"}, public.WithSilentAccount(accounts[0]))
	if err != nil || refreshed.Metadata.TokenSource != public.TokenSourceIdentityProvider {
		t.Errorf("MSAL Go does not use our refresh token: %v", err)
	}

	// And back: both tokens are ours again, until MSAL Go signs out.
	if err := cache.Unmarshal(file.data); err != nil {
		t.Fatal(err)
	}
	for scope, token := range map[string]string{emulator.TasksReadScope: res.AccessToken, "User.Read": refreshed.AccessToken} {
		if hit, err := first.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{scope}, Account: res.Account}); err != nil || hit.AccessToken != token {
			t.Errorf("for %s we find %v, %v", scope, hit, err)
		}
	}
	if err := second.RemoveAccount(t.Context(), accounts[0]); err != nil {
		t.Fatal(err)
	}
	if err := cache.Unmarshal(file.data); err != nil {
		t.Fatal(err)
	}
	if left, err := first.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(left) != 0 {
		t.Errorf("MSAL Go signed out, and we still find %+v, %v", left, err)
	}
}

func TestOurClientGoesOnWithTheCacheOfMSALGo(t *testing.T) {
	p := startPlatform(t, msalGo)
	file := new(sharedFile)
	first := p.msalGoPublic(t, emulator.DesktopClientID, public.WithCache(file))
	robot := p.person(alice)
	res, err := first.AcquireTokenInteractive(t.Context(), []string{emulator.TasksReadScope},
		public.WithOpenURL(func(address string) error { return robot.Open(t.Context(), address) }))
	if err != nil {
		t.Fatal(err)
	}
	cache := msal.NewTokenCache(msal.CacheOptions{})
	if err := cache.Unmarshal(file.data); err != nil {
		t.Fatal(err)
	}
	second, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{Authority: tenantURL, HTTPClient: &http.Client{Transport: p.client.Transport}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := second.Accounts(t.Context(), msal.AccountsRequest{Username: alice})
	if err != nil || len(accounts) != 1 || accounts[0].HomeAccountID != res.Account.HomeAccountID {
		t.Fatalf("we read the accounts %+v, %v", accounts, err)
	}
	hit, err := second.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: accounts[0]})
	if err != nil || hit.AccessToken != res.AccessToken || hit.Source != msal.FromCache {
		t.Errorf("we do not find its access token: %v, %v", hit, err)
	}
	refreshed, err := second.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"User.Read"}, Account: accounts[0]})
	if err != nil || refreshed.Source != msal.FromIdentityProvider {
		t.Errorf("we do not use its refresh token: %v, %v", refreshed, err)
	}
	if err := second.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: accounts[0]}); err != nil {
		t.Fatal(err)
	}
	if file.data, err = cache.Marshal(); err != nil {
		t.Fatal(err)
	}
	if left, err := first.Accounts(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("we signed out, and MSAL Go still finds %+v, %v", left, err)
	}
}
