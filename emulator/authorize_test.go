package emulator_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

const loopback = "http://localhost:5001"

func TestAuthorizationCodeFlowGivesVerifiableTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.signIn(request(emulator.DesktopClientID, loopback))
	if s.Status != http.StatusSeeOther {
		t.Errorf("redirected with %d after a POST, want 303", s.Status)
	}
	q := s.Location.Query()
	if q.Get("state") != "st&te" || q.Get("session_state") == "" || q.Get("client_info") == "" {
		t.Errorf("the answer lacks state, session_state or client_info: has %d members", len(q))
	}
	a := f.token(desktopCode(q.Get("code")))
	if got, want := a.text("scope"), "User.Read openid profile"; got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
	if a.text("token_type") != "Bearer" || a.Body["expires_in"] != float64(3599) || a.Body["ext_expires_in"] != float64(3599) || a.text("refresh_token") == "" {
		t.Errorf("members wrong: token_type %q, expires_in %v, refresh token %v", a.text("token_type"), a.Body["expires_in"], a.text("refresh_token") != "")
	}
	id, _ := f.verify(a.text("id_token"))
	for claim, want := range map[string]any{"aud": emulator.DesktopClientID, "iss": authority + "/v2.0", "nonce": "n0nce", "tid": emulator.DefaultTenantID,
		"preferred_username": emulator.DefaultUser, "name": "Alice Adams", "ver": "2.0"} {
		if id[claim] != want {
			t.Errorf("id token: %s is %v, want %v", claim, id[claim], want)
		}
	}
	access, _ := f.verify(a.text("access_token"))
	if access["aud"] != "00000003-0000-0000-c000-000000000000" || access["scp"] != "User.Read openid profile" || access["appid"] != emulator.DesktopClientID ||
		access["appidacr"] != "0" || access["ver"] != "1.0" || access["iss"] != "https://sts.windows.net/"+emulator.DefaultTenantID+"/" {
		t.Errorf("access token: %v", access)
	}
	if access["oid"] != id["oid"] || access["sub"] == id["sub"] {
		t.Error("oid must be the same in both tokens and sub must differ (pairwise)")
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.text("client_info"))
	info := map[string]string{}
	if err != nil || json.Unmarshal(raw, &info) != nil || info["uid"] != id["oid"] || info["utid"] != emulator.DefaultTenantID {
		t.Errorf("client_info is %v, %v", info, err)
	}
	if v := f.emu.Violations(); len(v) != 0 {
		t.Errorf("a good client got violations: %v", v)
	}
}

func TestAccessTokenForAnOwnResourceIsVersionTwo(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.signedIn("scope", "openid api://tasks/tasks.READ")
	if got, want := a.text("scope"), "api://tasks/Tasks.Read openid"; got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
	if a.text("refresh_token") != "" {
		t.Error("a refresh token came without offline_access")
	}
	access, _ := f.verify(a.text("access_token"))
	for claim, want := range map[string]any{"aud": emulator.TasksClientID, "iss": authority + "/v2.0", "scp": "Tasks.Read", "azp": emulator.DesktopClientID, "azpacr": "0", "ver": "2.0"} {
		if access[claim] != want {
			t.Errorf("%s is %v, want %v", claim, access[claim], want)
		}
	}
}

func TestNoIDTokenWithoutOpenID(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.signedIn("scope", "api://tasks/Tasks.Read")
	if a.text("id_token") != "" {
		t.Error("an id token came without openid")
	}
}

