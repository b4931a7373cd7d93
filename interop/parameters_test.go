package interop

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// MSAL Go with FMI paths, attributes and user federated identity credentials.

var exchangeScopes = []string{"api://AzureADTokenExchange/.default"}

func (p *platform) msalGoBlueprint(t *testing.T, options ...confidential.Option) confidential.Client {
	t.Helper()
	cred, err := confidential.NewCredFromSecret(emulator.BlueprintSecret)
	if err != nil {
		t.Fatal(err)
	}
	return p.msalGoConfidential(t, emulator.BlueprintClientID, cred, options...)
}

func (p *platform) ourBlueprint(t *testing.T, cache *msal.TokenCache) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(emulator.BlueprintClientID, msal.Secret(emulator.BlueprintSecret),
		msal.Options{Authority: tenantURL, HTTPClient: p.client, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMSALGoActsAsAUserByAFederatedIdentityCredential(t *testing.T) {
	p := startPlatform(t, msalGo)
	ctx := t.Context()
	blueprint := p.msalGoBlueprint(t)
	agent := p.msalGoConfidential(t, emulator.AgentClientID, confidential.NewCredFromAssertionCallback(
		func(ctx context.Context, o confidential.AssertionRequestOptions) (string, error) {
			res, err := blueprint.AcquireTokenByCredential(ctx, exchangeScopes, confidential.WithFMIPath(o.ClientID))
			return res.AccessToken, err
		}))
	t2, err := agent.AcquireTokenByCredential(ctx, exchangeScopes)
	if err != nil {
		t.Fatal(err)
	}
	scopes := []string{emulator.TasksReadScope}
	res, err := agent.AcquireTokenByUserFederatedIdentityCredential(ctx, scopes, t2.AccessToken, confidential.WithUserFICUsername(alice))
	if err != nil {
		t.Fatal(err)
	}
	if res.Account.PreferredUsername != alice {
		t.Errorf("got the account %+v", res.Account)
	}
	hit, err := agent.AcquireTokenSilent(ctx, scopes, confidential.WithSilentAccount(res.Account))
	if err != nil || hit.AccessToken != res.AccessToken || hit.Metadata.TokenSource != confidential.TokenSourceCache {
		t.Errorf("from the cache: %v", err)
	}
	byID, err := agent.AcquireTokenByUserFederatedIdentityCredential(ctx, scopes, t2.AccessToken, confidential.WithUserObjectID(res.Account.LocalAccountID))
	if err != nil || byID.Account.HomeAccountID != res.Account.HomeAccountID {
		t.Errorf("by object id: %v", err)
	}
}

// MSAL Go sends the same as we do, but for what it always sends in another way.
func TestUserFederatedIdentityCredentialsGoOnTheWireAsMSALGoHasThem(t *testing.T) {
	p := startPlatform(t, msalGo)
	ctx, scopes := t.Context(), []string{emulator.TasksReadScope}
	exchange := func(send func(t2 string)) emulator.Exchange {
		t1, err := p.msalGoBlueprint(t).AcquireTokenByCredential(ctx, exchangeScopes, confidential.WithFMIPath(emulator.AgentClientID))
		if err != nil {
			t.Fatal(err)
		}
		agent, err := msal.NewConfidentialClient(emulator.AgentClientID, msal.Assertion(t1.AccessToken), msal.Options{Authority: tenantURL, HTTPClient: p.client})
		if err != nil {
			t.Fatal(err)
		}
		t2, err := agent.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: exchangeScopes})
		if err != nil {
			t.Fatal(err)
		}
		send(t2.AccessToken)
		all := p.Requests(emulator.EndpointToken)
		return all[len(all)-1]
	}
	assertion := func(ctx context.Context, o confidential.AssertionRequestOptions) (string, error) {
		res, err := p.ourBlueprint(t, nil).AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: exchangeScopes, FMIPath: o.ClientID})
		return res.AccessToken, err
	}
	theirs := exchange(func(t2 string) {
		c := p.msalGoConfidential(t, emulator.AgentClientID, confidential.NewCredFromAssertionCallback(assertion))
		if _, err := c.AcquireTokenByUserFederatedIdentityCredential(ctx, scopes, t2, confidential.WithUserFICUsername(alice)); err != nil {
			t.Fatal(err)
		}
	})
	ours := exchange(func(t2 string) {
		prove := msal.AssertionFunc(func(ctx context.Context, r msal.AssertionRequest) (string, error) {
			return assertion(ctx, confidential.AssertionRequestOptions{ClientID: r.ClientID})
		})
		c, err := msal.NewConfidentialClient(emulator.AgentClientID, prove, msal.Options{Authority: tenantURL, HTTPClient: p.client})
		if err != nil {
			t.Fatal(err)
		}
		request := msal.UserFederatedIdentityCredentialRequest{Scopes: scopes, Assertion: msal.Secret(t2), Username: alice}
		if _, err := c.AcquireTokenByUserFederatedIdentityCredential(ctx, request); err != nil {
			t.Fatal(err)
		}
	})
	for name := range ours.Form {
		if !theirs.Form.Has(name) {
			t.Errorf("MSAL Go does not send %s", name)
		}
	}
	for name := range theirs.Form {
		if !ours.Form.Has(name) {
			t.Errorf("we do not send %s", name)
		}
	}
	if a, b := theirs.Header.Get("X-AnchorMailbox"), ours.Header.Get("X-AnchorMailbox"); b != "upn:"+alice || a != "" && a != b {
		t.Errorf("X-AnchorMailbox is %q of theirs and %q of ours", a, b)
	}
}

