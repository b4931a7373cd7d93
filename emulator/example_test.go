package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/msal-go/msal/emulator"
)

// Any client can be pointed at the emulator by giving it the emulator's HTTP
// client: the host names, instance discovery included, are the real ones.
func Example() {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := emu.Client().PostForm("https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token", url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {emulator.DaemonClientID},
		"client_secret": {emulator.DaemonSecret},
		"scope":         {"api://tasks/.default"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var token struct {
		Type    string `json:"token_type"`
		Seconds int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Type, token.Seconds)
	// Output: Bearer 3599
}

// The second token request is throttled, whatever the client asks for.
func ExampleEmulator_Inject() {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	emu.Inject(emulator.Fault{
		Match:      emulator.Match{Endpoint: emulator.EndpointToken},
		Skip:       1,
		Status:     http.StatusTooManyRequests,
		RetryAfter: 3 * time.Second,
	})
	for range 2 {
		resp, err := emu.Client().PostForm("https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {emulator.DaemonClientID}, "client_secret": {emulator.DaemonSecret}, "scope": {"api://tasks/.default"},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Printf("%d %q\n", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	// Output:
	// 200 ""
	// 429 "3"
}

// A configuration in JSON names what differs from nothing: identifiers,
// passwords and domains that are left out are made up, the same in every run.
func ExampleParseConfig() {
	cfg, err := emulator.ParseConfig([]byte(`{
		"tenants": [{
			"name": "Fabrikam",
			"users": [{"upn": "frank@fabrikam.onmicrosoft.com"}],
			"apps": [{"name": "desktop", "public": true, "redirect_uris": {"native": ["http://localhost"]}}]
		}],
		"lifetimes": {"access_token": "90m"}
	}`))
	fmt.Println(cfg.Tenants[0].Name, cfg.Lifetimes.AccessToken, err)
	_, err = emulator.ParseConfig([]byte(`{"tenants": [{"name": "Fabrikam", "user": []}]}`))
	fmt.Println(err)
	// Output:
	// Fabrikam 1h30m0s <nil>
	// emulator: configuration member tenants[0].user is unknown; known are access, adfs, apps, domains, dsts, federated, id, name, policies, sign_up, users
}

// An administrator asks alice for a second factor. What she did not give one for
// is refused, with the claims that an interactive sign-in is to send along.
func ExampleEmulator_RequireMFA() {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := emu.RequireMFA(emulator.DefaultUser, true); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := emu.Client().PostForm("https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token", url.Values{
		"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "scope": {"User.Read"},
		"username": {emulator.DefaultUser}, "password": {emulator.DefaultPassword},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var refusal struct {
		Error    string `json:"error"`
		Suberror string `json:"suberror"`
		Codes    []int  `json:"error_codes"`
		Claims   string `json:"claims"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&refusal); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(refusal.Error, refusal.Suberror, refusal.Codes)
	fmt.Println(refusal.Claims)
	// Output:
	// invalid_grant basic_action [50076]
	// {"access_token":{"capolids":{"essential":true,"values":["2c4a3f99-8c95-54ad-93fe-f1d6480cef52"]}}}
}
