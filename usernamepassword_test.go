package msal_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// federated is the default configuration with a domain that has an identity
// provider of its own, and two people in it.
func federated(change ...func(*emulator.Federation)) emulator.Config {
	f := emulator.Federation{Domain: "fabrikam.test", Host: "sts.fabrikam.test"}
	for _, c := range change {
		c(&f)
	}
	cfg := emulator.Defaults()
	t := &cfg.Tenants[0]
	t.Domains = append(t.Domains, f.Domain)
	t.Federated = []emulator.Federation{f}
	t.Users = append(t.Users,
		emulator.User{UPN: fred, Password: emulator.DefaultPassword, Name: "Fred"},
		emulator.User{UPN: odd, Password: oddPassword, Name: "O'Dd"},
	)
	return cfg
}

const (
	fred = "fred@fabrikam.test"
	odd  = `o'd&d/"<é>%2F#?@fabrikam.test`
	// Words that tell XML, forms and the blanks of a template apart.
	oddPassword = `p&a"s's<w>]]>{username}%20+ ` + "\t\r\nö"
)

func password(user string) msal.UsernamePasswordRequest {
	r := msal.UsernamePasswordRequest{Scopes: []string{emulator.TasksReadScope}, Username: user, Password: emulator.DefaultPassword}
	if user == odd {
		r.Password = oddPassword
	}
	return r
}

func TestManagedPeopleSignInWithTheirPassword(t *testing.T) {
	w := newWorld(t)
	c := w.public(t)
	r := password(alice)
	r.CorrelationID = "5f1b2c3d-0000-4000-8000-00000000abcd"
	res, err := c.AcquireTokenByUsernamePassword(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if res.Account.Username != alice || res.Account.AccountSource != "password" || res.IDTokenClaims["preferred_username"] != alice {
		t.Errorf("got account %+v", res.Account)
	}
	realm, token := w.Emulator().Requests(emulator.EndpointUserRealm), w.Emulator().Requests(emulator.EndpointToken)
	if len(realm) != 1 || len(token) != 1 {
		t.Fatalf("%d user realm and %d token requests, want one of each", len(realm), len(token))
	}
	if realm[0].CorrelationID != r.CorrelationID || token[0].CorrelationID != r.CorrelationID {
		t.Error("the correlation id is not that of the caller")
	}
	if realm[0].Header.Get("Accept") != "application/json" || realm[0].Query.Get("api-version") != "1.0" {
		t.Errorf("the user realm was asked with %v %v", realm[0].Query, realm[0].Header)
	}
	x := token[0]
	if x.Grant != "password" || !x.Sent("username", alice) || !x.Sent("password", emulator.DefaultPassword) || !x.Sent("client_info", "1") ||
		!x.Sent("scope", emulator.TasksReadScope+" offline_access openid profile") {
		t.Errorf("the token request is %v with form %v", x, x.Form)
	}
	if got := x.Header.Get("X-AnchorMailbox"); got != "upn:"+alice {
		t.Errorf("X-AnchorMailbox = %q", got)
	}
	if got := x.Header.Get("x-client-current-telemetry"); got != "4|301,0|" {
		t.Errorf("telemetry = %q", got)
	}
	silent, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: res.Account})
	if err != nil || silent.Source != msal.FromCache {
		t.Errorf("silently: %v, %v", silent, err)
	}
}

func TestWherePasswordsGoIsAskedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, federated())
		memory := new(msal.HTTPCache)
		signIn := func(h *msal.HTTPCache, user string) {
			t.Helper()
			c := w.public(t, func(o *msal.Options) { o.HTTPCache = h })
			if res, err := c.AcquireTokenByUsernamePassword(t.Context(), password(user)); err != nil || res.Account.Username != user {
				t.Fatalf("got %+v, %v", res.Account, err)
			}
		}
		asked := func(when string, realms, metadata int) {
			t.Helper()
			r, m := len(w.Emulator().Requests(emulator.EndpointUserRealm)), len(w.Emulator().Requests(emulator.EndpointFederationMetadata))
			if r != realms || m != metadata {
				t.Errorf("%s: %d user realm and %d metadata requests so far, want %d and %d", when, r, m, realms, metadata)
			}
		}
		signIn(memory, fred)
		asked("at first", 1, 1)
		time.Sleep(24*time.Hour - time.Second)
		signIn(memory, fred)
		asked("within a day", 1, 1)
		signIn(memory, odd)
		asked("somebody else of the domain", 2, 1)
		signIn(memory, alice)
		signIn(memory, alice)
		asked("managed", 3, 1)
		time.Sleep(time.Second)
		signIn(memory, fred)
		asked("after a day", 4, 2)

		data, err := memory.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "fabrikam") {
			t.Errorf("the file says where passwords go: %s", data)
		}
		other := new(msal.HTTPCache)
		if err := other.Unmarshal(data); err != nil {
			t.Fatal(err)
		}
		signIn(other, fred)
		asked("another process", 5, 3)
	})
}

func TestProvidersThatFailedAreAskedAboutAgain(t *testing.T) {
	w := newWorld(t, federated())
	c := w.public(t)
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointWSTrust}, Times: 1, Status: 404, Body: "moved"})
	_, err := c.AcquireTokenByUsernamePassword(t.Context(), password(fred))
	wantError(t, err, msal.ErrProtocol)
	if _, err := c.AcquireTokenByUsernamePassword(t.Context(), password(fred)); err != nil {
		t.Fatal(err)
	}
	if n := len(w.Emulator().Requests(emulator.EndpointFederationMetadata)); n != 2 {
		t.Errorf("%d metadata requests, want a new look after the failure", n)
	}
}

func TestConfidentialClientsSignPeopleInWithTheirPassword(t *testing.T) {
	w := newWorld(t, federated())
	for _, user := range []string{alice, fred} {
		res, err := w.web(t).AcquireTokenByUsernamePassword(t.Context(), password(user))
		if err != nil || res.Account.Username != user {
			t.Fatalf("got %+v, %v", res.Account, err)
		}
	}
	for _, x := range w.Emulator().Requests(emulator.EndpointToken) {
		if !x.Sent("client_secret", emulator.WebSecret) {
			t.Errorf("%v did not prove the client", x)
		}
	}
}

func TestFederatedPeopleSignInAtTheirOwnProvider(t *testing.T) {
	for _, trust := range []string{"", "1.3", "2005"} {
		for _, saml := range []string{"1.1", "2.0"} {
			for _, published := range []bool{true, false} {
				t.Run(fmt.Sprintf("trust %q, SAML %s, metadata %t", trust, saml, published), func(t *testing.T) {
					w := newWorld(t, federated(func(f *emulator.Federation) { f.Trust, f.SAML, f.NoMetadata = trust, saml, !published }))
					c := w.public(t)
					res, err := c.AcquireTokenByUsernamePassword(t.Context(), password(fred))
					if err != nil {
						t.Fatal(err)
					}
					if res.Account.Username != fred || res.Account.AccountSource != "" {
						t.Errorf("got account %+v", res.Account)
					}
					wantTrust(t, w, trust, published)
					wantGrant(t, w, saml)
					if len(w.Emulator().Advice()) != 0 {
						t.Errorf("advice: %v", w.Emulator().Advice())
					}
					silent, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: res.Account, ForceRefresh: true})
					if err != nil || silent.Source != msal.FromIdentityProvider {
						t.Errorf("silently: %v, %v", silent, err)
					}
				})
			}
		}
	}
}

// wantTrust checks the exchange with the federated provider.
func wantTrust(t *testing.T, w *world, trust string, published bool) {
	t.Helper()
	path := map[bool]string{true: "/adfs/services/trust/13/usernamemixed", false: "/adfs/services/trust/2005/usernamemixed"}
	asked := w.Emulator().Requests(emulator.EndpointWSTrust)
	prefers13 := trust == "1.3" || trust == "" && published // the address in the realm is that of 2005
	if len(asked) != 1 || asked[0].Path != path[prefers13] || asked[0].User != fred {
		t.Errorf("the provider was asked: %v, want %s", asked, path[prefers13])
	}
	if n := len(w.Emulator().Requests(emulator.EndpointFederationMetadata)); (n == 1) != published {
		t.Errorf("the metadata was asked %d times", n)
	}
	for _, x := range append(asked, w.Emulator().Requests(emulator.EndpointFederationMetadata)...) {
		for name := range x.Header {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-") || lower == "client-request-id" {
				t.Errorf("the provider was told %s", name)
			}
		}
	}
}

