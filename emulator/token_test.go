package emulator_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

// refused checks an error answer: status, error, number, and that all members
// and headers of an error are there.
func refused(t *testing.T, name string, a answer, status int, kind string, code int) {
	t.Helper()
	if a.Status != status || a.text("error") != kind || a.code() != code {
		t.Errorf("%s: %s; want status %d, error %q, AADSTS%d", name, a.summary(), status, kind, code)
		return
	}
	if d := a.text("error_description"); strings.ContainsAny(d, "{}") || !strings.HasPrefix(d, fmt.Sprintf("AADSTS%d: ", code)) {
		t.Errorf("%s: error_description %q", name, d)
	}
	for _, member := range [...]string{"error_description", "timestamp", "trace_id", "correlation_id", "error_uri"} {
		if a.text(member) == "" {
			t.Errorf("%s: the member %s is missing", name, member)
		}
	}
	if _, err := time.Parse("2006-01-02 15:04:05Z", a.text("timestamp")); err != nil {
		t.Errorf("%s: timestamp: %v", name, err)
	}
	for _, h := range [...]string{"x-ms-request-id", "x-ms-ests-server", "x-ms-clitelem"} {
		if a.Header.Get(h) == "" {
			t.Errorf("%s: the header %s is missing", name, h)
		}
	}
	if !strings.HasPrefix(a.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("%s: Cache-Control %q", name, a.Header.Get("Cache-Control"))
	}
	if status == http.StatusUnauthorized && a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: 401 without WWW-Authenticate", name)
	}
}

func violated(f *fixture, rule string) bool {
	return slices.ContainsFunc(f.emu.Violations(), func(v emulator.Violation) bool { return v.Rule == rule })
}

func TestTokenEndpointRefusesWhatIsNotAForm(t *testing.T) {
	t.Parallel()
	f := start(t)
	refused(t, "GET", f.get(tokenURL), 400, "invalid_request", 900561)
	send := func(kind, body string) answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tokenURL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		return f.do(r)
	}
	const form = "application/x-www-form-urlencoded"
	refused(t, "JSON", send("application/json", `{"grant_type":"client_credentials"}`), 400, "invalid_request", 9002313)
	refused(t, "no type", send("", "grant_type=client_credentials"), 400, "invalid_request", 9002313)
	refused(t, "empty", send(form, ""), 400, "invalid_request", 900144)
	refused(t, "bad escape", send(form, "grant_type=%zz"), 400, "invalid_request", 9002313)
	refused(t, "semicolons", send(form, "a=b;c=d"), 400, "invalid_request", 9002313)
	refused(t, "too large", send(form, "grant_type=client_credentials&x="+strings.Repeat("x", 1<<20)), 400, "invalid_request", 9002313)
	refused(t, "twice", send(form, daemon().Encode()+"&scope=x"), 400, "invalid_request", 9000411)
	if !violated(f, "method") || !violated(f, "content-type") || !violated(f, "duplicate-parameter") {
		t.Errorf("violations: %v", f.emu.Violations())
	}
	if a := send(form+"; charset=utf-8", daemon().Encode()); a.Status != http.StatusOK {
		t.Errorf("a charset: %s", a.summary())
	}
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.token(daemon("client_info", "1"))
	for _, absent := range [...]string{"refresh_token", "id_token", "client_info", "scope", "refresh_in", "foci"} {
		if _, ok := a.Body[absent]; ok {
			t.Errorf("the answer has %s", absent)
		}
	}
	claims, _ := f.verify(a.text("access_token"))
	roles, _ := claims["roles"].([]any)
	if len(roles) != 1 || roles[0] != "Tasks.All" || claims["azpacr"] != "1" || claims["aud"] != emulator.TasksClientID || claims["oid"] != claims["sub"] || claims["scp"] != nil {
		t.Errorf("claims: %v", claims)
	}
	arm, _ := f.verify(f.token(daemon("scope", "https://management.core.windows.net//.default")).text("access_token"))
	if arm["aud"] != "https://management.core.windows.net/" || arm["idtyp"] != "app" || arm["roles"] != nil {
		t.Errorf("version 1 claims: %v", arm)
	}
	f.token(daemon("scope", "api://tasks/.default openid offline_access profile"))
	if len(f.emu.Violations()) != 0 || len(f.emu.Advice()) != 1 {
		t.Errorf("violations %v, advice %v", f.emu.Violations(), f.emu.Advice())
	}
}

func TestClientCredentialsRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, c := range []struct {
		name    string
		changes []string
		status  int
		kind    string
		code    int
	}{
		{"no grant", []string{"grant_type", "-"}, 400, "invalid_request", 900144},
		{"odd grant", []string{"grant_type", "magic"}, 400, "unsupported_grant_type", 70003},
		{"no client", []string{"client_id", "-"}, 400, "invalid_request", 900144},
		{"unknown client", []string{"client_id", "x"}, 400, "unauthorized_client", 700016},
		{"no secret", []string{"client_secret", "-"}, 401, "invalid_client", 7000216},
		{"wrong secret", []string{"client_secret", "x"}, 401, "invalid_client", 7000215},
		{"expired secret", []string{"client_id", emulator.WebClientID, "client_secret", "web-expired-secret"}, 401, "invalid_client", 7000222},
		{"public client", []string{"client_id", emulator.DesktopClientID}, 401, "invalid_client", 700025},
		{"no scope", []string{"scope", "-"}, 400, "invalid_request", 900144},
		{"a permission", []string{"scope", "api://tasks/Tasks.All"}, 400, "invalid_scope", 1002012},
		{"a bare name", []string{"scope", "User.Read"}, 400, "invalid_scope", 1002012},
		{"only openid", []string{"scope", "openid"}, 400, "invalid_scope", 1002012},
		{"unknown resource", []string{"scope", "api://nothing/.default"}, 400, "invalid_resource", 500011},
		{"two resources", []string{"scope", "api://tasks/.default https://graph.microsoft.com/.default"}, 400, "invalid_request", 28000},
		{"claims not JSON", []string{"claims", "nope"}, 400, "invalid_request", 90013},
		{"secret and assertion", []string{"client_assertion", "x"}, 400, "invalid_request", 9002313},
		{"type without assertion", []string{"client_secret", "-", "client_assertion_type", "x"}, 400, "invalid_request", 900144},
		{"no certificates", []string{"client_secret", "-", "client_assertion", "x", "client_assertion_type", jwtBearer}, 401, "invalid_client", 700026},
	} {
		refused(t, c.name, f.post(tokenURL, daemon(c.changes...)), c.status, c.kind, c.code)
	}
	refused(t, "common", f.post(loginHost+"/common/oauth2/v2.0/token", daemon("client_id", emulator.WebClientID, "client_secret", emulator.WebSecret)), 400, "invalid_request", 50059)
	refused(t, "single tenant at common", f.post(loginHost+"/common/oauth2/v2.0/token", daemon()), 400, "invalid_request", 50194)
	refused(t, "unknown tenant", f.post(loginHost+"/x.example/oauth2/v2.0/token", daemon()), 400, "invalid_request", 90002)
	if !violated(f, "two-credentials") {
		t.Error("two credentials at once were not noted")
	}
}

