// Package signin is the person's side of the commands: their accounts, and
// asking them to sign in, by browser or device code.
package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/setting"
)

// Desk is a public client with the accounts and tokens of earlier logins.
type Desk struct {
	inv      *invocation.Invocation
	settings setting.Client
	logins   *loginstate.State
	*msal.PublicClient
}

// Open reads the earlier logins and makes a client.
func Open(ctx context.Context, inv *invocation.Invocation, flags setting.Flags, need invocation.Need) (*Desk, error) {
	logins, err := inv.Logins(ctx, need)
	if err != nil {
		return nil, err
	}
	last, err := logins.LastLogin()
	if err != nil {
		return nil, err
	}
	settings, err := flags.Resolve(inv.Getenv, last)
	if err != nil {
		return nil, err
	}
	d := &Desk{inv: inv, settings: settings, logins: logins}
	options := settings.Options(logins.TokenCache(), 0)
	options.Logger = inv.Logger()
	if d.PublicClient, err = msal.NewPublicClient(settings.ClientID, options); err != nil {
		return nil, &exit.UsageError{Err: err}
	}
	return d, nil
}

// Settings are what the client was made of.
func (d *Desk) Settings() setting.Client { return d.settings }

// Keeps reports whether the tokens outlive the command.
func (d *Desk) Keeps() bool { return d.logins.Kind() != loginstate.Memory }

// Remember makes a login the default for the next commands.
func (d *Desk) Remember(a msal.Account) error {
	l := loginstate.Login{ClientID: d.settings.ClientID, Authority: d.settings.Authority, HomeAccountID: a.HomeAccountID}
	if d.settings.Discovery == msal.InstanceDiscoveryOff {
		l.Discovery = "off"
	}
	return d.logins.SaveLogin(l)
}

// Account finds the account that is meant: by user name or home account id, or
// the only one there is. The zero Account means that there is none.
func (d *Desk) Account(ctx context.Context, want string) (msal.Account, error) {
	list, err := d.Accounts(ctx, msal.AccountsRequest{})
	if err != nil {
		return msal.Account{}, err
	}
	var names []string
	var found []msal.Account
	for _, a := range list {
		if Matches(a, want) {
			found = append(found, a)
			names = append(names, a.Username)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return msal.Account{}, nil
	}
	return msal.Account{}, &exit.UsageError{
		Problem: fmt.Sprintf("%d accounts could be meant: %s", len(found), strings.Join(names, ", ")),
		Hint:    "say which with --account and a user name, or a home account id from: msal accounts -o json",
	}
}

// Matches reports whether a is the account that a person calls want; an empty
// name fits all.
func Matches(a msal.Account, want string) bool {
	return want == "" || strings.EqualFold(a.Username, want) || strings.EqualFold(a.HomeAccountID, want)
}

// Request is a sign-in.
type Request struct {
	Scopes         []string
	Device         bool          // by device code; the person has asked for it
	BrowserTimeout time.Duration // how long the browser may take
	LoginHint      string
	Claims         string
	SelectAccount  bool // let the person choose even if one is signed in in the browser
}

// SignIn asks a person to sign in. Where nobody can be asked the error is a
// *exit.SignInError that wraps why, which may be nil.
func (d *Desk) SignIn(ctx context.Context, r Request, why error) (msal.Result, error) {
	no := d.inv.CannotAsk()
	if r.Device && !d.inv.NoInput {
		no = "" // a device code needs no terminal here, and somebody wants it
	}
	if no != "" {
		return msal.Result{}, &exit.SignInError{Why: no, Command: d.Command(r), Err: why}
	}
	if r.Device {
		return d.byDeviceCode(ctx, r)
	}
	result, err := d.byBrowser(ctx, r)
	if errors.Is(err, msal.ErrNoBrowser) {
		d.inv.Say("No browser could be opened here, so a device code is used; some organizations refuse them.")
		return d.byDeviceCode(ctx, r)
	}
	return result, err
}

// Command is the command line that signs in as r wants, for people to run.
func (d *Desk) Command(r Request) string {
	args := []string{"msal", "login", "--client-id", d.settings.ClientID, "--authority", d.settings.Authority}
	if d.settings.Discovery == msal.InstanceDiscoveryOff && d.settings.Emulator == nil {
		args = append(args, "--instance-discovery", "off")
	}
	if d.logins.Kind() == loginstate.Keyring {
		args = append(args, "--cache", string(loginstate.Keyring))
	}
	if r.Device {
		args = append(args, "--device")
	}
	for _, s := range r.Scopes {
		args = append(args, "--scope", s)
	}
	if r.Claims != "" {
		args = append(args, "--claims", r.Claims)
	}
	for i, a := range args {
		args[i] = shellQuote(a)
	}
	return strings.Join(args, " ")
}

// shellQuote leaves alone what no shell touches.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Welcome tells who signed in.
func (d *Desk) Welcome(r msal.Result) {
	who := output.Person(r)
	d.inv.Say("%s Signed in as %s, tenant %s.", d.inv.ErrStyle.Good("✓"), d.inv.ErrStyle.Bold(who), r.Account.Realm)
}
