package interop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	azruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/msal-go/msal/emulator"
)

// claimsOf reads the claims of a refusal, which MSAL Go hands over whole.
func claimsOf(t *testing.T, err error) string {
	t.Helper()
	var call msalerrors.CallErr
	if !errors.As(err, &call) {
		t.Fatalf("no answer of the service: %v", err)
	}
	defer call.Resp.Body.Close()
	var body struct {
		Claims string `json:"claims"`
	}
	if err := json.NewDecoder(call.Resp.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body.Claims
}

// MSAL Go is refused for want of a second factor, takes the claims of the
// refusal to the person, and is served.
func TestMSALGoMeetsAnAccessPolicy(t *testing.T) {
	p := startPlatform(t, msalGo, func(cfg *emulator.Config) {
		cfg.Tenants[0].Access = []emulator.AccessPolicy{{Name: "Graph", Resources: []string{"https://graph.microsoft.com"}, Require: emulator.RequireMFA}}
	})
	c := p.msalGoPublic(t, emulator.DesktopClientID)
	robot := p.person(alice)
	open := public.WithOpenURL(func(address string) error { return robot.Open(t.Context(), address) })
	first, err := c.AcquireTokenInteractive(t.Context(), []string{emulator.TasksReadScope}, open)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.AcquireTokenSilent(t.Context(), []string{"User.Read"}, public.WithSilentAccount(first.Account))
	claims := claimsOf(t, err)
	if !strings.Contains(claims, "capolids") {
		t.Fatalf("the claims are %q", claims)
	}
	if _, err := c.AcquireTokenInteractive(t.Context(), []string{emulator.TasksReadScope}, open, public.WithClaims(claims)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenSilent(t.Context(), []string{"User.Read"}, public.WithSilentAccount(first.Account)); err != nil {
		t.Errorf("after the second factor: %v", err)
	}
}

// A person with a real browser types the code.
func TestMSALGoMeetsAnAccessPolicyInARealBrowser(t *testing.T) {
	p := startPlatform(t, msalGo, func(cfg *emulator.Config) { cfg.Tenants[0].Users[0].RequireMFA = true })
	c := p.msalGoPublic(t, emulator.DesktopClientID)
	b := p.browser(t)
	res, err := c.AcquireTokenInteractive(t.Context(), []string{emulator.TasksReadScope}, public.WithOpenURL(func(address string) error {
		b.visit(address)
		b.fill(`input[name=login]`, alice)
		b.fill(`input[name=passwd]`, emulator.DefaultPassword)
		b.click(`button.primary`)
		b.fill(`input[name=factor]`, emulator.DefaultOneTimeCode)
		b.click(`button.primary`)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	msalGoStaysSignedIn(t, c, res)
}

// The Azure SDK's own pipeline reads the challenge of the emulated resource, and
// gets a token that is new enough without asking anybody.
func TestAzureSDKAnswersTheChallengeOfAResource(t *testing.T) {
	p := startPlatform(t, msalGo)
	cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: p.azcore(), TenantID: emulator.DefaultTenantID, ClientID: emulator.DeviceClientID,
		UserPrompt: func(ctx context.Context, m azidentity.DeviceCodeMessage) error {
			return p.person(alice).ApproveDevice(ctx, m.VerificationURL, m.UserCode)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	auth := azruntime.NewBearerTokenPolicy(cred, []string{emulator.TasksReadScope}, nil)
	options := azcore.ClientOptions{Transport: p.client, Retry: policy.RetryOptions{MaxRetries: -1}}
	pipeline := azruntime.NewPipeline("interop", "v0", azruntime.PipelineOptions{PerRetry: []policy.Policy{auth}}, &options)
	ask := func() {
		t.Helper()
		req, err := azruntime.NewRequest(t.Context(), http.MethodGet, emulator.ResourceURL(emulator.TasksClientID)+"?scope=Tasks.Read")
		if err != nil {
			t.Fatal(err)
		}
		resp, err := pipeline.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %s, %v", resp.StatusCode, body, err)
		}
	}
	ask()
	if err := p.RequireNewTokens(alice); err != nil {
		t.Fatal(err)
	}
	ask()
	var statuses []int
	for _, x := range p.Requests(emulator.EndpointResource) {
		statuses = append(statuses, x.Status)
	}
	if len(statuses) != 3 || statuses[0] != 200 || statuses[1] != 401 || statuses[2] != 200 {
		t.Errorf("the resource answered %v, want 200, 401, 200", statuses)
	}
	tokens := p.Requests(emulator.EndpointToken)
	last := tokens[len(tokens)-1]
	if claims := last.Form.Get("claims"); last.Grant != "refresh_token" || !strings.Contains(claims, "nbf") || !strings.Contains(claims, "xms_cc") {
		t.Errorf("the last token request is %v with claims %s", last, last.Form.Get("claims"))
	}
}