// wantGrant checks the token request.
func wantGrant(t *testing.T, w *world, saml string) {
	t.Helper()
	grants := map[string]string{"1.1": "urn:ietf:params:oauth:grant-type:saml1_1-bearer", "2.0": "urn:ietf:params:oauth:grant-type:saml2-bearer"}
	token := w.Emulator().Requests(emulator.EndpointToken)
	if len(token) != 1 || token[0].Grant != grants[saml] || token[0].Header.Get("X-AnchorMailbox") != "" || token[0].Header.Get("x-client-current-telemetry") != "4|301,0|" || token[0].Form.Has("password") || token[0].Form.Has("username") {
		t.Errorf("the token requests are %v", token)
	}
}

func TestAnyUserNameAndPasswordSurvivesEveryEncoding(t *testing.T) {
	for _, trust := range []string{"1.3", "2005"} {
		w := newWorld(t, federated(func(f *emulator.Federation) { f.Trust = trust }))
		res, err := w.public(t).AcquireTokenByUsernamePassword(t.Context(), password(odd))
		if err != nil || res.Account.Username != odd {
			t.Fatalf("got %+v, %v", res.Account, err)
		}
		if realm := w.Emulator().Requests(emulator.EndpointUserRealm); len(realm) != 1 || realm[0].User != odd {
			t.Errorf("the user realm was asked about %v", realm)
		}
		if strings.Contains(w.log.String(), "o'd") && strings.Contains(w.log.String(), "path=/common/userrealm/o") {
			t.Error("the log shows the user name in a path")
		}
	}
}

func TestTheSuppliedNameIsTheAccountsWhenTheServiceNamesNone(t *testing.T) {
	w := newWorld(t, federated())
	for _, user := range []string{alice, fred} {
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken},
			Tamper: emulator.Tamper{Claims: map[string]any{"preferred_username": nil, "upn": nil}}})
		res, err := w.public(t).AcquireTokenByUsernamePassword(t.Context(), password(user))
		if err != nil || res.Account.Username != user {
			t.Errorf("got %+v, %v", res.Account, err)
		}
	}
}

func TestWrongPasswordsAskForThePerson(t *testing.T) {
	w := newWorld(t, federated())
	c := w.public(t)
	r := password(alice)
	r.Password = planted
	_, err := c.AcquireTokenByUsernamePassword(t.Context(), r)
	wantError(t, err, msal.ErrInteractionRequired)
	if e := asError(t, err); e.AADSTS[0] != 50126 {
		t.Errorf("got %v", e)
	}
	r.Username = fred
	_, err = c.AcquireTokenByUsernamePassword(t.Context(), r)
	wantError(t, err, msal.ErrInteractionRequired)
	if f := asFederation(t, err); f.Code != "FailedAuthentication" || f.Host != "sts.fabrikam.test" || f.StatusCode != 500 || f.Reason == "" {
		t.Errorf("got %+v", f)
	}
	if n := len(w.Emulator().Requests(emulator.EndpointToken)); n != 1 {
		t.Errorf("%d token requests; the federated one must not be tried at the service", n)
	}
	if strings.Contains(err.Error(), planted) || strings.Contains(w.log.String(), planted) {
		t.Error("the password shows")
	}
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 0 {
		t.Errorf("the cache has %v, %v", accounts, err)
	}
}

func asFederation(t *testing.T, err error) *msal.FederationError {
	t.Helper()
	var f *msal.FederationError
	if !errors.As(err, &f) {
		t.Fatalf("got %T (%v), want *msal.FederationError", err, err)
	}
	return f
}

