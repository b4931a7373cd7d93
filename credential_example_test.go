package msal_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// A pod with a federated identity proves itself by the token that Kubernetes
// keeps fresh in a file, so there is no secret.
func ExampleAssertionFile() {
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID,
		msal.AssertionFile("/var/run/secrets/azure/tokens/azure-identity-token"),
		msal.Options{Authority: "https://login.microsoftonline.com/" + emulator.DefaultTenantID})
	fmt.Println(svc != nil, err)
	// Output: true <nil>
}

// The certificate is read again for each token request; a new one counts at
// once, and the one before serves while the file is unreadable.
func ExampleCertificateFunc() {
	newest := msal.CertificateFunc(func(context.Context) (msal.Certificate, error) {
		return msal.ReadPFX("/etc/app/client.pfx", "")
	})
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, newest, msal.Options{})
	fmt.Println(svc != nil, err)
	// Output: true <nil>
}

// Tokens that a sidecar gets are cached and refreshed like any others.
func ExampleTokenProvider() {
	sidecar := func(_ context.Context, r msal.TokenProviderRequest) (msal.TokenProviderResult, error) {
		fmt.Println("the sidecar is asked for", r.Scopes)
		return msal.TokenProviderResult{AccessToken: "opaque", ExpiresIn: time.Hour}, nil
	}
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.TokenProvider(sidecar), msal.Options{
		Authority: "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		res, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: []string{"api://tasks/.default"}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.TokenType, "from", res.Source)
	}
	// Output:
	// the sidecar is asked for [api://tasks/.default]
	// Bearer from identity_provider
	// Bearer from cache
}
