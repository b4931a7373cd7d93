package msal_test

import (
	"context"
	"fmt"
	"log"
	"os"
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

// Of the registered certificate only the thumbprint is known; the key is in a
// file of its own.
func ExampleCertificate_thumbprint() {
	pem, err := os.ReadFile("client.key")
	if err != nil {
		log.Fatal(err)
	}
	key, err := msal.ParsePrivateKey(pem, msal.Secret(os.Getenv("CLIENT_KEY_PASSPHRASE")))
	if err != nil {
		log.Fatal(err)
	}
	credential := msal.Certificate{Key: key, Thumbprint: "6D:A0:38:32:E7:1E:E8:79:79:7C:CE:1A:70:3A:F3:18:34:6E:AE:5B"}
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, credential, msal.Options{})
	fmt.Println(svc != nil, err)
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
