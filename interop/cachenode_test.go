package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// nodeWork is what MSAL Node is to do with a cache file; see node/cachefile.mjs.
type nodeWork struct {
	Work        string `json:"work"`
	Authority   string `json:"authority"`
	ClientID    string `json:"clientID"`
	Secret      string `json:"secret,omitempty"`
	Scope       string `json:"scope"`
	Username    string `json:"username"`
	Password    string `json:"password"`
	Assertion   string `json:"assertion,omitempty"`
	Refresh     string `json:"refreshToken,omitempty"`
	RedirectURI string `json:"redirectURI"`
	Cache       string `json:"cache"`
	Address     string `json:"address"`
	CA          string `json:"ca"`
}

// nodeResult is what came of it, or what a person is to do.
type nodeResult struct {
	Visit     string   `json:"visit"`
	Approve   string   `json:"approve"`
	Token     string   `json:"token"`
	FromCache bool     `json:"fromCache"`
	Usernames []string `json:"usernames"`
	Cache     string   `json:"cache"`
	Error     string   `json:"error"`
}

const nodeRedirect = "https://web.contoso.test/callback"

// msalNode lets MSAL Node work, and fails the test if it cannot.
func (p *platform) msalNode(t *testing.T, w nodeWork) nodeResult {
	t.Helper()
	w.Authority, w.Username, w.Password, w.RedirectURI = tenantURL, alice, emulator.DefaultPassword, nodeRedirect
	w.Address, w.CA = p.server.Addr(), string(p.server.CA())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := node(t, ctx, "cachefile.mjs")
	in, out, stderr := pipes(t, cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		in.Close() // it may still wait for an answer
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v\n%s", err, stderr.Bytes())
		}
	}()
	var next any = w
	answers := json.NewDecoder(bufio.NewReader(out))
	for {
		if err := json.NewEncoder(in).Encode(next); err != nil {
			t.Fatal(err)
		}
		var r nodeResult
		if err := answers.Decode(&r); err != nil {
			t.Fatalf("MSAL Node, %s: %v", w.Work, err)
		}
		switch {
		case r.Visit != "":
			next = map[string]string{"code": p.visitFor(t, w.Work, r.Visit)}
		case r.Approve != "":
			if err := p.ApproveDevice(r.Approve, alice); err != nil {
				t.Fatal(err)
			}
			next = struct{}{}
		case r.Error != "":
			t.Fatalf("MSAL Node, %s: %s", w.Work, r.Error)
		default:
			return r
		}
	}
}

func pipes(t *testing.T, cmd *exec.Cmd) (io.WriteCloser, io.ReadCloser, *bytes.Buffer) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	return in, out, stderr
}

