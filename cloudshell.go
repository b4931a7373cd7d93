package msal

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/msal-go/msal/internal/cloudshell"
	"github.com/msal-go/msal/internal/oauth"
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
	x, err := newExtra(r.ExtraParameters, "")
	if err != nil {
		return Result{}, err
	}
	return c.askCloudShell(ctx, p, r.Scopes, Account{}, x)
}

const opCloudShell = "get a token from Cloud Shell"

// askCloudShell gets a token from the shell and records it, for the account that
// was asked about if there is one. Claims and hints have no place in its
// protocol; the caller's own parameters have.
func (c *core) askCloudShell(ctx context.Context, p *place, scopes []string, asked Account, x extra) (Result, error) {
	resources := cloudshell.Resources(scopes)
	if len(resources) != 1 {
		err := errManyResources
		if len(resources) == 0 {
			err = errors.New("there are no scopes")
		}
		return Result{}, configError(opCloudShell, "ask for the scopes of one resource at a time", err)
	}
	form := url.Values{}
	for _, param := range x.form {
		form.Set(param.Name, param.Value)
	}
	token, err := c.cloudShell.Token(ctx, resources[0], form)
	if err != nil {
		var refused *cloudshell.Refusal
		if errors.As(err, &refused) {
			return Result{}, &Error{Code: refused.Code, Description: refused.Message, StatusCode: refused.Status}
		}
		return Result{}, wrap(opCloudShell, err)
	}
	if err := c.checkTokenType(ctx, grant{kind: "cloud shell", extra: x}, &oauth.TokenResponse{TokenType: token.TokenType}); err != nil {
		return Result{}, err
	}
	e := cloudShellEvent(c.clientID, p, scopes, x, token)
	account := publicAccount(*e.Account)
	if asked.HomeAccountID != "" {
		if token.Person.Named() && isNamed(asked) && !strings.EqualFold(asked.HomeAccountID, e.HomeAccountID) {
			return Result{}, &OpError{Op: opCloudShell, Kind: ErrProtocol, Hint: "sign in again; the shell was opened by somebody else", Err: errOtherUser}
		}
		e.HomeAccountID, e.Account, account = asked.HomeAccountID, nil, asked
	}
	result := Result{
		AccessToken:       token.AccessToken,
		TokenType:         e.TokenType,
		ExpiresOn:         e.ExpiresOn,
		ExtendedExpiresOn: e.ExtendedExpiresOn,
		Scope:             e.Scope,
		Account:           account,
		Source:            FromBroker,
	}
	if err := c.cache.index.Record(ctx, c.userPartition(e.HomeAccountID), e); err != nil {
		result.CacheErr = cacheError(ctx, "record the token", err)
		c.log.LogAttrs(ctx, slog.LevelError, "the token is good, but could not be written to the cache", slog.Any("error", err))
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "token acquired from Cloud Shell", slog.Any("result", result), slog.Any("account", c.loggable(result.Account)))
	return result, nil
}

// isNamed reports whether an account is of somebody whom a token has named.
func isNamed(a Account) bool {
	object, tenant, _ := strings.Cut(a.HomeAccountID, ".")
	return cloudshell.Person{ObjectID: object, TenantID: tenant}.Named()
}

func cloudShellEvent(clientID string, p *place, scopes []string, x extra, t *cloudshell.Token) tokencache.Event {
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
		TokenType:         t.TokenType,
		ExtKey:            x.key,
		ExtDigest:         x.digest,
		KeyID:             x.keyID,
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
