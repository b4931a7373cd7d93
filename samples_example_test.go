package msal_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"net/url"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// desktop is a client for people at the emulator.
func desktop(o msal.Options) *msal.PublicClient {
	o.Authority = msal.AuthorityURL(msal.AzurePublic, emulator.DefaultTenantID)
	app, err := msal.NewPublicClient(emulator.DesktopClientID, o)
	if err != nil {
		log.Fatal(err)
	}
	return app
}

// A program on a person's machine signs the person in with the system's
// browser. A real one leaves OpenURL out.
func ExamplePublicClient_AcquireTokenInteractive() {
	emu, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	res, err := app.AcquireTokenInteractive(context.Background(), msal.InteractiveRequest{
		Scopes:    []string{"User.Read"},
		Prompt:    msal.PromptSelectAccount,
		LoginHint: emulator.DefaultUser,
		Timeout:   time.Minute,
		OpenURL:   emu.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Open,
	})
	switch {
	case errors.Is(err, msal.ErrNoBrowser):
		fmt.Println("use the device code flow")
	case errors.Is(err, msal.ErrTimeout), errors.Is(err, msal.ErrDeclined):
		fmt.Println("nobody signed in")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Println("signed in:", res.Account.Username)
	}
	// Output: signed in: alice@contoso.test
}

// Passwords are for tests and for what cannot be changed: no second factor, no
// conditional access, and the program sees the password.
func ExamplePublicClient_AcquireTokenByUsernamePassword() {
	_, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	res, err := app.AcquireTokenByUsernamePassword(context.Background(), msal.UsernamePasswordRequest{
		Username: emulator.DefaultUser,
		Password: emulator.DefaultPassword,
		Scopes:   []string{"User.Read"},
	})
	if errors.Is(err, msal.ErrInteractionRequired) {
		fmt.Println("a browser is needed")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("signed in:", res.Account.Username)
	// Output: signed in: alice@contoso.test
}

// A program that kept refresh tokens itself, as users of ADAL did, hands each
// over once. From then on the library's cache has the user.
func ExamplePublicClient_AcquireTokenByRefreshToken() {
	emu, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	kept := map[string]string{emulator.DefaultUser: refreshTokenOfAnotherLibrary(emu)}
	ctx := context.Background()
	for user, token := range kept {
		res, err := app.AcquireTokenByRefreshToken(ctx, msal.RefreshTokenRequest{RefreshToken: token, Scopes: []string{"User.Read"}})
		if errors.Is(err, msal.ErrInteractionRequired) {
			fmt.Println(user, "has to sign in again")
			continue
		}
		if err != nil {
			log.Fatal(err) // try the same token again later
		}
		delete(kept, user)
		hit, err := app.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: []string{"User.Read"}, Account: res.Account})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.Account.Username, "is served from the", hit.Source)
	}
	// Output: alice@contoso.test is served from the cache
}

// refreshTokenOfAnotherLibrary is what a program has that spoke OAuth by itself.
func refreshTokenOfAnotherLibrary(emu *emulator.Emulator) string {
	resp, err := emu.Client().PostForm("https://login.microsoftonline.com/"+emulator.DefaultTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "scope": {"openid offline_access User.Read"},
		"username": {emulator.DefaultUser}, "password": {emulator.DefaultPassword},
	})
	if err != nil {
		log.Fatal(err)
	}
	return fieldOf(resp, "refresh_token")
}

