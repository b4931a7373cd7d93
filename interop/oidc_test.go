package interop

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/msal-go/msal"
)

// person is anyone: the provider's development pages accept every name.
const person = "dora"

func (p *provider) public(t *testing.T) *msal.PublicClient {
	t.Helper()
	c, err := msal.NewPublicClient("desktop", msal.Options{OIDCAuthority: p.issuer, HTTPClient: p.client})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *provider) confidential(t *testing.T, id string, credential msal.Credential) *msal.ConfidentialClient {
	t.Helper()
	c, err := msal.NewConfidentialClient(id, credential, msal.Options{OIDCAuthority: p.issuer, HTTPClient: p.client})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *provider) browser(t *testing.T) *browser {
	t.Helper()
	return openBrowser(t, reach{trust: []*x509.Certificate{p.cert}})
}

// signIn fills the provider's two pages in: who are you, and do you agree.
func (p *provider) signIn(b *browser) {
	b.t.Helper()
	b.fill(`input[name=login]`, person)
	b.fill(`input[name=password]`, "any")
	b.click(`button[type=submit]`)
	b.finds(`input[name=prompt][value=consent]`)
	b.click(`button[type=submit]`)
}

func TestOurClientSignsInAtAnotherProviderInARealBrowser(t *testing.T) {
	p := startProvider(t, webApplication)
	b := p.browser(t)
	c := p.public(t)
	var modes url.Values
	res, err := c.AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{
		Scopes:  []string{"api:read"},
		Timeout: patience,
		OpenURL: func(_ context.Context, address string) error {
			u, err := url.Parse(address)
			if err != nil {
				return err
			}
			modes = u.Query()
			b.visit(address)
			p.signIn(b)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := modes.Get("response_mode"); got != "form_post" {
		t.Errorf("the provider posts answers, but response_mode %q was asked for", got)
	}
	if modes.Get("code_challenge_method") != "S256" || modes.Get("nonce") == "" || modes.Get("state") == "" {
		t.Error("the sign-in had no PKCE, nonce or state")
	}
	b.sees("h1")
	if text := b.text("body"); !strings.Contains(text, "signed in") {
		t.Errorf("the person sees at the end: %q", text)
	}
	if location := eval[string](b, "location.href"); strings.Contains(location, "code=") {
		t.Error("the code stays in the address bar")
	}
	checkPerson(t, p, res)

	hit, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"api:read"}, Account: res.Account})
	if err != nil || hit.Source != msal.FromCache || hit.AccessToken != res.AccessToken {
		t.Errorf("from the cache: %v, %v", hit, err)
	}
	refreshTwice(t, c, res)
	signOut(t, c, res.Account)
}

// checkPerson looks at what a sign-in brought.
func checkPerson(t *testing.T, p *provider, res msal.Result) {
	t.Helper()
	a := res.Account
	if a.HomeAccountID != person || a.Username != person+"@example.test" || a.Environment != strings.TrimPrefix(p.issuer, "https://") {
		t.Errorf("the account is %+v", a)
	}
	if res.IDTokenClaims["iss"] != p.issuer || res.Source != msal.FromIdentityProvider || !slices.Contains(res.Scopes(), "api:read") {
		t.Errorf("got %v with claims %v and scopes %q", res, res.IDTokenClaims, res.Scope)
	}
}

// refreshTwice proves that the rotated refresh token is kept: the provider
// ends the whole grant when it sees one for the second time.
func refreshTwice(t *testing.T, c *msal.PublicClient, first msal.Result) {
	t.Helper()
	last := first.AccessToken
	for range 2 {
		res, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"api:read"}, Account: first.Account, ForceRefresh: true})
		if err != nil {
			t.Fatal(err)
		}
		if res.Source != msal.FromIdentityProvider || res.AccessToken == last {
			t.Errorf("the refresh brought %v, the same as before: %t", res, res.AccessToken == last)
		}
		last = res.AccessToken
	}
}

// signOut removes the account and proves that nothing is left of it.
func signOut(t *testing.T, c *msal.PublicClient, a msal.Account) {
	t.Helper()
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 1 || accounts[0] != a {
		t.Errorf("the accounts are %+v, %v", accounts, err)
	}
	if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: a}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"api:read"}, Account: a}); !errors.Is(err, msal.ErrNoToken) {
		t.Errorf("after signing out: %v", err)
	}
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 0 {
		t.Errorf("after signing out the accounts are %+v, %v", accounts, err)
	}
}

func TestOurClientAcceptsThatAPersonRefusesAtAnotherProvider(t *testing.T) {
	p := startProvider(t, webApplication)
	b := p.browser(t)
	_, err := p.public(t).AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{
		Scopes:  []string{"api:read"},
		Timeout: patience,
		OpenURL: func(_ context.Context, address string) error {
			b.visit(address)
			b.click(`a[href$="/abort"]`)
			return nil
		},
	})
	if !errors.Is(err, msal.ErrDeclined) {
		t.Errorf("got %v", err)
	}
	b.sees("h1")
	if text := b.text("body"); !strings.Contains(text, "access_denied") {
		t.Errorf("the person sees at the end: %q", text)
	}
}

