package interop

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// scenario is one flow, as our client plays it. The others play it in
// msalgoflows_test.go and msalnode_test.go under the same name.
type scenario struct {
	name   string
	actor  func(t *testing.T) cast
	change []func(*emulator.Config)
	ours   func(t *testing.T, s *stage) error
}

const (
	webCallback = "https://web.contoso.test/callback"
	challenge   = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	graphScope  = "https://graph.microsoft.com/.default"
)

var (
	daemon  = cast{clientID: emulator.DaemonClientID, secret: emulator.DaemonSecret}
	desktop = cast{clientID: emulator.DesktopClientID}
	device  = cast{clientID: emulator.DeviceClientID}
	web     = cast{clientID: emulator.WebClientID, secret: emulator.WebSecret}
)

func at(c cast, authority string) cast {
	c.authority = authority
	return c
}

var (
	relatives = []func(*emulator.Config){func(cfg *emulator.Config) {
		cfg.Tenants[0].Policies, cfg.Tenants[0].ADFS = []string{"B2C_1_in"}, []string{"adfs.contoso.test"}
	}}
	federated = []func(*emulator.Config){func(cfg *emulator.Config) {
		cfg.Tenants[0].Federated = []emulator.Federation{{Domain: "contoso.test"}}
	}}
)

func plays(c cast) func(*testing.T) cast { return func(*testing.T) cast { return c } }

// scenarios are all flows. Those by certificate have the one that is given.
func scenarios(cert *x509.Certificate) []scenario {
	registered := []func(*emulator.Config){withCertificate(pemOf("CERTIFICATE", cert.Raw))}
	certificate := func(change func(*msal.Certificate)) func(*testing.T, *stage) error {
		c := msal.Certificate{Key: appKey(), Chain: []*x509.Certificate{cert}}
		change(&c)
		return asDaemon(c, msal.ForClientRequest{})
	}
	secret := msal.Secret(emulator.DaemonSecret)
	return []scenario{
		{"client secret", plays(daemon), nil, asDaemon(secret, msal.ForClientRequest{})},
		{"client secret with claims and capabilities", plays(daemon), nil, asDaemon(secret, msal.ForClientRequest{Claims: challenge}, withCP1)},
		{"client secret of a named application", plays(daemon), nil, asDaemon(secret, msal.ForClientRequest{}, named)},
		{"client secret in a region", plays(daemon), nil, asDaemon(secret, msal.ForClientRequest{}, inRegion)},
		{"client secret after a cache hit", plays(daemon), nil, oursAfterHit},
		{"client secret after a failure", plays(daemon), nil, oursAfter(refusal, 1)},
		{"client secret after a refusal from memory", plays(daemon), nil, oursAfter(overload, 2)},
		{"client certificate", plays(daemon), registered, certificate(func(*msal.Certificate) {})},
		{"client certificate with x5c", plays(daemon), registered, certificate(func(c *msal.Certificate) { c.SendX5C = msal.X5CLeaf })},
		{"client certificate by SHA-1", plays(daemon), registered, certificate(func(c *msal.Certificate) { c.SHA1 = true })},
		{"client certificate by SHA-1 with x5c", plays(daemon), registered, certificate(func(c *msal.Certificate) { c.SHA1, c.SendX5C = true, msal.X5CLeaf })},
		{"client assertion", func(t *testing.T) cast {
			c := daemon
			c.assertion = assertionCase{credential: msal.Certificate{Key: appKey(), Chain: []*x509.Certificate{cert}}}.assertion(t)
			return c
		}, registered, func(t *testing.T, s *stage) error {
			return asDaemon(msal.Assertion(s.actor.assertion), msal.ForClientRequest{})(t, s)
		}},
		{"on behalf of", plays(cast{clientID: emulator.TasksClientID, secret: emulator.TasksSecret}), nil, oursOnBehalfOf},
		{"device code", plays(device), nil, oursByDeviceCode},
		{"user name and password", plays(desktop), nil, oursByPassword},
		{"user name and password, federated", plays(desktop), federated, oursByPassword},
		{"authorization code", plays(web), nil, oursByCode},
		{"authorization code at AD FS", plays(at(web, "https://adfs.contoso.test/adfs")), relatives, oursByCode},
		{"authorization code at B2C", plays(at(web, "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in")), relatives, oursByCode},
		{"interactive", plays(desktop), nil, oursInteractively(msal.InteractiveRequest{})},
		{"interactive with hints and claims", plays(desktop), nil,
			oursInteractively(msal.InteractiveRequest{LoginHint: alice, DomainHint: "organizations", Claims: challenge})},
		{"silent refresh", plays(desktop), nil, oursSilently(msal.SilentRequest{ForceRefresh: true})},
		{"silent refresh with claims and capabilities", plays(desktop), nil, oursSilently(msal.SilentRequest{Claims: challenge}, withCP1)},
		{"refresh token", plays(desktop), nil, oursByRefreshToken},
	}
}