// extended is what sets a token apart in one library and in the other.
var extended = []struct {
	name   string
	theirs []confidential.AcquireByCredentialOption
	ours   msal.ForClientRequest
}{
	{"nothing", nil, msal.ForClientRequest{}},
	{"an FMI path", []confidential.AcquireByCredentialOption{confidential.WithFMIPath("SomeFmiPath/FmiCredentialPath")},
		msal.ForClientRequest{FMIPath: "SomeFmiPath/FmiCredentialPath"}},
	{"another FMI path", []confidential.AcquireByCredentialOption{confidential.WithFMIPath("other")}, msal.ForClientRequest{FMIPath: "other"}},
	{"an attribute", []confidential.AcquireByCredentialOption{confidential.WithAttribute("a=b")},
		msal.ForClientRequest{ExtraParameters: map[string]string{"attributes": "a=b"}}},
	{"both", []confidential.AcquireByCredentialOption{confidential.WithFMIPath("other"), confidential.WithAttribute("a=b")},
		msal.ForClientRequest{FMIPath: "other", ExtraParameters: map[string]string{"attributes": "a=b"}}},
}

func TestOurClientReadsTheExtendedKeysOfMSALGo(t *testing.T) {
	p := startPlatform(t, msalGo)
	file := &sharedFile{}
	theirs := p.msalGoBlueprint(t, confidential.WithCache(file))
	tokens := map[string]string{}
	for _, e := range extended {
		res, err := theirs.AcquireTokenByCredential(t.Context(), exchangeScopes, e.theirs...)
		if err != nil || res.Metadata.TokenSource != confidential.TokenSourceIdentityProvider {
			t.Fatalf("%s: from %v, %v", e.name, res.Metadata.TokenSource, err)
		}
		tokens[e.name] = res.AccessToken
	}
	cache := msal.NewTokenCache(msal.CacheOptions{})
	if err := cache.Unmarshal(file.data); err != nil {
		t.Fatal(err)
	}
	c := p.ourBlueprint(t, cache)
	for _, e := range extended {
		e.ours.Scopes = exchangeScopes
		res, err := c.AcquireTokenForClient(t.Context(), e.ours)
		if err != nil || res.Source != msal.FromCache || res.AccessToken != tokens[e.name] {
			t.Errorf("%s: from %s, %v; want MSAL Go's token", e.name, res.Source, err)
		}
	}
	if err := c.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
		t.Fatal(err)
	}
	left, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(accessTokensIn(t, left)); n != 0 {
		t.Errorf("%d of MSAL Go's tokens are left", n)
	}
}