const faultBody = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>` +
	`<s:Subcode><s:Value xmlns:t="urn:x">t:%s</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">%s</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>`

func TestFaultsAreTyped(t *testing.T) {
	for _, tt := range []struct {
		code string
		kind error
	}{
		{"FailedAuthentication", msal.ErrInteractionRequired},
		{"InvalidRequest", msal.ErrConfiguration},
		{"MessageExpired", msal.ErrConfiguration},
		{"RequestFailed", nil},
	} {
		t.Run(tt.code, func(t *testing.T) {
			w := newWorld(t, federated())
			w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointWSTrust}, Status: 500, ContentType: "application/soap+xml",
				Body: fmt.Sprintf(faultBody, tt.code, "no\nfor "+emulator.DefaultPassword+"\x7f")})
			_, err := w.public(t).AcquireTokenByUsernamePassword(t.Context(), password(fred))
			f := asFederation(t, err)
			if f.Code != tt.code || f.Reason != "no for [redacted]" || f.StatusCode != 500 {
				t.Errorf("got %+v", f)
			}
			for _, kind := range []error{msal.ErrInteractionRequired, msal.ErrConfiguration, msal.ErrTransient, msal.ErrProtocol} {
				if errors.Is(err, kind) != (kind == tt.kind) {
					t.Errorf("is %v: %t", kind, kind != tt.kind)
				}
			}
			assertNoSecrets(t, "the error", err.Error())
		})
	}
}

// Each row breaks one answer on the way; nothing may be cached, and no password
// sent after it.
func TestBrokenFederationIsRefused(t *testing.T) {
	at := func(endpoint string) emulator.Match { return emulator.Match{Endpoint: endpoint} }
	realm, mex, trust := at(emulator.EndpointUserRealm), at(emulator.EndpointFederationMetadata), at(emulator.EndpointWSTrust)
	realmOf := func(members string) string { return `{"account_type":"Federated",` + members + `}` }
	for name, tt := range map[string]struct {
		fault emulator.Fault
		kind  error
		hint  string
	}{
		"realm is not JSON":      {emulator.Fault{Match: realm, Body: "<html>"}, msal.ErrProtocol, "not the JSON object"},
		"realm is null":          {emulator.Fault{Match: realm, Body: "null"}, msal.ErrProtocol, "not the JSON object"},
		"realm is refused":       {emulator.Fault{Match: realm, Body: "no", Status: 403}, msal.ErrProtocol, "error status"},
		"realm is down":          {emulator.Fault{Match: realm, Body: "no", Status: 503}, msal.ErrTransient, "try again"},
		"realm moves":            {emulator.Fault{Match: realm, Redirect: "https://evil.example/"}, msal.ErrProtocol, "redirects"},
		"realm names nothing":    {emulator.Fault{Match: realm, Body: realmOf(`"ver":"1.0"`)}, msal.ErrConfiguration, "neither metadata nor an endpoint"},
		"metadata over http":     {emulator.Fault{Match: realm, Body: realmOf(`"federation_metadata_url":"http://sts.fabrikam.test/adfs/services/trust/mex"`)}, msal.ErrConfiguration, "https"},
		"endpoint over http":     {emulator.Fault{Match: realm, Body: realmOf(`"federation_active_auth_url":"http://sts.fabrikam.test/adfs/services/trust/13/usernamemixed"`)}, msal.ErrConfiguration, "not an https URL"},
		"endpoint of no version": {emulator.Fault{Match: realm, Body: realmOf(`"federation_active_auth_url":"https://sts.fabrikam.test/login"`)}, msal.ErrConfiguration, "WS-Trust version is unknown"},
		"metadata is no XML":     {emulator.Fault{Match: mex, Body: "<a><b></a>"}, msal.ErrProtocol, "not well-formed"},
		"metadata is a bomb":     {emulator.Fault{Match: mex, Body: `<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>`}, msal.ErrProtocol, "document type declaration"},
		"metadata is huge":       {emulator.Fault{Match: mex, Body: "<a>" + strings.Repeat("x", 1<<20) + "</a>"}, msal.ErrProtocol, "larger than"},
		"metadata is missing":    {emulator.Fault{Match: mex, Body: "no", Status: 404}, msal.ErrProtocol, "error status"},
		"metadata is down":       {emulator.Fault{Match: mex, Body: "no", Status: 502}, msal.ErrTransient, "try again"},
		"metadata has none":      {emulator.Fault{Match: mex, Body: "<a/>"}, msal.ErrConfiguration, "no https endpoint"},
		"answer is no XML":       {emulator.Fault{Match: trust, Body: "{}"}, msal.ErrProtocol, "not well-formed"},
		"answer is HTML of 503":  {emulator.Fault{Match: trust, Body: "<html><br></html>", Status: 503}, msal.ErrTransient, "try again"},
		"answer has no token":    {emulator.Fault{Match: trust, Body: "<a/>"}, msal.ErrProtocol, "neither a token nor a fault"},
		"connection breaks":      {emulator.Fault{Match: trust, Reset: true}, msal.ErrTransient, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, federated())
			w.Emulator().Inject(tt.fault)
			c := w.public(t)
			_, err := c.AcquireTokenByUsernamePassword(t.Context(), password(fred))
			wantError(t, err, tt.kind)
			wantHint(t, err, tt.hint)
			if tt.fault.Match != trust && w.wire.count("usernamemixed") != 0 || w.wire.tokens() != 0 {
				t.Errorf("requests went on: %q", w.wire.requests)
			}
			if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 0 {
				t.Errorf("the cache has %v, %v", accounts, err)
			}
		})
	}
}

