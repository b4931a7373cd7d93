package msal_test

import (
	"context"
	"fmt"
	"log"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// Tokens that came another way are added, and then found like any others.
func ExampleTokenCache_Search() {
	tokens := msal.NewTokenCache(msal.CacheOptions{})
	err := tokens.Add(context.Background(), msal.TokenEvent{
		ClientID:      emulator.DaemonClientID,
		TokenEndpoint: "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
		GrantType:     "client_credentials",
		Scopes:        []string{"api://tasks/.default"},
		Response:      []byte(`{"token_type":"Bearer","access_token":"opaque","expires_in":3599}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range tokens.Search(context.Background(), msal.CacheQuery{Type: msal.CacheAccessToken, OfApplication: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Type, "of", e.ClientID, "for", e.Target)
	}
	// Output: AccessToken of aaaaaaaa-0000-4000-8000-000000000004 for api://tasks/.default
}