func TestAuthorizeErrorsThatNeverRedirect(t *testing.T) {
	t.Parallel()
	f := start(t)
	good := func(changes ...string) string { return request(emulator.DesktopClientID, loopback, changes...) }
	for name, c := range map[string]struct {
		address string
		code    string
	}{
		"unknown tenant":            {strings.Replace(good(), emulator.DefaultTenantID, "nobody.example", 1), "AADSTS90002"},
		"no client":                 {good("client_id", "-"), "AADSTS900144"},
		"unknown client":            {good("client_id", "aaaaaaaa-0000-4000-8000-00000000ffff"), "AADSTS700016"},
		"client id is markup":       {good("client_id", "<script>alert(1)</script>"), "AADSTS700016"},
		"other redirect":            {good("redirect_uri", "https://evil.example/"), "AADSTS50011"},
		"other loopback path":       {good("redirect_uri", "http://localhost:5001/callback"), "AADSTS50011"},
		"other loopback name":       {good("redirect_uri", "http://127.0.0.1:5001"), "AADSTS50011"},
		"https loopback":            {good("redirect_uri", "https://localhost:5001"), "AADSTS50011"},
		"fragment":                  {good("redirect_uri", "http://localhost:5001/#x"), "AADSTS50011"},
		"user information":          {good("redirect_uri", "http://x@localhost:5001/"), "AADSTS50011"},
		"a query that was not said": {good("redirect_uri", "http://localhost:5001/?x=1"), "AADSTS50011"},
		"relative":                  {good("redirect_uri", "/x"), "AADSTS50011"},
		"no redirect and several":   {request(emulator.WebClientID, "x", "redirect_uri", "-"), "AADSTS900971"},
		"single tenant at common":   {strings.Replace(request(emulator.SPAClientID, "http://localhost:3000"), emulator.DefaultTenantID, "common", 1), "AADSTS50194"},
		"twice":                     {good() + "&scope=x", "AADSTS9000411"},
	} {
		s := f.open(c.address)
		if s.Location != nil || s.Status != http.StatusBadRequest || !strings.Contains(s.Text, c.code) {
			t.Errorf("%s: status %d, location %v, page %q; want a page with %s", name, s.Status, s.Location != nil, s.Title, c.code)
		}
		if strings.Contains(s.Text, "<script>alert") {
			t.Errorf("%s: markup came back unescaped", name)
		}
		if s.Header.Get("Content-Security-Policy") == "" || s.Header.Get("X-Frame-Options") != "DENY" || s.Header.Get("Cache-Control") != "no-store" || s.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: the page lacks a security header", name)
		}
	}
}

func TestAuthorizeErrorsThatTheApplicationLearns(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, c := range map[string]struct {
		changes []string
		error   string
		code    string
	}{
		"no response type":     {[]string{"response_type", "-"}, "invalid_request", "AADSTS900144"},
		"implicit":             {[]string{"response_type", "token"}, "unsupported_response_type", "AADSTS700054"},
		"id token":             {[]string{"response_type", "id_token"}, "unsupported_response_type", "AADSTS700054"},
		"odd mode":             {[]string{"response_mode", "web_message"}, "invalid_request", "AADSTS70007"},
		"no scope":             {[]string{"scope", "-"}, "invalid_request", "AADSTS900144"},
		"unknown permission":   {[]string{"scope", "openid User.Fly"}, "invalid_scope", "AADSTS70011"},
		"unknown resource":     {[]string{"scope", "api://nothing/x"}, "invalid_resource", "AADSTS500011"},
		"default mixed":        {[]string{"scope", "api://tasks/.default api://tasks/Tasks.Read"}, "invalid_scope", "AADSTS70011"},
		"odd prompt":           {[]string{"prompt", "please"}, "invalid_request", "AADSTS90023"},
		"negative age":         {[]string{"max_age", "-1"}, "invalid_request", "AADSTS90013"},
		"short challenge":      {[]string{"code_challenge", "abc"}, "invalid_request", "AADSTS501491"},
		"method alone":         {[]string{"code_challenge", "-"}, "invalid_request", "AADSTS50147"},
		"odd method":           {[]string{"code_challenge_method", "S512"}, "invalid_request", "AADSTS90013"},
		"claims not JSON":      {[]string{"claims", "{"}, "invalid_request", "AADSTS90013"},
		"silent, not signedin": {[]string{"prompt", "none"}, "login_required", "AADSTS50058"},
	} {
		s := f.open(request(emulator.DesktopClientID, loopback, c.changes...))
		if s.Location == nil {
			t.Errorf("%s: no redirect, page %q", name, s.Title)
			continue
		}
		q := s.Location.Query()
		if s.Location.Host != "localhost:5001" || q.Get("error") != c.error || !strings.HasPrefix(q.Get("error_description"), c.code+":") || q.Get("state") != "st&te" || q.Has("code") {
			t.Errorf("%s: got %q (%.14s), want %q (%s) with the state", name, q.Get("error"), q.Get("error_description"), c.error, c.code)
		}
	}
	s := f.open(request(emulator.SPAClientID, "http://localhost:3000", "code_challenge", "-", "code_challenge_method", "-"))
	if s.Location == nil || !strings.HasPrefix(s.Location.Query().Get("error_description"), "AADSTS9002325:") {
		t.Error("a single-page application without PKCE was let in")
	}
}

func TestResponseModes(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.signIn(request(emulator.DesktopClientID, loopback, "response_mode", "fragment"))
	values, err := url.ParseQuery(s.Location.Fragment)
	if err != nil || values.Get("code") == "" || s.Location.RawQuery != "" {
		t.Errorf("fragment: code %v, query %v, %v", values.Get("code") != "", s.Location.RawQuery != "", err)
	}
	s = f.open(request(emulator.DesktopClientID, loopback, "response_mode", "form_post"))
	if s.Location != nil || s.Action != loopback || s.Fields.Get("code") == "" || s.Fields.Get("state") != "st&te" {
		t.Errorf("form_post: action %q, code %v, state %q", s.Action, s.Fields.Get("code") != "", s.Fields.Get("state"))
	}
	f.token(desktopCode(s.Fields.Get("code")))
}

