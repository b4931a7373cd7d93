package interop

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// The emulator's pages in a real Chromium, up to the tokens.

// asked is a sign-in of our client with a person at the browser.
func asked(person func(address string)) msal.InteractiveRequest {
	return msal.InteractiveRequest{
		Scopes: []string{emulator.TasksReadScope}, Timeout: patience,
		OpenURL: func(_ context.Context, address string) error { person(address); return nil },
	}
}

func (p *platform) interactive(t *testing.T, c *msal.PublicClient, r msal.InteractiveRequest) msal.Result {
	t.Helper()
	res, err := c.AcquireTokenInteractive(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// checkUser fails the test unless the token is the person's.
func checkUser(t *testing.T, res msal.Result, upn string) {
	t.Helper()
	if res.Account.Username != upn || res.AccessToken == "" {
		t.Errorf("%q is signed in, want %q", res.Account.Username, upn)
	}
}

// ends fails the test unless the last page is the polite one of our listener,
// with nothing of the answer in the address bar.
func (b *browser) ends() {
	b.t.Helper()
	b.finds(`[role=status]`)
	if text := b.text("main"); !strings.Contains(text, "signed in") {
		b.t.Errorf("the person sees at the end: %q", text)
	}
	location, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil || strings.Contains(location, "code") || strings.Contains(location, "state") {
		b.t.Errorf("the address bar shows the answer (%v)", err)
	}
}

func TestAPersonSignsInByKeyboardAlone(t *testing.T) {
	p := startPlatform(t, ours)
	b := p.browser(t)
	res := p.interactive(t, p.public(t), asked(func(address string) {
		b.visit(address)
		b.focuses(`input[name=login]`)
		b.types(alice)
		b.tab()
		if got := b.focus(); got != "input passwd" {
			t.Errorf("the focus is on %q then", got)
		}
		b.types(emulator.DefaultPassword)
		b.tab()
		if got := b.focus(); got != "button" {
			t.Errorf("the focus is on %q at last", got)
		}
		b.enter()
	}))
	checkUser(t, res, alice)
	b.ends()
}

func TestAPersonSignsInWithoutJavaScript(t *testing.T) {
	p := startPlatform(t, ours)
	b := p.browser(t)
	b.withoutScripts()
	res := p.interactive(t, p.public(t), asked(func(address string) {
		b.visit(address)
		b.fill(`input[name=login]`, alice)
		b.fill(`input[name=passwd]`, emulator.DefaultPassword)
		b.click(`button.primary`)
		// Without scripts the person passes the answer on.
		b.finds(`input[name=code]`)
		b.click(`button.primary`)
	}))
	checkUser(t, res, alice)
	b.ends()
}

func TestAWrongPasswordIsSaidSoAndCanBeCorrected(t *testing.T) {
	p := startPlatform(t, ours)
	b := p.browser(t)
	res := p.interactive(t, p.public(t), asked(func(address string) {
		b.visit(address)
		b.fill(`input[name=login]`, alice)
		b.fill(`input[name=passwd]`, "not the password")
		b.click(`button.primary`)
		b.sees(`[role=alert]`)
		if invalid, described := eval[string](b, `passwd.getAttribute("aria-invalid")`), eval[bool](b,
			`passwd.getAttribute("aria-describedby").split(" ").every(id => document.getElementById(id) !== null)`); invalid != "true" || !described {
			t.Errorf("the field says aria-invalid=%q, and what describes it is there: %t", invalid, described)
		}
		if value := eval[string](b, `passwd.value`); value != "" {
			t.Error("the page brings the wrong password back")
		}
		if title := eval[string](b, `document.title`); !strings.Contains(title, "Error") {
			t.Errorf("the title is %q", title)
		}
		b.focuses(`input[name=passwd]`)
		b.types(emulator.DefaultPassword)
		b.enter()
	}))
	checkUser(t, res, alice)
	b.ends()
}

func TestAPersonPicksAnAccount(t *testing.T) {
	p := startPlatform(t, ours)
	b := p.browser(t)
	c := p.public(t)
	signIn := func(upn string) func() {
		return func() {
			b.fill(`input[name=login]`, upn)
			b.fill(`input[name=passwd]`, emulator.DefaultPassword)
			b.click(`button.primary`)
		}
	}
	pick := func(value string) func() {
		return func() { b.click(`button[name=account][value="` + value + `"]`) }
	}
	for _, step := range []struct {
		name   string
		prompt msal.Prompt
		acts   []func()
		want   string
	}{
		{"first sign-in", "", []func(){signIn(alice)}, alice},
		{"single sign-on", "", nil, alice},
		{"the account that is there", msal.PromptSelectAccount, []func(){pick(alice)}, alice},
		{"another account", msal.PromptSelectAccount, []func(){pick("other"), signIn(bob)}, bob},
		{"the first of two", msal.PromptSelectAccount, []func(){pick(alice)}, alice},
		{"the second of two", msal.PromptSelectAccount, []func(){pick(bob)}, bob},
		{"the password again", msal.PromptLogin, []func(){signIn(bob)}, bob},
	} {
		r := asked(func(address string) {
			b.visit(address)
			for _, act := range step.acts {
				act()
			}
		})
		r.Prompt = step.prompt
		res, err := c.AcquireTokenInteractive(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		checkUser(t, res, step.want)
		b.ends()
	}
	if accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(accounts) != 2 {
		t.Errorf("the accounts are %+v, %v", accounts, err)
	}
}

func TestAPersonWhoRefusesConsentIsTakenAtTheirWord(t *testing.T) {
	p := startPlatform(t, ours)
	b := p.browser(t)
	_, err := p.public(t).AcquireTokenInteractive(t.Context(), func() msal.InteractiveRequest {
		r := asked(func(address string) {
			b.visit(address)
			b.fill(`input[name=login]`, alice)
			b.fill(`input[name=passwd]`, emulator.DefaultPassword)
			b.click(`button.primary`)
			b.click(`button[name=consent][value=cancel]`)
		})
		r.Prompt = msal.PromptConsent
		return r
	}())
	if !errors.Is(err, msal.ErrDeclined) {
		t.Errorf("got %v", err)
	}
	b.finds(`[role=alert]`)
	if text := b.text("main"); !strings.Contains(text, "access_denied") {
		t.Errorf("the person sees at the end: %q", text)
	}
}

func TestADeviceIsSignedInOnASmallScreenByKeyboard(t *testing.T) {
	p := startPlatform(t, ours)
	c, err := msal.NewPublicClient(emulator.DeviceClientID, msal.Options{Authority: tenantURL, HTTPClient: p.client})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetLifetimes(emulator.Lifetimes{DeviceInterval: time.Second}); err != nil {
		t.Fatal(err)
	}
	flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{emulator.TasksReadScope}})
	if err != nil {
		t.Fatal(err)
	}
	b := p.browser(t)
	b.screen(320, 640)
	b.visit(flow.VerificationURI)
	b.focuses(`input[name=otc]`)
	b.fits("the code page")
	b.types("wrong code")
	b.enter()
	b.sees(`[role=alert]`)
	b.fits("the code page with an error")
	b.focuses(`input[name=otc]`)
	b.do(chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl))) // replaces what is there
	b.types(strings.ToLower(flow.UserCode))
	b.enter()
	b.focuses(`input[name=login]`)
	b.types(alice)
	b.tab()
	b.types(emulator.DefaultPassword)
	b.enter()
	b.sees(`button[name=confirm]`)
	b.fits("the confirmation page")
	b.tab()
	b.enter()
	b.sees(`[role=status]`)
	b.fits("the last page")
	res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
	if err != nil {
		t.Fatal(err)
	}
	checkUser(t, res, alice)
}

