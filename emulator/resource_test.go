package emulator_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

const (
	cp1      = `{"access_token":{"xms_cc":{"values":["CP1"]}}}`
	graphMe  = "https://graph.microsoft.com/v1.0/me"
	tasksAPI = "openid offline_access api://tasks/Tasks.Read"
)

// ask calls a resource with a token.
func (f *fixture) ask(address, token string) answer {
	f.tb.Helper()
	r, err := http.NewRequestWithContext(f.tb.Context(), http.MethodGet, address, nil)
	if err != nil {
		f.tb.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return f.do(r)
}

var challengeForm = regexp.MustCompile(`^Bearer realm="", authorization_uri="https://login\.microsoftonline\.com/common/oauth2/authorize", error="insufficient_claims", claims="([A-Za-z0-9+/]+=*)"$`)

// claims reads the challenge of a resource.
func (a answer) claims(t *testing.T) string {
	t.Helper()
	m := challengeForm.FindStringSubmatch(a.Header.Get("WWW-Authenticate"))
	if a.Status != http.StatusUnauthorized || m == nil {
		t.Fatalf("no claims challenge: status %d, %q", a.Status, a.Header.Get("WWW-Authenticate"))
	}
	text, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestResourcesReadTheirTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	tasks := emulator.ResourceURL(emulator.TasksClientID)
	a := f.signedIn("scope", tasksAPI)
	got := f.ask(tasks+"?scope=tasks.read", a.text("access_token"))
	if got.Status != 200 || got.text("userPrincipalName") != emulator.DefaultUser || got.text("aud") != emulator.TasksClientID {
		t.Errorf("status %d, %v", got.Status, got.Body)
	}
	if got := f.ask(tasks+"?scope=Tasks.All", f.token(daemon()).text("access_token")); got.Status != 200 || got.Body["userPrincipalName"] != nil {
		t.Errorf("an application: status %d, %v", got.Status, got.Body)
	}
	if got := f.ask(graphMe, f.signedIn().text("access_token")); got.Status != 200 || got.text("displayName") != "Alice Adams" {
		t.Errorf("Graph: status %d, %v", got.Status, got.Body)
	}
	for name, c := range map[string]struct {
		address, token, error string
		status                int
	}{
		"no token":               {tasks, "", "", 401},
		"not a token":            {tasks, "x", "invalid_token", 401},
		"another resource's":     {tasks, f.signedIn().text("access_token"), "invalid_token", 401},
		"an ID token":            {tasks, a.text("id_token"), "invalid_token", 401},
		"an ID token for itself": {emulator.ResourceURL(emulator.DesktopClientID), a.text("id_token"), "invalid_token", 401},
		"another permission":     {tasks + "?scope=Tasks.Write", a.text("access_token"), "insufficient_scope", 403},
		"bound to a key":         {tasks, f.token(daemon("token_type", "pop", "req_cnf", popKey(`{"kid":"k"}`))).text("access_token"), "invalid_token", 401},
		"Graph":                  {graphMe, a.text("access_token"), "invalid_token", 401},
		"nobody's resource":      {emulator.ResourceURL("aaaaaaaa-0000-4000-8000-00000000ffff"), a.text("access_token"), "", 404},
	} {
		got := f.ask(c.address, c.token)
		challenge := got.Header.Get("WWW-Authenticate")
		if got.Status != c.status || c.error != "" && !strings.Contains(challenge, `error="`+c.error+`"`) || c.error == "" && strings.Contains(challenge, "error=") {
			t.Errorf("%s: status %d, %q", name, got.Status, challenge)
		}
	}
	last := f.emu.Requests(emulator.EndpointResource)
	if x := last[0]; x.User != emulator.DefaultUser || x.ClientID != emulator.DesktopClientID || x.Status != 200 || x.Header.Get("Authorization") != "[redacted]" {
		t.Errorf("the journal has user %q, client %q", x.User, x.ClientID)
	}
}

// The clock stands still in places: only what was issued before counts as old.
func TestContinuousAccessEvaluation(t *testing.T) {
	t.Parallel()
	f := start(t)
	plain, capable := f.signedIn(), f.signedIn("claims", cp1)
	for _, a := range []answer{plain, capable} {
		if got := f.ask(graphMe, a.text("access_token")); got.Status != 200 {
			t.Fatalf("before: status %d", got.Status)
		}
	}
	f.emu.Advance(time.Minute)
	if err := f.emu.RequireNewTokens(emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	if got := f.ask(graphMe, plain.text("access_token")); got.Status != 200 {
		t.Errorf("a client that handles no challenges: status %d", got.Status)
	}
	asked := f.ask(graphMe, capable.text("access_token")).claims(t)
	if !strings.HasPrefix(asked, `{"access_token":{"nbf":{"essential":true,"value":"`) {
		t.Errorf("the challenge is %s", asked)
	}
	merged := strings.Replace(asked, `}}}`, `},"xms_cc":{"values":["CP1"]}}}`, 1)
	fresh := f.token(refreshing(capable, "claims", merged))
	if got := f.ask(graphMe, fresh.text("access_token")); got.Status != 200 {
		t.Errorf("after the challenge: status %d", got.Status)
	}
	f.ask(graphMe, capable.text("access_token")).claims(t)
	found := false
	for _, v := range f.emu.Advice() {
		found = found || v.Rule == "challenge-ignored"
	}
	if !found {
		t.Error("nobody noticed that the old token came again")
	}
	if err := f.emu.RequireNewTokens("nobody@contoso.test"); err == nil {
		t.Error("there is no such person")
	}
}

func TestRevocationReachesResourcesAndRefreshTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.signedIn("claims", cp1)
	if err := f.emu.Revoke(emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	asked := f.ask(graphMe, a.text("access_token")).claims(t)
	refusal := f.post(tokenURL, refreshing(a, "claims", asked))
	refused(t, "refresh", refusal, 400, "invalid_grant", 50173)
	if refusal.text("suberror") != "bad_token" {
		t.Errorf("suberror %q", refusal.text("suberror"))
	}
	anew := f.signedIn("claims", strings.Replace(asked, `}}}`, `},"xms_cc":{"values":["cp1"]}}}`, 1))
	if got := f.ask(graphMe, anew.text("access_token")); got.Status != 200 {
		t.Errorf("signed in anew: status %d", got.Status)
	}
}

func TestResourceAsksForAnAuthenticationContext(t *testing.T) {
	t.Parallel()
	f := start(t, withAccess(emulator.AccessPolicy{Name: "step-up", Context: "c1", Require: emulator.RequireMFA}))
	address := emulator.ResourceURL(emulator.TasksClientID) + "?acrs=c1"
	plain := f.signedIn("scope", tasksAPI)
	if got := f.ask(address, plain.text("access_token")); got.Status != http.StatusForbidden || strings.Contains(got.Header.Get("WWW-Authenticate"), "claims=") {
		t.Errorf("a client that handles no challenges: status %d, %q", got.Status, got.Header.Get("WWW-Authenticate"))
	}
	capable := f.signedIn("scope", tasksAPI, "claims", cp1)
	asked := f.ask(address, capable.text("access_token")).claims(t)
	if asked != `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}` {
		t.Errorf("the challenge is %s", asked)
	}
	refused(t, "silently", f.post(tokenURL, refreshing(capable, "scope", tasksAPI, "claims", asked)), 400, "invalid_grant", 50076)
	strong := f.strongly("scope", tasksAPI, "claims", asked)
	if got := f.ask(address, strong.text("access_token")); got.Status != 200 {
		t.Errorf("after the step-up: status %d", got.Status)
	}
}

func TestContinuousTokensLiveLong(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) {
		for i := range c.Tenants[0].Apps {
			c.Tenants[0].Apps[i].CAE = c.Tenants[0].Apps[i].ClientID == emulator.TasksClientID
		}
	})
	for name, c := range map[string]struct {
		scope, claims string
		seconds       float64
	}{
		"capable":             {tasksAPI, cp1, 28 * 3600},
		"not capable":         {tasksAPI, "-", 3599},
		"not that resource's": {"openid User.Read", cp1, 3599},
	} {
		a := f.signedIn("scope", c.scope, "claims", c.claims)
		claims, _ := f.verify(a.text("access_token"))
		exp, err := claims.GetExpirationTime()
		if err != nil || a.Body["expires_in"] != c.seconds || a.Body["ext_expires_in"] != c.seconds || exp.Sub(f.emu.Now()) < time.Duration(c.seconds-2)*time.Second {
			t.Errorf("%s: expires_in %v, exp %v, %v", name, a.Body["expires_in"], exp, err)
		}
	}
	if a := f.token(daemon("claims", cp1)); a.Body["expires_in"] != float64(28*3600) {
		t.Errorf("an application: expires_in %v", a.Body["expires_in"])
	}
	if err := f.emu.SetLifetimes(emulator.Lifetimes{LongAccessToken: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if a := f.token(daemon("claims", cp1)); a.Body["expires_in"] != float64(24*3600) {
		t.Errorf("as configured: expires_in %v", a.Body["expires_in"])
	}
}

// Pages have to read the challenge, or they cannot do what it asks.
func TestPagesMayReadChallenges(t *testing.T) {
	t.Parallel()
	f := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, graphMe, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "http://localhost:3000")
	if got := f.do(r).Header.Get("Access-Control-Expose-Headers"); !strings.Contains(got, "WWW-Authenticate") {
		t.Errorf("exposed are %q", got)
	}
}
