package interop

import (
	"context"
	"crypto/x509"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/msal-go/msal/emulator"
)

// The flows of MSAL Go. Those that are missing it does not have: it never asks
// for a token by a refresh token that an application brings along, and has no
// SHA-1 thumbprints.
func msalGoFlows(cert *x509.Certificate) map[string]func(*testing.T, *stage) error {
	byCertificate := func(o ...confidential.Option) func(*testing.T, *stage) error {
		return func(t *testing.T, s *stage) error {
			cred, err := confidential.NewCredFromCert([]*x509.Certificate{cert}, appKey())
			if err != nil {
				return err
			}
			return goDaemon(t, s, cred, o)
		}
	}
	bySecret := func(o []confidential.Option, a ...confidential.AcquireByCredentialOption) func(*testing.T, *stage) error {
		return func(t *testing.T, s *stage) error {
			cred, err := confidential.NewCredFromSecret(s.actor.secret)
			if err != nil {
				return err
			}
			return goDaemon(t, s, cred, o, a...)
		}
	}
	return map[string]func(*testing.T, *stage) error{
		"client secret": bySecret(nil),
		"client secret with claims and capabilities": bySecret([]confidential.Option{confidential.WithClientCapabilities([]string{"CP1"})}, confidential.WithClaims(challenge)),
		"client secret in a region":                  bySecret([]confidential.Option{confidential.WithAzureRegion("westus2")}),
		"client certificate":                         byCertificate(),
		"client certificate with x5c":                byCertificate(confidential.WithX5C()),
		"client assertion": func(t *testing.T, s *stage) error {
			return goDaemon(t, s, confidential.NewCredFromAssertionCallback(func(context.Context, confidential.AssertionRequestOptions) (string, error) {
				return s.actor.assertion, nil
			}), nil)
		},
		"on behalf of":                      goOnBehalfOf,
		"device code":                       goByDeviceCode,
		"user name and password":            goByPassword,
		"user name and password, federated": goByPassword,
		"authorization code":                goByCode,
		"authorization code at AD FS":       goByCode,
		"authorization code at B2C":         goByCode,
		"interactive":                       goInteractively(),
		"interactive with hints and claims": goInteractively(
			public.WithLoginHint(alice), public.WithDomainHint("organizations"), public.WithClaims(challenge)),
		"silent refresh": goSilently(nil),
		"silent refresh with claims and capabilities": goSilently(
			[]public.Option{public.WithClientCapabilities([]string{"CP1"})}, public.WithClaims(challenge)),
	}
}

func (s *stage) goConfidential(cred confidential.Credential, o ...confidential.Option) (confidential.Client, error) {
	o = append(o, confidential.WithHTTPClient(s.client))
	if s.actor.authority != tenantURL { // it knows no other host
		o = append(o, confidential.WithInstanceDiscovery(false))
	}
	if s.file != nil {
		o = append(o, confidential.WithCache(s.file))
	}
	return confidential.New(s.actor.authority, s.actor.clientID, cred, o...)
}

func (s *stage) goWithSecret() (confidential.Client, error) {
	cred, err := confidential.NewCredFromSecret(s.actor.secret)
	if err != nil {
		return confidential.Client{}, err
	}
	return s.goConfidential(cred)
}

func (s *stage) goPublic(o ...public.Option) (public.Client, error) {
	o = append(o, public.WithAuthority(s.actor.authority), public.WithHTTPClient(s.client))
	if s.file != nil {
		o = append(o, public.WithCache(s.file))
	}
	return public.New(s.actor.clientID, o...)
}

func goDaemon(t *testing.T, s *stage, cred confidential.Credential, o []confidential.Option, a ...confidential.AcquireByCredentialOption) error {
	c, err := s.goConfidential(cred, o...)
	if err != nil {
		return err
	}
	_, err = c.AcquireTokenByCredential(t.Context(), []string{tasksScope}, a...)
	return err
}

func goOnBehalfOf(t *testing.T, s *stage) error {
	c, err := s.goWithSecret()
	if err != nil {
		return err
	}
	_, err = c.AcquireTokenOnBehalfOf(t.Context(), s.actor.userAssertion, []string{graphScope})
	return err
}

func goByDeviceCode(t *testing.T, s *stage) error {
	c, err := s.goPublic()
	if err != nil {
		return err
	}
	code, err := c.AcquireTokenByDeviceCode(t.Context(), []string{"User.Read"})
	if err != nil {
		return err
	}
	if err := s.emu.ApproveDevice(code.Result.UserCode, alice); err != nil {
		return err
	}
	_, err = code.AuthenticationResult(t.Context())
	return err
}

func goByPassword(t *testing.T, s *stage) error {
	c, err := s.goPublic()
	if err != nil {
		return err
	}
	//lint:ignore SA1019 the flow is compared as long as there is one
	_, err = c.AcquireTokenByUsernamePassword(t.Context(), []string{"User.Read"}, alice, emulator.DefaultPassword)
	return err
}

func goByCode(t *testing.T, s *stage) error {
	c, err := s.goWithSecret()
	if err != nil {
		return err
	}
	address, err := c.AuthCodeURL(t.Context(), s.actor.clientID, webCallback, []string{"User.Read"}, confidential.WithLoginHint(alice), confidential.WithPrompt(goSelectAccount))
	if err != nil {
		return err
	}
	answer, err := s.visit(t.Context(), address)
	if err != nil {
		return err
	}
	_, err = c.AcquireTokenByAuthCode(t.Context(), answer.Values.Get("code"), webCallback, []string{"User.Read"})
	return err
}

// goSelectAccount is a constant of an internal package of MSAL Go.
const goSelectAccount = 2

func goInteractively(a ...public.AcquireInteractiveOption) func(*testing.T, *stage) error {
	return func(t *testing.T, s *stage) error {
		c, err := s.goPublic()
		if err != nil {
			return err
		}
		_, err = s.goInteractive(t, c, a...)
		return err
	}
}

func (s *stage) goInteractive(t *testing.T, c public.Client, a ...public.AcquireInteractiveOption) (public.AuthResult, error) {
	a = append(a, public.WithOpenURL(func(address string) error { return s.open(t.Context(), address) }))
	return c.AcquireTokenInteractive(t.Context(), []string{"User.Read"}, a...)
}

func goSilently(o []public.Option, a ...public.AcquireSilentOption) func(*testing.T, *stage) error {
	return func(t *testing.T, s *stage) error {
		c, err := s.goPublic(o...)
		if err != nil {
			return err
		}
		res, err := s.goInteractive(t, c)
		if err != nil {
			return err
		}
		s.begin()
		_, err = c.AcquireTokenSilent(t.Context(), []string{"Mail.Read"}, append(a, public.WithSilentAccount(res.Account))...)
		return err
	}
}
