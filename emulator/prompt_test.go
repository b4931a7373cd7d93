package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

func TestPromptTakesOneKnownValue(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, prompt := range []string{"none login", "login consent", "select_account consent", "Login", "attempt_none", "refresh_session", "admin_consent", " "} {
		s := f.open(request(emulator.DesktopClientID, loopback, "prompt", prompt))
		if s.Location == nil || s.Location.Query().Get("error") != "invalid_request" || !strings.HasPrefix(s.Location.Query().Get("error_description"), "AADSTS90023:") {
			t.Errorf("prompt=%q: status %d, %q", prompt, s.Status, s.Title)
		}
	}
	if v := f.emu.Violations(); len(v) != 1 || v[0].Rule != "prompt-none" {
		t.Errorf("violations %v, want one about none with another value", v)
	}
}

func TestMaxAgeZeroAsksAnewWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.signedIn()
	if s := f.open(request(emulator.DesktopClientID, loopback, "max_age", "0")); s.Title != "Enter password" {
		t.Errorf("shown is %q", s.Title)
	}
	s := f.open(request(emulator.DesktopClientID, loopback, "max_age", "0", "prompt", "none"))
	if s.Location == nil || s.Location.Query().Get("error") != "login_required" {
		t.Errorf("silently: status %d, %q", s.Status, s.Title)
	}
	if s := f.open(request(emulator.DesktopClientID, loopback, "max_age", "60")); s.Location == nil {
		t.Errorf("a young session was not used: %q", s.Title)
	}
	f.emu.Advance(61 * time.Second)
	if s := f.open(request(emulator.DesktopClientID, loopback, "max_age", "60")); s.Title != "Enter password" {
		t.Errorf("an old session was used: %q", s.Title)
	}
}

func TestDomainHintPassesOtherPeopleOver(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) {
		c.Tenants = append(c.Tenants, emulator.Tenant{Name: "Fabrikam", Users: []emulator.User{{UPN: "frank@fabrikam.onmicrosoft.com"}}})
	})
	f.signedIn()
	common := func(hint string) shown {
		return f.open(strings.Replace(request(emulator.DesktopClientID, loopback, "domain_hint", hint), emulator.DefaultTenantID, "common", 1))
	}
	for hint, sso := range map[string]bool{"contoso.test": true, "organizations": true, "unheard.example": true, "fabrikam.onmicrosoft.com": false, "consumers": false} {
		if s := common(hint); (s.Location != nil) != sso {
			t.Errorf("domain_hint=%s: signed in without a page: %v, want %v (%q)", hint, s.Location != nil, sso, s.Title)
		}
	}
	if x := f.emu.Requests(emulator.EndpointAuthorize); x[len(x)-1].Query.Get("domain_hint") == "" {
		t.Error("the journal does not show the hint")
	}
}

func withSignUp(c *emulator.Config) { c.Tenants[0].SignUp = true }

func TestPromptCreateMakesAnAccount(t *testing.T) {
	t.Parallel()
	f := start(t, withSignUp)
	s := f.open(request(emulator.DesktopClientID, loopback, "prompt", "create", "login_hint", "dora@contoso.test"))
	if s.Title != "Create account" || s.Fields.Get("login") != "dora@contoso.test" {
		t.Fatalf("shown is %q", s.Title)
	}
	s = f.submit(s, "displayname", "Dora Dean", "passwd", "open-sesame")
	if s.Location == nil {
		t.Fatalf("no account was made: %q", s.Title)
	}
	id, _ := f.verify(f.token(desktopCode(s.Location.Query().Get("code"))).text("id_token"))
	if id["name"] != "Dora Dean" || id["preferred_username"] != "dora@contoso.test" || id["tid"] != emulator.DefaultTenantID || id["oid"] == "" {
		t.Errorf("ID token: name %v, preferred_username %v", id["name"], id["preferred_username"])
	}
	for _, x := range f.emu.Requests(emulator.EndpointSignUp) {
		if x.Form.Get("passwd") != "[redacted]" {
			t.Error("the journal shows a password")
		}
	}
	if s := f.submit(f.open(request(emulator.DesktopClientID, loopback, "prompt", "login")), "login", "dora@contoso.test", "passwd", "open-sesame"); s.Location == nil {
		t.Errorf("the new account cannot sign in: %q", s.Title)
	}
}

