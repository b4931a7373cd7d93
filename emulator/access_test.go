package emulator_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

// withAccess gives the default tenant rules of Conditional Access.
func withAccess(policies ...emulator.AccessPolicy) func(*emulator.Config) {
	return func(c *emulator.Config) { c.Tenants[0].Access = policies }
}

const (
	policyID = "cccccccc-0000-4000-8000-000000000001"
	policed  = `{"access_token":{"capolids":{"essential":true,"values":["` + policyID + `"]}}}`
)

var tasksNeedMFA = emulator.AccessPolicy{ID: policyID, Name: "tasks", Resources: []string{"api://tasks"}, Require: emulator.RequireMFA}

func (f *fixture) factor(s shown, code string) shown {
	f.tb.Helper()
	if s.Title != "Verify your identity" {
		f.tb.Fatalf("no page for the second factor: status %d, %q", s.Status, s.Title)
	}
	return f.submit(s, "factor", code)
}

// strongly signs alice in with a second factor and redeems the code.
func (f *fixture) strongly(changes ...string) answer {
	f.tb.Helper()
	s := f.open(request(emulator.DesktopClientID, loopback, changes...))
	if s.Title != "Verify your identity" { // nobody is signed in yet
		s = f.submit(s, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	}
	s = f.factor(s, emulator.DefaultOneTimeCode)
	if s.Location == nil {
		f.tb.Fatalf("no answer: %q", s.Title)
	}
	return f.token(desktopCode(s.Location.Query().Get("code")))
}

func methods(claims map[string]any) string {
	list, _ := claims["amr"].([]any)
	var out []string
	for _, m := range list {
		out = append(out, m.(string))
	}
	return strings.Join(out, " ")
}

func TestSecondFactorIsAskedForAndShowsInTokens(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(tasksNeedMFA))
	weak := f.signedIn() // Graph needs none
	if id, _ := f.verify(weak.text("id_token")); methods(id) != "pwd" || id["auth_time"] == nil {
		t.Errorf("without a second factor: amr %v, auth_time %v", id["amr"], id["auth_time"])
	}
	s := f.open(request(emulator.DesktopClientID, loopback, "scope", "openid offline_access api://tasks/Tasks.Read"))
	s = f.factor(s, "000000")
	if s.Title != "Error: Verify your identity" || s.Fields.Get("factor") != "" {
		t.Fatalf("a wrong code led to %q", s.Title)
	}
	last := f.emu.Requests(emulator.EndpointSecondFactor)
	if x := last[len(last)-1]; x.AADSTS != 500121 || x.User != emulator.DefaultUser || x.ClientID != emulator.DesktopClientID || x.Form.Get("factor") == "000000" || !x.Sent("factor", "000000") {
		t.Errorf("the journal has AADSTS%d, user %q, code shown: %v", x.AADSTS, x.User, x.Form.Get("factor") == "000000")
	}
	s = f.submit(s, "factor", "246 810")
	if s.Location == nil {
		t.Fatalf("the right code led to %q", s.Title)
	}
	a := f.token(desktopCode(s.Location.Query().Get("code")))
	for _, name := range []string{"id_token", "access_token"} {
		if claims, _ := f.verify(a.text(name)); methods(claims) != "pwd mfa" {
			t.Errorf("%s: amr %v", name, claims["amr"])
		}
	}
	// The browser remembers the factor, and so does the refresh token.
	if s := f.open(request(emulator.DesktopClientID, loopback, "scope", "api://tasks/Tasks.Read", "prompt", "none")); s.Location.Query().Get("code") == "" {
		t.Errorf("no single sign-on after the second factor: %s", s.Location.Query().Get("error"))
	}
	again := f.token(refreshing(a, "scope", "api://tasks/Tasks.Read"))
	if claims, _ := f.verify(again.text("access_token")); methods(claims) != "pwd mfa" {
		t.Errorf("refreshed: amr %v", claims["amr"])
	}
	// A sign-in anew asks for both again.
	s = f.open(request(emulator.DesktopClientID, loopback, "scope", "api://tasks/Tasks.Read", "prompt", "login"))
	f.factor(f.submit(s, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword), emulator.DefaultOneTimeCode)
}

