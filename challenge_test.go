package msal_test

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/msal-go/msal"
)

func authenticate(values ...string) http.Header { return http.Header{"Www-Authenticate": values} }

const (
	authContext = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	// revoked needs both characters in which the alphabets of base64 differ.
	revoked = `{"access_token":{"nbf":{"essential":true,"value":"1603742800"},"x":"??>>ü~"}}`
)

// The shapes are those of Microsoft's documentation and of recorded answers;
// ids and claims are made up.
func TestChallengesOfRealServices(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(authContext))
	for _, tt := range []struct {
		service string
		header  http.Header
		want    []msal.Challenge
		claims  string
	}{
		{"Graph without a token", authenticate(`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"realm": "", "client_id": "00000003-0000-0000-c000-000000000000",
				"authorization_uri": "https://login.microsoftonline.com/common/oauth2/authorize"}}}, ""},
		{"Graph, continuous access evaluation", authenticate(`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", ` +
			`client_id="00000003-0000-0000-c000-000000000000", errorDescription="Continuous access evaluation resulted in challenge", error="insufficient_claims", claims="` + encoded + `"`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"realm": "", "client_id": "00000003-0000-0000-c000-000000000000",
				"authorization_uri": "https://login.microsoftonline.com/common/oauth2/authorize", "errordescription": "Continuous access evaluation resulted in challenge",
				"error": "insufficient_claims", "claims": encoded}}}, authContext},
		{"Graph with a proof-of-possession token", authenticate(`PoP realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", nonce="ey==", ` +
			`Bearer realm="", error="insufficient_claims", claims="` + encoded + `"`),
			[]msal.Challenge{
				{Scheme: "PoP", Params: map[string]string{"realm": "", "authorization_uri": "https://login.microsoftonline.com/common/oauth2/authorize", "nonce": "ey=="}},
				{Scheme: "Bearer", Params: map[string]string{"realm": "", "error": "insufficient_claims", "claims": encoded}}}, authContext},
		{"Resource Manager, revoked", authenticate(`Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="User session has been revoked", claims="` + encoded + `"`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"authorization_uri": "https://login.windows.net/", "error": "invalid_token",
				"error_description": "User session has been revoked", "claims": encoded}}}, authContext},
		{"Key Vault", authenticate(`Bearer authorization="https://login.windows.net/11111111-1111-4111-8111-111111111111", resource="https://vault.azure.net"`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"authorization": "https://login.windows.net/11111111-1111-4111-8111-111111111111",
				"resource": "https://vault.azure.net"}}}, ""},
		{"Storage", authenticate(`Bearer authorization_uri=https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/oauth2/authorize resource_id=https://storage.azure.com`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"resource_id": "https://storage.azure.com",
				"authorization_uri": "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/oauth2/authorize"}}}, ""},
		{"Exchange", authenticate(`Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*", ` +
			`token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://login.windows.net/common/oauth2/authorize", error="invalid_token",Basic Realm="",Negotiate`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"client_id": "00000002-0000-0ff1-ce00-000000000000", "trusted_issuers": "00000001-0000-0000-c000-000000000000@*",
				"token_types": "app_asserted_user_v1 service_asserted_app_v1", "authorization_uri": "https://login.windows.net/common/oauth2/authorize", "error": "invalid_token"}},
				{Scheme: "Basic", Params: map[string]string{"realm": ""}}, {Scheme: "Negotiate"}}, ""},
		{"an API built on Microsoft.Identity.Web, 403", authenticate(`Bearer consentUri="https://login.microsoftonline.com/x", claims="` + authContext + `", proposedAction="consent"`),
			[]msal.Challenge{{Scheme: "Bearer", Params: map[string]string{"consenturi": "https://login.microsoftonline.com/x", "claims": authContext, "proposedaction": "consent"}}}, authContext},
		{"an Arc-enabled server's agent", authenticate(`Basic realm=/var/opt/azcmagent/tokens/a.key`),
			[]msal.Challenge{{Scheme: "Basic", Params: map[string]string{"realm": "/var/opt/azcmagent/tokens/a.key"}}}, ""},
		{"headers of their own", authenticate("Negotiate", "NTLM", `Bearer realm="x"`),
			[]msal.Challenge{{Scheme: "Negotiate"}, {Scheme: "NTLM"}, {Scheme: "Bearer", Params: map[string]string{"realm": "x"}}}, ""},
	} {
		t.Run(tt.service, func(t *testing.T) {
			t.Parallel()
			if got := msal.ParseChallenges(tt.header); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if claims, ok := msal.ClaimsChallenge(tt.header); claims != tt.claims || ok != (tt.claims != "") {
				t.Errorf("claims %q, %v; want %q", claims, ok, tt.claims)
			}
		})
	}
}