// visitFor lets a person sign in, at a client that waits for the browser or at
// one that is handed the code.
func (p *platform) visitFor(t *testing.T, work, address string) string {
	t.Helper()
	if work == "interactive" {
		if err := p.person(alice).Open(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	answer, err := p.person(alice).Visit(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Values.Get("code")
}

// userClient is what both kinds of clients do for a user who has signed in.
type userClient interface {
	AcquireTokenSilent(context.Context, msal.SilentRequest) (msal.Result, error)
	Accounts(context.Context, msal.AccountsRequest) ([]msal.Account, error)
	RemoveAccount(context.Context, msal.RemoveAccountRequest) error
}

// withFile makes a client of ours, confidential if it has a secret, that goes on
// with a file.
func (p *platform) withFile(t *testing.T, clientID, secret, file string) (userClient, *msal.TokenCache) {
	t.Helper()
	cache := msal.NewTokenCache(msal.CacheOptions{})
	if file != "" {
		if err := cache.Unmarshal([]byte(file)); err != nil {
			t.Fatal(err)
		}
	}
	o := msal.Options{Authority: tenantURL, HTTPClient: &http.Client{Transport: p.client.Transport}, Cache: cache}
	if secret == "" {
		c, err := msal.NewPublicClient(clientID, o)
		if err != nil {
			t.Fatal(err)
		}
		return c, cache
	}
	c, err := msal.NewConfidentialClient(clientID, msal.Secret(secret), o)
	if err != nil {
		t.Fatal(err)
	}
	return c, cache
}

// signInByDevice signs alice in at a program of ours without a browser.
func (p *platform) signInByDevice(t *testing.T, c *msal.PublicClient) msal.Result {
	t.Helper()
	if err := p.SetLifetimes(emulator.Lifetimes{DeviceInterval: time.Second}); err != nil {
		t.Fatal(err)
	}
	flow, err := c.InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: []string{emulator.TasksReadScope}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ApproveDevice(flow.UserCode, alice); err != nil {
		t.Fatal(err)
	}
	res, err := c.AcquireTokenByDeviceFlow(t.Context(), msal.DeviceFlowRedemption{Flow: flow})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// signInByCode signs alice in at a web application of ours.
func (p *platform) signInByCode(t *testing.T, c *msal.ConfidentialClient) msal.Result {
	t.Helper()
	flow, err := c.InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{Scopes: []string{emulator.TasksReadScope}, RedirectURI: nodeRedirect})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.person(alice).Visit(t.Context(), flow.URL)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer.Values})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// keptToken is a refresh token of alice's that a program kept by itself.
func (p *platform) keptToken(t *testing.T) string {
	t.Helper()
	c, cache := p.withFile(t, emulator.DesktopClientID, "", "")
	p.signIn(t, c.(*msal.PublicClient), alice)
	kept, err := cache.Find(t.Context(), msal.CacheQuery{Type: msal.CacheRefreshToken})
	if err != nil || len(kept) != 1 {
		t.Fatalf("%d refresh tokens, %v", len(kept), err)
	}
	return kept[0].Secret
}

func acquired(t *testing.T) func(msal.Result, error) msal.Result {
	return func(res msal.Result, err error) msal.Result {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
}

func fileOf(t *testing.T, cache *msal.TokenCache) string {
	t.Helper()
	data, err := cache.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// requests counts all that anybody has asked the platform.
func (p *platform) requests() int { return len(p.Journal()) }

func TestOurClientGoesOnWithTheCacheOfMSALNode(t *testing.T) {
	for _, w := range []nodeWork{
		{Work: "device code", ClientID: emulator.DeviceClientID},
		{Work: "interactive", ClientID: emulator.DesktopClientID},
		{Work: "user name and password", ClientID: emulator.DesktopClientID},
		{Work: "authorization code", ClientID: emulator.WebClientID, Secret: emulator.WebSecret},
		{Work: "refresh token", ClientID: emulator.DesktopClientID},
	} {
		t.Run(w.Work, func(t *testing.T) {
			p := startPlatform(t, msalNode)
			if w.Work == "refresh token" {
				w.Refresh = p.keptToken(t)
			}
			w.Scope = emulator.TasksReadScope
			first := p.msalNode(t, w)
			asked := p.requests()
			c, cache := p.withFile(t, w.ClientID, w.Secret, first.Cache)
			accounts, err := c.Accounts(t.Context(), msal.AccountsRequest{Username: alice})
			if err != nil || len(accounts) != 1 {
				t.Fatalf("we read the accounts %+v, %v", accounts, err)
			}
			silent := msal.SilentRequest{Scopes: []string{w.Scope}, Account: accounts[0]}
			hit, err := c.AcquireTokenSilent(t.Context(), silent)
			if err != nil || hit.AccessToken != first.Token || hit.Source != msal.FromCache || p.requests() != asked {
				t.Errorf("we do not find its access token without a request: %v, %v", hit, err)
			}
			silent.Scopes = []string{"User.Read"}
			refreshed, err := c.AcquireTokenSilent(t.Context(), silent)
			if err != nil || refreshed.Source != msal.FromIdentityProvider {
				t.Errorf("we do not use its refresh token: %v, %v", refreshed, err)
			}

			// And back: it finds the token that we have just got.
			w.Work, w.Scope, w.Cache = "silent", "User.Read", fileOf(t, cache)
			asked = p.requests()
			if back := p.msalNode(t, w); back.Token != refreshed.AccessToken || !back.FromCache || p.requests() != asked {
				t.Errorf("it does not find what we got with its refresh token (from its cache: %v)", back.FromCache)
			}
			if err := c.RemoveAccount(t.Context(), msal.RemoveAccountRequest{Account: accounts[0]}); err != nil {
				t.Fatal(err)
			}
			w.Work, w.Cache = "accounts", fileOf(t, cache)
			if left := p.msalNode(t, w); len(left.Usernames) != 0 {
				t.Errorf("we signed out, and it still finds %q", left.Usernames)
			}
		})
	}
}

func TestMSALNodeGoesOnWithTheCacheOfOurClient(t *testing.T) {
	for _, tt := range []struct {
		name, clientID, secret string
		signIn                 func(*testing.T, *platform, userClient) msal.Result
	}{
		{"interactive", emulator.DesktopClientID, "", func(t *testing.T, p *platform, c userClient) msal.Result {
			return p.signIn(t, c.(*msal.PublicClient), alice)
		}},
		{"device code", emulator.DeviceClientID, "", func(t *testing.T, p *platform, c userClient) msal.Result {
			return p.signInByDevice(t, c.(*msal.PublicClient))
		}},
		{"authorization code", emulator.WebClientID, emulator.WebSecret, func(t *testing.T, p *platform, c userClient) msal.Result {
			return p.signInByCode(t, c.(*msal.ConfidentialClient))
		}},
		{"user name and password", emulator.DesktopClientID, "", func(t *testing.T, _ *platform, c userClient) msal.Result {
			//lint:ignore SA1019 deprecated, and still a flow whose tokens others find
			return acquired(t)(c.(*msal.PublicClient).AcquireTokenByUsernamePassword(t.Context(), msal.UsernamePasswordRequest{
				Username: alice, Password: emulator.DefaultPassword, Scopes: []string{emulator.TasksReadScope}}))
		}},
		{"refresh token", emulator.DesktopClientID, "", func(t *testing.T, p *platform, c userClient) msal.Result {
			return acquired(t)(c.(*msal.PublicClient).AcquireTokenByRefreshToken(t.Context(), msal.RefreshTokenRequest{
				RefreshToken: p.keptToken(t), Scopes: []string{emulator.TasksReadScope}}))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := startPlatform(t, msalNode)
			c, cache := p.withFile(t, tt.clientID, tt.secret, "")
			res := tt.signIn(t, p, c)
			w := nodeWork{Work: "silent", ClientID: tt.clientID, Secret: tt.secret, Scope: emulator.TasksReadScope, Cache: fileOf(t, cache)}
			asked := p.requests()
			hit := p.msalNode(t, w)
			if hit.Token != res.AccessToken || !hit.FromCache || p.requests() != asked || !slices.Equal(hit.Usernames, []string{alice}) {
				t.Errorf("it does not find our access token without a request; its accounts are %q", hit.Usernames)
			}
			w.Scope = "User.Read"
			refreshed := p.msalNode(t, w)
			if refreshed.FromCache || refreshed.Token == "" {
				t.Error("it does not use our refresh token")
			}
			if err := cache.Unmarshal([]byte(refreshed.Cache)); err != nil {
				t.Fatal(err)
			}
			for scope, token := range map[string]string{emulator.TasksReadScope: res.AccessToken, "User.Read": refreshed.Token} {
				if hit, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{scope}, Account: res.Account}); err != nil || hit.AccessToken != token {
					t.Errorf("for %s we find %v, %v", scope, hit, err)
				}
			}
			w.Work, w.Cache = "sign out", refreshed.Cache
			if err := cache.Unmarshal([]byte(p.msalNode(t, w).Cache)); err != nil {
				t.Fatal(err)
			}
			if left, err := c.Accounts(t.Context(), msal.AccountsRequest{}); err != nil || len(left) != 0 {
				t.Errorf("it signed out, and we still find %+v, %v", left, err)
			}
		})
	}
}

func TestTheApplicationsTokenPassesBetweenUsAndMSALNode(t *testing.T) {
	p := startPlatform(t, msalNode)
	w := nodeWork{Work: "client credentials", ClientID: emulator.DaemonClientID, Secret: emulator.DaemonSecret, Scope: tasksScope}
	first := p.msalNode(t, w)
	asked := p.requests()
	c, cache := p.withFile(t, w.ClientID, w.Secret, first.Cache)
	daemon := c.(*msal.ConfidentialClient)
	hit, err := daemon.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil || hit.AccessToken != first.Token || p.requests() != asked {
		t.Errorf("we do not find its token without a request: %v, %v", hit, err)
	}
	if err := daemon.RemoveTokensForClient(t.Context(), msal.RemoveTokensForClientRequest{}); err != nil {
		t.Fatal(err)
	}
	ours, err := daemon.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil || ours.Source != msal.FromIdentityProvider {
		t.Fatalf("after the removal: %v, %v", ours, err)
	}
	// MSAL Python writes and wants null for the account of such a token, as we
	// do, and MSAL Node an empty text. That is all that is between them.
	asked = p.requests()
	w.Cache = strings.ReplaceAll(fileOf(t, cache), `"home_account_id":null`, `"home_account_id":""`)
	if back := p.msalNode(t, w); back.Token != ours.AccessToken || !back.FromCache || p.requests() != asked {
		t.Error("it does not find our token without a request, although it names no account in its way")
	}
}

// The access token that MSAL Node got on behalf of a caller may answer for that
// caller alone. We hand it on, and never out.
func TestTokensOfMSALNodeOnBehalfOfACallerAreKeptForIt(t *testing.T) {
	p := startPlatform(t, msalNode)
	user, _ := p.withFile(t, emulator.DesktopClientID, "", "")
	caller := p.signIn(t, user.(*msal.PublicClient), alice)
	w := nodeWork{Work: "on behalf of", ClientID: emulator.TasksClientID, Secret: emulator.TasksSecret, Scope: "User.Read", Assertion: caller.AccessToken}
	first := p.msalNode(t, w)
	c, cache := p.withFile(t, w.ClientID, w.Secret, first.Cache)
	if found, err := cache.Find(t.Context(), msal.CacheQuery{Type: msal.CacheAccessToken}); err != nil || len(found) != 0 {
		t.Errorf("we show %v, %v", found, err)
	}
	// Its refresh token has no mark: it is the user's, for this application.
	res, err := c.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{"User.Read"}, Account: caller.Account})
	if err != nil || res.Source != msal.FromIdentityProvider || res.AccessToken == first.Token {
		t.Errorf("got %v, %v; want another token than that on behalf of the caller", res, err)
	}
	var before, after map[string]map[string]map[string]any
	if err := errors.Join(json.Unmarshal([]byte(first.Cache), &before), json.Unmarshal([]byte(fileOf(t, cache)), &after)); err != nil {
		t.Fatal(err)
	}
	for _, e := range before["AccessToken"] {
		if e["userAssertionHash"] == nil || !holds(after["AccessToken"], e) {
			t.Error("the token on behalf of the caller has no mark, or was lost on its way through us")
		}
	}
}
