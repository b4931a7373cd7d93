// Package token is the command "msal token".
package token

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/cmd/accounts"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/setting"
	"github.com/msal-go/msal/cmd/msal/internal/signin"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

type options struct {
	flags          setting.Flags
	scopes         []string
	resources      []string
	account        string
	forceRefresh   bool
	claims         string
	device         bool
	browserTimeout time.Duration
	secretStdin    bool
	secretFile     string
	certFile       string
	shell          string
}

const help = `Get an access token and write it to standard output.

For a person who has signed in, the token comes from the cache or by the refresh
token; if neither will do and somebody is at the terminal, they are asked to sign
in. For an application, give its secret or certificate, or have AZURE_CLIENT_ID,
AZURE_TENANT_ID and AZURE_CLIENT_SECRET in the environment; --account or another
client id asks for a person again. Tokens of applications are not kept.

Into a pipe, the bare token is written. On a terminal, only a description is,
unless you ask with -o token.`

const examples = `  curl -H "$(msal token graph -o header)" https://graph.microsoft.com/v1.0/me
  msal token --scope api://tasks/Tasks.Read -o json
  msal token --resource api://tasks --tenant contoso.com --client-id ... --cert app.pem
  eval "$(msal token arm -o env)"`

// New returns the command.
func New(inv *invocation.Invocation) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:     "token [RESOURCE]",
		Short:   "Get an access token for a person or an application",
		Long:    help,
		Example: examples,
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return setting.ResourceNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.resources = append(o.resources, args...)
			return o.run(cmd.Context(), inv)
		},
	}
	fs := cmd.Flags()
	o.flags.Add(fs)
	inv.CacheFlag(cmd, fs)
	fs.StringArrayVarP(&o.scopes, "scope", "s", nil, "scope of the token; repeat for more of one resource")
	fs.StringArrayVar(&o.resources, "resource", nil, "resource, for all that is permitted there: a URI or "+strings.Join(setting.ResourceNames(), ", "))
	fs.StringVar(&o.account, "account", "", "whose token: user name or home account id (MSAL_ACCOUNT)")
	fs.BoolVar(&o.forceRefresh, "force-refresh", false, "get a new token even if there is a good one")
	fs.StringVar(&o.claims, "claims", "", "claims challenge to satisfy, as JSON")
	fs.BoolVar(&o.device, "device", false, "if a sign-in is needed, show a device code")
	fs.DurationVar(&o.browserTimeout, "browser-timeout", 5*time.Minute, "how long to wait for the browser")
	fs.BoolVar(&o.secretStdin, "client-secret-stdin", false, "for an application: read its secret from standard input")
	fs.StringVar(&o.secretFile, "client-secret-file", "", "for an application: file with its secret")
	fs.StringVar(&o.certFile, "cert", "", "for an application: PEM file with its certificate and private key (MSAL_CERT)")
	fs.StringVar(&o.shell, "shell", "", "syntax of -o env: sh, bash, zsh, fish or pwsh")
	// The flags exist, so that these cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("account", accounts.Complete(inv))
	_ = cmd.RegisterFlagCompletionFunc("resource", cobra.FixedCompletions(setting.ResourceNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("shell", cobra.FixedCompletions([]string{"sh", "bash", "zsh", "fish", "pwsh"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// outcome is a token and what its formats need to know besides.
type outcome struct {
	result msal.Result
	tenant string
	app    bool
}

func (o *options) run(ctx context.Context, inv *invocation.Invocation) error {
	format, err := o.format(inv)
	if err != nil {
		return err
	}
	shell, err := output.ParseShell(o.shell, runtime.GOOS)
	if err != nil {
		return &exit.UsageError{Err: err}
	}
	scopes, err := setting.Scopes(o.scopes, o.resources)
	if err != nil {
		return err
	}
	if len(scopes) == 0 {
		return &exit.UsageError{Problem: "a token for what?", Hint: "name a resource (msal token graph), or use --scope"}
	}
	credential, err := o.credential(ctx, inv)
	if err != nil {
		return err
	}
	var got outcome
	if credential != nil {
		got, err = o.forApp(ctx, inv, credential, scopes)
	} else {
		got, err = o.forPerson(ctx, inv, scopes)
	}
	if err != nil {
		return err
	}
	if format == output.Text {
		return describe(inv, got)
	}
	return output.TokenWriter{Format: format, Shell: shell, Now: inv.Now(), Tenant: got.tenant}.Write(inv.Out, got.result)
}

// format keeps tokens off terminals, where they stay in scrollback and
// recordings, unless they are asked for by name.
func (o *options) format(inv *invocation.Invocation) (output.Format, error) {
	fallback := output.Token
	if inv.OutTTY {
		fallback = output.Text
	}
	format, err := inv.Format(fallback, output.TokenFormats()...)
	if err != nil {
		return "", err
	}
	if inv.OutTTY && format.ShowsToken() && format != output.Token {
		return "", &exit.UsageError{
			Problem: fmt.Sprintf("-o %s would show the token on the terminal", format),
			Hint:    "pipe it to where it is needed, or ask for it with -o token",
		}
	}
	return format, nil
}

// describe tells about the token without showing it.
func describe(inv *invocation.Invocation, got outcome) error {
	who := "the application itself"
	if !got.app {
		who = output.Person(got.result)
	}
	source := "the identity service"
	if got.result.Source == msal.FromCache {
		source = "the cache"
	}
	style := inv.OutStyle
	_, err := fmt.Fprintf(inv.Out, "%s  %s\n%s  %s\n%s  %s, from %s\n",
		style.Dim("for  "), style.Bold(who),
		style.Dim("scope"), terminal.Clean(got.result.Scope),
		style.Dim("token"), inv.Times().Expiry(got.result.ExpiresOn), source)
	return err
}

// forPerson takes the cache, the refresh token, or the person.
func (o *options) forPerson(ctx context.Context, inv *invocation.Invocation, scopes []string) (outcome, error) {
	if o.account == "" {
		o.account = inv.Getenv("MSAL_ACCOUNT")
	}
	desk, err := signin.Open(ctx, inv, o.flags, invocation.ToTryToKeep)
	if err != nil {
		return outcome{}, err
	}
	account, err := desk.Account(ctx, o.account)
	if err != nil {
		return outcome{}, err
	}
	result, err := desk.AcquireTokenSilent(ctx, msal.SilentRequest{Scopes: scopes, Account: account, Claims: o.claims, ForceRefresh: o.forceRefresh})
	if errors.Is(err, msal.ErrInteractionRequired) && result.IsZero() {
		result, err = o.ask(ctx, desk, scopes, account, err)
	}
	if result.IsZero() {
		return outcome{}, err
	}
	if err = errors.Join(err, result.CacheErr); err != nil {
		// The token is good; only the next command will have to ask again.
		inv.Say("%s %s", inv.ErrStyle.Warn("warning: the tokens could not be kept:"), terminal.Clean(err.Error()))
	}
	return outcome{result: result, tenant: result.Account.Realm}, nil
}

// ask has the person sign in, and makes sure that it is the right one.
func (o *options) ask(ctx context.Context, desk *signin.Desk, scopes []string, account msal.Account, why error) (msal.Result, error) {
	request := signin.Request{
		Scopes: scopes, Device: o.device, BrowserTimeout: o.browserTimeout,
		LoginHint: account.Username, Claims: o.claims,
	}
	if request.LoginHint == "" && strings.Contains(o.account, "@") {
		request.LoginHint = o.account
	}
	var answer *msal.Error
	if errors.As(why, &answer) && answer.Claims != "" {
		request.Claims = answer.Claims
	}
	result, err := desk.SignIn(ctx, request, why)
	if err != nil {
		return msal.Result{}, err
	}
	if !signin.Matches(result.Account, o.account) {
		return msal.Result{}, &wrongPersonError{Wanted: o.account, Came: result.Account.Username}
	}
	desk.Welcome(result)
	return result, nil
}

// wrongPersonError keeps the token of one person from being used for another.
type wrongPersonError struct{ Wanted, Came string }

func (e *wrongPersonError) Error() string {
	return fmt.Sprintf("%s signed in, but --account asks for %s", e.Came, e.Wanted)
}
