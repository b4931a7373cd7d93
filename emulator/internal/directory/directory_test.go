package directory

import (
	"errors"
	"strings"
	"testing"
)

func sample() *Directory {
	d := New(false)
	d.AddTenant(&Tenant{ID: "11111111-1111-4111-8111-111111111111", Name: "Contoso", Domains: []string{"contoso.test"}})
	d.AddApp(&App{Name: "Tasks", ClientID: "aaaaaaaa-0000-4000-8000-000000000006", TenantID: "11111111-1111-4111-8111-111111111111",
		IdentifierURIs: []string{"api://tasks", "https://tasks.contoso.test/api"}, Scopes: []string{"Tasks.Read", "Tasks.Write"}, TokenVersion: 2})
	return d
}

func TestUserScopes(t *testing.T) {
	t.Parallel()
	const tasks = "aaaaaaaa-0000-4000-8000-000000000006"
	for raw, want := range map[string]struct {
		resource, granted, claim string
		problem                  ScopeProblem
	}{
		"User.Read":                    {resource: GraphID, granted: "User.Read", claim: "User.Read"},
		"openid profile":               {resource: GraphID, granted: "openid profile", claim: "openid profile"},
		"offline_access":               {resource: GraphID},
		"OPENID user.read":             {resource: GraphID, granted: "User.Read openid", claim: "User.Read openid"},
		"https://graph.microsoft.com/": {problem: ScopeMalformed},
		"https://graph.microsoft.com":  {problem: ScopeResourceUnknown}, // the resource https:/ has no permission graph.microsoft.com
		"https://graph.microsoft.com/.default email": {
			resource: GraphID, granted: "https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default email", claim: "User.Read email"},
		"https://graph.microsoft.com/Mail.Read User.Read": {resource: GraphID, granted: "Mail.Read User.Read", claim: "Mail.Read User.Read"},
		"https://management.core.windows.net//.default": {
			resource: "797f4846-ba00-4fd7-ba43-dac1f8f63013", granted: "https://management.core.windows.net//user_impersonation https://management.core.windows.net//.default", claim: "user_impersonation"},
		"api://tasks/tasks.read API://TASKS/Tasks.Write": {resource: tasks, granted: "API://TASKS/Tasks.Read API://TASKS/Tasks.Write", claim: "Tasks.Read Tasks.Write"},
		"api://tasks/Tasks.Read api://tasks/Tasks.Read":  {resource: tasks, granted: "api://tasks/Tasks.Read", claim: "Tasks.Read"},
		"https://tasks.contoso.test/api/Tasks.Read":      {resource: tasks, granted: "https://tasks.contoso.test/api/Tasks.Read", claim: "Tasks.Read"},
		tasks + "/.default":                              {resource: tasks, granted: tasks + "/Tasks.Read " + tasks + "/Tasks.Write " + tasks + "/.default", claim: "Tasks.Read Tasks.Write"},
		"api://" + tasks + "/Tasks.Read":                 {resource: tasks, granted: "api://" + tasks + "/Tasks.Read", claim: "Tasks.Read"},
		"":                                               {problem: ScopeMissing},
		" \t ":                                           {problem: ScopeMissing},
		"User.Fly":                                       {problem: ScopeUnknown},
		"api://tasks/User.Read":                          {problem: ScopeUnknown},
		"api://nothing/x":                                {problem: ScopeResourceUnknown},
		"/x":                                             {problem: ScopeMalformed},
		"api://tasks/":                                   {problem: ScopeMalformed},
		`"User.Read"`:                                    {problem: ScopeMalformed},
		"User.Read api://tasks/Tasks.Read":               {problem: ScopeManyResources},
		"api://tasks/.default api://tasks/Tasks.Read": {problem: ScopeDefaultMixed},
	} {
		s, err := sample().UserScopes("someone", raw, false)
		var bad *ScopeError
		if want.problem != 0 {
			if !errors.As(err, &bad) || bad.Problem != want.problem {
				t.Errorf("%q: %v, want problem %d", raw, err, want.problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if s.Resource.ClientID != want.resource || s.Granted() != want.granted || s.Claim() != want.claim {
			t.Errorf("%q: resource %s, granted %q, claim %q", raw, s.Resource.ClientID, s.Granted(), s.Claim())
		}
	}
	s, err := sample().UserScopes(tasks, "openid "+tasks, false)
	if err != nil || s.Resource.ClientID != tasks || !s.Default {
		t.Errorf("the client's own id as scope: %v, %v", s.Resource, err)
	}
	s, err = sample().UserScopes("someone", "User.Read api://tasks/Tasks.Read", true)
	if err != nil || s.Resource.ClientID != GraphID || s.Granted() != "User.Read" {
		t.Errorf("several resources where only consent is asked: %q, %v", s.Granted(), err)
	}
}

func TestRedirectAddresses(t *testing.T) {
	t.Parallel()
	app := &App{Native: []string{"http://localhost", "my-app://auth"}, SPA: []string{"http://localhost/spa"}, Web: []string{"https://web.test/cb", "http://127.0.0.1/cb"}}
	for uri, want := range map[string]Platform{
		"http://localhost": Native, "http://localhost/": Native, "http://localhost:1": Native, "http://localhost:65535/": Native, "http://LOCALHOST:5": Native,
		"my-app://auth": Native, "http://localhost:8080/spa": SPA, "https://web.test/cb": Web, "http://127.0.0.1:9/cb": Web,
		"http://localhost/other": "", "https://localhost": "", "http://localhost:1/?x": "", "http://localhost.evil.test": "", "http://evil.test": "",
		"https://web.test:444/cb": "", "https://web.test/cb/": "", "https://web.test/CB": "", "https://web.test/cb?x=1": "", "https://web.test/cb#x": "", "https://web.test/cb#": "",
		"http://user@localhost": "", "http://localhost/spa/..": "", "my-app://auth/": "", "": "", "x": "", "http://[::1]/cb": "", "http://localhost/%2e": "",
	} {
		got, ok := app.Redirect(uri)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}

func TestIDsAreStableAndWellFormed(t *testing.T) {
	t.Parallel()
	a, b := ID("user", "alice"), ID("user", "ALICE")
	if a != b || a == ID("user", "bob") || !IsID(a) || a[14] != '5' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("%s, %s", a, b)
	}
	for _, bad := range [...]string{"", "x", strings.Repeat("-", 36), a + "0", strings.Replace(a, "-", "0", 1), "zzzzzzzz" + a[8:], "--------" + a[8:]} {
		if IsID(bad) {
			t.Errorf("%q is taken for a GUID", bad)
		}
	}
}

func FuzzScopes(f *testing.F) {
	f.Add("openid User.Read api://tasks/.default")
	f.Add("https://management.core.windows.net//.default")
	d := sample()
	f.Fuzz(func(t *testing.T, raw string) {
		for _, many := range [...]bool{false, true} {
			if s, err := d.UserScopes("c", raw, many); err == nil && s.Resource == nil {
				t.Errorf("%q: understood without a resource", raw)
			}
		}
		if s, err := d.AppScopes(raw); err == nil && (s.Resource == nil || !s.Default) {
			t.Errorf("%q: understood without a resource", raw)
		}
	})
}

func FuzzRedirect(f *testing.F) {
	f.Add("http://localhost:1/")
	f.Add("http://localhost:1@evil.test/")
	app := &App{Native: []string{"http://localhost"}}
	f.Fuzz(func(t *testing.T, uri string) {
		if _, ok := app.Redirect(uri); ok && !strings.HasPrefix(strings.ToLower(uri), "http://localhost") {
			t.Errorf("%q was accepted", uri)
		}
	})
}