func refreshing(a answer, changes ...string) url.Values {
	return with(url.Values{"grant_type": {"refresh_token"}, "client_id": {emulator.DesktopClientID}, "refresh_token": {a.text("refresh_token")}}, changes...)
}

// Where nobody can be asked, the answer names the rule, and an interactive
// request that repeats the challenge meets it.
func TestChallengesOfAccessPoliciesAreHonored(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(tasksNeedMFA))
	weak := f.signedIn()
	a := f.post(tokenURL, refreshing(weak, "scope", "api://tasks/Tasks.Read"))
	refused(t, "refresh", a, 400, "invalid_grant", 50076)
	if a.text("suberror") != "basic_action" || a.text("claims") != policed {
		t.Errorf("suberror %q, claims %s", a.text("suberror"), a.text("claims"))
	}
	password := url.Values{"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "username": {emulator.DefaultUser},
		"password": {emulator.DefaultPassword}, "scope": {"api://tasks/Tasks.Read"}}
	refused(t, "password", f.post(tokenURL, password), 400, "invalid_grant", 50076)
	s := f.open(request(emulator.DesktopClientID, loopback, "scope", "api://tasks/Tasks.Read", "prompt", "none"))
	if q := s.Location.Query(); q.Get("error") != "interaction_required" || q.Get("suberror") != "basic_action" || q.Get("claims") != policed {
		t.Errorf("silently: %s, %s, %s", q.Get("error"), q.Get("suberror"), q.Get("claims"))
	}
	// The challenge counts for any resource: the one that asked may be further down.
	strong := f.strongly("claims", policed)
	f.token(refreshing(strong, "scope", "api://tasks/Tasks.Read"))
	refused(t, "refresh of the weak sign-in", f.post(tokenURL, refreshing(weak, "scope", "User.Read", "claims", policed)), 400, "invalid_grant", 50076)
}

func TestOnBehalfOfInheritsTheSecondFactor(t *testing.T) {
	t.Parallel()
	graph := emulator.AccessPolicy{ID: policyID, Name: "graph", Resources: []string{"https://graph.microsoft.com"}, Require: emulator.RequireMFA}
	f := start(t, withAccess(graph))
	exchange := func(token string) answer {
		return f.post(tokenURL, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_id": {emulator.TasksClientID},
			"client_secret": {emulator.TasksSecret}, "assertion": {token}, "requested_token_use": {"on_behalf_of"}, "scope": {"https://graph.microsoft.com/User.Read"}})
	}
	weak := f.signedIn("scope", "api://tasks/Tasks.Read")
	a := exchange(weak.text("access_token"))
	refused(t, "on behalf of", a, 400, "interaction_required", 50076)
	if a.text("claims") != policed || a.text("suberror") != "basic_action" {
		t.Errorf("claims %s, suberror %s", a.text("claims"), a.text("suberror"))
	}
	if a := exchange(f.strongly("scope", "api://tasks/Tasks.Read", "claims", a.text("claims")).text("access_token")); a.Status != 200 {
		t.Errorf("after the challenge: %s", a.summary())
	}
}

