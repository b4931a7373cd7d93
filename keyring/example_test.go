package keyring_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/keyring"
)

func ExampleOpen() {
	store, err := keyring.Open(context.Background(), keyring.Options{Name: "my-app", Logger: slog.Default()})
	if err != nil {
		fmt.Println(err)
		return
	}
	app, err := msal.NewPublicClient("00000000-0000-0000-0000-000000000001", msal.Options{
		Authority: "https://login.microsoftonline.com/organizations",
		Cache:     msal.NewTokenCache(msal.CacheOptions{Store: store, Logger: slog.Default()}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = app // signs in once, and is signed in after the next start too
}

// The accounts that are signed in to the Azure CLI.
func ExampleAzureCLI() {
	store, err := keyring.AzureCLI(keyring.AzureCLIOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	app, err := msal.NewPublicClient(azureCLI, msal.Options{
		Authority: "https://login.microsoftonline.com/organizations",
		Cache:     msal.NewTokenCache(msal.CacheOptions{Store: store}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	accounts, err := app.Accounts(context.Background(), msal.AccountsRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, account := range accounts {
		fmt.Println(account.Username)
	}
}
