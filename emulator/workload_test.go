package emulator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator"
)

const exchangeScope = "api://AzureADTokenExchange/.default"

// blueprint asks for a token that is a client assertion.
func blueprint(changes ...string) url.Values {
	return with(url.Values{"grant_type": {"client_credentials"}, "client_id": {emulator.BlueprintClientID},
		"client_secret": {emulator.BlueprintSecret}, "scope": {exchangeScope}}, changes...)
}

// agent presents a token as the agent's client assertion.
func agent(assertion string, changes ...string) url.Values {
	return with(blueprint("client_id", emulator.AgentClientID, "client_secret", "-", "client_assertion", assertion, "client_assertion_type", jwtBearer), changes...)
}

func TestFMIPathIsTheSubjectOfTheToken(t *testing.T) {
	t.Parallel()
	f := start(t)
	claims, _ := f.verify(f.token(blueprint("fmi_path", "some/path")).text("access_token"))
	want := emulator.FMISubject(emulator.DefaultTenantID, emulator.BlueprintClientID, "some/path")
	if claims["sub"] != want || claims["aud"] != "fb60f99c-7a34-4190-8149-302f77469936" || claims["iss"] != authority+"/v2.0" {
		t.Errorf("got sub %v, aud %v, iss %v", claims["sub"], claims["aud"], claims["iss"])
	}
	// The tenant of a token that was seen of the real service.
	if got := emulator.FMISubject("72f988bf-86f1-41af-91ab-2d7cd011db47", "72f988bf-86f1-41af-91ab-2d7cd011db47", "x"); got != "/eid1/c/pub/t/v4j5cvGGr0GRqy180BHbRw/a/v4j5cvGGr0GRqy180BHbRw/x" {
		t.Errorf("got %s", got)
	}
	refused(t, "for another resource", f.post(tokenURL, blueprint("fmi_path", "p", "scope", "api://tasks/.default")), 400, "invalid_request", 90013)
	refused(t, "with another grant", f.post(tokenURL, blueprint("fmi_path", "p", "grant_type", "refresh_token", "refresh_token", "x")), 400, "invalid_request", 90013)
}

func TestAgentProvesItselfByTheTokenOfItsBlueprint(t *testing.T) {
	t.Parallel()
	f := start(t)
	t1 := f.token(blueprint("fmi_path", emulator.AgentClientID)).text("access_token")
	claims, _ := f.verify(f.token(agent(t1, "scope", "api://tasks/.default")).text("access_token"))
	if claims["azp"] != emulator.AgentClientID || claims["azpacr"] != "2" || claims["roles"] == nil {
		t.Errorf("got %v", claims)
	}
	plain := f.token(blueprint()).text("access_token")
	other := f.token(blueprint("fmi_path", emulator.DaemonClientID)).text("access_token")
	tasks := f.token(daemon()).text("access_token")
	parts := strings.Split(t1, ".")
	for name, c := range map[string]struct {
		assertion string
		code      int
	}{
		"without an FMI path":         {plain, 700213},
		"with another's FMI path":     {other, 700213},
		"for another resource":        {tasks, 700212},
		"changed on the way":          {parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])), 700027},
		"of an unknown issuer":        {signed(t, jwt.SigningMethodPS256, signingKey(), nil, jwt.MapClaims{"iss": "https://evil.example"}), 700211},
		"of nobody":                   {"x.y.z", 50027},
		"no JWT, but of the right ID": {"x", 50027},
	} {
		refused(t, name, f.post(tokenURL, agent(c.assertion)), 401, "invalid_client", c.code)
	}
	f.emu.Advance(2 * time.Hour)
	refused(t, "expired", f.post(tokenURL, agent(t1)), 401, "invalid_client", 700024)
}

