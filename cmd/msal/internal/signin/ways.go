package signin

import (
	"context"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
	"github.com/msal-go/msal/internal/openurl"
)

// byBrowser shows the sign-in page and waits for the person.
func (d *Desk) byBrowser(ctx context.Context, r Request) (msal.Result, error) {
	var wait *terminal.Progress
	request := msal.InteractiveRequest{
		Scopes: r.Scopes, LoginHint: r.LoginHint, Claims: r.Claims, Timeout: r.BrowserTimeout,
		OpenURL: func(ctx context.Context, address string) error {
			address = d.settings.ForBrowser(address)
			d.inv.Say("Opening the sign-in page in your browser. If nothing opens, go to:\n\n  %s\n", address)
			if err := openurl.New().Open(ctx, address); err != nil {
				return err
			}
			label := terminal.Fixed("waiting for the browser, Ctrl-C to cancel")
			if r.BrowserTimeout > 0 {
				label = terminal.Countdown("waiting for the browser,", time.Now().Add(r.BrowserTimeout), time.Now)
			}
			wait = d.inv.Wait(ctx, label)
			return nil
		},
	}
	if r.SelectAccount {
		request.Prompt = msal.PromptSelectAccount
	}
	result, err := d.AcquireTokenInteractive(ctx, request)
	if wait != nil {
		wait.Stop()
	}
	return result, err
}

// byDeviceCode shows a code and waits for the person to enter it elsewhere.
func (d *Desk) byDeviceCode(ctx context.Context, r Request) (msal.Result, error) {
	flow, err := d.InitiateDeviceFlow(ctx, msal.DeviceFlowRequest{Scopes: r.Scopes, Claims: r.Claims})
	if err != nil {
		return msal.Result{}, err
	}
	style := d.inv.ErrStyle
	d.inv.Say("To sign in, open %s in a browser on any device\nand enter the code %s",
		style.Name(terminal.Clean(d.settings.ForBrowser(flow.VerificationURI))), style.Bold(terminal.Clean(flow.UserCode)))
	wait := d.inv.Wait(ctx, terminal.Countdown("waiting for you to sign in,", flow.ExpiresAt, time.Now))
	defer wait.Stop()
	return d.AcquireTokenByDeviceFlow(ctx, msal.DeviceFlowRedemption{Flow: flow})
}
