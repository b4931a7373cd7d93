package interop

import (
	"context"
	"crypto/x509"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/msal-go/msal/emulator"
)

// azidentity as it is released: nothing is set but the transport.

func (p *platform) azcore() azcore.ClientOptions { return azcore.ClientOptions{Transport: p.client} }

var (
	ofTheDaemon = policy.TokenRequestOptions{Scopes: []string{tasksScope}}
	ofThePerson = policy.TokenRequestOptions{Scopes: []string{emulator.TasksReadScope}}
)

// getsTokens takes a token twice and expects one request for it.
func getsTokens(t *testing.T, p *platform, cred azcore.TokenCredential, o policy.TokenRequestOptions) azcore.AccessToken {
	t.Helper()
	first, err := cred.GetToken(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	before := len(p.Requests(emulator.EndpointToken))
	second, err := cred.GetToken(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if second.Token != first.Token || len(p.Requests(emulator.EndpointToken)) != before {
		t.Error("the second token did not come from the cache")
	}
	if len(p.Requests(emulator.EndpointInstanceDiscovery)) == 0 {
		t.Error("azidentity made no instance discovery")
	}
	return first
}

func TestAzidentityGetsTokensForADaemon(t *testing.T) {
	t.Run("by secret", func(t *testing.T) {
		p := startPlatform(t, msalGo)
		cred, err := azidentity.NewClientSecretCredential(emulator.DefaultTenantID, emulator.DaemonClientID, emulator.DaemonSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: p.azcore()})
		if err != nil {
			t.Fatal(err)
		}
		getsTokens(t, p, cred, ofTheDaemon)
	})
	for name, chain := range map[string]bool{"by certificate": false, "by certificate with x5c": true} {
		t.Run(name, func(t *testing.T) {
			cert := appCertificate(t)
			p := startPlatform(t, msalGo, withCertificate(pemOf("CERTIFICATE", cert.Raw)))
			cred, err := azidentity.NewClientCertificateCredential(emulator.DefaultTenantID, emulator.DaemonClientID, []*x509.Certificate{cert}, appKey(),
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: p.azcore(), SendCertificateChain: chain})
			if err != nil {
				t.Fatal(err)
			}
			getsTokens(t, p, cred, ofTheDaemon)
		})
	}
}

func TestAzidentitySignsInByDeviceCode(t *testing.T) {
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
	getsTokens(t, p, cred, ofThePerson)
	refreshesForAnotherScope(t, p, cred)
}

// refreshesForAnotherScope needs a token that only the refresh token can bring.
func refreshesForAnotherScope(t *testing.T, p *platform, cred azcore.TokenCredential) {
	t.Helper()
	if _, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"User.Read"}}); err != nil {
		t.Fatal(err)
	}
	requests := p.Requests(emulator.EndpointToken)
	if last := requests[len(requests)-1]; last.Grant != "refresh_token" || last.User != alice {
		t.Errorf("the last request was: %v", last)
	}
}

// azidentity opens the person's browser by running xdg-open from PATH. Here
// that is this very test binary, which hands the address on to the robot.
func TestAzidentitySignsInInteractively(t *testing.T) {
	p := startPlatform(t, msalGo)
	asSystemBrowser(t, p.person(alice))
	cred, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
		ClientOptions: p.azcore(), TenantID: emulator.DefaultTenantID, ClientID: emulator.DesktopClientID,
	})
	if err != nil {
		t.Fatal(err)
	}
	record, err := cred.Authenticate(t.Context(), &ofThePerson)
	if err != nil {
		t.Fatal(err)
	}
	if record.Username != alice || record.TenantID != emulator.DefaultTenantID {
		t.Errorf("the record is %+v", record)
	}
	getsTokens(t, p, cred, ofThePerson)
	refreshesForAnotherScope(t, p, cred)
}