// A certificate in a file with its key. The service knows the certificate, and
// never sees the key.
func ExampleParseCertificate() {
	file, public := certificateFile()
	cfg := emulator.Defaults()
	cfg.Tenants[0].Apps = append(cfg.Tenants[0].Apps, emulator.App{Name: "Reports", ClientID: "aaaaaaaa-0000-4000-8000-0000000000ff",
		Certificates: []string{public}, AssignedRoles: []string{"api://tasks/Tasks.All"}})
	emu, err := emulator.New(cfg)
	if err != nil {
		log.Fatal(err)
	}

	cert, err := msal.ParseCertificate(file) // ReadPFX for PFX files, ParseEncryptedCertificate with a passphrase
	if err != nil {
		log.Fatal(err)
	}
	cert.SendX5C = msal.X5CChain // for applications that trust by subject name and issuer; else leave it out
	svc, err := msal.NewConfidentialClient("aaaaaaaa-0000-4000-8000-0000000000ff", cert, msal.Options{
		Authority:  msal.AuthorityURL(msal.AzurePublic, emulator.DefaultTenantID),
		HTTPClient: emu.Client(),
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{Scopes: []string{"api://tasks/.default"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.TokenType, "from", res.Source)
	// Output: Bearer from identity_provider
}

// certificateFile is what "openssl req -x509 -newkey rsa:2048 -nodes" writes,
// and the public half that is registered.
func certificateFile() (file []byte, public string) {
	key := testKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "reports"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		log.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), cert...), string(cert)
}

// An API that was called with a user's token calls another API for that user.
func ExampleConfidentialClient_AcquireTokenOnBehalfOf() {
	_, client := platform()
	ctx := context.Background()
	caller, err := desktop(msal.Options{HTTPClient: client}).AcquireTokenByUsernamePassword(ctx, msal.UsernamePasswordRequest{
		Username: emulator.DefaultUser, Password: emulator.DefaultPassword, Scopes: []string{emulator.TasksReadScope},
	})
	if err != nil {
		log.Fatal(err)
	}

	api, err := msal.NewConfidentialClient(emulator.TasksClientID, msal.Secret(emulator.TasksSecret), msal.Options{
		Authority:  msal.AuthorityURL(msal.AzurePublic, emulator.DefaultTenantID),
		HTTPClient: client,
	})
	if err != nil {
		log.Fatal(err)
	}
	res, err := api.AcquireTokenOnBehalfOf(ctx, msal.OnBehalfOfRequest{
		UserAssertion: caller.AccessToken, // from the Authorization header, once it has been checked
		Scopes:        []string{"https://graph.microsoft.com/User.Read"},
		Claims:        "", // what a resource answered with, if it did
	})
	var refused *msal.Error
	if errors.As(err, &refused) && errors.Is(err, msal.ErrInteractionRequired) {
		fmt.Println("tell the caller to satisfy", refused.Claims)
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("for", res.Account.Username)
	// Output: for alice@contoso.test
}

// Who is signed in, and signing out. A confidential client has the same methods,
// ConfidentialClient.Accounts and ConfidentialClient.RemoveAccount.
func ExamplePublicClient_Accounts() {
	_, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	ctx := context.Background()
	for _, user := range []string{emulator.DefaultUser, emulator.SecondUser} {
		if _, err := app.AcquireTokenByUsernamePassword(ctx, msal.UsernamePasswordRequest{
			Username: user, Password: emulator.DefaultPassword, Scopes: []string{"User.Read"},
		}); err != nil {
			log.Fatal(err)
		}
	}
	accounts, err := app.Accounts(ctx, msal.AccountsRequest{Username: "Bob@contoso.test"})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range accounts {
		fmt.Println("sign out", a.Username)
		if err := app.RemoveAccount(ctx, msal.RemoveAccountRequest{Account: a}); err != nil {
			log.Fatal(err)
		}
	}
	if accounts, err = app.Accounts(ctx, msal.AccountsRequest{}); err != nil {
		log.Fatal(err)
	}
	for _, a := range accounts {
		fmt.Println("still here:", a.Username)
	}
	// Output:
	// sign out bob@contoso.test
	// still here: alice@contoso.test
}

// What a token comes with. IDToken and IDTokenClaims are there after a sign-in,
// not on a cache hit.
func ExampleResult() {
	_, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	res, err := app.AcquireTokenByUsernamePassword(context.Background(), msal.UsernamePasswordRequest{
		Username: emulator.DefaultUser, Password: emulator.DefaultPassword, Scopes: []string{"User.Read"},
	})
	if err != nil {
		log.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "https://graph.microsoft.com/v1.0/me", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", res.Authorization()) // TokenType and AccessToken
	fmt.Println(res.TokenType, len(res.AccessToken) > 100, res.Scope)
	fmt.Println("for about", time.Until(res.ExpiresOn).Round(time.Hour))
	fmt.Println("from", res.Source, res.Source == msal.FromIdentityProvider)
	fmt.Println("by the name of", res.IDTokenClaims["name"])
	fmt.Println("to quote to support:", len(res.CorrelationID) == 36)
	// Output:
	// Bearer true User.Read openid profile
	// for about 1h0m0s
	// from identity_provider true
	// by the name of Alice Adams
	// to quote to support: true
}

// What an account says. HomeAccountID is the one to keep.
func ExampleAccount() {
	_, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	res, err := app.AcquireTokenByUsernamePassword(context.Background(), msal.UsernamePasswordRequest{
		Username: emulator.DefaultUser, Password: emulator.DefaultPassword, Scopes: []string{"User.Read"},
	})
	if err != nil {
		log.Fatal(err)
	}
	a := res.Account
	fmt.Println(a.Username, "of", a.Environment)
	fmt.Println("in the tenant", a.Realm)
	fmt.Println("at home as", a.HomeAccountID == a.LocalAccountID+"."+a.Realm)
	// Output:
	// alice@contoso.test of login.microsoftonline.com
	// in the tenant 11111111-1111-4111-8111-111111111111
	// at home as true
}

// Decide by errors.Is; the fields say what the service answered.
func ExampleError() {
	_, client := platform()
	app := desktop(msal.Options{HTTPClient: client})
	_, err := app.AcquireTokenByUsernamePassword(context.Background(), msal.UsernamePasswordRequest{
		Username: emulator.DefaultUser, Password: "wrong", Scopes: []string{"User.Read"},
	})
	fmt.Println("ask the person:", errors.Is(err, msal.ErrInteractionRequired))
	var answer *msal.Error
	if errors.As(err, &answer) {
		fmt.Println(answer.Code, answer.AADSTS, answer.StatusCode)
		fmt.Println("for developers:", answer.Description != "")
	}
	// Output:
	// ask the person: true
	// invalid_grant [50126] 400
	// for developers: true
}

// A company proxy that opens TLS needs its root; nothing needs to be switched
// off. Without HTTPClient, HTTPS_PROXY and SSL_CERT_FILE do the same.
func ExampleOptions_proxy() {
	roots, err := x509.SystemCertPool()
	if err != nil {
		log.Fatal(err)
	}
	roots.AppendCertsFromPEM([]byte("the proxy's root, in PEM"))
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.contoso.example:3128"})
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	app, err := msal.NewPublicClient("client-id", msal.Options{
		HTTPClient: &http.Client{Transport: transport},
		Timeout:    10 * time.Second, // for each exchange
	})
	fmt.Println(app != nil, err)
	// Output: true <nil>
}

// Microsoft is asked about hosts that are in no table of its clouds. Off is for
// a host that you trust because you configured it.
func ExampleOptions_instanceDiscovery() {
	for _, d := range []msal.InstanceDiscovery{msal.InstanceDiscoveryAuto, msal.InstanceDiscoveryOn, msal.InstanceDiscoveryOff} {
		app, err := msal.NewPublicClient("client-id", msal.Options{Authority: "https://login.contoso.example/contoso.example", InstanceDiscovery: d})
		fmt.Println(app != nil, err)
	}
	// Output:
	// true <nil>
	// true <nil>
	// true <nil>
}
