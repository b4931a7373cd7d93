package msal_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// agent is a client that proves itself by tokens of its blueprint.
func (w *world) agent(t *testing.T, change ...func(*msal.Options)) *msal.ConfidentialClient {
	t.Helper()
	blueprint := w.blueprint(t)
	c, err := msal.NewConfidentialClient(emulator.AgentClientID, msal.AssertionFunc(func(ctx context.Context, r msal.AssertionRequest) (string, error) {
		res, err := blueprint.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: r.ClientID})
		return res.AccessToken, err
	}), w.options(change...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// agentUser is an agent with what it needs to act as alice.
func (w *world) agentUser(t *testing.T, change ...func(*msal.Options)) (*msal.ConfidentialClient, msal.UserFederatedIdentityCredentialRequest) {
	t.Helper()
	c := w.agent(t, change...)
	res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes})
	if err != nil {
		t.Fatal(err)
	}
	return c, msal.UserFederatedIdentityCredentialRequest{
		Scopes: []string{emulator.TasksReadScope}, Assertion: msal.Secret(res.AccessToken), Username: alice,
	}
}

func TestAgentActsAsItsUserAndStaysSignedIn(t *testing.T) {
	w := newWorld(t)
	c, request := w.agentUser(t)
	request.CorrelationID = "5f1b2c3d-0000-4000-8000-00000000abcd"
	res, err := c.AcquireTokenByUserFederatedIdentityCredential(t.Context(), request)
	if err != nil || res.Source != msal.FromIdentityProvider {
		t.Fatalf("got %v, %v", res, err)
	}
	if res.Account.Username != alice || res.Account.AccountSource != "user_fic" || res.CorrelationID != request.CorrelationID {
		t.Errorf("got account %+v", res.Account)
	}
	x := w.last(t)
	if x.Grant != "user_fic" || !x.Sent("user_federated_identity_credential", string(request.Assertion)) || x.Form.Get("username") != alice ||
		x.Form.Has("user_id") || x.Form.Get("client_info") != "1" || x.Form.Get("scope") != emulator.TasksReadScope+" offline_access openid profile" {
		t.Errorf("sent %v", x.Form)
	}
	if got := x.Header.Get("X-AnchorMailbox"); got != "upn:"+alice {
		t.Errorf("X-AnchorMailbox is %q", got)
	}
	w.wantTelemetry(t, "4|950,0|", "4|0|||")
	accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 || accounts[0] != res.Account {
		t.Fatalf("got accounts %+v, %v", accounts, err)
	}
	if hit, err := c.AcquireTokenSilent(t.Context(), silent(accounts[0])); err != nil || hit.AccessToken != res.AccessToken {
		t.Errorf("from the cache: %v, %v", hit, err)
	}
	again := silent(accounts[0])
	again.ForceRefresh = true
	if fresh, err := c.AcquireTokenSilent(t.Context(), again); err != nil || fresh.Source != msal.FromIdentityProvider || w.last(t).Grant != "refresh_token" {
		t.Errorf("by the refresh token: %v, %v", fresh, err)
	}
}

func TestAgentNamesItsUserByObjectID(t *testing.T) {
	w := newWorld(t)
	c, request := w.agentUser(t)
	first, err := c.AcquireTokenByUserFederatedIdentityCredential(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	request.Username, request.UserObjectID = "", first.Account.LocalAccountID
	res, err := c.AcquireTokenByUserFederatedIdentityCredential(t.Context(), request)
	if err != nil || res.Account != first.Account {
		t.Fatalf("got %+v, %v", res.Account, err)
	}
	x := w.last(t)
	if x.Form.Get("user_id") != request.UserObjectID || x.Form.Has("username") {
		t.Errorf("sent %v", x.Form)
	}
	if got, want := x.Header.Get("X-AnchorMailbox"), "Oid:"+request.UserObjectID+"@"+emulator.DefaultTenantID; got != want {
		t.Errorf("X-AnchorMailbox is %q, want %q", got, want)
	}
}

func TestUnusableUserFederatedIdentityCredentials(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*msal.UserFederatedIdentityCredentialRequest)
		want   error
		hint   string
		sent   bool
	}{
		{"no assertion", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Assertion = "" }, msal.ErrConfiguration, "give the application's token", false},
		{"nobody", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Username = "" }, msal.ErrConfiguration, "say who is to be signed in", false},
		{"two names", func(r *msal.UserFederatedIdentityCredentialRequest) { r.UserObjectID = "id" }, msal.ErrConfiguration, "give one of them", false},
		{"a reserved scope", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Scopes = []string{"openid"} }, msal.ErrConfiguration, "reserved scopes", false},
		{"claims that are no JSON", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Claims = planted }, msal.ErrConfiguration, "", false},
		{"a made-up assertion", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Assertion = planted }, msal.ErrInteractionRequired, "AADSTS50013", true},
		{"somebody unknown", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Username = "nobody@contoso.test" }, msal.ErrInteractionRequired, "AADSTS50034", true},
		{"a disabled account", func(r *msal.UserFederatedIdentityCredentialRequest) { r.Username = "carol@contoso.test" }, msal.ErrInteractionRequired, "AADSTS50057", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			_, request := w.agentUser(t)
			cache, unchanged := newCache(t)
			c := w.agent(t, shared(cache))
			before := w.wire.tokens()
			tt.change(&request)
			res, err := c.AcquireTokenByUserFederatedIdentityCredential(t.Context(), request)
			wantError(t, err, tt.want)
			wantHint(t, err, tt.hint)
			if !res.IsZero() {
				t.Error("there is a token")
			}
			unchanged()
			if sent := w.wire.tokens() > before; sent != tt.sent {
				t.Errorf("a token was asked for: %v", sent)
			}
		})
	}
}

// An agent has no credential of its own: it proves itself by a token that its
// blueprint gets for it, and acts as a user by a token of its own.
func ExampleConfidentialClient_AcquireTokenByUserFederatedIdentityCredential() {
	_, client := platform()
	ctx := context.Background()
	options := msal.Options{Authority: "https://login.microsoftonline.com/" + emulator.DefaultTenantID, HTTPClient: client}
	exchange := []string{"api://AzureADTokenExchange/.default"}

	blueprint, err := msal.NewConfidentialClient(emulator.BlueprintClientID, msal.Secret(emulator.BlueprintSecret), options)
	if err != nil {
		log.Fatal(err)
	}
	assertion := msal.AssertionFunc(func(ctx context.Context, r msal.AssertionRequest) (string, error) {
		t1, err := blueprint.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: exchange, FMIPath: r.ClientID})
		return t1.AccessToken, err
	})
	agent, err := msal.NewConfidentialClient(emulator.AgentClientID, assertion, options)
	if err != nil {
		log.Fatal(err)
	}
	t2, err := agent.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: exchange})
	if err != nil {
		log.Fatal(err)
	}
	res, err := agent.AcquireTokenByUserFederatedIdentityCredential(ctx, msal.UserFederatedIdentityCredentialRequest{
		Scopes:    []string{"api://tasks/Tasks.Read"},
		Assertion: msal.Secret(t2.AccessToken),
		Username:  "alice@contoso.test",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("as", res.Account.Username)

	res, err = agent.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: []string{"api://tasks/Tasks.Read"}, Account: res.Account})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("again from", res.Source)
	// Output:
	// as alice@contoso.test
	// again from cache
}