func signed(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A cluster somewhere has its own issuer, whose keys are registered.
func TestTokensOfARegisteredIssuerAreClientAssertions(t *testing.T) {
	t.Parallel()
	const issuer, subject = "https://cluster.example/oidc", "system:serviceaccount:shop:cart"
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw := base64.RawURLEncoding
	point, err := ecKey.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := json.Marshal(map[string]any{"keys": []map[string]any{
		{"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": raw.EncodeToString(signingKey().N.Bytes()), "e": raw.EncodeToString(big.NewInt(int64(signingKey().E)).Bytes())},
		{"kty": "EC", "kid": "two", "crv": "P-256", "x": raw.EncodeToString(point[1:33]), "y": raw.EncodeToString(point[33:])},
		{"kty": "oct", "kid": "three", "use": "enc"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, func(c *emulator.Config) {
		c.Tenants[0].Apps[3].FederatedCredentials = []emulator.FederatedCredential{{Issuer: issuer, Subject: subject, JWKS: string(jwks)}}
	})
	now := f.emu.Now()
	claims := func(changes ...any) jwt.MapClaims {
		c := jwt.MapClaims{"iss": issuer, "sub": subject, "aud": []string{"api://AzureADTokenExchange"}, "exp": now.Add(time.Hour).Unix(), "nbf": now.Unix()}
		for i := 0; i+1 < len(changes); i += 2 {
			c[changes[i].(string)] = changes[i+1]
			if changes[i+1] == nil {
				delete(c, changes[i].(string))
			}
		}
		return c
	}
	present := func(assertion string) answer {
		return f.post(tokenURL, daemon("client_secret", "-", "client_assertion", assertion, "client_assertion_type", jwtBearer))
	}
	one, two := map[string]any{"kid": "one"}, map[string]any{"kid": "two"}
	for name, assertion := range map[string]string{
		"RSA": signed(t, jwt.SigningMethodRS256, signingKey(), one, claims()),
		"EC":  signed(t, jwt.SigningMethodES256, ecKey, two, claims("aud", "api://AzureADTokenExchange")),
	} {
		if got := present(assertion); got.Status != 200 {
			t.Errorf("%s: %s %q", name, got.summary(), got.text("error_description"))
		}
	}
	for name, c := range map[string]struct {
		assertion string
		code      int
	}{
		"another subject":                 {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("sub", "system:serviceaccount:shop:till")), 700213},
		"the subject in other letters":    {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("sub", strings.ToUpper(subject))), 700213},
		"another audience":                {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("aud", "sts.amazonaws.com")), 700212},
		"another issuer":                  {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("iss", issuer+"/")), 700211},
		"no kid":                          {signed(t, jwt.SigningMethodRS256, signingKey(), nil, claims()), 700027},
		"another kid":                     {signed(t, jwt.SigningMethodRS256, signingKey(), two, claims()), 700027},
		"another key":                     {signed(t, jwt.SigningMethodRS256, mustRSA(t), one, claims()), 700027},
		"none":                            {signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, one, claims()), 700027},
		"expired":                         {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("exp", now.Add(-time.Minute).Unix())), 700024},
		"not valid yet":                   {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("nbf", now.Add(time.Hour).Unix())), 700024},
		"without an end":                  {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("exp", nil)), 50027},
		"the client's own, without a key": {signed(t, jwt.SigningMethodRS256, signingKey(), one, claims("iss", emulator.DaemonClientID)), 700026},
	} {
		refused(t, name, present(c.assertion), 401, "invalid_client", c.code)
	}
}

func userFIC(client, assertion string, changes ...string) url.Values {
	return with(agent(client, "grant_type", "user_fic", "user_federated_identity_credential", assertion, "username", emulator.DefaultUser,
		"scope", "openid profile offline_access api://tasks/Tasks.Read", "client_info", "1"), changes...)
}