// MSAL Go 1.10 computes another extended key than MSAL Python, whose key we
// write. It must not take our tokens for others, nor lose them.
func TestMSALGoKeepsOurExtendedKeysApart(t *testing.T) {
	p := startPlatform(t, msalGo)
	cache := msal.NewTokenCache(msal.CacheOptions{})
	c := p.ourBlueprint(t, cache)
	ours := map[string]string{}
	for _, e := range extended {
		e.ours.Scopes = exchangeScopes
		res, err := c.AcquireTokenForClient(t.Context(), e.ours)
		if err != nil {
			t.Fatal(err)
		}
		ours[e.name] = res.AccessToken
	}
	data, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	file := &sharedFile{data: data}
	theirs := p.msalGoBlueprint(t, confidential.WithCache(file))
	for _, e := range extended {
		res, err := theirs.AcquireTokenByCredential(t.Context(), exchangeScopes, e.theirs...)
		if err != nil || (res.AccessToken == ours[e.name]) != (e.theirs == nil) {
			t.Errorf("%s: from %v, %v", e.name, res.Metadata.TokenSource, err)
		}
		for name, token := range ours {
			if name != e.name && res.AccessToken == token {
				t.Errorf("asked for %s, MSAL Go took the token of %s", e.name, name)
			}
		}
	}
	back := msal.NewTokenCache(msal.CacheOptions{})
	if err := back.Unmarshal(file.data); err != nil {
		t.Fatal(err)
	}
	again := p.ourBlueprint(t, back)
	for _, e := range extended {
		e.ours.Scopes = exchangeScopes
		res, err := again.AcquireTokenForClient(t.Context(), e.ours)
		if err != nil || res.Source != msal.FromCache || res.AccessToken != ours[e.name] {
			t.Errorf("%s: from %s, %v; want our own token, which MSAL Go has written back", e.name, res.Source, err)
		}
	}
}

func accessTokensIn(t *testing.T, file []byte) map[string]json.RawMessage {
	t.Helper()
	var content struct{ AccessToken map[string]json.RawMessage }
	if err := json.Unmarshal(file, &content); err != nil {
		t.Fatal(err)
	}
	return content.AccessToken
}

// popScheme is proof of possession as MSAL Go lets programs write it.
type popScheme string

func (s popScheme) TokenRequestParams() map[string]string              { return popParameters(string(s), false) }
func (s popScheme) KeyID() string                                      { return string(s) }
func (popScheme) FormatAccessToken(accessToken string) (string, error) { return accessToken, nil }
func (popScheme) AccessTokenType() string                              { return "pop" }

// popParameters ask for a token that is bound to a key. MSAL Go keeps the key's
// name to itself, MSAL Python sends it.
func popParameters(keyID string, named bool) map[string]string {
	cnf := base64.RawURLEncoding.EncodeToString([]byte(`{"kid":"` + keyID + `"}`))
	out := map[string]string{"token_type": "pop", "req_cnf": cnf}
	if named {
		out["key_id"] = keyID
	}
	return out
}

func TestOurClientTellsTheBoundTokensOfMSALGoFromOthers(t *testing.T) {
	p := startPlatform(t, msalGo)
	file := &sharedFile{}
	theirs := p.msalGoBlueprint(t, confidential.WithCache(file))
	bound, err := theirs.AcquireTokenByCredential(t.Context(), exchangeScopes, confidential.WithAuthenticationScheme(popScheme("k1")))
	if err != nil {
		t.Fatal(err)
	}
	cache := msal.NewTokenCache(msal.CacheOptions{})
	if err := cache.Unmarshal(file.data); err != nil {
		t.Fatal(err)
	}
	c := p.ourBlueprint(t, cache)
	for _, tt := range []struct {
		params map[string]string
		source msal.ResultSource
	}{
		{popParameters("k1", true), msal.FromCache},
		{nil, msal.FromIdentityProvider},
		{popParameters("k2", true), msal.FromIdentityProvider},
	} {
		res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: exchangeScopes, ExtraParameters: tt.params})
		if err != nil || res.Source != tt.source || (res.AccessToken == bound.AccessToken) != (tt.source == msal.FromCache) {
			t.Errorf("%v: got %v, %v; want it from %s", tt.params, res, err, tt.source)
		}
	}
}
