// Command webapp is a web application that signs people in with the
// authorization code flow, keeps them signed in, and signs them out. It shows
// where each step goes; docs/samples.md says how to run it.
package main

import (
	"cmp"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/msal-go/msal"
)

func main() {
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN"), "localhost:8080"))
	if err != nil {
		log.Fatal(err)
	}
	address := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	authority := cmp.Or(os.Getenv("AUTHORITY"), msal.AuthorityURL(msal.AzurePublic, "organizations"))
	client, err := msal.NewConfidentialClient(os.Getenv("CLIENT_ID"), msal.Secret(os.Getenv("CLIENT_SECRET")), msal.Options{
		Authority:        authority,
		KnownAuthorities: []string{authority}, // whoever starts this program vouches for it
	})
	if err != nil {
		log.Fatal(err)
	}
	// The redirect URI as it is registered, of the platform "Web".
	callback := cmp.Or(os.Getenv("REDIRECT_URI"), address+"/callback")
	server := &http.Server{Handler: newApp(client, callback, []string{"User.Read"}), ReadHeaderTimeout: 10 * time.Second}
	log.Print("open ", address)
	log.Fatal(server.Serve(listener))
}
