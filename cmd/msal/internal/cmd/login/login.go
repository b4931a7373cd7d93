// Package login is the command "msal login".
package login

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/setting"
	"github.com/msal-go/msal/cmd/msal/internal/signin"
)

// DefaultBrowserTimeout is how long the browser may take.
const DefaultBrowserTimeout = 5 * time.Minute

type options struct {
	flags     setting.Flags
	scopes    []string
	resources []string
	request   signin.Request
}

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in with the browser or a device code",
		Long: `Sign in, and keep the tokens for the commands after this one.

The browser of this machine is used; the app registration needs the redirect URI
http://localhost. With --device, a code is shown that is entered in a browser on
any device. The client id and the authority are remembered, so that "msal token"
needs no more than a resource.

The tokens are kept in a file that only you can read, in the format of Microsoft's
libraries: "msal cache" says where. Commands at the same time lose nothing of each
other's. With --cache keyring they are sealed with a key that the keyring of the
operating system has; give it, or MSAL_CACHE=keyring, to the commands after it too.
With --cache memory nothing is kept: that tries a sign-in out.`,
		Example: `  msal login --client-id 00001111-aaaa-2222-bbbb-3333cccc4444 --tenant contoso.com
  msal login --device --scope User.Read
  msal login --cache memory -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), inv) },
	}
	fs := cmd.Flags()
	o.flags.Add(fs)
	inv.CacheFlag(cmd, fs)
	fs.BoolVar(&o.request.Device, "device", false, "show a code to enter in a browser on any device")
	fs.StringArrayVarP(&o.scopes, "scope", "s", nil, "scope to ask consent for; repeat for more of one resource")
	fs.StringArrayVar(&o.resources, "resource", nil, "resource to ask all permissions of: a URI or "+strings.Join(setting.ResourceNames(), ", "))
	fs.StringVar(&o.request.LoginHint, "login-hint", "", "user name to fill in")
	fs.StringVar(&o.request.Claims, "claims", "", "claims challenge to satisfy, as JSON")
	fs.BoolVar(&o.request.SelectAccount, "select-account", false, "choose an account even if one is signed in in the browser")
	fs.DurationVar(&o.request.BrowserTimeout, "browser-timeout", DefaultBrowserTimeout, "how long to wait for the browser")
	return cmd
}

type document struct {
	Account   *output.AccountJSON `json:"account"`
	Name      string              `json:"name,omitempty"`
	Scope     string              `json:"scope"`
	ExpiresOn string              `json:"expiresOn"`
}

func (o *options) run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := inv.Format(output.Text, output.Text, output.JSON, output.None)
	if err != nil {
		return err
	}
	if o.request.BrowserTimeout < 0 {
		return &exit.UsageError{Problem: "--browser-timeout is negative"}
	}
	if o.request.Scopes, err = setting.Scopes(o.scopes, o.resources); err != nil {
		return err
	}
	desk, err := signin.Open(ctx, inv, o.flags, invocation.ToKeep)
	if err != nil {
		return err
	}
	result, err := desk.SignIn(ctx, o.request, nil)
	if err != nil {
		return err
	}
	if result.CacheErr != nil {
		inv.Say("%s signed in, but the tokens could not be kept", inv.ErrStyle.Warn("warning:"))
		return result.CacheErr
	}
	if err := desk.Remember(result.Account); err != nil {
		return err
	}
	desk.Welcome(result)
	if !desk.Keeps() {
		inv.Say("Nothing was kept (--cache memory).")
	}
	if format == output.JSON {
		return output.WriteJSON(inv.Out, describe(result))
	}
	return nil
}

func describe(r msal.Result) document {
	name, _ := r.IDTokenClaims["name"].(string)
	return document{Account: output.NewAccountJSON(r.Account), Name: name, Scope: r.Scope, ExpiresOn: r.ExpiresOn.UTC().Format(time.RFC3339)}
}
