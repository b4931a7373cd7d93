package authority

import (
	"net/http"
	"strings"
	"testing"

	"github.com/msal-go/msal/internal/httpcache"
)

const providerURL = "https://id.example.com"

func providerSays() string {
	return `{"issuer":"` + providerURL + `","authorization_endpoint":"` + providerURL + `/a","token_endpoint":"` + providerURL + `/t","jwks_uri":"` + providerURL + `/k"}`
}

func TestDocumentsOutliveTheResolver(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{"id.example.com": says(200, providerSays())}}
	a, err := ParseOIDC(providerURL)
	if err != nil {
		t.Fatal(err)
	}
	var memory httpcache.Section
	for range 3 {
		m, err := n.resolver(Options{Documents: &memory}).Resolve(t.Context(), a)
		if err != nil || m.TokenEndpoint != providerURL+"/t" {
			t.Fatalf("got %+v, %v", m, err)
		}
	}
	if got := n.requests(); len(got) != 1 {
		t.Errorf("requests: %q, want one", got)
	}
}

func TestOnlyCheckedDocumentsAreRemembered(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{}}
	a, err := ParseOIDC(providerURL)
	if err != nil {
		t.Fatal(err)
	}
	var memory httpcache.Section
	r := n.resolver(Options{Documents: &memory})
	for _, bad := range []http.HandlerFunc{says(200, "<html>portal"), says(503, providerSays()),
		says(200, strings.Replace(providerSays(), `"issuer":"https://id.`, `"issuer":"https://evil.`, 1))} {
		n.hosts["id.example.com"] = bad
		if _, err := r.Resolve(t.Context(), a); err == nil {
			t.Fatal("a bad document passes")
		}
		if _, _, ok := memory.Get(documentKey(a.configurationURL())); ok {
			t.Error("a bad document is remembered")
		}
	}
}

func TestRememberedDocumentsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	n := &internet{hosts: map[string]http.HandlerFunc{"id.example.com": says(200, providerSays())}}
	a, err := ParseOIDC(providerURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "{}", "<html>", strings.ReplaceAll(providerSays(), "id.example.com", "evil.example.com"),
		strings.Replace(providerSays(), `"token_endpoint":"https`, `"token_endpoint":"http`, 1)} {
		var memory httpcache.Section
		memory.Put(documentKey(a.configurationURL()), []byte(bad), keepFor)
		m, err := n.resolver(Options{Documents: &memory}).Resolve(t.Context(), a)
		if err != nil || m.TokenEndpoint != providerURL+"/t" {
			t.Errorf("%.20q: got %+v, %v; want the document to be fetched", bad, m, err)
		}
	}
	if got := n.requests(); len(got) != 5 {
		t.Errorf("%d requests, want 5", len(got))
	}
}
