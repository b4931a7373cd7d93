//go:build linux

package interop

import (
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	azcache "github.com/Azure/azure-sdk-for-go/sdk/azidentity/cache"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
	"github.com/msal-go/msal/keyring"
)

// azidentity's persistent cache, as it is released, and ours over the same file,
// with the same key of the kernel's.

// azidentityCache opens a cache that no other test has, from both sides. It goes
// when the test ends, but for its key, which goes with the machine.
func azidentityCache(t *testing.T) (theirs azidentity.Cache, ours *msal.TokenCache) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("azidentity's file is Linux's")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	name := "msal-test-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	theirs, err := azcache.New(&azcache.Options{Name: name})
	if err != nil {
		missing(t, "the kernel's keyring", err)
	}
	store, err := keyring.Azidentity(keyring.AzidentityOptions{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return theirs, msal.NewTokenCache(msal.CacheOptions{Store: store})
}

// deviceCredential is azidentity's, of a program that is started anew. Without a
// record it asks the person.
func (p *platform) deviceCredential(t *testing.T, c azidentity.Cache, record azidentity.AuthenticationRecord) *azidentity.DeviceCodeCredential {
	t.Helper()
	cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: p.azcore(), TenantID: emulator.DefaultTenantID, ClientID: emulator.DeviceClientID, Cache: c,
		AuthenticationRecord: record, DisableAutomaticAuthentication: record != azidentity.AuthenticationRecord{},
		UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error {
			return p.person(alice).ApproveDevice(ctx, m.VerificationURL, m.UserCode)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func (p *platform) deviceClient(t *testing.T, c *msal.TokenCache) *msal.PublicClient {
	t.Helper()
	app, err := msal.NewPublicClient(emulator.DeviceClientID, msal.Options{Authority: tenantURL, HTTPClient: p.client, Cache: c})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func TestWeUseWhatAzidentityHasStored(t *testing.T) {
	p := startPlatform(t, msalGo)
	theirs, ours := azidentityCache(t)
	token, err := p.deviceCredential(t, theirs, azidentity.AuthenticationRecord{}).GetToken(t.Context(), ofThePerson)
	if err != nil {
		t.Fatal(err)
	}
	app := p.deviceClient(t, ours)
	accounts, err := app.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	before := len(p.Requests(emulator.EndpointToken))
	res, err := app.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: ofThePerson.Scopes, Account: accounts[0]})
	if err != nil {
		t.Fatal(err)
	}
	if res.AccessToken != token.Token || len(p.Requests(emulator.EndpointToken)) != before {
		t.Error("azidentity's token was not used")
	}
	if _, err := app.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"User.Read"}, Account: accounts[0]}); err != nil {
		t.Errorf("azidentity's refresh token: %v", err)
	}
}

func TestAzidentityUsesWhatWeHaveStored(t *testing.T) {
	p := startPlatform(t, msalGo)
	theirs, ours := azidentityCache(t)
	// azidentity keeps who is signed in apart from its cache, in a record.
	record, err := p.deviceCredential(t, theirs, azidentity.AuthenticationRecord{}).Authenticate(t.Context(), &ofThePerson)
	if err != nil {
		t.Fatal(err)
	}
	app := p.deviceClient(t, ours)
	accounts, err := app.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 {
		t.Fatalf("%d accounts, %v", len(accounts), err)
	}
	res, err := app.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"User.Read"}, Account: accounts[0]})
	if err != nil {
		t.Fatal(err)
	}
	before := len(p.Requests(emulator.EndpointToken))
	token, err := p.deviceCredential(t, theirs, record).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"User.Read"}})
	if err != nil {
		t.Fatal(err)
	}
	if token.Token != res.AccessToken || len(p.Requests(emulator.EndpointToken)) != before {
		t.Error("azidentity did not use our token")
	}
	if err := app.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: accounts[0]}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.deviceCredential(t, theirs, record).GetToken(t.Context(), ofThePerson); err == nil {
		t.Error("azidentity has a token of an account that was removed")
	}
}
