package msal

import (
	"testing"

	"github.com/msal-go/msal/internal/authority"
	"github.com/msal-go/msal/internal/oauth"
)

func TestAssertionIsToldTheFMIPathAndTheGlobalEndpoint(t *testing.T) {
	c := &core{clientID: "client"}
	p := &place{meta: &authority.Metadata{TokenEndpoint: "https://global/token", Realm: "tenant"}}
	g := grant{kind: grantClientCredentials, endpoint: "https://region/token", form: oauth.Form{{Name: "scope", Value: "s"}, {Name: "fmi_path", Value: "a/b"}}}
	want := audience{endpoint: "https://global/token", clientID: "client", tenantID: "tenant", fmiPath: "a/b", grant: "client_credentials"}
	if got := c.audience(p, g); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
