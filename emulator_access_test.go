package msal_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// guarded is the default platform with rules of Conditional Access.
func guarded(policies ...emulator.AccessPolicy) emulator.Config {
	cfg := emulator.Defaults()
	cfg.Tenants[0].Access = policies
	return cfg
}

// methods reads amr of an access token, which only tests do.
func methods(t *testing.T, token string) []string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("the access token is no JWT")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		AMR []string `json:"amr"`
	}
	if err != nil || json.Unmarshal(body, &claims) != nil {
		t.Fatal("the access token cannot be read")
	}
	return claims.AMR
}

// A policy is switched on while a person is signed in: silent calls fail with
// the challenge, and the interactive call that takes it repairs them.
func TestClaimsOfARefusalRepairSilentCalls(t *testing.T) {
	w := newWorld(t)
	c := w.public(t)
	weak, err := c.AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil || slices.Contains(methods(t, weak.AccessToken), "mfa") {
		t.Fatalf("got %v, %v", weak, err)
	}
	if err := w.Emulator().RequireMFA(alice, true); err != nil {
		t.Fatal(err)
	}
	again := silent(weak.Account)
	again.ForceRefresh = true
	_, err = c.AcquireTokenSilent(t.Context(), again)
	wantError(t, err, msal.ErrInteractionRequired)
	refusal := asError(t, err)
	if refusal.SubError != "basic_action" || !slices.Contains(refusal.AADSTS, 50076) || refusal.Claims == "" {
		t.Fatalf("got suberror %q, AADSTS %v, claims %q", refusal.SubError, refusal.AADSTS, refusal.Claims)
	}
	request := interactive(w, alice)
	request.Claims = refusal.Claims
	strong, err := c.AcquireTokenInteractive(t.Context(), request)
	if err != nil || !slices.Contains(methods(t, strong.AccessToken), "mfa") {
		t.Fatalf("after the challenge: %v, %v", strong, err)
	}
	if res, err := c.AcquireTokenSilent(t.Context(), again); err != nil || !slices.Contains(methods(t, res.AccessToken), "mfa") {
		t.Errorf("silently: %v, %v", res, err)
	}
}

// Every suberror arrives, with the decision that callers take.
func TestRefusalsOfAccessPoliciesAskForThePerson(t *testing.T) {
	t.Parallel()
	for require, want := range map[string]struct {
		suberror string
		code     int
		decision error
	}{
		emulator.RequireMFA:                  {"basic_action", 50076, msal.ErrInteractionRequired},
		emulator.RequireCompliantDevice:      {"additional_action", 53000, msal.ErrInteractionRequired},
		emulator.RequireDeviceAuthentication: {"device_authentication_failed", 50155, msal.ErrInteractionRequired},
		emulator.RequireAppProtection:        {"protection_policy_required", 53005, msal.ErrConfiguration},
		emulator.RequireBlock:                {"message_only", 53003, msal.ErrInteractionRequired},
	} {
		t.Run(require, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, guarded(emulator.AccessPolicy{Name: "Graph alone", Resources: []string{"https://graph.microsoft.com"}, Require: require}))
			c := w.public(t)
			res, err := c.AcquireTokenByUsernamePassword(t.Context(), msal.UsernamePasswordRequest{Username: alice, Password: emulator.DefaultPassword, Scopes: []string{emulator.TasksReadScope}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Account: res.Account, Scopes: []string{"User.Read"}})
			wantError(t, err, want.decision)
			if e := asError(t, err); e.SubError != want.suberror || !slices.Contains(e.AADSTS, want.code) || e.Claims == "" {
				t.Errorf("got suberror %q, AADSTS %v, claims %q", e.SubError, e.AADSTS, e.Claims)
			}
		})
	}
}

// An API in the middle passes the challenge of the API behind it on.
func TestChallengeTravelsThroughTheMiddleTier(t *testing.T) {
	w := newWorld(t, guarded(emulator.AccessPolicy{Name: "Graph", Resources: []string{"https://graph.microsoft.com"}, Require: emulator.RequireMFA}))
	desktop, api := w.public(t), w.tasks(t)
	weak, err := desktop.AcquireTokenInteractive(t.Context(), interactive(w, alice))
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: weak.AccessToken, Scopes: graphScopes})
	wantError(t, err, msal.ErrInteractionRequired)
	refusal := asError(t, err)
	if refusal.Code != "interaction_required" || refusal.Claims == "" {
		t.Fatalf("got %q with claims %q", refusal.Code, refusal.Claims)
	}
	request := interactive(w, alice)
	request.Claims = refusal.Claims
	strong, err := desktop.AcquireTokenInteractive(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: strong.AccessToken, Scopes: graphScopes}); err != nil {
		t.Errorf("after the challenge: %v", err)
	}
}

func TestSignInFrequencyEndsSilentCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, guarded(emulator.AccessPolicy{Name: "daily", MaxAge: 24 * time.Hour}))
		c := w.public(t)
		res, err := c.AcquireTokenByUsernamePassword(t.Context(), msal.UsernamePasswordRequest{Username: alice, Password: emulator.DefaultPassword, Scopes: []string{emulator.TasksReadScope}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(23 * time.Hour)
		if _, err := c.AcquireTokenSilent(t.Context(), silent(res.Account)); err != nil {
			t.Errorf("within a day: %v", err)
		}
		time.Sleep(2 * time.Hour)
		_, err = c.AcquireTokenSilent(t.Context(), silent(res.Account))
		wantError(t, err, msal.ErrInteractionRequired)
		if e := asError(t, err); e.SubError != "token_expired" || !slices.Contains(e.AADSTS, 70043) {
			t.Errorf("got suberror %q, AADSTS %v", e.SubError, e.AADSTS)
		}
	})
}