func named(o *msal.Options)    { o.AppName, o.AppVersion = "tasks", "1.2" }
func withCP1(o *msal.Options)  { o.ClientCapabilities = []string{"CP1"} }
func inRegion(o *msal.Options) { o.Region = "westus2" }

// options are those of a client of ours that knows nothing but its authority.
func (s *stage) options(change ...func(*msal.Options)) msal.Options {
	o := msal.Options{Authority: s.actor.authority, HTTPClient: s.client, Cache: s.cache}
	for _, f := range change {
		f(&o)
	}
	return o
}

func (s *stage) confidential(c msal.Credential, change ...func(*msal.Options)) (*msal.ConfidentialClient, error) {
	return msal.NewConfidentialClient(s.actor.clientID, c, s.options(change...))
}

func (s *stage) public(change ...func(*msal.Options)) (*msal.PublicClient, error) {
	return msal.NewPublicClient(s.actor.clientID, s.options(change...))
}

func asDaemon(c msal.Credential, r msal.ForClientRequest, change ...func(*msal.Options)) func(*testing.T, *stage) error {
	r.Scopes = []string{tasksScope}
	return func(t *testing.T, s *stage) error {
		app, err := s.confidential(c, change...)
		if err != nil {
			return err
		}
		_, err = app.AcquireTokenForClient(t.Context(), r)
		return err
	}
}

func oursAfterHit(t *testing.T, s *stage) error {
	app, err := s.confidential(msal.Secret(s.actor.secret))
	if err != nil {
		return err
	}
	for _, scope := range []string{tasksScope, tasksScope, graphScope} {
		s.begin()
		if _, err := app.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{scope}}); err != nil {
			return err
		}
	}
	return nil
}

// oursAfter asks for another token after some that were refused.
func oursAfter(f emulator.Fault, calls int) func(*testing.T, *stage) error {
	return func(t *testing.T, s *stage) error {
		app, err := s.confidential(msal.Secret(s.actor.secret))
		if err != nil {
			return err
		}
		s.emu.Inject(f)
		for range calls {
			if _, err := app.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err == nil {
				return errors.New("the service was to refuse")
			}
		}
		if n := len(s.sent()); n != 1 {
			return fmt.Errorf("%d requests were sent, not one", n)
		}
		s.begin()
		_, err = app.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{graphScope}})
		return err
	}
}

var (
	refusal  = emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, AADSTS: 7000218}
	overload = emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Status: http.StatusTooManyRequests, RetryAfter: time.Minute}
)

func oursOnBehalfOf(t *testing.T, s *stage) error {
	app, err := s.confidential(msal.Secret(s.actor.secret))
	if err != nil {
		return err
	}
	_, err = app.AcquireTokenOnBehalfOf(t.Context(), msal.OnBehalfOfRequest{UserAssertion: s.actor.userAssertion, Scopes: []string{graphScope}})
	return err
}

func oursByDeviceCode(t *testing.T, s *stage) error {
	app, err := s.public()
	if err != nil {
		return err
	}
	flow, err := app.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{"User.Read"}})
	if err != nil {
		return err
	}
	if err := s.emu.ApproveDevice(flow.UserCode, alice); err != nil {
		return err
	}
	_, err = app.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
	return err
}

