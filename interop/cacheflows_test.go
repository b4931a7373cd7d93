package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// What MSAL Go exports after a flow, our client goes on with, and the other way
// round: the token is served without a request, and another one is had for the
// refresh token. On behalf of users MSAL Go exports nothing (see
// testdata/cache), nor do we.

// cached are the flows that fill a cache, and the scope of the token that is in
// it then. Applications have their own token; the others have a user.
var cached = map[string]string{
	"client secret":                     tasksScope,
	"client certificate":                tasksScope,
	"device code":                       "User.Read",
	"user name and password":            "User.Read",
	"user name and password, federated": "User.Read",
	"authorization code":                "User.Read",
	"authorization code at AD FS":       "User.Read",
	"authorization code at B2C":         "User.Read",
	"interactive":                       "User.Read",
	"silent refresh":                    "Mail.Read",
}

const anotherScope = emulator.TasksReadScope

func (s *stage) isApplication() bool { return s.actor.clientID == emulator.DaemonClientID }

// asked counts the token requests since the stage began.
func (s *stage) asked() int {
	return len(slices.DeleteFunc(s.sent(), func(r request) bool { return r.kind() != "token" }))
}

func TestOurClientGoesOnWithWhatMSALGoExports(t *testing.T) {
	t.Parallel()
	cert := appCertificate(t)
	flows := msalGoFlows(cert)
	eachCached(t, scenarios(cert), func(t *testing.T, s *stage, sc scenario) {
		s.file, s.cache = new(sharedFile), msal.NewTokenCache(msal.CacheOptions{})
		if err := flows[sc.name](t, s); err != nil {
			t.Fatal(err)
		}
		if err := s.cache.Unmarshal(s.file.data); err != nil {
			t.Fatal(err)
		}
		s.begin()
		if err := s.oursGoesOn(t, cached[sc.name]); err != nil {
			t.Error(err)
		}
	})
}

func TestMSALGoGoesOnWithWhatOurClientExports(t *testing.T) {
	t.Parallel()
	eachCached(t, scenarios(appCertificate(t)), func(t *testing.T, s *stage, sc scenario) {
		s.cache = msal.NewTokenCache(msal.CacheOptions{})
		if err := sc.ours(t, s); err != nil {
			t.Fatal(err)
		}
		data, err := s.cache.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		s.file = &sharedFile{data: data}
		s.begin()
		if err := s.goGoesOn(t, cached[sc.name]); err != nil {
			t.Error(err)
		}
	})
}

func eachCached(t *testing.T, all []scenario, do func(*testing.T, *stage, scenario)) {
	n := 0
	for _, sc := range all {
		if cached[sc.name] == "" {
			continue
		}
		n++
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := startStage(t, msalGo, sc.actor(t), sc.change...)
			s.prepare(t, sc.name)
			do(t, s, sc)
		})
	}
	if n != len(cached) {
		t.Errorf("%d of %d flows were played", n, len(cached))
	}
}

// oursGoesOn looks for the token of a scope with a client of ours.
func (s *stage) oursGoesOn(t *testing.T, scope string) error {
	if s.isApplication() {
		app, err := s.confidential(msal.Secret(s.actor.secret))
		if err != nil {
			return err
		}
		res, err := app.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{scope}})
		return s.served(res.Source == msal.FromCache, err)
	}
	type user interface {
		Accounts(context.Context, msal.AccountsRequest) ([]msal.Account, error)
		AcquireTokenSilent(context.Context, msal.SilentRequest) (msal.Result, error)
	}
	var app user
	var err error
	if s.actor.secret != "" {
		app, err = s.confidential(msal.Secret(s.actor.secret))
	} else {
		app, err = s.public()
	}
	if err != nil {
		return err
	}
	accounts, err := app.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(accounts) != 1 {
		return errors.Join(fmt.Errorf("we read %d accounts", len(accounts)), err)
	}
	res, err := app.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{scope}, Account: accounts[0]})
	if err := s.served(res.Source == msal.FromCache, err); err != nil {
		return err
	}
	res, err = app.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{anotherScope}, Account: accounts[0]})
	return s.refreshed(res.Source == msal.FromIdentityProvider, err)
}

// goGoesOn looks for the token of a scope with a client of MSAL Go.
func (s *stage) goGoesOn(t *testing.T, scope string) error {
	switch {
	case s.isApplication():
		c, err := s.goWithSecret()
		if err != nil {
			return err
		}
		res, err := c.AcquireTokenByCredential(t.Context(), []string{scope})
		return s.served(res.Metadata.TokenSource == confidential.TokenSourceCache, err)
	case s.actor.secret != "":
		return s.goGoesOnConfidentially(t, scope)
	}
	c, err := s.goPublic()
	if err != nil {
		return err
	}
	accounts, err := c.Accounts(t.Context())
	if err != nil || len(accounts) != 1 {
		return errors.Join(fmt.Errorf("MSAL Go reads %d accounts", len(accounts)), err)
	}
	res, err := c.AcquireTokenSilent(t.Context(), []string{scope}, public.WithSilentAccount(accounts[0]))
	if err := s.served(res.Metadata.TokenSource == public.TokenSourceCache, err); err != nil {
		return err
	}
	res, err = c.AcquireTokenSilent(t.Context(), []string{anotherScope}, public.WithSilentAccount(accounts[0]))
	return s.refreshed(res.Metadata.TokenSource == public.TokenSourceIdentityProvider, err)
}

func (s *stage) goGoesOnConfidentially(t *testing.T, scope string) error {
	ours, err := s.confidential(msal.Secret(s.actor.secret))
	if err != nil {
		return err
	}
	mine, err := ours.Accounts(t.Context(), msal.AccountsRequest{})
	if err != nil || len(mine) != 1 {
		return errors.Join(fmt.Errorf("we have %d accounts", len(mine)), err)
	}
	c, err := s.goWithSecret()
	if err != nil {
		return err
	}
	account, err := c.Account(t.Context(), mine[0].HomeAccountID)
	if err != nil {
		return err
	}
	res, err := c.AcquireTokenSilent(t.Context(), []string{scope}, confidential.WithSilentAccount(account))
	if err := s.served(res.Metadata.TokenSource == confidential.TokenSourceCache, err); err != nil {
		return err
	}
	res, err = c.AcquireTokenSilent(t.Context(), []string{anotherScope}, confidential.WithSilentAccount(account))
	return s.refreshed(res.Metadata.TokenSource == confidential.TokenSourceIdentityProvider, err)
}

// served says what is wrong with a token that was to come out of the cache.
func (s *stage) served(fromCache bool, err error) error {
	if err != nil || !fromCache || s.asked() != 0 {
		return errors.Join(fmt.Errorf("the token is not served from the cache (%d requests)", s.asked()), err)
	}
	return nil
}

// refreshed says what is wrong with a token that was to cost one request.
func (s *stage) refreshed(fromService bool, err error) error {
	if err != nil || !fromService || s.asked() != 1 {
		return errors.Join(fmt.Errorf("the refresh token is not used (%d requests)", s.asked()), err)
	}
	return nil
}