func TestClaimsInEveryForm(t *testing.T) {
	t.Parallel()
	for _, json := range []string{authContext, revoked, `{}`, "{\n \"id_token\" : null }"} {
		forms := map[string]string{"escaped": strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(json), "bare in quotes": json}
		for name, e := range map[string]*base64.Encoding{
			"standard": base64.StdEncoding, "URL": base64.URLEncoding, "standard, no padding": base64.RawStdEncoding, "URL, no padding": base64.RawURLEncoding,
		} {
			forms[name] = e.EncodeToString([]byte(json))
		}
		for name, form := range forms {
			for _, header := range []string{`Bearer error="insufficient_claims", claims="` + form + `"`, `Bearer claims="` + form + `", error=insufficient_claims, Basic realm="x"`} {
				if got, ok := msal.ClaimsChallenge(authenticate(header)); got != json || !ok {
					t.Errorf("%s: %q in %q, %v", name, got, header, ok)
				}
			}
			if strings.Contains(name, "quotes") || name == "escaped" {
				continue
			}
			if got, ok := msal.ClaimsChallenge(authenticate(`Bearer claims=` + form)); got != json || !ok {
				t.Errorf("%s without quotes: %q, %v", name, got, ok)
			}
		}
		if got, ok := msal.ClaimsChallenge(authenticate(`Bearer claims=` + json + `, a=b`)); got != json || !ok {
			t.Errorf("bare: %q, %v", got, ok)
		}
	}
}

func TestInsufficientClaimsComeFirst(t *testing.T) {
	t.Parallel()
	got, ok := msal.ClaimsChallenge(authenticate(`Bearer error="invalid_token", claims="e30="`, `Bearer error="Insufficient_Claims", claims={"a":1}`))
	if got != `{"a":1}` || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
}

func TestNoClaimsInWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, h := range map[string]http.Header{
		"no header":        nil,
		"another header":   {"Proxy-Authenticate": {`Bearer claims="e30="`}},
		"no claims":        authenticate(`Bearer error="insufficient_claims"`),
		"empty":            authenticate(`Bearer error="insufficient_claims", claims=""`),
		"no base64":        authenticate(`Bearer error="insufficient_claims", claims="%%%"`),
		"one letter":       authenticate(`Bearer error="insufficient_claims", claims="e"`),
		"no JSON":          authenticate(`Bearer error="insufficient_claims", claims="` + encode("hello") + `"`),
		"no object":        authenticate(`Bearer error="insufficient_claims", claims="` + encode(`["a"]`) + `"`),
		"null":             authenticate(`Bearer error="insufficient_claims", claims="` + encode(`null`) + `"`),
		"two objects":      authenticate(`Bearer error="insufficient_claims", claims="` + encode(`{}{}`) + `"`),
		"not UTF-8":        authenticate(`Bearer error="insufficient_claims", claims="` + encode("{\"a\":\"\xff\"}") + `"`),
		"bare, not UTF-8":  authenticate("Bearer claims={\"\xcc\":0}"),
		"without a scheme": authenticate(`error="insufficient_claims", claims="e30="`),
		"never closed":     authenticate(`Bearer error="insufficient_claims", claims="e30=`),
	} {
		if got, ok := msal.ClaimsChallenge(h); got != "" || ok {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}

func FuzzClaimsChallenge(f *testing.F) {
	f.Add(`Bearer error="insufficient_claims", claims="e30="`, `PoP nonce="x"`)
	f.Add(`Bearer claims={"a":1}`, `Bearer claims="{"a":1}"`)
	f.Add(`Bearer claims="`, `, ,`)
	f.Fuzz(func(t *testing.T, one, other string) {
		claims, ok := msal.ClaimsChallenge(authenticate(one, other))
		if ok != (claims != "") {
			t.Fatalf("%q, %v", claims, ok)
		}
		if !ok {
			return
		}
		// What is returned can be passed on: it reads the same when it is sent again.
		again, ok := msal.ClaimsChallenge(authenticate(`Bearer claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`))
		if again != claims || !ok {
			t.Errorf("%q reads as %q", claims, again)
		}
	})
}