func TestSignUpRefusesWhatCannotBeAnAccount(t *testing.T) {
	t.Parallel()
	f := start(t, withSignUp, func(c *emulator.Config) {
		c.Tenants = append(c.Tenants, emulator.Tenant{Name: "Fabrikam"})
	})
	s := f.open(request(emulator.DesktopClientID, loopback, "prompt", "create"))
	for _, c := range []struct{ login, name, password, says string }{
		{"dora", "D", "open-sesame", "Type a user name"},
		{"@contoso.test", "D", "open-sesame", "Type a user name"},
		{"<b>@contoso.test", "D", "open-sesame", "Type a user name"},
		{strings.Repeat("x", 300) + "@contoso.test", "D", "open-sesame", "Type a user name"},
		{"dora\x1b@contoso.test", "D", "open-sesame", "control characters"},
		{"dora@contoso.test", "D\u202e", "open-sesame", "control characters"},
		{"dora@fabrikam.onmicrosoft.com", "D", "open-sesame", "another domain"},
		{"dora@mail.example", "D", "open-sesame", "another domain"},
		{"dora@contoso.test", " ", "open-sesame", "Type your name"},
		{"dora@contoso.test", "D", "short", "8 to 256"},
		{"ALICE@contoso.test", "A", "open-sesame", "taken"},
	} {
		s = f.submit(s, "login", c.login, "displayname", c.name, "passwd", c.password)
		if s.Title != "Error: Create account" || !strings.Contains(s.Text, c.says) || strings.Contains(s.Text, c.password) {
			t.Fatalf("%+v: %q", c, s.Title)
		}
	}
	if s := f.submit(s, "login", "dora@contoso.test", "displayname", "D", "passwd", "open-sesame"); s.Location == nil {
		t.Errorf("after all that: %q", s.Title)
	}
}

func TestSignUpOfCustomersTakesAnyDomain(t *testing.T) {
	t.Parallel()
	f := start(t, withSignUp, withRelatives)
	const customers = "https://contoso.ciamlogin.com"
	agent := f.emu.UserAgent("erin@mail.example", "open-sesame")
	got, err := agent.Visit(t.Context(), strings.Replace(request(emulator.WebClientID, "https://web.contoso.test/callback", "prompt", "create"), loginHost, customers, 1))
	if err != nil || got.Values.Get("code") == "" {
		t.Fatalf("%v, %v", got, err)
	}
	b2c := "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in"
	got, err = f.emu.UserAgent("fay@mail.example", "open-sesame").Visit(t.Context(),
		strings.Replace(request(emulator.WebClientID, "https://web.contoso.test/callback", "prompt", "create"), authority, b2c, 1))
	if err != nil || got.Values.Get("code") == "" {
		t.Fatalf("B2C: %v, %v", got, err)
	}
}

func TestPromptCreateWithoutSignUpIsASignIn(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"not allowed": request(emulator.DesktopClientID, loopback, "prompt", "create"),
		"no tenant":   strings.Replace(request(emulator.DesktopClientID, loopback, "prompt", "create"), emulator.DefaultTenantID, "common", 1),
	} {
		f := start(t, func(c *emulator.Config) { c.Tenants[0].SignUp = name == "no tenant" })
		if s := f.open(address); s.Title != "Sign in" {
			t.Errorf("%s: %q", name, s.Title)
		}
	}
}

// Whoever has a session still has to type the password that a page asked for.
func TestSessionDoesNotAnswerForThePassword(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.signedIn()
	for _, prompt := range []string{"login", "create"} {
		s := f.submit(f.open(request(emulator.DesktopClientID, loopback, "prompt", prompt)), "account", emulator.DefaultUser)
		if s.Location != nil || s.Title != "Enter password" {
			t.Errorf("prompt=%s: redirected %v, %q", prompt, s.Location != nil, s.Title)
		}
	}
}
