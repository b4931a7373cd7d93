package authority

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func mustParseOIDC(t *testing.T, issuer string) Authority {
	t.Helper()
	a, err := ParseOIDC(issuer)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOIDCIssuersAreEnvironments(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string][]string{
		"https://op.example":                               {"op.example"},
		"https://op.example/":                              {"op.example"},
		"https://op.example/realms/prod/":                  {"op.example/realms/prod"},
		"https://op.example/realms/dev":                    {"op.example/realms/dev"},
		"https://OP.example:8443/realms/prod":              {"op.example:8443/realms/prod"},
		"https://[::1]:8443/a":                             {"[::1]:8443/a"},
		"https://op.example/realms/Prod":                   {"op.example/realms/%50rod"},
		"https://op.example/My%2DRealm%c3%84":              {"op.example/%4dy%2d%52ealm%c3%84"},
		"https://login.microsoftonline.com/common/v2.0":    {"login.microsoftonline.com"},
		"https://westus2.login.microsoft.com/t/v2.0":       {"westus2.login.microsoft.com"},
		"https://contoso.ciamlogin.com/contoso/v2.0":       {"contoso.ciamlogin.com"},
		"https://contoso.b2clogin.com/contoso/B2C_1_a":     {"contoso.b2clogin.com"},
		"https://contoso.b2clogin.cn:8443/contoso/B2C_1_a": {"contoso.b2clogin.cn:8443", "contoso.b2clogin.cn"},
		"https://b2clogin.com.evil.example/contoso":        {"b2clogin.com.evil.example/contoso"},
	} {
		if got := mustParseOIDC(t, issuer).Environments(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", issuer, got, want)
		}
	}
	if got := mustParse(t, "https://private.example/realms/prod").Environments(); !slices.Equal(got, []string{"private.example"}) {
		t.Errorf("Entra: %q", got)
	}
}

func TestResolvedOIDCIssuersOnOneHostShareNoEnvironment(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{"op.example:8443": func(w http.ResponseWriter, r *http.Request) {
		issuer := "https://op.example:8443" + strings.TrimSuffix(r.URL.Path, wellKnownPath)
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, issuer, issuer+"/auth", issuer+"/token")
	}}}
	r := n.resolver(Options{})
	seen := map[string]string{}
	for _, issuer := range []string{"", "/realms", "/realms/prod", "/realms/Prod", "/realms/dev"} {
		a := mustParseOIDC(t, "https://op.example:8443"+issuer)
		m, err := r.Resolve(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if own := a.Environments(); !slices.Equal(m.Environments, own) || m.Environment != own[0] {
			t.Errorf("%s: resolved %q (%q), unresolved %q", issuer, m.Environments, m.Environment, own)
		}
		for _, e := range m.Environments {
			if other, taken := seen[strings.ToLower(e)]; taken {
				t.Errorf("%q and %q share %q", issuer, other, e)
			}
			seen[strings.ToLower(e)] = issuer
		}
	}
}

// Whoever knows only the environment, such as a tool that signs out of all,
// finds the same tokens with it.
func TestEnvironmentIsAnIssuerAgain(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"https://op.example", "https://op.example:8443/realms/My%20Realm", "https://op.example/A/%4D"} {
		want := mustParseOIDC(t, issuer).Environments()
		if got := mustParseOIDC(t, "https://"+want[0]).Environments(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", issuer, got, want)
		}
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add("/realms/Prod", "/realms/prod")
	f.Add("/%4D", "/M")
	f.Fuzz(func(t *testing.T, one, other string) {
		a, errA := ParseOIDC("https://op.example" + one)
		b, errB := ParseOIDC("https://op.example" + other)
		if errA != nil || errB != nil {
			return
		}
		same := strings.EqualFold(a.environment(), b.environment())
		switch {
		case a.URL == b.URL && !same:
			t.Fatalf("one issuer, two environments: %q, %q", a.environment(), b.environment())
		case same && plain(a.URL) && plain(b.URL) && a.URL != b.URL:
			t.Fatalf("%q and %q share %q", a.URL, b.URL, a.environment())
		}
	})
}

// plain reports whether no part of s is escaped, so that equal means the same.
func plain(s string) bool { return !strings.Contains(s, "%") }
