package msal_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"math/big"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// A person who has signed in gets a certificate for an SSH key, with which
// virtual machines in Azure let them in. The cache keeps one for each key.
func ExamplePublicClient_AcquireTokenSilent_sshCertificate() {
	e, client := platform()
	ctx := context.Background()
	app, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{
		Authority:  "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient: client,
	})
	if err != nil {
		log.Fatal(err)
	}
	scopes := []string{"https://pas.windows.net/CheckMyAccess/Linux/user_impersonation"}
	signedIn, err := app.AcquireTokenInteractive(ctx, msal.InteractiveRequest{Scopes: scopes,
		OpenURL: e.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Open}) // leave it out to open the browser
	if err != nil {
		log.Fatal(err)
	}

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	sum := sha256.Sum256(key.N.Bytes())
	keyID := hex.EncodeToString(sum[:])
	encode := base64.RawURLEncoding.EncodeToString
	jwk, err := json.Marshal(map[string]string{"kty": "RSA", "kid": keyID, "n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes())})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		res, err := app.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: scopes, Account: signedIn.Account,
			ExtraParameters: map[string]string{"token_type": "ssh-cert", "key_id": keyID, "req_cnf": string(jwk)}})
		if err != nil {
			log.Fatal(err)
		}
		// The file id_rsa-cert.pub is "ssh-rsa-cert-v01@openssh.com " and res.AccessToken.
		fmt.Println(res.TokenType, "from", res.Source)
	}
	// Output:
	// ssh-cert from identity_provider
	// ssh-cert from cache
}