func TestAProviderWithoutAnEndpointIsAConfigurationError(t *testing.T) {
	w := newWorld(t, federated(func(f *emulator.Federation) { f.Trust = "none" }))
	_, err := w.public(t).AcquireTokenByUsernamePassword(t.Context(), password(fred))
	wantError(t, err, msal.ErrConfiguration)
	wantHint(t, err, "AcquireTokenInteractive")
	if w.wire.count("mixed") != 0 {
		t.Errorf("a password went to an endpoint for certificates: %q", w.wire.requests)
	}
}

func TestBadUserNamesAndPasswordsAreRefused(t *testing.T) {
	w := newWorld(t, federated())
	for name, tt := range map[string]struct {
		change func(*msal.UsernamePasswordRequest)
		hint   string
		sent   int
	}{
		"no name":                    {func(r *msal.UsernamePasswordRequest) { r.Username = "" }, "give what the person signs in with", 0},
		"no password":                {func(r *msal.UsernamePasswordRequest) { r.Password = "" }, "is the variable", 0},
		"a path":                     {func(r *msal.UsernamePasswordRequest) { r.Username = ".." }, "characters", 0},
		"a reserved scope":           {func(r *msal.UsernamePasswordRequest) { r.Scopes = []string{"openid"} }, "reserved", 0},
		"a scope with a blank":       {func(r *msal.UsernamePasswordRequest) { r.Scopes = []string{"a b"} }, "without blanks", 0},
		"claims that are no JSON":    {func(r *msal.UsernamePasswordRequest) { r.Claims = "{" }, "JSON", 0},
		"what XML cannot say":        {func(r *msal.UsernamePasswordRequest) { r.Password = planted + "\x01" }, "characters", 1},
		"what is not even UTF-8":     {func(r *msal.UsernamePasswordRequest) { r.Password = planted + "\xff" }, "characters", 1},
		"a name that XML cannot say": {func(r *msal.UsernamePasswordRequest) { r.Username = "\x02" + fred }, "characters", 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(w.wire.requests)
			r := password(fred)
			tt.change(&r)
			_, err := w.public(t).AcquireTokenByUsernamePassword(t.Context(), r)
			wantError(t, err, msal.ErrConfiguration)
			wantHint(t, err, tt.hint)
			if strings.Contains(err.Error(), planted) {
				t.Error("the error shows the password")
			}
			if n := len(w.wire.requests) - before; n != tt.sent {
				t.Errorf("%d requests, want %d: %q", n, tt.sent, w.wire.requests[before:])
			}
		})
	}
}

func TestHostsWithoutAUserRealmAreRememberedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointUserRealm}, Status: 404, Body: "no"})
		c := w.public(t)
		sign := func(want int) {
			t.Helper()
			if _, err := c.AcquireTokenByUsernamePassword(t.Context(), password(alice)); err != nil {
				t.Fatal(err)
			}
			if n := len(w.Emulator().Requests(emulator.EndpointUserRealm)); n != want {
				t.Errorf("the user realm was asked %d times, want %d", n, want)
			}
		}
		sign(1)
		sign(1)
		time.Sleep(25 * time.Hour)
		sign(2)
	})
}

func TestTheUserRealmIsAskedAtThePortOfTheAuthority(t *testing.T) {
	w := newWorld(t, federated())
	c := w.public(t, func(o *msal.Options) {
		o.Authority, o.InstanceDiscovery = "https://localhost:8443/"+emulator.DefaultTenantID, msal.InstanceDiscoveryOff
	})
	if _, err := c.AcquireTokenByUsernamePassword(t.Context(), password(fred)); err != nil {
		t.Fatal(err)
	}
	if realm := w.Emulator().Requests(emulator.EndpointUserRealm); len(realm) != 1 || realm[0].Host != "localhost:8443" {
		t.Errorf("the user realm was asked: %v", realm)
	}
}

func TestOtherProvidersNeedNoUserRealm(t *testing.T) {
	w := newWorld(t)
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointUserRealm}, Body: "<html>a sign-in page"})
	c := w.public(t, func(o *msal.Options) { o.Authority, o.OIDCAuthority = "", authority+"/v2.0" })
	res, err := c.AcquireTokenByUsernamePassword(t.Context(), password(alice))
	if err != nil || res.Account.Username != alice {
		t.Errorf("got %+v, %v", res.Account, err)
	}
}

func TestADFSAuthoritiesTakeThePasswordThemselves(t *testing.T) {
	cfg := emulator.Defaults()
	cfg.Tenants[0].ADFS = []string{"adfs.contoso.test"}
	w := newWorld(t, cfg)
	c := w.public(t, func(o *msal.Options) { o.Authority = "https://adfs.contoso.test/adfs" })
	res, err := c.AcquireTokenByUsernamePassword(t.Context(), password(alice))
	if err != nil || res.Account.Username != alice || res.Account.AuthorityType != "ADFS" {
		t.Errorf("got %+v, %v", res.Account, err)
	}
	if n := w.wire.count("userrealm/" + alice); n != 0 {
		t.Errorf("the user realm was asked %d times", n)
	}
}

func TestASecondFactorAsksForThePerson(t *testing.T) {
	w := newWorld(t, federated())
	for _, user := range []string{alice, fred} {
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, AADSTS: 50076, Claims: `{"access_token":{"polids":{"essential":true}}}`})
		_, err := w.public(t).AcquireTokenByUsernamePassword(t.Context(), password(user))
		wantError(t, err, msal.ErrInteractionRequired)
		if e := asError(t, err); e.Claims == "" {
			t.Error("the claims challenge is lost")
		}
	}
}

func TestClaimsGoOutWithEitherGrant(t *testing.T) {
	w := newWorld(t, federated())
	c := w.public(t, func(o *msal.Options) { o.ClientCapabilities = []string{"CP1"} })
	for _, user := range []string{alice, fred} {
		r := password(user)
		r.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
		if _, err := c.AcquireTokenByUsernamePassword(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range w.Emulator().Requests(emulator.EndpointToken) {
		if !x.Sent("claims", `{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["CP1"]}}}`) {
			t.Errorf("%v sent claims %q", x, x.Form.Get("claims"))
		}
	}
}

func TestPasswordRequestsHideThePassword(t *testing.T) {
	r := password(alice)
	var log safeBuffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "request", r)
	for _, text := range []string{fmt.Sprint(r), fmt.Sprintf("%+v %#v", r, r), log.String()} {
		assertNoSecrets(t, "the printed request", text)
	}
}
