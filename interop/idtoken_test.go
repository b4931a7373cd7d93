package interop

import (
	"context"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// go-oidc is an independent reading of OpenID Connect: it discovers the
// emulator, fetches its keys and judges its ID tokens.

const issuer = tenantURL + "/v2.0"

// relyingParty is a web application built on go-oidc and x/oauth2.
func (p *platform) relyingParty(t *testing.T) (context.Context, *oidc.Provider, oauth2.Config) {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), p.client)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, provider, oauth2.Config{
		ClientID: emulator.WebClientID, ClientSecret: emulator.WebSecret, RedirectURL: "https://web.contoso.test/callback",
		Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess, emulator.TasksReadScope},
	}
}

func TestGoOIDCSignsInAtTheEmulator(t *testing.T) {
	p := startPlatform(t, goOIDC)
	ctx, provider, web := p.relyingParty(t)
	verifier := oauth2.GenerateVerifier()
	address := web.AuthCodeURL("st&te", oidc.Nonce("n0nce"), oauth2.S256ChallengeOption(verifier))
	answer, err := p.person(alice).Visit(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.Values.Get("state"); got != "st&te" {
		t.Errorf("got the state %q", got)
	}
	token, err := web.Exchange(ctx, answer.Values.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		t.Fatal("there is no ID token")
	}
	idToken, err := provider.Verifier(&oidc.Config{ClientID: emulator.WebClientID}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		TenantID string `json:"tid"`
		Username string `json:"preferred_username"`
		ObjectID string `json:"oid"`
	}
	if err := idToken.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if idToken.Nonce != "n0nce" || idToken.Issuer != issuer || claims.Username != alice || claims.TenantID != emulator.DefaultTenantID || claims.ObjectID == "" {
		t.Errorf("the ID token is by %q with nonce %q and says %+v", idToken.Issuer, idToken.Nonce, claims)
	}
	refreshed, err := web.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil || refreshed.AccessToken == token.AccessToken {
		t.Errorf("by the refresh token: %v", err)
	}
}

// What our client hands out is the same token, so go-oidc has to agree with
// our own checks.
func TestGoOIDCVerifiesTheIDTokensOfOurClient(t *testing.T) {
	p := startPlatform(t, ours)
	ctx, provider, _ := p.relyingParty(t)
	res := p.signIn(t, p.public(t), alice)
	verifier := provider.Verifier(&oidc.Config{ClientID: emulator.DesktopClientID})
	idToken, err := verifier.Verify(ctx, res.IDToken)
	if err != nil {
		t.Fatal(err)
	}
	if idToken.Subject != res.IDTokenClaims["sub"] || idToken.Nonce == "" || idToken.Nonce != res.IDTokenClaims["nonce"] {
		t.Errorf("go-oidc reads subject %q and nonce %q, we read %q and %q", idToken.Subject, idToken.Nonce, res.IDTokenClaims["sub"], res.IDTokenClaims["nonce"])
	}
	t.Run("also after the keys were rotated", func(t *testing.T) {
		if err := p.RotateKeys(); err != nil {
			t.Fatal(err)
		}
		next := p.signIn(t, p.public(t), bob)
		for who, raw := range map[string]string{"before": res.IDToken, "after": next.IDToken} {
			if _, err := verifier.Verify(ctx, raw); err != nil {
				t.Errorf("the token from %s the rotation: %v", who, err)
			}
		}
	})
}

// A verifier that accepts everything proves nothing.
func TestGoOIDCRefusesWrongIDTokensOfTheEmulator(t *testing.T) {
	for name, tamper := range map[string]emulator.Tamper{
		"issuer":    {Issuer: "https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222/v2.0"},
		"audience":  {Audience: emulator.DesktopClientID},
		"signature": {BadSignature: true},
		"key":       {KeyID: "unknown"},
		"algorithm": {Algorithm: "HS256"},
		"expiry":    {Claims: map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPlatform(t, goOIDC)
			ctx, provider, web := p.relyingParty(t)
			answer, err := p.person(alice).Visit(ctx, web.AuthCodeURL("state", oidc.Nonce("nonce")))
			if err != nil {
				t.Fatal(err)
			}
			p.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Tamper: tamper})
			token, err := web.Exchange(ctx, answer.Values.Get("code"))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := token.Extra("id_token").(string)
			if _, err := provider.Verifier(&oidc.Config{ClientID: emulator.WebClientID}).Verify(ctx, raw); err == nil {
				t.Error("go-oidc accepts it")
			}
		})
	}
}

// signIn signs a person in with our client and the robot.
func (p *platform) signIn(t *testing.T, c *msal.PublicClient, upn string) msal.Result {
	t.Helper()
	res, err := c.AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{
		Scopes: []string{emulator.TasksReadScope}, Timeout: patience, OpenURL: p.person(upn).Open,
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// public is our client for the desktop application.
func (p *platform) public(t *testing.T) *msal.PublicClient {
	t.Helper()
	c, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{Authority: tenantURL, HTTPClient: p.client})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
