package interop

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/msal-go/msal/emulator"
)

// MSAL Go as it is released, with its default authority and with instance
// discovery: nothing is set but the client that its requests go through.

func (p *platform) msalGoPublic(t *testing.T, id string, options ...public.Option) public.Client {
	t.Helper()
	options = append(options, public.WithAuthority(tenantURL), public.WithHTTPClient(p.client))
	c, err := public.New(id, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *platform) msalGoConfidential(t *testing.T, id string, cred confidential.Credential, options ...confidential.Option) confidential.Client {
	t.Helper()
	options = append(options, confidential.WithHTTPClient(p.client))
	c, err := confidential.New(tenantURL, id, cred, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMSALGoGetsTokensForADaemon(t *testing.T) {
	cert := appCertificate(t)
	bySecret, err := confidential.NewCredFromSecret(emulator.DaemonSecret)
	if err != nil {
		t.Fatal(err)
	}
	byCertificate, err := confidential.NewCredFromCert([]*x509.Certificate{cert}, appKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		cred    confidential.Credential
		options []confidential.Option
	}{
		"by secret":               {bySecret, nil},
		"by certificate":          {byCertificate, nil},
		"by certificate with x5c": {byCertificate, []confidential.Option{confidential.WithX5C()}},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPlatform(t, msalGo, withCertificate(pemOf("CERTIFICATE", cert.Raw)))
			c := p.msalGoConfidential(t, emulator.DaemonClientID, tc.cred, tc.options...)
			res, err := c.AcquireTokenByCredential(t.Context(), []string{tasksScope})
			if err != nil {
				t.Fatal(err)
			}
			again, err := c.AcquireTokenByCredential(t.Context(), []string{tasksScope})
			if err != nil || again.AccessToken != res.AccessToken || again.Metadata.TokenSource != confidential.TokenSourceCache {
				t.Errorf("the second time: from %v, %v", again.Metadata.TokenSource, err)
			}
			if n := len(p.Requests(emulator.EndpointInstanceDiscovery)); n == 0 {
				t.Error("MSAL Go made no instance discovery")
			}
		})
	}
}

// Every host name of the service leads to the emulator, with the names of the
// cloud it belongs to.
func TestMSALGoFindsTheEmulatorInEveryCloud(t *testing.T) {
	cred, err := confidential.NewCredFromSecret(emulator.DaemonSecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net",
		"login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"} {
		for _, tenant := range []string{emulator.DefaultTenantID, emulator.DefaultTenantDomain} {
			t.Run(host+" "+tenant, func(t *testing.T) {
				p := startPlatform(t, msalGo)
				c, err := confidential.New("https://"+host+"/"+tenant, emulator.DaemonClientID, cred, confidential.WithHTTPClient(p.client))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.AcquireTokenByCredential(t.Context(), []string{tasksScope}); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func TestMSALGoSignsInByDeviceCode(t *testing.T) {
	t.Run("approved at once", func(t *testing.T) {
		p := startPlatform(t, msalGo)
		c := p.msalGoPublic(t, emulator.DeviceClientID)
		code, err := c.AcquireTokenByDeviceCode(t.Context(), []string{emulator.TasksReadScope})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.person(alice).ApproveDevice(t.Context(), code.Result.VerificationURL, code.Result.UserCode); err != nil {
			t.Fatal(err)
		}
		res, err := code.AuthenticationResult(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if res.Account.PreferredUsername != alice {
			t.Errorf("got the account %+v", res.Account)
		}
	})
	// It polls faster than it is told to, and never slower than every five
	// seconds; it is to get its token all the same.
	t.Run("approved while it polls", func(t *testing.T) {
		p := startPlatform(t, msalGo)
		c := p.msalGoPublic(t, emulator.DeviceClientID)
		code, err := c.AcquireTokenByDeviceCode(t.Context(), []string{emulator.TasksReadScope})
		if err != nil {
			t.Fatal(err)
		}
		// The person is done when the third poll comes in.
		p.Inject(emulator.Fault{
			Match: emulator.Match{Endpoint: emulator.EndpointToken}, Skip: 2,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := p.ApproveDevice(code.Result.UserCode, alice); err != nil {
					t.Error(err)
				}
				p.ServeHTTP(w, r)
			}),
		})
		ctx, cancel := context.WithTimeout(t.Context(), patience/4)
		defer cancel()
		if _, err := code.AuthenticationResult(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMSALGoSignsInInteractively(t *testing.T) {
	p := startPlatform(t, msalGo)
	c := p.msalGoPublic(t, emulator.DesktopClientID)
	robot := p.person(alice)
	res, err := c.AcquireTokenInteractive(t.Context(), []string{emulator.TasksReadScope},
		public.WithOpenURL(func(address string) error { return robot.Open(t.Context(), address) }))
	if err != nil {
		t.Fatal(err)
	}
	msalGoStaysSignedIn(t, c, res)
}

// A person of any tenant signs in; afterwards the tenant is known.
func TestMSALGoSignsInWithoutATenant(t *testing.T) {
	for _, tenant := range []string{"organizations", "common"} {
		t.Run(tenant, func(t *testing.T) {
			p := startPlatform(t, msalGo)
			c, err := public.New(emulator.DesktopClientID, public.WithAuthority("https://login.microsoftonline.com/"+tenant), public.WithHTTPClient(p.client))
			if err != nil {
				t.Fatal(err)
			}
			robot := p.person(alice)
			res, err := c.AcquireTokenInteractive(t.Context(), []string{"User.Read"},
				public.WithOpenURL(func(address string) error { return robot.Open(t.Context(), address) }))
			if err != nil {
				t.Fatal(err)
			}
			if res.IDToken.TenantID != emulator.DefaultTenantID || res.Account.PreferredUsername != alice {
				t.Errorf("got tenant %q and the account %+v", res.IDToken.TenantID, res.Account)
			}
			again, err := c.AcquireTokenSilent(t.Context(), []string{emulator.TasksReadScope}, public.WithSilentAccount(res.Account))
			if err != nil || again.Metadata.TokenSource != public.TokenSourceIdentityProvider {
				t.Errorf("by the refresh token: %v", err)
			}
		})
	}
}

func TestMSALGoSignsInInteractivelyInARealBrowser(t *testing.T) {
	p := startPlatform(t, msalGo)
	c := p.msalGoPublic(t, emulator.DesktopClientID)
	b := p.browser(t)
	res, err := c.AcquireTokenInteractive(t.Context(), []string{emulator.TasksReadScope}, public.WithOpenURL(func(address string) error {
		b.visit(address)
		b.fill(`input[name=login]`, alice)
		b.fill(`input[name=passwd]`, emulator.DefaultPassword)
		b.click(`button.primary`)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	msalGoStaysSignedIn(t, c, res)
}

// msalGoStaysSignedIn gets the token from the cache, another by the refresh
// token, and signs out.
func msalGoStaysSignedIn(t *testing.T, c public.Client, first public.AuthResult) {
	t.Helper()
	ctx := t.Context()
	if first.Account.PreferredUsername != alice {
		t.Errorf("got the account %+v", first.Account)
	}
	hit, err := c.AcquireTokenSilent(ctx, []string{emulator.TasksReadScope}, public.WithSilentAccount(first.Account))
	if err != nil || hit.AccessToken != first.AccessToken {
		t.Errorf("from the cache: %v", err)
	}
	refreshed, err := c.AcquireTokenSilent(ctx, []string{"User.Read"}, public.WithSilentAccount(first.Account))
	if err != nil || refreshed.AccessToken == first.AccessToken || refreshed.Metadata.TokenSource != public.TokenSourceIdentityProvider {
		t.Errorf("by the refresh token: from %v, %v", refreshed.Metadata.TokenSource, err)
	}
	if err := c.RemoveAccount(ctx, first.Account); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenSilent(ctx, []string{"User.Read"}, public.WithSilentAccount(first.Account)); err == nil {
		t.Error("a token after signing out")
	}
}

func TestMSALGoRedeemsAnAuthorizationCode(t *testing.T) {
	const callback = "https://web.contoso.test/callback"
	cred, err := confidential.NewCredFromSecret(emulator.WebSecret)
	if err != nil {
		t.Fatal(err)
	}
	redeem := func(t *testing.T, asked ...string) (confidential.Client, confidential.AuthResult) {
		p := startPlatform(t, msalGo)
		c := p.msalGoConfidential(t, emulator.WebClientID, cred)
		address, err := c.AuthCodeURL(t.Context(), emulator.WebClientID, callback, asked)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := p.person(alice).Visit(t.Context(), withParameter(t, address, "state", "of the web application"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.AcquireTokenByAuthCode(t.Context(), answer.Values.Get("code"), callback, []string{emulator.TasksReadScope})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(res.GrantedScopes, emulator.TasksReadScope) {
			t.Errorf("got the scopes %q", res.GrantedScopes)
		}
		return c, res
	}
	// MSAL Go adds the scopes of OpenID Connect to the second leg only, and
	// documents that the result has an account.
	for name, asked := range map[string][]string{
		"for an API alone":                  {emulator.TasksReadScope},
		"with the scopes of OpenID Connect": {emulator.TasksReadScope, "openid", "profile", "offline_access"},
	} {
		t.Run(name, func(t *testing.T) {
			c, res := redeem(t, asked...)
			if res.Account.PreferredUsername != alice {
				t.Errorf("got the account %+v", res.Account)
			}
			hit, err := c.AcquireTokenSilent(t.Context(), []string{emulator.TasksReadScope}, confidential.WithSilentAccount(res.Account))
			if err != nil || hit.AccessToken != res.AccessToken {
				t.Errorf("from the cache: %v", err)
			}
			refreshed, err := c.AcquireTokenSilent(t.Context(), []string{"User.Read"}, confidential.WithSilentAccount(res.Account))
			if err != nil || refreshed.Metadata.TokenSource != confidential.TokenSourceIdentityProvider {
				t.Errorf("by the refresh token: %v", err)
			}
		})
	}
}

func withParameter(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// sharedFile is the cache of MSAL Go outside its process.
type sharedFile struct{ data []byte }

func (s *sharedFile) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	if s.data == nil {
		return nil
	}
	return c.Unmarshal(s.data)
}

func (s *sharedFile) Export(_ context.Context, c cache.Marshaler, _ cache.ExportHints) (err error) {
	s.data, err = c.Marshal()
	return err
}