func TestRedirectKeepsTheQueryOfItsAddress(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) {
		c.Tenants[0].Apps[0].RedirectURIs.Native = []string{"http://localhost/?a=b", "my-app://auth"}
	})
	s := f.signIn(request(emulator.DesktopClientID, "http://localhost:1/?a=b"))
	if s.Location == nil || s.Location.Query().Get("a") != "b" || s.Location.Query().Get("code") == "" {
		t.Errorf("redirected to %v", s.Location != nil)
	}
	s = f.open(request(emulator.DesktopClientID, "my-app://auth"))
	if s.Location == nil || s.Location.Scheme != "my-app" {
		t.Errorf("no redirect to the custom scheme: %q", s.Title)
	}
	s = f.open(request(emulator.DesktopClientID, "my-app://auth", "response_mode", "form_post"))
	if s.Location != nil || s.Status != http.StatusBadRequest {
		t.Errorf("form_post to a custom scheme: status %d", s.Status)
	}
}

func TestSignInPageRefusesAndLetsTryAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.open(request(emulator.DesktopClientID, loopback))
	for _, c := range [...]struct{ login, password, says string }{
		{"nobody@contoso.test", "x", "does not exist"},
		{emulator.DefaultUser, "wrong", "wrong"},
		{"carol@contoso.test", emulator.DefaultPassword, "disabled"},
		{"<b>x</b>@contoso.test", "x", "does not exist"},
	} {
		s = f.submit(s, "login", c.login, "passwd", c.password)
		if s.Location != nil || s.Status != http.StatusOK || !strings.Contains(s.Text, c.says) || strings.Contains(s.Text, "<b>x</b>") {
			t.Fatalf("%s: status %d, title %q", c.login, s.Status, s.Title)
		}
	}
	s = f.submit(s, "login", "ALICE@contoso.test", "passwd", emulator.DefaultPassword)
	if s.Location == nil {
		t.Errorf("the right password did not sign in: %q", s.Title)
	}
}

func TestSignInFormWorksOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	page := f.open(request(emulator.DesktopClientID, loopback))
	f.submit(page, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	if s := f.submit(page, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword); s.Location != nil || s.Status != http.StatusBadRequest {
		t.Errorf("the form was accepted twice: status %d", s.Status)
	}
}

func TestSingleSignOnPromptsAndHints(t *testing.T) {
	t.Parallel()
	f := start(t)
	address := func(changes ...string) string { return request(emulator.DesktopClientID, loopback, changes...) }
	expect := func(what, changes string, s shown, title string) {
		t.Helper()
		if s.Title != title || (title == "") != (s.Location != nil) {
			t.Errorf("%s (%s): title %q, redirected %v; want %q", what, changes, s.Title, s.Location != nil, title)
		}
	}
	expect("hint without session", "", f.open(address("login_hint", emulator.DefaultUser)), "Enter password")
	f.signIn(address())
	expect("one session", "", f.open(address()), "")
	expect("one session", "none", f.open(address("prompt", "none")), "")
	expect("one session", "login", f.open(address("prompt", "login")), "Sign in")
	expect("one session", "select_account", f.open(address("prompt", "select_account")), "Pick an account")
	expect("one session", "other hint", f.open(address("login_hint", emulator.SecondUser)), "Enter password")
	if s := f.open(address("login_hint", emulator.SecondUser, "prompt", "none")); s.Location.Query().Get("error") != "login_required" {
		t.Errorf("silent for somebody else: %q", s.Location.Query().Get("error"))
	}
	picker := f.open(address("prompt", "select_account"))
	if got := picker.Buttons["account"]; len(got) != 2 || got[0] != emulator.DefaultUser {
		t.Errorf("the picker offers %v", got)
	}
	other := f.submit(picker, "account", "other")
	expect("use another", "", other, "Sign in")
	expect("bob signs in", "", f.submit(other, "login", emulator.SecondUser, "passwd", emulator.DefaultPassword), "")
	expect("two sessions", "", f.open(address()), "Pick an account")
	if s := f.open(address("prompt", "none")); s.Location.Query().Get("error") != "interaction_required" {
		t.Errorf("silent with two sessions: %q", s.Location.Query().Get("error"))
	}
	expect("two sessions", "hint", f.open(address("login_hint", emulator.DefaultUser)), "")
	expect("pick bob", "", f.submit(f.open(address()), "account", emulator.SecondUser), "")
}

