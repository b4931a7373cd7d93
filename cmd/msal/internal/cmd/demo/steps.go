package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/msal-go/msal"
	platform "github.com/msal-go/msal/emulator"
	"github.com/msal-go/msal/internal/openurl"

	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

// What the demo asks for.
var (
	appScopes    = []string{"api://tasks/.default"}
	personScopes = []string{platform.TasksReadScope}
)

func (s *stage) steps() []step {
	service, cache := msal.FromIdentityProvider, msal.FromCache
	return []step{
		{"A daemon with a secret", "client credentials: the application's own token for api://tasks", service, grantApp, s.bySecret},
		{"A daemon with a certificate", "client credentials: a signed assertion instead of a secret", service, grantApp, s.byCertificate},
		{"The daemon again", "the same question as in the first step", cache, "", s.bySecret},
		{"Device code", "alice opens the sign-in page elsewhere and enters the code; a token for 4 minutes", service, grantDevice, s.byDeviceCode},
		{"Browser", s.browserDid(), service, grantCode, s.byBrowser},
		{"Silent, token at hand", "the same scope again, without asking anybody", cache, "", s.silentFromCache},
		{"Silent, token about to expire", "4 minutes are less than the 5-minute margin: renewed without asking anybody", service, grantRefresh, s.silentByRefresh},
		{"Sign-out", "accounts and tokens leave the cache; the next silent call asks for a sign-in", "", "", s.signOut},
	}
}

func (s *stage) browserDid() string {
	if s.browser {
		return "authorization code with PKCE: you sign in in your browser"
	}
	return "authorization code with PKCE: alice fills in the sign-in page"
}

func (s *stage) bySecret(ctx context.Context) (msal.Result, error) {
	return s.daemon.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: appScopes})
}

func (s *stage) byCertificate(ctx context.Context) (msal.Result, error) {
	return s.certified.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: appScopes})
}

// byDeviceCode gets a token that is due as soon as it is there.
func (s *stage) byDeviceCode(ctx context.Context) (result msal.Result, err error) {
	if err := s.emu.SetLifetimes(lifetimes(shortLife)); err != nil {
		return msal.Result{}, err
	}
	defer func() { err = errors.Join(err, s.emu.SetLifetimes(lifetimes(0))) }()
	flow, err := s.device.InitiateDeviceFlow(ctx, msal.DeviceFlowRequest{Scopes: personScopes})
	if err != nil {
		return msal.Result{}, err
	}
	if err := s.alice.ApproveDevice(ctx, flow.VerificationURI, flow.UserCode); err != nil {
		return msal.Result{}, fmt.Errorf("enter the device code: %w", err)
	}
	result, err = s.device.AcquireTokenByDeviceFlow(ctx, msal.DeviceFlowRedemption{Flow: flow})
	s.deviceUser = result.Account
	return result, err
}

// personTime is how long a person may take in the browser.
const personTime = 5 * time.Minute

func (s *stage) byBrowser(ctx context.Context) (result msal.Result, err error) {
	defer func() { s.desktopUser = result.Account }()
	request := msal.InteractiveRequest{Scopes: personScopes, OpenURL: s.alice.Open}
	if !s.browser {
		return s.desktop.AcquireTokenInteractive(ctx, request)
	}
	var wait *terminal.Progress
	request.Timeout = personTime
	request.OpenURL = func(ctx context.Context, address string) error {
		address = s.rewrite.ForBrowser(address)
		s.inv.Say("Sign in as %s with the password %s at\n\n  %s\n", platform.DefaultUser, platform.DefaultPassword, address)
		if err := openurl.New().Open(ctx, address); err != nil {
			s.inv.Say("No browser could be opened from here; open the address yourself, on this machine.")
		}
		wait = s.inv.Wait(ctx, terminal.Countdown("waiting for the browser,", time.Now().Add(personTime), time.Now))
		return nil
	}
	result, err = s.desktop.AcquireTokenInteractive(ctx, request)
	if wait != nil {
		wait.Stop()
	}
	return result, err
}

func (s *stage) silentFromCache(ctx context.Context) (msal.Result, error) {
	return silent(ctx, s.desktop, s.desktopUser)
}

func (s *stage) silentByRefresh(ctx context.Context) (msal.Result, error) {
	return silent(ctx, s.device, s.deviceUser)
}

// silent asks nobody. The account has been in the cache since the sign-in.
func silent(ctx context.Context, client *msal.PublicClient, user msal.Account) (msal.Result, error) {
	return client.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: personScopes, Account: user})
}

var errStillThere = errors.New("a token is still there")

func (s *stage) signOut(ctx context.Context) (msal.Result, error) {
	accounts, err := s.desktop.Accounts(ctx, msal.AccountsRequest{})
	if err != nil {
		return msal.Result{}, err
	}
	for _, a := range accounts {
		if err := s.desktop.RemoveAccount(ctx, msal.RemoveAccountRequest{Account: a}); err != nil {
			return msal.Result{}, err
		}
		_, err := s.desktop.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: personScopes, Account: a})
		if !errors.Is(err, msal.ErrNoToken) {
			return msal.Result{}, errors.Join(errStillThere, err)
		}
	}
	return msal.Result{}, nil
}
