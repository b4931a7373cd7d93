package page

import (
	"io"
	"strings"
	"testing"
)

// sample is one page with its data, as a function of the text that stands in
// every field.
type sample struct {
	name   string
	render func(p *Pages, w io.Writer, s func(plain string) string) error
}

func hidden(s func(string) string) []Field {
	return []Field{{s("ctx"), s("flow-1")}, {"canary", s("c-1")}}
}

// samples lists every page in every state. The tests of structure, escaping
// and policy all walk over it.
var samples = []sample{
	{"signin-both", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login", Hidden: hidden(s), AppName: s("Orders"), TenantName: s("Contoso"), Login: s("alice"), Hint: s("Try alice@contoso.test.")})
	}},
	{"signin-bare", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login"})
	}},
	{"signin-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login", Hidden: hidden(s), AppName: s("Orders"), Error: s("No such user."), Hint: s("Try alice.")})
	}},
	{"password", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login", Hidden: hidden(s), AppName: s("Orders"), Username: s("alice@contoso.test")})
	}},
	{"password-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login", Hidden: hidden(s), TenantName: s("Contoso"), Username: s("alice@contoso.test"), Error: s("Wrong password.")})
	}},
	{"picker", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login", Hidden: hidden(s), AppName: s("Orders"), Hint: s("Two are signed in."), Accounts: []AccountChoice{{s("alice@contoso.test"), s("Alice")}, {UPN: s("bob@contoso.test")}}})
	}},
	{"picker-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignIn(w, SignInData{Action: "/t/login", Error: s("Pick one."), Accounts: []AccountChoice{{s("alice@contoso.test"), s("Alice")}}})
	}},
	{"consent", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.Consent(w, ConsentData{Action: "/t/consent", Hidden: hidden(s), AppName: s("Orders"), Username: s("alice@contoso.test"), Scopes: []string{s("https://graph.microsoft.com/User.Read"), s("openid"), s("api://orders/read")}})
	}},
	{"mfa", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.MFA(w, MFAData{Action: "/t/mfa", Hidden: hidden(s), AppName: s("Orders"), Username: s("alice@contoso.test")})
	}},
	{"mfa-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.MFA(w, MFAData{Action: "/t/mfa", Hidden: hidden(s), Username: s("alice@contoso.test"), Error: s("Wrong code.")})
	}},
	{"mfa-enroll", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.MFA(w, MFAData{Action: "/t/mfa", Hidden: hidden(s), AppName: s("Orders"), Username: s("alice@contoso.test"), Code: s("246810")})
	}},
	{"mfa-enroll-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.MFA(w, MFAData{Action: "/t/mfa", Hidden: hidden(s), AppName: s("Orders"), Username: s("alice@contoso.test"), Code: s("246810"), Error: s("Wrong code.")})
	}},
	{"signup", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignUp(w, SignUpData{Action: "/t/signup", Hidden: hidden(s), AppName: s("Orders"), TenantName: s("Contoso"), Login: s("dora@contoso.test")})
	}},
	{"signup-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignUp(w, SignUpData{Action: "/t/signup", Hidden: hidden(s), Login: s("alice@contoso.test"), Name: s("Alice"), Error: s("Taken.")})
	}},
	{"device-code", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.DeviceCode(w, DeviceCodeData{Action: "/deviceauth", Hidden: hidden(s), Code: s("C7QK4ZB2X")})
	}},
	{"device-code-error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.DeviceCode(w, DeviceCodeData{Action: "/deviceauth", Hidden: hidden(s), Error: s("That code did not work.")})
	}},
	{"device-confirm", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.DeviceConfirm(w, DeviceConfirmData{Action: "/deviceauth", Hidden: hidden(s), AppName: s("Orders"), Username: s("alice@contoso.test")})
	}},
	{"done", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.Done(w, DoneData{Title: s("All set"), Message: s("Close this window.")})
	}},
	{"error", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.Error(w, ErrorData{Title: s("We cannot sign you in"), Message: s("The redirect URI is unknown."), Code: s("AADSTS50011"), Description: s("AADSTS50011: ..."), CorrelationID: s("11111111-2222"), Timestamp: s("2026-01-01 00:00:00Z")})
	}},
	{"error-bare", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.Error(w, ErrorData{})
	}},
	{"form-post", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.FormPost(w, FormPostData{Action: "http://localhost:4000/cb?a=1&b=2", Fields: []Field{{s("code"), s("0.AX")}, {"submit", s("shadow")}}})
	}},
	{"signed-out", func(p *Pages, w io.Writer, s func(string) string) error {
		return p.SignedOut(w, SignedOutData{Username: s("alice@contoso.test"), ContinueURL: "https://orders.test/bye"})
	}},
}

func plain(s string) string { return s }

// everyPage renders all samples as they are.
func everyPage(t *testing.T) map[string]string {
	t.Helper()
	return everyPageWith(t, plain)
}

func everyPageWith(t *testing.T, s func(string) string) map[string]string {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	pages := make(map[string]string, len(samples))
	for _, sample := range samples {
		var b strings.Builder
		if err := sample.render(p, &b, s); err != nil {
			t.Fatalf("%s: %v", sample.name, err)
		}
		pages[sample.name] = b.String()
	}
	return pages
}