func TestMaxAgeAsksForThePasswordAgain(t *testing.T) {
	t.Parallel()
	f := start(t)
	address := request(emulator.DesktopClientID, loopback, "max_age", "60")
	f.signIn(address)
	if s := f.open(address); s.Location == nil {
		t.Fatalf("asked again at once: %q", s.Title)
	}
	f.emu.Advance(61 * time.Second)
	if s := f.open(address); s.Title != "Enter password" {
		t.Errorf("after 61 s: %q, want the password page", s.Title)
	}
	if s := f.open(address + "&prompt=none"); s.Location.Query().Get("error") != "login_required" {
		t.Error("prompt=none ignored max_age")
	}
}

func TestConsentIsAskedOnceAndCanBeDeclined(t *testing.T) {
	t.Parallel()
	f := start(t)
	address := request(emulator.ConsentClientID, loopback)
	page := f.signIn(address)
	if page.Location != nil || !page.Buttons.Has("consent") {
		t.Fatalf("no consent page: %q", page.Title)
	}
	silent := f.open(request(emulator.ConsentClientID, loopback, "prompt", "none")).Location.Query()
	if silent.Get("error") != "consent_required" || !strings.HasPrefix(silent.Get("error_description"), "AADSTS65001:") {
		t.Errorf("silent without consent: %q", silent.Get("error"))
	}
	declined := f.submit(page, "consent", "cancel").Location.Query()
	if declined.Get("error") != "access_denied" || declined.Get("state") != "st&te" {
		t.Errorf("declined: %q", declined.Get("error"))
	}
	if s := f.submit(f.open(address), "consent", "accept"); s.Location == nil || s.Location.Query().Get("code") == "" {
		t.Fatalf("accepted: %q", s.Title)
	}
	if s := f.open(address); s.Location == nil {
		t.Errorf("asked again: %q", s.Title)
	}
	if s := f.open(address + "&prompt=consent"); !s.Buttons.Has("consent") {
		t.Errorf("prompt=consent did not ask: %q", s.Title)
	}
	a := f.post(tokenURL, url.Values{"grant_type": {"password"}, "client_id": {emulator.ConsentClientID}, "username": {emulator.SecondUser},
		"password": {emulator.DefaultPassword}, "scope": {"User.Read"}})
	if a.code() != 65001 || a.text("suberror") != "consent_required" {
		t.Errorf("without a browser: %s, want AADSTS65001", a.summary())
	}
}

func TestLogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.signIn(request(emulator.DesktopClientID, loopback))
	out := authority + "/oauth2/v2.0/logout"
	if s := f.open(out + "?post_logout_redirect_uri=https://evil.example/&client_id=" + emulator.DesktopClientID); s.Location != nil || s.Status != http.StatusOK {
		t.Errorf("logout to an unregistered address: status %d", s.Status)
	}
	if s := f.open(request(emulator.DesktopClientID, loopback)); s.Location != nil {
		t.Error("still signed in")
	}
	back := url.Values{"post_logout_redirect_uri": {loopback}, "client_id": {emulator.DesktopClientID}, "state": {"bye"}}
	if s := f.open(out + "?" + back.Encode()); s.Location == nil || s.Location.Query().Get("state") != "bye" {
		t.Errorf("no way back to the application: status %d", s.Status)
	}
}

func TestPeopleOfAnotherTenantAreTurnedAway(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) {
		c.Tenants = append(c.Tenants, emulator.Tenant{Name: "Fabrikam", Users: []emulator.User{{UPN: "frank@fabrikam.onmicrosoft.com"}}})
	})
	s := f.submit(f.open(request(emulator.DesktopClientID, loopback)), "login", "frank@fabrikam.onmicrosoft.com", "passwd", emulator.DefaultPassword)
	if s.Location != nil || !strings.Contains(s.Text, "does not exist in the tenant") {
		t.Errorf("status %d, title %q", s.Status, s.Title)
	}
	at := strings.Replace(request(emulator.DesktopClientID, loopback), emulator.DefaultTenantID, "organizations", 1)
	s = f.submit(f.open(at), "login", "frank@fabrikam.onmicrosoft.com", "passwd", emulator.DefaultPassword)
	if s.Location == nil {
		t.Fatalf("organizations: %q", s.Title)
	}
	a := f.post(loginHost+"/organizations/oauth2/v2.0/token", desktopCode(s.Location.Query().Get("code")))
	id, _ := f.verify(a.text("id_token"))
	if id["tid"] == emulator.DefaultTenantID || id["iss"] != loginHost+"/"+id["tid"].(string)+"/v2.0" {
		t.Errorf("issuer %v for tenant %v", id["iss"], id["tid"])
	}
	s = f.submit(f.open(strings.Replace(request(emulator.DesktopClientID, loopback, "prompt", "login"), emulator.DefaultTenantID, "consumers", 1)),
		"login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	if s.Location != nil {
		t.Error("a work account signed in at consumers")
	}
}
