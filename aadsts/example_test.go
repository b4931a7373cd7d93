package aadsts_test

import (
	"fmt"
	"log"

	"github.com/msal-go/msal/aadsts"
)

// Explain what somebody pasted into a support form.
func ExampleCatalog_Find() {
	catalog, err := aadsts.Load()
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range catalog.Find(`{"error":"invalid_client","error_codes":[7000222],"timestamp":"2026-11-21 06:00:00Z"}`) {
		fmt.Println(e.Code, e.Meaning)
		fmt.Println(e.Who[0], "-", e.Remedy)
		fmt.Println(aadsts.URL(e.Code))
	}
	// Output:
	// 7000222 The client secret has expired.
	// developer - Make a new secret, or use a certificate or a federated credential.
	// https://login.microsoftonline.com/error?code=7000222
}