func TestBasicAuthenticationOfTheClient(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Tenants[0].Apps[3].Secrets = []string{"s3cr+t/=& %"} })
	form := func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tokenURL, strings.NewReader(daemon("client_id", "-", "client_secret", "-").Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	r := form()
	r.SetBasicAuth(url.QueryEscape(emulator.DaemonClientID), url.QueryEscape("s3cr+t/=& %"))
	if a := f.do(r); a.Status != http.StatusOK {
		t.Errorf("right secret: %s", a.summary())
	}
	r = form()
	r.SetBasicAuth(emulator.DaemonClientID, "wrong")
	refused(t, "wrong secret", f.do(r), 401, "invalid_client", 7000215)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tokenURL, strings.NewReader(daemon().Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(emulator.DaemonClientID, emulator.DaemonSecret)
	refused(t, "both ways", f.do(r), 400, "invalid_request", 9002313)
}

func TestCodeRedemptionRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	address := request(emulator.DesktopClientID, loopback)
	f.code(address) // signs in; later codes come by single sign-on
	fresh := func(changes ...string) string {
		return f.open(request(emulator.DesktopClientID, loopback, changes...)).Location.Query().Get("code")
	}
	for _, c := range []struct {
		name    string
		changes []string
		status  int
		kind    string
		code    int
		rule    string
	}{
		{"no code", []string{"code", "-"}, 400, "invalid_request", 900144, ""},
		{"made-up code", []string{"code", "x"}, 400, "invalid_grant", 70000, ""},
		{"another client", []string{"client_id", emulator.FamilyClientID}, 400, "invalid_grant", 70000, ""},
		{"no redirect", []string{"redirect_uri", "-"}, 400, "invalid_request", 900144, ""},
		{"another redirect", []string{"redirect_uri", "http://localhost:5002"}, 400, "invalid_grant", 500112, "redirect-uri"},
		{"no verifier", []string{"code_verifier", "-"}, 400, "invalid_grant", 501481, "verifier-missing"},
		{"empty verifier", []string{"code_verifier", ""}, 400, "invalid_grant", 501481, "verifier-missing"},
		{"wrong verifier", []string{"code_verifier", strings.Repeat("x", 43)}, 400, "invalid_grant", 501481, ""},
		{"short verifier", []string{"code_verifier", "x"}, 400, "invalid_grant", 501481, "verifier-form"},
		{"a secret", []string{"client_secret", "x"}, 401, "invalid_client", 700025, ""},
		{"unknown scope", []string{"scope", "openid User.Fly"}, 400, "invalid_scope", 70011, ""},
		{"two resources", []string{"scope", "User.Read api://tasks/Tasks.Read"}, 400, "invalid_request", 28000, ""},
	} {
		f.emu.ResetJournal()
		code := fresh()
		refused(t, c.name, f.post(tokenURL, desktopCode(code, c.changes...)), c.status, c.kind, c.code)
		if c.rule != "" && !violated(f, c.rule) {
			t.Errorf("%s: no violation %s in %v", c.name, c.rule, f.emu.Violations())
		}
		f.token(desktopCode(code)) // a mistake does not use the code up
	}
	refused(t, "verifier without challenge", f.post(tokenURL, desktopCode(fresh("code_challenge", "-", "code_challenge_method", "-"))), 400, "invalid_grant", 501481)
	f.token(desktopCode(fresh("code_challenge", "-", "code_challenge_method", "-"), "code_verifier", ""))
	f.token(desktopCode(fresh("code_challenge", verifier, "code_challenge_method", "plain")))
	f.token(desktopCode(fresh(), "scope", "openid"))
	refused(t, "cross origin", f.post(tokenURL, desktopCode(fresh()), "Origin", "http://localhost:5001"), 400, "invalid_request", 9002326)
	old := fresh()
	f.emu.Advance(10*time.Minute + time.Second)
	refused(t, "too late", f.post(tokenURL, desktopCode(old)), 400, "invalid_grant", 70008)
}

func TestCodeIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	code := f.code(request(emulator.DesktopClientID, loopback))
	results := make([]answer, 8)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = f.post(tokenURL, desktopCode(code)) })
	}
	wg.Wait()
	good := 0
	for _, a := range results {
		if a.Status == http.StatusOK {
			good++
			continue
		}
		refused(t, "again", a, 400, "invalid_grant", 54005)
	}
	if good != 1 {
		t.Errorf("the code was redeemed %d times", good)
	}
	if !violated(f, "code-reuse") {
		t.Error("the reuse was not noted")
	}
}