func TestUserFIC(t *testing.T) {
	t.Parallel()
	f := start(t)
	t1 := f.token(blueprint("fmi_path", emulator.AgentClientID)).text("access_token")
	t2 := f.token(agent(t1)).text("access_token")
	got := f.token(userFIC(t1, t2))
	if got.text("id_token") == "" || got.text("refresh_token") == "" || got.text("client_info") == "" {
		t.Error("the answer is not that of a person")
	}
	claims, _ := f.verify(got.text("access_token"))
	if claims["azp"] != emulator.AgentClientID || claims["preferred_username"] != emulator.DefaultUser || claims["scp"] != "Tasks.Read" {
		t.Errorf("got %v", claims)
	}
	oid, _ := claims["oid"].(string)
	f.token(userFIC(t1, t2, "username", "-", "user_id", oid))
	for name, c := range map[string]struct {
		form   url.Values
		status int
		kind   string
		code   int
	}{
		"no credential":         {userFIC(t1, t2, "client_assertion", "-", "client_assertion_type", "-"), 401, "invalid_client", 7000218},
		"no assertion":          {userFIC(t1, "-"), 400, "invalid_request", 900144},
		"nobody":                {userFIC(t1, t2, "username", "-"), 400, "invalid_request", 900144},
		"two names":             {userFIC(t1, t2, "user_id", oid), 400, "invalid_request", 9002313},
		"somebody unknown":      {userFIC(t1, t2, "username", "nobody@contoso.test"), 400, "invalid_grant", 50034},
		"an unknown id":         {userFIC(t1, t2, "username", "-", "user_id", emulator.DaemonClientID), 400, "invalid_grant", 50034},
		"a disabled account":    {userFIC(t1, t2, "username", "carol@contoso.test"), 400, "invalid_grant", 50057},
		"the blueprint's token": {userFIC(t1, t1), 400, "invalid_grant", 50013},
		"a person's token": {userFIC(t1, f.token(userFIC(t1, t2, "scope", exchangeScope)).text("access_token"), "username", emulator.SecondUser),
			400, "invalid_grant", 50013},
		"made up":              {userFIC(t1, "x"), 400, "invalid_grant", 50013},
		"for another resource": {userFIC(t1, f.token(agent(t1, "scope", "api://tasks/.default")).text("access_token")), 400, "invalid_grant", 500131},
		"no scope":             {userFIC(t1, t2, "scope", "-"), 400, "invalid_request", 900144},
	} {
		refused(t, name, f.post(tokenURL, c.form), c.status, c.kind, c.code)
	}
	refused(t, "of all tenants", f.post(loginHost+"/common/oauth2/v2.0/token", userFIC(t1, t2)), 400, "invalid_request", 50194)
}

func TestFederatedCredentialsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	short := `{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}`
	for member, path := range map[string]string{
		`"blueprint":"x"`:                                                  "blueprint",
		`"federated_credentials":[{}]`:                                     "federated_credentials[0].subject",
		`"federated_credentials":[{"subject":"s","jwks":"x"}]`:             "federated_credentials[0].jwks",
		`"federated_credentials":[{"subject":"s","jwks":"{}"}]`:            "federated_credentials[0].jwks",
		`"federated_credentials":[{"subject":"s","jwks":"` + short + `"}]`: "federated_credentials[0].jwks",
		`"federated_credentials":[{"subject":"s","jwks":"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}]}"}]`: "federated_credentials[0].jwks",
		`"federated_credentials":[{"subject":"s","jwks":"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQ\"}]}"}]`:                               "federated_credentials[0].jwks",
		`"federated_credentials":[{"subject":"s","issuers":"x"}]`:                                                                      "federated_credentials[0].issuers",
	} {
		wantWrong(t, `{"tenants":[{"name":"T","apps":[{"name":"A",`+member+`}]}]}`, "tenants[0].apps[0]."+path)
	}
	good, err := json.Marshal(map[string]any{"keys": []map[string]any{{"kty": "RSA", "n": base64.RawURLEncoding.EncodeToString(signingKey().N.Bytes()), "e": "AQAB"}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"tenants": []any{map[string]any{"name": "T", "apps": []any{map[string]any{"name": "A",
		"federated_credentials": []any{map[string]any{"subject": "s", "jwks": string(good)}}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	wantWrong(t, string(text), "tenants[0].apps[0].federated_credentials[0].issuer")
}
