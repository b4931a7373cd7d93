package emulator_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/msal-go/msal/emulator"
)

const webCallback = "https://web.contoso.test/callback"

// withPage gives the web application tokens through the browser, and a page.
func withPage(cfg *emulator.Config) {
	for i, a := range cfg.Tenants[0].Apps {
		if a.ClientID == emulator.WebClientID {
			a.IssueIDTokens, a.IssueAccessTokens = true, true
			a.RedirectURIs.SPA = []string{"https://web.contoso.test/"}
			cfg.Tenants[0].Apps[i] = a
		}
	}
}

func TestResponseTypes(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string][]string{
		"code":                {"code"},
		"id_token":            {"id_token"},
		"code id_token":       {"code", "id_token"},
		"id_token code":       {"code", "id_token"},
		"token":               {"access_token"},
		"id_token token":      {"access_token", "id_token"},
		"code id_token token": {"access_token", "code", "id_token"},
	} {
		f := start(t, withPage)
		s := f.signIn(request(emulator.WebClientID, webCallback, "response_type", kind))
		if s.Location == nil {
			t.Errorf("%s: no answer, page %q", kind, s.Title)
			continue
		}
		text := s.Location.EscapedFragment()
		if kind == "code" {
			text = s.Location.RawQuery
		} else if s.Location.RawQuery != "" {
			t.Errorf("%s: tokens are in the query", kind)
		}
		answer, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range []string{"access_token", "code", "id_token"} {
			if answer.Get(name) != "" {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") || answer.Get("state") != "st&te" {
			t.Errorf("%s: got %v, want %v", kind, got, want)
		}
		if answer.Get("id_token") == "" {
			continue
		}
		claims, _ := f.verify(answer.Get("id_token"))
		if claims["nonce"] != "n0nce" || claims["aud"] != emulator.WebClientID || (claims["c_hash"] != nil) != (answer.Get("code") != "") ||
			(claims["at_hash"] != nil) != (answer.Get("access_token") != "") {
			t.Errorf("%s: claims %v", kind, claims)
		}
	}
}

// Only codes are proven by PKCE: pages of the implicit flow have none
// (learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow: the
// redirect type of pages is compatible with it).
func TestTokensThroughTheBrowserOfAPageNeedNoChallenge(t *testing.T) {
	t.Parallel()
	f := start(t, withPage)
	for kind, want := range map[string]string{"id_token": "", "id_token token": "", "code id_token": "invalid_request"} {
		s := f.signIn(request(emulator.WebClientID, "https://web.contoso.test/", "response_type", kind, "code_challenge", "-", "code_challenge_method", "-"))
		answer, err := url.ParseQuery(s.Location.EscapedFragment())
		if err != nil || answer.Get("error") != want || (answer.Get("id_token") != "") != (want == "") {
			t.Errorf("%s: error %q, want %q", kind, answer.Get("error"), want)
		}
	}
	count := 0
	for _, advice := range f.emu.Advice() {
		if advice.Rule == "pkce" {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d requests were told to use PKCE, want the one for a code", count)
	}
}

func TestRefusedResponseTypes(t *testing.T) {
	t.Parallel()
	f := start(t, withPage)
	for name, c := range map[string]struct {
		client  string
		changes []string
		code    string
	}{
		"not enabled":        {emulator.DesktopClientID, []string{"response_type", "code id_token"}, "AADSTS700054"},
		"tokens not enabled": {emulator.DesktopClientID, []string{"response_type", "token"}, "AADSTS700054"},
		"unknown":            {emulator.WebClientID, []string{"response_type", "code device"}, "AADSTS700054"},
		"twice":              {emulator.WebClientID, []string{"response_type", "code code"}, "AADSTS700054"},
		"in the query":       {emulator.WebClientID, []string{"response_type", "id_token", "response_mode", "query"}, "AADSTS70007"},
		"without nonce":      {emulator.WebClientID, []string{"response_type", "code id_token", "nonce", "-"}, "AADSTS900144"},
		"without openid":     {emulator.WebClientID, []string{"response_type", "code id_token", "scope", "api://tasks/Tasks.Read"}, "AADSTS70005"},
	} {
		redirect := webCallback
		if c.client == emulator.DesktopClientID {
			redirect = loopback
		}
		s := f.open(request(c.client, redirect, c.changes...))
		if s.Location == nil {
			t.Errorf("%s: no redirect, page %q", name, s.Title)
			continue
		}
		all := s.Location.RawQuery + s.Location.EscapedFragment()
		if answer, err := url.ParseQuery(all); err != nil || !strings.Contains(answer.Get("error_description"), c.code) {
			t.Errorf("%s: error %q, want %s", name, answer.Get("error"), c.code)
		}
	}
}

func webCode(code string, changes ...string) url.Values {
	return with(url.Values{"grant_type": {"authorization_code"}, "client_id": {emulator.WebClientID}, "client_secret": {emulator.WebSecret}, "code": {code},
		"redirect_uri": {webCallback}, "code_verifier": {verifier}, "return_spa_code": {"1"}}, changes...)
}

func TestSecondCodeIsForThePageAlone(t *testing.T) {
	t.Parallel()
	f := start(t, withPage)
	a := f.token(webCode(f.code(request(emulator.WebClientID, webCallback))))
	page := url.Values{"grant_type": {"authorization_code"}, "client_id": {emulator.WebClientID}, "code": {a.text("spa_code")}}
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		code   int
	}{
		"no page":             {page, nil, 9002327},
		"a server":            {with(url.Values{"client_secret": {emulator.WebSecret}}, "grant_type", "authorization_code", "client_id", emulator.WebClientID, "code", a.text("spa_code")), []string{"Origin", "https://web.contoso.test"}, 700025},
		"the server's reply":  {with(url.Values{"redirect_uri": {webCallback}}, "grant_type", "authorization_code", "client_id", emulator.WebClientID, "code", a.text("spa_code")), []string{"Origin", "https://web.contoso.test"}, 500112},
		"a verifier too many": {with(url.Values{"code_verifier": {verifier}}, "grant_type", "authorization_code", "client_id", emulator.WebClientID, "code", a.text("spa_code")), []string{"Origin", "https://web.contoso.test"}, 501481},
	} {
		if got := f.post(tokenURL, c.form, c.header...); got.code() != c.code {
			t.Errorf("%s: %s, want AADSTS%d", name, got.summary(), c.code)
		}
	}
	if got := f.token(page, "Origin", "https://web.contoso.test"); got.text("refresh_token") == "" || got.text("spa_code") != "" {
		t.Errorf("the page got %s", got.summary())
	}
	if got := f.post(tokenURL, page, "Origin", "https://web.contoso.test"); got.code() != 54005 {
		t.Errorf("again: %s", got.summary())
	}
}

func TestSecondCodeIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, form := range map[string]func(code string) url.Values{
		"to an application without a page": func(code string) url.Values { return webCode(code) },
		"for another value":                func(code string) url.Values { return webCode(code, "return_spa_code", "true") },
	} {
		if got := f.post(tokenURL, form(f.code(request(emulator.WebClientID, webCallback)))); got.code() != 90013 {
			t.Errorf("%s: %s", name, got.summary())
		}
	}
	if got := f.post(tokenURL, desktopCode(f.code(request(emulator.DesktopClientID, loopback)), "return_spa_code", "1")); got.code() != 90013 {
		t.Errorf("to a public client: %s", got.summary())
	}
	if got := f.token(webCode(f.code(request(emulator.WebClientID, webCallback)), "return_spa_code", "-")); got.text("spa_code") != "" {
		t.Error("it came without being asked for")
	}
}
