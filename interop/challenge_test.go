package interop

import (
	"context"
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/msal-go/msal"
)

// claimsOfAzcore is what azcore makes of an API's 401: the claims that it asks
// its credential for. Its parser is not exported.
func claimsOfAzcore(t *testing.T, header string) string {
	t.Helper()
	asked := &claimsAsked{}
	api := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{"Www-Authenticate": {header}}, Body: http.NoBody, Request: r}, nil
	})
	pipeline := runtime.NewPipeline("interop", "v0", runtime.PipelineOptions{PerRetry: []policy.Policy{
		runtime.NewBearerTokenPolicy(asked, []string{"scope"}, nil),
	}}, &policy.ClientOptions{Transport: &http.Client{Transport: api}, Retry: policy.RetryOptions{MaxRetries: -1}})
	request, err := runtime.NewRequest(t.Context(), http.MethodGet, "https://api.contoso.test/")
	if err != nil {
		t.Fatal(err)
	}
	// What the API says in the end is not the point: it always says no.
	if _, err := pipeline.Do(request); err != nil {
		t.Log(err)
	}
	return asked.claims
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// claimsAsked is a credential that remembers the claims it was asked for.
type claimsAsked struct{ claims string }

func (c *claimsAsked) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if o.Claims != "" {
		c.claims = o.Claims
	}
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// Azure's own client library and ours find the same claims in the same headers,
// except where ours reads more.
func TestAzcoreFindsTheSameClaims(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1603742800"},"x":"??>>"}}`
	std, url := base64.StdEncoding.EncodeToString([]byte(claims)), base64.URLEncoding.EncodeToString([]byte(claims))
	raw := base64.RawStdEncoding.EncodeToString([]byte(claims))
	for _, tt := range []struct {
		name, header string
		want         string
		only         string // why azcore finds nothing; empty if it has to agree
	}{
		{"Graph", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="` + std + `"`, claims, ""},
		{"after proof of possession", `PoP realm="", nonce="ey==", Bearer realm="", error_description="Continuous access evaluation, revoked", error="insufficient_claims", claims="` + std + `"`, claims, ""},
		{"before another scheme", `Bearer error="insufficient_claims", claims="` + std + `", Basic realm="x"`, claims, ""},
		{"no claims", `Bearer realm="", error="insufficient_claims"`, "", ""},
		{"no base64", `Bearer error="insufficient_claims", claims="%%%"`, "", ""},
		{"Key Vault", `Bearer authorization="https://login.windows.net/t", resource="https://vault.azure.net"`, "", ""},
		{"unpadded", `Bearer error="insufficient_claims", claims="` + raw + `"`, claims, ""},
		{"URL alphabet", `Bearer error="insufficient_claims", claims="` + url + `"`, claims, "azcore decodes the standard alphabet only"},
		{"Resource Manager", `Bearer error="invalid_token", error_description="User session has been revoked", claims="` + std + `"`, claims, "azcore wants insufficient_claims"},
		{"bare JSON in quotes", `Bearer error="insufficient_claims", claims="` + claims + `"`, claims, "azcore wants base64"},
		{"unquoted", `Bearer error=insufficient_claims, claims=` + std, claims, "azcore wants quotes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ours, _ := msal.ClaimsChallenge(http.Header{"Www-Authenticate": {tt.header}})
			if ours != tt.want {
				t.Errorf("ours are %q, want %q", ours, tt.want)
			}
			theirs := claimsOfAzcore(t, tt.header)
			switch {
			case tt.only == "" && theirs != ours:
				t.Errorf("azcore's are %q, ours %q", theirs, ours)
			case tt.only != "" && theirs != "":
				t.Errorf("azcore finds %q now; it was excused because %s", theirs, tt.only)
			}
		})
	}
}