// WCAG 2.2, 1.4.10: nothing has to be scrolled sideways at 320 px.
func TestThePagesFitASmallScreen(t *testing.T) {
	p := startPlatform(t, ours)
	b := p.browser(t)
	b.screen(320, 640)
	r := asked(func(address string) {
		b.visit(address)
		b.sees(`input[name=login]`)
		b.fits("the sign-in page")
		b.fill(`input[name=login]`, alice)
		b.fill(`input[name=passwd]`, "wrong")
		b.click(`button.primary`)
		b.sees(`[role=alert]`)
		b.fits("the page about a wrong password")
		b.fill(`input[name=passwd]`, emulator.DefaultPassword)
		b.click(`button.primary`)
		b.sees(`button[name=consent]`)
		b.fits("the consent page")
		b.click(`button[name=consent][value=accept]`)
	})
	r.Prompt = msal.PromptConsent
	c := p.public(t)
	checkUser(t, p.interactive(t, c, r), alice)
	b.ends()
	b.fits("the page of our listener")

	r = asked(func(address string) {
		b.visit(address)
		b.sees(`button[name=account]`)
		b.fits("the account picker")
		b.click(`button[name=account]`)
	})
	r.Prompt = msal.PromptSelectAccount
	checkUser(t, p.interactive(t, c, r), alice)
	b.ends()

	b.visit(tenantURL + "/oauth2/v2.0/authorize?client_id=" + emulator.DesktopClientID + "&redirect_uri=https%3A%2F%2Felsewhere.example%2Fa-rather-long-redirect-address-that-nobody-has-registered&response_type=code&scope=openid&state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")
	b.sees(`[role=alert]`)
	b.fits("the error page")
}
