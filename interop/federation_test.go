package interop

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

const fred = "fred@fabrikam.test"

// withFederation gives fred's domain an identity provider of its own.
func withFederation(f emulator.Federation) func(*emulator.Config) {
	return func(cfg *emulator.Config) {
		f.Domain = "fabrikam.test"
		t := &cfg.Tenants[0]
		t.Domains = append(t.Domains, f.Domain)
		t.Federated = []emulator.Federation{f}
		t.Users = append(t.Users, emulator.User{UPN: fred})
	}
}

// msalGoPassword signs fred in by MSAL Go.
func (p *platform) msalGoPassword(t *testing.T, password string) (public.AuthResult, error) {
	t.Helper()
	c := p.msalGoPublic(t, emulator.DesktopClientID)
	//lint:ignore SA1019 the flow is deprecated, and still used
	return c.AcquireTokenByUsernamePassword(t.Context(), []string{emulator.TasksReadScope}, fred, password)
}

// password signs fred in by our client.
func (p *platform) password(t *testing.T, password string) (msal.Result, error) {
	t.Helper()
	r := msal.UsernamePasswordRequest{Scopes: []string{emulator.TasksReadScope}, Username: fred, Password: msal.Secret(password)}
	//lint:ignore SA1019 the flow is deprecated, and still used
	return p.public(t).AcquireTokenByUsernamePassword(t.Context(), r)
}

// MSAL Go signs federated people in where it can: WS-Trust 1.3 that metadata
// names, with assertions whose prefix is saml. Ours does everywhere. Where both
// do, they ask the same.
func TestMSALGoSignsFederatedPeopleInBesideOurs(t *testing.T) {
	realm, metadata, trust, token := emulator.EndpointUserRealm, emulator.EndpointFederationMetadata, emulator.EndpointWSTrust, emulator.EndpointToken
	for name, tt := range map[string]struct {
		provider emulator.Federation
		last     string // what MSAL Go asks last
		cause    string
	}{
		"both versions":              {emulator.Federation{}, token, ""},
		"WS-Trust 1.3":               {emulator.Federation{Trust: "1.3"}, token, ""},
		"WS-Trust 2005":              {emulator.Federation{Trust: "2005"}, metadata, "MSAL Go has no WS-Trust 2005"},
		"WS-Trust 2005 and SAML 2.0": {emulator.Federation{Trust: "2005", SAML: "2.0"}, metadata, "MSAL Go has no WS-Trust 2005"},
		"SAML 2.0":                   {emulator.Federation{SAML: "2.0"}, trust, "MSAL Go wants the prefix saml, and AD FS is believed to use none"},
		"no metadata":                {emulator.Federation{NoMetadata: true}, realm, "MSAL Go wants metadata"},
		"no metadata, WS-Trust 1.3":  {emulator.Federation{NoMetadata: true, Trust: "1.3"}, realm, "MSAL Go wants metadata"},
		"no metadata and SAML 2.0":   {emulator.Federation{NoMetadata: true, SAML: "2.0"}, realm, "MSAL Go wants metadata"},
		"WS-Trust 1.3 and SAML 2.0":  {emulator.Federation{Trust: "1.3", SAML: "2.0"}, trust, "MSAL Go wants the prefix saml"},
	} {
		t.Run(name, func(t *testing.T) {
			theirs := startPlatform(t, msalGo, withFederation(tt.provider))
			res, err := theirs.msalGoPassword(t, emulator.DefaultPassword)
			if got := steps(theirs); len(got) == 0 || got[len(got)-1] != tt.last || (err == nil) != (tt.last == token) {
				t.Fatalf("MSAL Go asked %v, with error %v; want it to end at %s", got, err, tt.last)
			}
			ours := startPlatform(t, ours, withFederation(tt.provider))
			mine, err := ours.password(t, emulator.DefaultPassword)
			if err != nil {
				t.Fatal(err)
			}
			if tt.last != token {
				t.Log(tt.cause)
				return
			}
			if mine.Account.Username != res.Account.PreferredUsername || mine.Account.HomeAccountID != res.Account.HomeAccountID {
				t.Errorf("ours signed %+v in, MSAL Go %+v", mine.Account, res.Account)
			}
			if got, want := steps(ours), steps(theirs); !slices.Equal(got, want) {
				t.Errorf("ours asked %v, MSAL Go %v", got, want)
			}
			sameGrant(t, ours, theirs)
		})
	}
}

// steps are the endpoints that a sign-in asked, but for discovery, which
// clients do each in their own way.
func steps(p *platform) []string {
	var asked []string
	for _, x := range p.Journal() {
		switch x.Endpoint {
		case emulator.EndpointUserRealm, emulator.EndpointFederationMetadata, emulator.EndpointWSTrust, emulator.EndpointToken:
			asked = append(asked, x.Endpoint)
		}
	}
	return asked
}

// sameGrant compares what the assertion was redeemed by, and where it is from.
func sameGrant(t *testing.T, ours, theirs *platform) {
	t.Helper()
	one, two := ours.Requests(emulator.EndpointToken)[0], theirs.Requests(emulator.EndpointToken)[0]
	words := func(scope string) []string { return slices.Sorted(slices.Values(strings.Fields(scope))) }
	if one.Grant != two.Grant || one.User != two.User || !slices.Equal(words(one.Form.Get("scope")), words(two.Form.Get("scope"))) {
		t.Errorf("ours redeemed by %v, MSAL Go by %v", one, two)
	}
	from, to := ours.Requests(emulator.EndpointWSTrust)[0], theirs.Requests(emulator.EndpointWSTrust)[0]
	if from.Path != to.Path || from.Header.Get("SOAPAction") != to.Header.Get("SOAPAction") || from.Header.Get("Content-Type") != to.Header.Get("Content-Type") {
		t.Errorf("ours asked the provider by %v, MSAL Go by %v", from, to)
	}
}

// A wrong password ends at the provider for both; only ours says so in a type.
func TestMSALGoAndOursAreRefusedByTheProvider(t *testing.T) {
	theirs := startPlatform(t, msalGo, withFederation(emulator.Federation{}))
	if _, err := theirs.msalGoPassword(t, "wrong"); err == nil {
		t.Error("MSAL Go signed in with a wrong password")
	}
	ours := startPlatform(t, ours, withFederation(emulator.Federation{}))
	_, err := ours.password(t, "wrong")
	var refused *msal.FederationError
	if !errors.As(err, &refused) || refused.Code != "FailedAuthentication" || !errors.Is(err, msal.ErrInteractionRequired) {
		t.Errorf("got %v", err)
	}
	if got, want := steps(ours), steps(theirs); !slices.Equal(got, want) || got[len(got)-1] != emulator.EndpointWSTrust {
		t.Errorf("ours asked %v, MSAL Go %v", got, want)
	}
}
