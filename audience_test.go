package msal

import (
	"testing"

	"github.com/msal-go/msal/internal/authority"
)

func TestAssertionIsToldTheFMIPathAndTheGlobalEndpoint(t *testing.T) {
	c := &core{clientID: "client"}
	p := &place{meta: &authority.Metadata{TokenEndpoint: "https://global/token", Realm: "tenant"}}
	x, err := newExtra(map[string]string{"dc": "d"}, "a/b")
	if err != nil {
		t.Fatal(err)
	}
	g := grant{kind: grantClientCredentials, endpoint: "https://region/token", extra: x}
	want := audience{endpoint: "https://global/token", clientID: "client", tenantID: "tenant", fmiPath: "a/b", grant: "client_credentials"}
	if got := c.audience(p, g); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