func oursByPassword(t *testing.T, s *stage) error {
	app, err := s.public()
	if err != nil {
		return err
	}
	//lint:ignore SA1019 the flow is compared as long as there is one
	_, err = app.AcquireTokenByUsernamePassword(t.Context(), msal.UsernamePasswordRequest{Scopes: []string{"User.Read"}, Username: alice, Password: emulator.DefaultPassword})
	return err
}

func oursByCode(t *testing.T, s *stage) error {
	app, err := s.confidential(msal.Secret(s.actor.secret))
	if err != nil {
		return err
	}
	flow, err := app.InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{
		Scopes: []string{"User.Read"}, RedirectURI: webCallback, LoginHint: alice, Prompt: msal.PromptSelectAccount,
	})
	if err != nil {
		return err
	}
	answer, err := s.visit(t.Context(), flow.URL)
	if err != nil {
		return err
	}
	_, err = app.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer.Values})
	return err
}

func oursInteractively(r msal.InteractiveRequest) func(*testing.T, *stage) error {
	return func(t *testing.T, s *stage) error {
		app, err := s.public()
		if err != nil {
			return err
		}
		_, err = s.interactive(t, app, r)
		return err
	}
}

func (s *stage) interactive(t *testing.T, app *msal.PublicClient, r msal.InteractiveRequest) (msal.Result, error) {
	r.Scopes, r.Timeout, r.OpenURL = []string{"User.Read"}, patience, s.open
	return app.AcquireTokenInteractive(t.Context(), r)
}

// open is visit for clients that listen on this machine.
func (s *stage) open(ctx context.Context, address string) error {
	_, err := s.visit(ctx, address)
	return err
}

func oursSilently(r msal.SilentRequest, change ...func(*msal.Options)) func(*testing.T, *stage) error {
	r.Scopes = []string{"Mail.Read"}
	return func(t *testing.T, s *stage) error {
		app, err := s.public(change...)
		if err != nil {
			return err
		}
		res, err := s.interactive(t, app, msal.InteractiveRequest{})
		if err != nil {
			return err
		}
		s.begin()
		r := r
		r.Account = res.Account
		_, err = app.AcquireTokenSilent(t.Context(), r)
		return err
	}
}

func oursByRefreshToken(t *testing.T, s *stage) error {
	app, err := s.public()
	if err != nil {
		return err
	}
	_, err = app.AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{RefreshToken: s.actor.refreshToken, Scopes: []string{"User.Read"}})
	return err
}

// prepare gives the flow what it begins with: tokens that somebody else got.
func (s *stage) prepare(t *testing.T, flow string) {
	t.Helper()
	switch flow {
	case "on behalf of":
		s.actor.userAssertion = s.tokens(t, emulator.TasksReadScope).Get("access_token")
	case "refresh token":
		s.actor.refreshToken = s.tokens(t, "User.Read openid offline_access").Get("refresh_token")
	case "device code":
		if err := s.emu.SetLifetimes(emulator.Lifetimes{DeviceInterval: time.Second}); err != nil {
			t.Fatal(err)
		}
		s.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, AADSTS: 70016}) // pending
	}
}

// tokens are what the desktop application gets for the person's password.
func (s *stage) tokens(t *testing.T, scope string) url.Values {
	t.Helper()
	resp, err := s.emu.Client().PostForm(tenantURL+"/oauth2/v2.0/token", url.Values{
		"client_id": {emulator.DesktopClientID}, "grant_type": {"password"}, "scope": {scope}, "username": {alice}, "password": {emulator.DefaultPassword},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return members(t, resp.Body)
}

// members reads the texts of a JSON object.
func members(t *testing.T, r io.Reader) url.Values {
	t.Helper()
	var all map[string]any
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&all); err != nil {
		t.Fatal(err)
	}
	out := url.Values{}
	for name, value := range all {
		if text, ok := value.(string); ok {
			out.Set(name, text)
		}
	}
	return out
}