var claimsOfChallenge = regexp.MustCompile(`error="insufficient_claims", claims="([^"]+)"`)

// call asks a resource, and returns the claims of its challenge.
func (w *world) call(t *testing.T, url, token string) (status int, claims string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if m := claimsOfChallenge.FindStringSubmatch(resp.Header.Get("WWW-Authenticate")); m != nil {
		text, err := base64.StdEncoding.DecodeString(m[1])
		if err != nil {
			t.Fatal(err)
		}
		claims = string(text)
	}
	return resp.StatusCode, claims
}

// Tokens that live long are taken back in time, and the claims of the resource
// bring a new one without the person; after a revocation they do not.
func TestContinuousAccessEvaluationWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := emulator.Defaults()
		for i := range cfg.Tenants[0].Apps {
			cfg.Tenants[0].Apps[i].CAE = cfg.Tenants[0].Apps[i].ClientID == emulator.TasksClientID
		}
		w := newWorld(t, cfg)
		c := w.public(t, func(o *msal.Options) { o.ClientCapabilities = []string{"CP1"} })
		res, err := c.AcquireTokenByUsernamePassword(t.Context(), msal.UsernamePasswordRequest{Username: alice, Password: emulator.DefaultPassword, Scopes: []string{emulator.TasksReadScope}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Hour)
		hit, err := c.AcquireTokenSilent(t.Context(), silent(res.Account))
		if err != nil || hit.Source != msal.FromCache {
			t.Fatalf("after 20 hours: %v, %v", hit, err)
		}
		api := emulator.ResourceURL(emulator.TasksClientID)
		if status, _ := w.call(t, api, hit.AccessToken); status != 200 {
			t.Fatalf("the resource answers %d", status)
		}
		if err := w.Emulator().RequireNewTokens(alice); err != nil {
			t.Fatal(err)
		}
		status, claims := w.call(t, api, hit.AccessToken)
		if status != 401 || claims == "" {
			t.Fatalf("the resource answers %d, claims %q", status, claims)
		}
		challenged := silent(res.Account)
		challenged.Claims = claims
		fresh, err := c.AcquireTokenSilent(t.Context(), challenged)
		if err != nil || fresh.AccessToken == hit.AccessToken {
			t.Fatalf("with the claims: %v, %v", fresh, err)
		}
		if status, _ := w.call(t, api, fresh.AccessToken); status != 200 {
			t.Errorf("with the new token the resource answers %d", status)
		}
		if err := w.Emulator().Revoke(alice); err != nil {
			t.Fatal(err)
		}
		if status, claims = w.call(t, api, fresh.AccessToken); status != 401 {
			t.Fatalf("after the revocation the resource answers %d", status)
		}
		challenged.Claims = claims
		_, err = c.AcquireTokenSilent(t.Context(), challenged)
		wantError(t, err, msal.ErrInteractionRequired)
		if e := asError(t, err); !slices.Contains(e.AADSTS, 50173) {
			t.Errorf("got AADSTS %v", e.AADSTS)
		}
	})
}

func TestPromptCreateMakesAnAccountForTheClient(t *testing.T) {
	cfg := emulator.Defaults()
	cfg.Tenants[0].SignUp = true
	w := newWorld(t, cfg)
	request := interactive(w, alice)
	request.Prompt = msal.PromptCreate
	request.OpenURL = w.NewPerson("dora@contoso.test", "open-sesame")
	res, err := w.public(t).AcquireTokenInteractive(t.Context(), request)
	if err != nil || res.Account.Username != "dora@contoso.test" {
		t.Errorf("got %+v, %v", res.Account, err)
	}
}

// A device at AD FS, at External ID and at dSTS is signed in on the page that the
// place itself shows.
func TestDeviceFlowAtRelatives(t *testing.T) {
	for _, authority := range []string{"https://adfs.contoso.test/adfs", "https://contoso.ciamlogin.com", "https://dsts.contoso.test/dstsv2/" + emulator.DefaultTenantID} {
		synctest.Test(t, func(t *testing.T) {
			cfg := emulator.Defaults()
			cfg.Tenants[0].ADFS, cfg.Tenants[0].DSTS = []string{"adfs.contoso.test"}, []string{"dsts.contoso.test"}
			w := newWorld(t, cfg)
			c := w.public(t, at(authority))
			flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{emulator.TasksReadScope}})
			if err != nil {
				t.Fatalf("%s: %v", authority, err)
			}
			if err := w.UserAgent(alice).ApproveDevice(t.Context(), flow.VerificationURI, flow.UserCode); err != nil {
				t.Fatalf("%s: %v", authority, err)
			}
			res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
			if err != nil || res.AccessToken == "" {
				t.Fatalf("%s: %v, %v", authority, res, err)
			}
			again := silent(res.Account)
			again.ForceRefresh = true
			if _, err := c.AcquireTokenSilent(t.Context(), again); err != nil {
				t.Errorf("%s: silently: %v", authority, err)
			}
		})
	}
}

// dSTS serves applications too; only its own authority was unknown to the
// client.
func TestClientCredentialsAtDSTS(t *testing.T) {
	cfg := emulator.Defaults()
	cfg.Tenants[0].DSTS = []string{"dsts.contoso.test"}
	for _, tenant := range []string{emulator.DefaultTenantID, "common"} {
		w := newWorld(t, cfg)
		res, err := w.daemon(t, at("https://dsts.contoso.test/dstsv2/"+tenant)).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		if err != nil || res.AccessToken == "" {
			t.Errorf("%s: %v, %v", tenant, res, err)
		}
		if x := w.Emulator().Requests(emulator.EndpointToken); len(x) != 1 || x[0].Host != "dsts.contoso.test" {
			t.Errorf("%s: token requests %v", tenant, x)
		}
	}
}
