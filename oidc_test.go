package msal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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