func TestEnrollmentOfASecondFactor(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) {
		u := &c.Tenants[0].Users[0]
		u.RequireMFA, u.Unenrolled, u.OneTimeCode = true, true, "blue-42"
	})
	password := url.Values{"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "username": {emulator.DefaultUser},
		"password": {emulator.DefaultPassword}, "scope": {"User.Read"}}
	a := f.post(tokenURL, password)
	refused(t, "not enrolled", a, 400, "invalid_grant", 50079)
	if a.text("suberror") != "basic_action" || !strings.Contains(a.text("claims"), "capolids") {
		t.Errorf("suberror %q, claims %s", a.text("suberror"), a.text("claims"))
	}
	s := f.signIn(request(emulator.DesktopClientID, loopback))
	if s.Title != "More information required" || !strings.Contains(s.Text, "blue-42") {
		t.Fatalf("no enrollment page: %q", s.Title)
	}
	if s := f.submit(s, "factor", "blue-42"); s.Location == nil || s.Location.Query().Get("code") == "" {
		t.Fatalf("not enrolled: %q", s.Title)
	}
	refused(t, "enrolled", f.post(tokenURL, password), 400, "invalid_grant", 50076)
	s = f.submit(f.open(request(emulator.DesktopClientID, loopback, "prompt", "login")), "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	if s.Title != "Verify your identity" || strings.Contains(s.Text, "blue-42") {
		t.Errorf("the second time: %q, code shown: %v", s.Title, strings.Contains(s.Text, "blue-42"))
	}
}