func TestWebCodesNeedACredentialAndSinglePageOnesAnOrigin(t *testing.T) {
	t.Parallel()
	f := start(t)
	const callback = "http://localhost:7000/callback"
	code := f.code(request(emulator.WebClientID, callback))
	web := url.Values{"grant_type": {"authorization_code"}, "client_id": {emulator.WebClientID}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	refused(t, "no secret", f.post(tokenURL, web), 401, "invalid_client", 7000218)
	a := f.token(with(web, "client_secret", emulator.WebSecret))
	if a.text("client_info") != "" {
		t.Error("client_info came unasked")
	}
	again := url.Values{"grant_type": {"refresh_token"}, "client_id": {emulator.WebClientID}, "refresh_token": {a.text("refresh_token")}}
	refused(t, "refresh without secret", f.post(tokenURL, again), 401, "invalid_client", 7000218)
	f.token(with(again, "client_secret", emulator.WebSecret))

	const origin = "http://localhost:3000"
	code = f.open(request(emulator.SPAClientID, origin)).Location.Query().Get("code")
	spa := url.Values{"grant_type": {"authorization_code"}, "client_id": {emulator.SPAClientID}, "code": {code}, "redirect_uri": {origin}, "code_verifier": {verifier}}
	refused(t, "no origin", f.post(tokenURL, spa), 400, "invalid_request", 9002327)
	b := f.token(spa, "Origin", origin)
	if b.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the browser may not read the answer")
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {emulator.SPAClientID}, "refresh_token": {b.text("refresh_token")}}
	f.emu.Advance(23 * time.Hour)
	next := f.token(refresh, "Origin", origin)
	f.emu.Advance(2 * time.Hour)
	refused(t, "25 hours", f.post(tokenURL, with(refresh, "refresh_token", next.text("refresh_token")), "Origin", origin), 400, "invalid_grant", 700084)
}

func TestPreflightIsAnswered(t *testing.T) {
	t.Parallel()
	f := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, tokenURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "http://localhost:3000")
	r.Header.Set("Access-Control-Request-Headers", "x-client-sku")
	a := f.do(r)
	if a.Status != http.StatusOK || a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("Access-Control-Allow-Headers") != "x-client-sku" {
		t.Errorf("status %d, headers %v", a.Status, a.Header)
	}
}

func refreshWith(token string, changes ...string) url.Values {
	return with(url.Values{"grant_type": {"refresh_token"}, "client_id": {emulator.DesktopClientID}, "refresh_token": {token},
		"scope": {"api://tasks/Tasks.Read openid profile offline_access"}, "client_info": {"1"}}, changes...)
}

func TestOpenIDScopesMayComeWithTheRedemption(t *testing.T) {
	t.Parallel()
	f := start(t)
	code := f.code(request(emulator.DesktopClientID, loopback, "scope", emulator.TasksReadScope))
	got := f.token(desktopCode(code, "scope", emulator.TasksReadScope+" openid profile offline_access"))
	if got.text("id_token") == "" || got.text("refresh_token") == "" {
		t.Errorf("no ID token or no refresh token: %s", got.summary())
	}
	late := false
	for _, v := range f.emu.Advice() {
		late = late || v.Rule == "scope-late"
	}
	if !late {
		t.Error("nobody was told")
	}
}

func TestRefreshTokensServeEveryResourceAndSlide(t *testing.T) {
	t.Parallel()
	f := start(t)
	first := f.signedIn().text("refresh_token")
	a := f.token(refreshWith(first))
	access, _ := f.verify(a.text("access_token"))
	id, _ := f.verify(a.text("id_token"))
	if access["aud"] != emulator.TasksClientID || a.text("refresh_token") == first || a.text("refresh_token") == "" {
		t.Errorf("audience %v, new token %v", access["aud"], a.text("refresh_token") != first)
	}
	if _, ok := id["nonce"]; ok {
		t.Error("the nonce of the first sign-in came back")
	}
	f.emu.Advance(89 * 24 * time.Hour)
	f.token(refreshWith(first, "scope", "-"))
	f.emu.Advance(89 * 24 * time.Hour)
	f.token(refreshWith(first))
	f.emu.Advance(91 * 24 * time.Hour)
	refused(t, "unused for 91 days", f.post(tokenURL, refreshWith(first)), 400, "invalid_grant", 700082)
}

func TestRefreshRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	rt := f.signedIn().text("refresh_token")
	refused(t, "none", f.post(tokenURL, refreshWith("")), 400, "invalid_request", 900144)
	refused(t, "made up", f.post(tokenURL, refreshWith("x")), 400, "invalid_grant", 9002313)
	refused(t, "unknown scope", f.post(tokenURL, refreshWith(rt, "scope", "api://tasks/Tasks.Fly")), 400, "invalid_scope", 70011)
	a := f.post(tokenURL, refreshWith(rt, "client_id", emulator.FamilyClientID))
	refused(t, "another client", a, 400, "invalid_grant", 70000)
	if a.text("suberror") != "client_mismatch" {
		t.Errorf("suberror %q, want client_mismatch", a.text("suberror"))
	}
	if err := f.emu.Revoke("nobody@contoso.test"); err == nil {
		t.Error("revoking nobody succeeded")
	}
	if err := f.emu.Revoke(emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	a = f.post(tokenURL, refreshWith(rt))
	refused(t, "revoked", a, 400, "invalid_grant", 50173)
	if a.text("suberror") != "bad_token" {
		t.Errorf("suberror %q, want bad_token", a.text("suberror"))
	}
	if s := f.open(request(emulator.DesktopClientID, loopback)); s.Location != nil {
		t.Error("the browser is still signed in after a revocation")
	}
	f.token(refreshWith(f.signedIn().text("refresh_token"))) // a new sign-in works at once
}

func TestFamilyMembersShareRefreshTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	form := func(id, code string) url.Values { return desktopCode(code, "client_id", id) }
	a := f.token(form(emulator.FamilyClientID, f.code(request(emulator.FamilyClientID, loopback))))
	if a.text("foci") != "1" {
		t.Errorf("foci %q, want 1", a.text("foci"))
	}
	b := f.token(refreshWith(a.text("refresh_token"), "client_id", emulator.SecondFamilyClientID))
	access, _ := f.verify(b.text("access_token"))
	if access["azp"] != emulator.SecondFamilyClientID {
		t.Errorf("azp %v", access["azp"])
	}
	refused(t, "not of the family", f.post(tokenURL, refreshWith(a.text("refresh_token"))), 400, "invalid_grant", 70000)
	if _, ok := f.signedIn().Body["foci"]; ok {
		t.Error("foci came for an application without a family")
	}
}

func TestPasswordGrant(t *testing.T) {
	t.Parallel()
	f := start(t)
	form := func(changes ...string) url.Values {
		return with(url.Values{"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "username": {emulator.DefaultUser},
			"password": {emulator.DefaultPassword}, "scope": {"openid profile offline_access User.Read"}, "client_info": {"1"}}, changes...)
	}
	if a := f.token(form()); a.text("id_token") == "" || a.text("refresh_token") == "" || a.text("client_info") == "" {
		t.Error("a member is missing")
	}
	for _, c := range []struct {
		name    string
		changes []string
		status  int
		kind    string
		code    int
	}{
		{"no name", []string{"username", "-"}, 400, "invalid_request", 900144},
		{"no password", []string{"password", "-"}, 400, "invalid_request", 900144},
		{"wrong password", []string{"password", "x"}, 400, "invalid_grant", 50126},
		{"unknown user", []string{"username", "x@contoso.test"}, 400, "invalid_grant", 50034},
		{"disabled", []string{"username", "carol@contoso.test"}, 400, "invalid_grant", 50057},
		{"confidential without secret", []string{"client_id", emulator.DaemonClientID}, 401, "invalid_client", 7000218},
		{"no scope", []string{"scope", "-"}, 400, "invalid_request", 900144},
	} {
		refused(t, c.name, f.post(tokenURL, form(c.changes...)), c.status, c.kind, c.code)
	}
}

