package msal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/msal-go/msal"
)

func TestIssuersOnOneHostDoNotShareTokens(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /realms/{realm}/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		issuer := "https://" + r.Host + "/realms/" + r.PathValue("realm")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`,
			issuer, issuer+"/authorize", issuer+"/token", issuer+"/keys")
	})
	mux.HandleFunc("POST /realms/{realm}/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"TOKEN-OF-%s","token_type":"Bearer","expires_in":3600}`, r.PathValue("realm"))
	})
	srv := httptest.NewTLSServer(mux)
	defer srv.Close()
	cache := msal.NewTokenCache(msal.CacheOptions{})
	for _, realm := range []string{"prod", "dev", "Prod", "prod", "dev"} {
		c, err := msal.NewConfidentialClient("id", msal.Secret("s"), msal.Options{OIDCAuthority: srv.URL + "/realms/" + realm, HTTPClient: srv.Client(), Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{"api"}})
		if err != nil || !strings.HasSuffix(res.AccessToken, "-"+realm) {
			t.Errorf("realm %s got %s, %v", realm, res.AccessToken, err)
		}
	}
}

func TestUserRealmIsAskedAtTheHostOfAnIssuerWithAPath(t *testing.T) {
	var asked []string
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			issuer := "https://" + r.Host + "/realms/prod"
			fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`,
				issuer, issuer+"/authorize", issuer+"/token", issuer+"/keys")
			return
		}
		http.NotFound(w, r)
	}))
	defer srv.Close()
	c, err := msal.NewPublicClient("id", msal.Options{OIDCAuthority: srv.URL + "/realms/prod", HTTPClient: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AcquireTokenByUsernamePassword(t.Context(), msal.UsernamePasswordRequest{Scopes: []string{"api"}, Username: "alice", Password: "p"}); err == nil {
		t.Fatal("no error, although there are no keys")
	}
	if !slices.Contains(asked, "/common/userrealm/alice") {
		t.Errorf("asked %q", asked)
	}
}
