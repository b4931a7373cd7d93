package msal_test

import (
	"context"
	"fmt"
	"log"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// Every national cloud has a host of its own.
func ExampleAuthorityURL() {
	fmt.Println(msal.AuthorityURL(msal.AzurePublic, "contoso.com"))
	fmt.Println(msal.AuthorityURL(msal.AzureChina, "contoso.cn"))
	fmt.Println(msal.AuthorityURL(msal.AzureUSGovernment, "organizations"))
	// Output:
	// https://login.microsoftonline.com/contoso.com
	// https://login.partner.microsoftonline.cn/contoso.cn
	// https://login.microsoftonline.us/organizations
}

// A private cloud, or another custom domain, that Microsoft does not know.
func ExampleOptions_knownAuthorities() {
	app, err := msal.NewPublicClient("client-id", msal.Options{
		Authority:        "https://login.contoso.example/contoso.example",
		KnownAuthorities: []string{"login.contoso.example"},
	})
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

// A service of many customers acts in the tenant of each, with one client.
func ExampleForClientRequest_tenant() {
	_, client := platform()
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), msal.Options{
		Authority:  msal.AuthorityURL(msal.AzurePublic, "organizations"),
		HTTPClient: client,
		Region:     msal.RegionOff,
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{
		Scopes: []string{"api://tasks/.default"},
		Tenant: emulator.DefaultTenantID,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.TokenType, "from", res.Source)
	// Output: Bearer from identity_provider
}

// A service in Azure asks the endpoint of its own region.
func ExampleOptions_region() {
	emu, client := platform()
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), msal.Options{
		Authority:  msal.AuthorityURL(msal.AzurePublic, emulator.DefaultTenantID),
		HTTPClient: client,
		Region:     "westus2", // or msal.RegionAuto
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: []string{"api://tasks/.default"}}); err != nil {
		log.Fatal(err)
	}
	for _, x := range emu.Requests(emulator.EndpointToken) {
		fmt.Println(x.Host)
	}
	// Output: westus2.login.microsoft.com
}