func TestOnBehalfOf(t *testing.T) {
	t.Parallel()
	f := start(t)
	user := f.signedIn("scope", "openid api://tasks/Tasks.Read")
	form := func(changes ...string) url.Values {
		return with(url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "client_id": {emulator.TasksClientID}, "client_secret": {emulator.TasksSecret},
			"assertion": {user.text("access_token")}, "requested_token_use": {"on_behalf_of"}, "scope": {"https://graph.microsoft.com/User.Read offline_access"}}, changes...)
	}
	a := f.token(form())
	access, _ := f.verify(a.text("access_token"))
	before, _ := f.verify(user.text("access_token"))
	if access["oid"] != before["oid"] || access["appid"] != emulator.TasksClientID || access["aud"] != "https://graph.microsoft.com" || a.text("refresh_token") == "" {
		t.Errorf("claims: %v", access)
	}
	for _, c := range []struct {
		name    string
		changes []string
		status  int
		kind    string
		code    int
	}{
		{"no assertion", []string{"assertion", "-"}, 400, "invalid_request", 900144},
		{"no use", []string{"requested_token_use", "-"}, 400, "invalid_request", 900144},
		{"odd use", []string{"requested_token_use", "x"}, 400, "invalid_request", 90013},
		{"no secret", []string{"client_secret", "-"}, 401, "invalid_client", 7000218},
		{"not a token", []string{"assertion", "x"}, 400, "invalid_grant", 50013},
		{"for somebody else", []string{"assertion", f.signedIn().text("access_token")}, 400, "invalid_grant", 500131},
		{"an application's token", []string{"assertion", f.token(daemon()).text("access_token")}, 400, "invalid_grant", 50013},
	} {
		refused(t, c.name, f.post(tokenURL, form(c.changes...)), c.status, c.kind, c.code)
	}
	f.emu.Advance(2 * time.Hour)
	refused(t, "expired", f.post(tokenURL, form()), 400, "invalid_grant", 50013)
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	f := start(t)
	ask := func(token string) answer {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://graph.microsoft.com/oidc/userinfo", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		return f.do(r)
	}
	if a := ask(f.signedIn().text("access_token")); a.text("name") != "Alice Adams" {
		t.Errorf("status %d, name %q", a.Status, a.text("name"))
	}
	if a := ask("x"); a.Status != http.StatusUnauthorized {
		t.Errorf("no token: status %d", a.Status)
	}
	if a := ask(f.token(daemon()).text("access_token")); a.Status != http.StatusForbidden {
		t.Errorf("an application's token: status %d", a.Status)
	}
}

func TestCapabilitiesAndRefreshIn(t *testing.T) {
	t.Parallel()
	f := start(t)
	if err := f.emu.SetLifetimes(emulator.Lifetimes{AccessToken: 2 * time.Hour, RefreshIn: time.Hour}); err != nil {
		t.Fatal(err)
	}
	a := f.token(daemon("claims", `{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["CP1"]}}}`))
	claims, _ := f.verify(a.text("access_token"))
	if list, _ := claims["xms_cc"].([]any); len(list) != 1 || list[0] != "cp1" {
		t.Errorf("xms_cc %v", claims["xms_cc"])
	}
	if a.Body["expires_in"] != float64(7200) || a.Body["refresh_in"] != float64(3600) {
		t.Errorf("expires_in %v, refresh_in %v", a.Body["expires_in"], a.Body["refresh_in"])
	}
	if exp, _ := claims.GetExpirationTime(); exp.Sub(f.emu.Now()) < 119*time.Minute {
		t.Errorf("exp %v", exp)
	}
	if err := f.emu.SetLifetimes(emulator.Lifetimes{Code: -1}); err == nil {
		t.Error("a negative life span was accepted")
	}
	if err := f.emu.SetLifetimes(emulator.Lifetimes{RefreshIn: time.Hour}); err == nil {
		t.Error("a refresh after the end of the token was accepted")
	}
}

func TestLenientRegistersTheUnknown(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Lenient = true })
	const id = "12345678-0000-4000-8000-000000000000"
	f.token(daemon("client_id", id, "client_secret", "anything", "scope", "https://unheard.example/.default"))
	s := f.signIn(request(id, "http://anywhere.example/cb", "scope", "openid api://tasks/Tasks.Fly"))
	if s.Location == nil {
		t.Fatalf("not signed in: %q", s.Title)
	}
	f.token(desktopCode(s.Location.Query().Get("code"), "client_id", id, "redirect_uri", "http://anywhere.example/cb"))
	refused(t, "known application, wrong secret", f.post(tokenURL, daemon("client_secret", "x")), 401, "invalid_client", 7000215)
}