// A token that lives four minutes is due at once, for clients keep five minutes
// clear.
func TestOurClientRefreshesAShortTokenOfAnotherProviderSilently(t *testing.T) {
	p := startProvider(t, webApplication)
	b := p.browser(t)
	c := p.public(t)
	short := []string{"api:short"}
	res, err := c.AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{
		Scopes:  short,
		Timeout: patience,
		OpenURL: func(_ context.Context, address string) error {
			b.visit(address)
			p.signIn(b)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: short, Account: res.Account})
	if err != nil {
		t.Fatal(err)
	}
	if again.Source != msal.FromIdentityProvider || again.AccessToken == res.AccessToken {
		t.Errorf("got %v", again)
	}
}

func TestAnotherProviderIsAskedNotToShowAPage(t *testing.T) {
	p := startProvider(t, webApplication)
	b := p.browser(t)
	_, err := p.public(t).AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{
		Scopes: []string{"api:read"}, Timeout: patience, Prompt: msal.PromptNone,
		OpenURL: func(_ context.Context, address string) error { b.visit(address); return nil },
	})
	if !errors.Is(err, msal.ErrInteractionRequired) {
		t.Errorf("got %v", err)
	}
}

func TestOurClientSignsInByDeviceCodeAtAnotherProvider(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := startProvider(t, webApplication)
	c := p.public(t)
	flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{"api:read"}})
	if err != nil {
		t.Fatal(err)
	}
	if flow.Message == "" || !strings.Contains(flow.Message, flow.UserCode) || flow.VerificationURIComplete == "" {
		t.Errorf("the person is told %q", flow.Message)
	}
	b := p.browser(t)
	b.visit(flow.VerificationURI)
	b.fill(`input[name=user_code]`, flow.UserCode)
	b.click(`button[type=submit]`)
	b.click(`button[autofocus]`)
	p.signIn(b)
	b.finds("h1")
	res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
	if err != nil {
		t.Fatal(err)
	}
	checkPerson(t, p, res)
	refreshTwice(t, c, res)
}

func TestOurClientAcceptsThatADeviceIsRefusedAtAnotherProvider(t *testing.T) {
	t.Parallel() // it waits most of the time
	p := startProvider(t, webApplication)
	c := p.public(t)
	flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{"api:read"}})
	if err != nil {
		t.Fatal(err)
	}
	b := p.browser(t)
	b.visit(flow.VerificationURIComplete)
	b.click(`button[name=abort]`)
	b.finds("h1")
	if _, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow}); !errors.Is(err, msal.ErrDeclined) {
		t.Errorf("got %v", err)
	}
}

func TestOurClientProvesItselfAtAnotherProvider(t *testing.T) {
	p := startProvider(t, webApplication)
	chain := []*x509.Certificate{appCertificate(t)}
	for name, credential := range map[string]struct {
		id    string
		value msal.Credential
	}{
		"by a secret with odd characters":      {"secret", msal.Secret(providerSecret)},
		"by an assertion with PS256":           {"prover-ps256", msal.Certificate{Key: appKey(), Chain: chain}},
		"by an assertion with PS256 and x5c":   {"prover-ps256", msal.Certificate{Key: appKey(), Chain: chain, SendX5C: msal.X5CChain}},
		"by an assertion with RS256 and SHA-1": {"prover-rs256", msal.Certificate{Key: appKey(), Chain: chain, SHA1: true}},
	} {
		t.Run(name, func(t *testing.T) {
			c := p.confidential(t, credential.id, credential.value)
			// Twice, for this provider takes no assertion for the second time.
			for _, scope := range []string{"api:read", "api:write"} {
				res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{scope}})
				if err != nil {
					t.Fatal(err)
				}
				if res.Source != msal.FromIdentityProvider || res.Scope != scope {
					t.Errorf("got %v for %q", res, res.Scope)
				}
			}
			if res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{"api:read"}}); err != nil || res.Source != msal.FromCache {
				t.Errorf("from the cache: %v, %v", res, err)
			}
		})
	}
	t.Run("not by a wrong secret", func(t *testing.T) {
		_, err := p.confidential(t, "secret", msal.Secret("wrong")).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{"api:read"}})
		if !errors.Is(err, msal.ErrConfiguration) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("not by another key", func(t *testing.T) {
		key := newECKey(t)
		cert := sign(t, &x509.Certificate{KeyUsage: x509.KeyUsageDigitalSignature}, nil, key.Public(), key)
		_, err := p.confidential(t, "prover-ps256", msal.Certificate{Key: key, Chain: []*x509.Certificate{cert}}).
			AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{"api:read"}})
		if !errors.Is(err, msal.ErrConfiguration) {
			t.Errorf("got %v", err)
		}
	})
}
