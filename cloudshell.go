package msal

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/cloudshell"
	"github.com/msal-go/msal/internal/tokencache"
)

// typeCloudShell is the authority type of accounts that Azure Cloud Shell
// answers for.
const typeCloudShell = "CLOUDSHELL"

var errManyResources = errors.New("the scopes are of several resources")

// newCloudShell is nil outside of Cloud Shell.
func newCloudShell(o Options, getenv func(string) string) *cloudshell.Client {
	if !strings.HasPrefix(getenv(cloudshell.Variable), cloudshell.Prefix) {
		return nil
	}
	return cloudshell.New(o.HTTPClient, o.Timeout)
}

// signInCloudShell is AcquireTokenInteractive where the person is known and
// nothing has to be shown: Cloud Shell answers for whoever opened it.
func (c *PublicClient) signInCloudShell(ctx context.Context, r InteractiveRequest) (Result, error) {
	p, err := c.where(ctx, time.Now())
	if err != nil {
		return Result{}, err
	}
	return c.askCloudShell(ctx, p, r.Scopes)
}

// askCloudShell gets a token from the shell and records it. Claims and hints
// have no place in its protocol.
func (c *core) askCloudShell(ctx context.Context, p *place, scopes []string) (Result, error) {
	const op = "get a token from Cloud Shell"
	resources := cloudshell.Resources(scopes)
	if len(resources) != 1 {
		err := errManyResources
		if len(resources) == 0 {
			err = errors.New("there are no scopes")
		}
		return Result{}, configError(op, "ask for the scopes of one resource at a time", err)
	}
	token, err := c.cloudShell.Token(ctx, resources[0])
	if err != nil {
		var refused *cloudshell.Refusal
		if errors.As(err, &refused) {
			return Result{}, &Error{Code: refused.Code, Description: refused.Message, StatusCode: refused.Status}
		}
		return Result{}, wrap(op, err)
	}
	e := cloudShellEvent(c.clientID, p, scopes, token)
	result := Result{
		AccessToken:       token.AccessToken,
		TokenType:         e.TokenType,
		ExpiresOn:         e.ExpiresOn,
		ExtendedExpiresOn: e.ExtendedExpiresOn,
		Scope:             e.Scope,
		Account:           publicAccount(*e.Account),
		Source:            FromBroker,
	}
	if err := c.cache.index.Record(ctx, c.userPartition(e.HomeAccountID), e); err != nil {
		result.CacheErr = cacheError(ctx, "record the token", err)
		c.log.LogAttrs(ctx, slog.LevelError, "the token is good, but could not be written to the cache", slog.Any("error", err))
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "token acquired from Cloud Shell", slog.Any("result", result), slog.Any("account", c.loggable(result.Account)))
	return result, nil
}

func cloudShellEvent(clientID string, p *place, scopes []string, t *cloudshell.Token) tokencache.Event {
	now := time.Now().Truncate(time.Second)
	home := t.Person.ObjectID + "." + t.Person.TenantID
	return tokencache.Event{
		Now:               now,
		ClientID:          clientID,
		Environment:       p.meta.Environment,
		Realm:             p.meta.Realm,
		HomeAccountID:     home,
		Scope:             strings.Join(scopes, " "),
		AccessToken:       t.AccessToken,
		TokenType:         "Bearer",
		ExpiresOn:         now.Add(t.ExpiresIn),
		ExtendedExpiresOn: now.Add(t.ExpiresIn),
		Account: &tokencache.Account{
			HomeAccountID:  home,
			Environment:    p.meta.Environment,
			Realm:          p.meta.Realm,
			LocalAccountID: t.Person.ObjectID,
			Username:       t.Person.Username,
			AuthorityType:  typeCloudShell,
		},
	}
}

// answersFor reports whether Cloud Shell answers for an account. The account may
// be no more than its id.
func (c *core) answersFor(ctx context.Context, a Account) bool {
	if c.cloudShell == nil || a.AuthorityType != "" {
		return c.cloudShell != nil && a.AuthorityType == typeCloudShell
	}
	known, err := c.Accounts(ctx, AccountsRequest{})
	if err != nil {
		return false // then the cache says what is wrong with it
	}
	for _, k := range known {
		if strings.EqualFold(k.HomeAccountID, a.HomeAccountID) {
			return k.AuthorityType == typeCloudShell
		}
	}
	return false
}