func TestAuthenticationContexts(t *testing.T) {
	t.Parallel()
	step := emulator.AccessPolicy{Name: "step-up", Context: "c1", Require: emulator.RequireMFA}
	f := start(t, withAccess(step))
	weak := f.signedIn()
	c1 := `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	a := f.post(tokenURL, refreshing(weak, "claims", c1))
	refused(t, "c1", a, 400, "invalid_grant", 50076)
	if a.text("claims") != c1 {
		t.Errorf("claims %s", a.text("claims"))
	}
	both := `{"access_token":{"acrs":{"essential":true,"values":["c1","c25"]}},"id_token":{"acrs":{"value":"c1"}}}`
	strong := f.strongly("claims", both)
	for name, want := range map[string]string{"access_token": `["c1","c25"]`, "id_token": `["c1"]`} {
		claims, _ := f.verify(strong.text(name))
		if got, _ := json.Marshal(claims["acrs"]); string(got) != want {
			t.Errorf("%s: acrs %s, want %s", name, got, want)
		}
	}
	again, _ := f.verify(f.token(refreshing(strong, "scope", "User.Read")).text("access_token"))
	if got, _ := json.Marshal(again["acrs"]); string(got) != `["c1","c25"]` {
		t.Errorf("refreshed: acrs %s", got)
	}
	if plain, _ := f.verify(weak.text("access_token")); plain["acrs"] != nil {
		t.Errorf("acrs %v without being asked", plain["acrs"])
	}
}

func TestEverySuberrorOfAccessPolicies(t *testing.T) {
	t.Parallel()
	for require, want := range map[string]struct {
		kind, suberror string
		code           int
	}{
		emulator.RequireMFA:                  {"invalid_grant", "basic_action", 50076},
		emulator.RequireCompliantDevice:      {"invalid_grant", "additional_action", 53000},
		emulator.RequireDeviceAuthentication: {"invalid_grant", "device_authentication_failed", 50155},
		emulator.RequireAppProtection:        {"unauthorized_client", "protection_policy_required", 53005},
		emulator.RequireBlock:                {"invalid_grant", "message_only", 53003},
	} {
		t.Run(require, func(t *testing.T) {
			t.Parallel()
			f := start(t, withAccess(emulator.AccessPolicy{ID: policyID, Name: "p", Users: []string{"ALICE@contoso.test"}, Resources: []string{emulator.TasksClientID},
				Clients: []string{emulator.DesktopClientID}, Require: require}))
			a := f.post(tokenURL, refreshing(f.signedIn(), "scope", "api://tasks/Tasks.Read"))
			refused(t, "refresh", a, 400, want.kind, want.code)
			if a.text("suberror") != want.suberror || a.text("claims") != policed {
				t.Errorf("suberror %q, claims %s", a.text("suberror"), a.text("claims"))
			}
			s := f.open(request(emulator.DesktopClientID, loopback, "scope", "api://tasks/Tasks.Read"))
			if require != emulator.RequireMFA && (s.Location != nil || s.Status != 400 || !strings.Contains(s.Text, "AADSTS")) {
				t.Errorf("in the browser: status %d, %q", s.Status, s.Title)
			}
		})
	}
}

func TestBlockingWinsOverWhatCanBeAsked(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(
		emulator.AccessPolicy{Name: "a", Require: emulator.RequireMFA, Resources: []string{"api://tasks"}},
		emulator.AccessPolicy{Name: "b", Require: emulator.RequireBlock, Resources: []string{"api://tasks"}},
		emulator.AccessPolicy{Name: "c", Require: emulator.RequireCompliantDevice, Resources: []string{"api://tasks"}},
		emulator.AccessPolicy{Name: "others", Require: emulator.RequireBlock, Users: []string{emulator.SecondUser}},
		emulator.AccessPolicy{Name: "other client", Require: emulator.RequireBlock, Clients: []string{emulator.DeviceClientID}},
		emulator.AccessPolicy{Name: "other context", Require: emulator.RequireBlock, Context: "c2"},
	))
	refused(t, "several", f.post(tokenURL, refreshing(f.signedIn(), "scope", "api://tasks/Tasks.Read")), 400, "invalid_grant", 53003)
}

func TestSignInFrequency(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(emulator.AccessPolicy{Name: "daily", MaxAge: 24 * time.Hour}))
	a := f.signedIn()
	f.emu.Advance(23 * time.Hour)
	f.token(refreshing(a))
	f.emu.Advance(2 * time.Hour)
	late := f.post(tokenURL, refreshing(a))
	refused(t, "late", late, 400, "invalid_grant", 70043)
	if late.text("suberror") != "token_expired" {
		t.Errorf("suberror %q", late.text("suberror"))
	}
	s := f.open(request(emulator.DesktopClientID, loopback))
	if s.Title != "Enter password" {
		t.Fatalf("the browser shows %q", s.Title)
	}
	if s := f.submit(s, "passwd", emulator.DefaultPassword); s.Location == nil {
		t.Errorf("after the password: %q", s.Title)
	}
}

func TestSuberrorsOfTokensAndPasswords(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Tenants[0].Users[1].PasswordExpired = true })
	form := url.Values{"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "username": {emulator.SecondUser}, "password": {emulator.DefaultPassword}, "scope": {"User.Read"}}
	a := f.post(tokenURL, form)
	refused(t, "expired password", a, 400, "invalid_grant", 50055)
	if a.text("suberror") != "user_password_expired" {
		t.Errorf("suberror %q", a.text("suberror"))
	}
	refused(t, "wrong password", f.post(tokenURL, with(form, "password", "x")), 400, "invalid_grant", 50126)
	if s := f.submit(f.open(request(emulator.DesktopClientID, loopback)), "login", emulator.SecondUser, "passwd", emulator.DefaultPassword); s.Title != "Error: Sign in" && s.Title != "Error: Enter password" {
		t.Errorf("the browser shows %q", s.Title)
	}
	old := f.signedIn()
	f.emu.Advance(91 * 24 * time.Hour)
	if a := f.post(tokenURL, refreshing(old)); a.code() != 700082 || a.text("suberror") != "bad_token" {
		t.Errorf("unused refresh token: %s", a.summary())
	}
}

// An administrator turns the second factor on while people are signed in.
func TestRequireMFAInterruptsPeopleWhoAreSignedIn(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.signedIn()
	if err := f.emu.RequireMFA(emulator.DefaultUser, true); err != nil {
		t.Fatal(err)
	}
	refusal := f.post(tokenURL, refreshing(a))
	refused(t, "afterwards", refusal, 400, "invalid_grant", 50076)
	f.token(refreshing(f.strongly("claims", refusal.text("claims"))))
	if err := f.emu.RequireMFA(emulator.DefaultUser, false); err != nil {
		t.Fatal(err)
	}
	f.token(refreshing(a))
	if err := f.emu.RequireMFA("nobody@contoso.test", true); err == nil {
		t.Error("nobody was asked for a second factor")
	}
}

// What one page asks cannot be skipped by posting its handle to another.
func TestPagesCannotBeSkipped(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Tenants[0].Users[0].RequireMFA = true })
	for _, target := range []string{"/consent", "/signup"} {
		s := f.signIn(request(emulator.ConsentClientID, loopback, "prompt", "login"))
		if s.Title != "Verify your identity" {
			t.Fatalf("%q", s.Title)
		}
		s.Action = authority + target
		if s := f.submit(s, "consent", "accept"); s.Location != nil || s.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d, redirected %v", target, s.Status, s.Location != nil)
		}
	}
	a := f.device()
	page := f.submit(f.submit(f.open(a.text("verification_uri")), "otc", a.text("user_code")), "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	page.Action = loginHost + "/common/oauth2/deviceauth"
	if s := f.submit(page, "confirm", "continue"); s.Status != http.StatusBadRequest {
		t.Errorf("the device was confirmed without the second factor: %q", s.Title)
	}
	refused(t, "device", f.post(tokenURL, poll(a)), 400, "authorization_pending", 70016)
}

func TestDeviceFlowWithASecondFactorAndClaims(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(tasksNeedMFA))
	a := f.device("claims", policed)
	page := f.submit(f.submit(f.open(a.text("verification_uri")), "otc", a.text("user_code")), "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	page = f.submit(f.factor(page, emulator.DefaultOneTimeCode), "confirm", "continue")
	if page.Title != "You are signed in" {
		t.Fatalf("%q", page.Title)
	}
	if claims, _ := f.verify(f.token(poll(a)).text("id_token")); methods(claims) != "pwd mfa" {
		t.Errorf("amr %v", claims["amr"])
	}
	a = f.device("claims", `{"access_token":{"acrs":{"value":"c7"}}}`) // asked at the start, granted at the end
	if err := f.emu.ApproveDevice(a.text("user_code"), emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	if claims, _ := f.verify(f.token(poll(a)).text("access_token")); claims["acrs"] == nil {
		t.Error("the claims of the device request were forgotten")
	}
	a = f.device("scope", "openid api://tasks/Tasks.Read")
	if err := f.emu.ApproveDevice(a.text("user_code"), emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	if claims, _ := f.verify(f.token(poll(a)).text("id_token")); methods(claims) != "pwd mfa" {
		t.Errorf("approved by the test: amr %v", claims["amr"])
	}
	refused(t, "odd claims", f.post(authority+"/oauth2/v2.0/devicecode", url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"User.Read"}, "claims": {"[]"}}), 400, "invalid_request", 90013)
}

func TestUserAgentGivesTheSecondFactor(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) {
		c.Tenants[0].Users[0].RequireMFA, c.Tenants[0].Users[0].OneTimeCode = true, "x y"
		c.Tenants[0].Users[1].RequireMFA, c.Tenants[0].Users[1].Unenrolled = true, true
	})
	for _, upn := range []string{emulator.DefaultUser, emulator.SecondUser, emulator.SecondUser} {
		got, err := f.emu.UserAgent(upn, emulator.DefaultPassword).Visit(t.Context(), request(emulator.WebClientID, "https://web.contoso.test/callback"))
		if err != nil || got.Values.Get("code") == "" {
			t.Errorf("%s: %v, %v", upn, got, err)
		}
	}
}

func TestConfigurationOfAccessPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy emulator.AccessPolicy
		path   string
	}{
		"no name":       {emulator.AccessPolicy{Require: emulator.RequireMFA}, "tenants[0].access[0].name"},
		"no guid":       {emulator.AccessPolicy{Name: "x", ID: "1", Require: emulator.RequireMFA}, "tenants[0].access[0].id"},
		"odd":           {emulator.AccessPolicy{Name: "x", Require: "retina"}, "tenants[0].access[0].require"},
		"nothing":       {emulator.AccessPolicy{Name: "x"}, "tenants[0].access[0].require"},
		"context":       {emulator.AccessPolicy{Name: "x", Require: emulator.RequireMFA, Context: "c100"}, "tenants[0].access[0].context"},
		"leading zero":  {emulator.AccessPolicy{Name: "x", Require: emulator.RequireMFA, Context: "c01"}, "tenants[0].access[0].context"},
		"negative time": {emulator.AccessPolicy{Name: "x", MaxAge: -1}, "tenants[0].access[0].max_age"},
	} {
		cfg := emulator.Defaults()
		cfg.Tenants[0].Access = []emulator.AccessPolicy{c.policy}
		_, err := emulator.New(cfg)
		var bad *emulator.ConfigError
		if !errors.As(err, &bad) || bad.Path != c.path {
			t.Errorf("%s: %v, want one about %s", name, err, c.path)
		}
	}
	cfg := emulator.Defaults()
	cfg.Tenants[0].Access = []emulator.AccessPolicy{tasksNeedMFA, {Name: "daily", MaxAge: 24 * time.Hour}}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	back, err := emulator.ParseConfig(text)
	if err != nil || len(back.Tenants[0].Access) != 2 || back.Tenants[0].Access[1].MaxAge != 24*time.Hour || back.Tenants[0].Access[0].Require != emulator.RequireMFA {
		t.Errorf("after JSON: %+v, %v", back.Tenants, err)
	}
	if _, err := emulator.ParseConfig([]byte(`{"tenants":[{"name":"x","access":[{"name":"y","max_age":"soon"}]}]}`)); err == nil {
		t.Error("an odd duration was accepted")
	}
}

// The claims parameter is read at all three endpoints before anything is done.
func TestMalformedClaimsAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.signedIn()
	for _, claims := range []string{"x", `[]`, `{"access_token":{"acrs":{"value":"c100"}}}`, `{"access_token":{"acrs":{},"acrs":{}}}`, `{"access_token":{"capolids":{"values":[7]}}}`} {
		f.emu.ResetJournal()
		refused(t, "refresh", f.post(tokenURL, refreshing(a, "claims", claims)), 400, "invalid_request", 90013)
		refused(t, "daemon", f.post(tokenURL, daemon("claims", claims)), 400, "invalid_request", 90013)
		refused(t, "device", f.post(authority+"/oauth2/v2.0/devicecode", url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"User.Read"}, "claims": {claims}}), 400, "invalid_request", 90013)
		s := f.open(request(emulator.DesktopClientID, loopback, "claims", claims))
		if s.Location == nil || s.Location.Query().Get("error") != "invalid_request" || !strings.HasPrefix(s.Location.Query().Get("error_description"), "AADSTS90013:") {
			t.Errorf("authorize with %s: status %d, %q", claims, s.Status, s.Title)
		}
		if v := f.emu.Violations(); len(v) != 4 || v[0].Rule != "claims" {
			t.Errorf("%s: violations %v", claims, v)
		}
	}
}

func TestPagesTakeOnlyPosts(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, path := range []string{"/mfa", "/signup", "/consent", "/login"} {
		if s := f.open(authority + path); s.Status != http.StatusBadRequest || !strings.Contains(s.Text, "AADSTS900561") {
			t.Errorf("%s: status %d, %q", path, s.Status, s.Title)
		}
	}
}

// A sign-in whose person was revoked between two pages starts again.
func TestRevocationEndsSignInsUnderWay(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(tasksNeedMFA))
	s := f.signIn(request(emulator.DesktopClientID, loopback, "scope", tasksAPI))
	if err := f.emu.Revoke(emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	if s = f.factor(s, emulator.DefaultOneTimeCode); s.Location != nil || s.Status != http.StatusBadRequest {
		t.Errorf("status %d, redirected %v", s.Status, s.Location != nil)
	}
}
