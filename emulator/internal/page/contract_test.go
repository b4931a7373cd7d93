package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// posts describes what each page can post: the values of its fields, and its
// submit buttons in order. It is the contract with the endpoints.
func posts(root *html.Node) []string {
	var lines []string
	for _, n := range all(root, "form", "input", "button") {
		if n.Data == "input" && !has(n, "name") {
			continue // is not posted
		}
		switch n.Data {
		case "form":
			lines = append(lines, "form "+value(n, "action"))
		case "input":
			lines = append(lines, fmt.Sprintf("%s %s=%s", value(n, "type"), value(n, "name"), value(n, "value")))
		case "button":
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("button %s=%s %s", value(n, "name"), value(n, "value"), text(n))))
		}
	}
	return lines
}

func TestPagesPostWhatTheEndpointsRead(t *testing.T) {
	t.Parallel()
	hiddenLines := []string{"hidden ctx=flow-1", "hidden canary=c-1"}
	want := map[string][]string{
		"signin-both":       {"form /t/login", "HIDDEN", "text login=alice", "password passwd=", "button = Sign in"},
		"signin-bare":       {"form /t/login", "text login=", "password passwd=", "button = Sign in"},
		"signin-error":      {"form /t/login", "HIDDEN", "text login=", "password passwd=", "button = Sign in"},
		"password":          {"form /t/login", "HIDDEN", "hidden login=alice@contoso.test", "password passwd=", "button = Sign in", "button account=other Use another account"},
		"password-error":    {"form /t/login", "HIDDEN", "hidden login=alice@contoso.test", "password passwd=", "button = Sign in", "button account=other Use another account"},
		"picker":            {"form /t/login", "HIDDEN", "button account=alice@contoso.test AAlice alice@contoso.test", "button account=bob@contoso.test Bbob@contoso.test", "button account=other +Use another account"},
		"picker-error":      {"form /t/login", "button account=alice@contoso.test AAlice alice@contoso.test", "button account=other +Use another account"},
		"consent":           {"form /t/consent", "HIDDEN", "button consent=accept Accept", "button consent=cancel Cancel"},
		"mfa":               {"form /t/mfa", "HIDDEN", "text factor=", "button = Verify"},
		"mfa-error":         {"form /t/mfa", "HIDDEN", "text factor=", "button = Verify"},
		"mfa-enroll":        {"form /t/mfa", "HIDDEN", "text factor=", "button = Enroll"},
		"mfa-enroll-error":  {"form /t/mfa", "HIDDEN", "text factor=", "button = Enroll"},
		"signup":            {"form /t/signup", "HIDDEN", "text login=dora@contoso.test", "text displayname=", "password passwd=", "button = Create account"},
		"signup-error":      {"form /t/signup", "HIDDEN", "text login=alice@contoso.test", "text displayname=Alice", "password passwd=", "button = Create account"},
		"device-code":       {"form /deviceauth", "HIDDEN", "text otc=C7QK4ZB2X", "button = Next"},
		"device-code-error": {"form /deviceauth", "HIDDEN", "text otc=", "button = Next"},
		"device-confirm":    {"form /deviceauth", "HIDDEN", "button confirm=continue Continue", "button confirm=cancel Cancel"},
		"done":              nil,
		"error":             nil,
		"error-bare":        nil,
		"form-post":         {"form http://localhost:4000/cb?a=1&b=2", "hidden code=0.AX", "hidden submit=shadow", "button = Continue"},
		"signed-out":        nil,
	}
	pages := everyPage(t)
	for name, lines := range want {
		if i := slices.Index(lines, "HIDDEN"); i >= 0 {
			lines = slices.Replace(slices.Clone(lines), i, i+1, hiddenLines...)
		}
		got := posts(tree(t, pages[name]))
		if !slices.Equal(got, lines) {
			t.Errorf("%s posts\n\t%q\nwant\n\t%q", name, got, lines)
		}
	}
	if len(want) != len(samples) {
		t.Errorf("%d pages are described, there are %d", len(want), len(samples))
	}
}

// The other side spells the names in its own code.
func TestFieldNamesAreTheOnesInTheForms(t *testing.T) {
	t.Parallel()
	pages := everyPage(t)
	for _, tc := range []struct{ page, name, value string }{
		{"signin-both", FieldLogin, "alice"},
		{"signin-both", FieldPassword, ""},
		{"picker", FieldAccount, AccountOther},
		{"consent", FieldConsent, ConsentAccept},
		{"consent", FieldConsent, ConsentCancel},
		{"device-code", FieldCode, "C7QK4ZB2X"},
		{"mfa", FieldFactor, ""},
		{"mfa-enroll", FieldFactor, ""},
		{"signup", FieldLogin, "dora@contoso.test"},
		{"signup", FieldName, ""},
		{"signup", FieldPassword, ""},
		{"device-confirm", FieldConfirm, ConfirmContinue},
		{"device-confirm", FieldConfirm, ConfirmCancel},
	} {
		found := false
		for _, n := range all(tree(t, pages[tc.page]), "input", "button") {
			found = found || value(n, "name") == tc.name && value(n, "value") == tc.value
		}
		if !found {
			t.Errorf("%s has no control %s=%s", tc.page, tc.name, tc.value)
		}
	}
}
