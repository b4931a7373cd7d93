// Command webapp is a web application that signs people in with the
// authorization code flow, keeps them signed in, and signs them out. It shows
// where each step goes; docs/samples.md says how to run it.
package main

import (
	"cmp"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/msal-go/msal"
)

func main() {
	// The redirect URI of the app registration, of the platform "Web".
	callback := cmp.Or(os.Getenv("REDIRECT_URI"), "http://localhost:8080/callback")
	authority := cmp.Or(os.Getenv("AUTHORITY"), msal.AuthorityURL(msal.AzurePublic, "organizations"))
	client, err := msal.NewConfidentialClient(os.Getenv("CLIENT_ID"), msal.Secret(os.Getenv("CLIENT_SECRET")), msal.Options{
		Authority:        authority,
		KnownAuthorities: []string{authority}, // whoever starts this program vouches for it
	})
	if err != nil {
		log.Fatal(err)
	}
	address := cmp.Or(os.Getenv("LISTEN"), "localhost:8080")
	server := &http.Server{
		Addr:              address,
		Handler:           newApp(client, callback, []string{"User.Read"}),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Printf("open http://%s", address)
	log.Fatal(server.ListenAndServe())
}
