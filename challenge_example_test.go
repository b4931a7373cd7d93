package msal_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// An API wants more than the token says: a second factor, or a new sign-in
// after the old one was revoked. What it asks for goes to the service, which
// asks the person if need be.
func ExampleClaimsChallenge() {
	e, client := platform()
	app, err := msal.NewPublicClient(emulator.DesktopClientID, msal.Options{
		Authority:          "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient:         client,
		ClientCapabilities: []string{"CP1"}, // "I can handle such answers"
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, scopes := context.Background(), []string{emulator.TasksReadScope}
	browser := e.UserAgent(emulator.DefaultUser, emulator.DefaultPassword).Open // the person; leave OpenURL out for theirs
	res, err := app.AcquireTokenInteractive(ctx, msal.InteractiveRequest{Scopes: scopes, OpenURL: browser})
	if err != nil {
		log.Fatal(err)
	}

	revoked := res.AccessToken
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+revoked {
			w.Header().Set("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", `+
				`claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoiYzEifX19"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	call := func(token string) *http.Response {
		request, answer := httptest.NewRequest(http.MethodGet, "https://tasks.contoso.test/", nil), httptest.NewRecorder()
		request.Header.Set("Authorization", "Bearer "+token)
		api.ServeHTTP(answer, request)
		return answer.Result()
	}
	// The service, too, wants the person.
	e.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken, Grant: "refresh_token"}, AADSTS: 50076})

	answer := call(res.AccessToken)
	if claims, ok := msal.ClaimsChallenge(answer.Header); ok {
		fmt.Println(answer.StatusCode, "the API asks for", claims)
		res, err = app.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: scopes, Account: res.Account, Claims: claims})
		if errors.Is(err, msal.ErrInteractionRequired) {
			var refused *msal.Error
			if errors.As(err, &refused) {
				fmt.Println("the person is in for", refused.Classification())
			}
			res, err = app.AcquireTokenInteractive(ctx, msal.InteractiveRequest{Scopes: scopes, Claims: claims, OpenURL: browser})
		}
		if err != nil {
			log.Fatal(err)
		}
		answer = call(res.AccessToken)
	}
	fmt.Println(answer.StatusCode)
	// Output:
	// 401 the API asks for {"access_token":{"acrs":{"essential":true,"value":"c1"}}}
	// the person is in for basic_action
	// 200
}

// Capabilities go out with every request, merged with the claims that an API
// asked for.
func ExampleOptions_clientCapabilities() {
	e, client := platform()
	svc, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), msal.Options{
		Authority:          "https://login.microsoftonline.com/" + emulator.DefaultTenantID,
		HTTPClient:         client,
		ClientCapabilities: []string{"CP1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = svc.AcquireTokenForClient(context.Background(), msal.ForClientRequest{
		Scopes: []string{"api://tasks/.default"},
		Claims: `{"access_token":{"nbf":{"essential":true,"value":"1563308371"}}}`,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, sent := range e.Requests(emulator.EndpointToken) {
		fmt.Println(sent.Form.Get("claims"))
	}
	// Output: {"access_token":{"nbf":{"essential":true,"value":"1563308371"},"xms_cc":{"values":["CP1"]}}}
}

// A proof-of-possession API gives the nonce for the next request away.
func ExampleParseChallenges() {
	h := http.Header{"Www-Authenticate": {`PoP nonce="abc", Bearer realm="contoso"`}}
	for _, c := range msal.ParseChallenges(h) {
		fmt.Println(c.Scheme, c.Params)
	}
	// Output:
	// PoP map[nonce:abc]
	// Bearer map[realm:contoso]
}
