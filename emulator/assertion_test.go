package emulator_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/emulator"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// certify makes a self-signed certificate.
func certify(t *testing.T, key crypto.Signer) (der []byte, text string) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "client"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

type claims = jwt.MapClaims

func TestClientAssertions(t *testing.T) {
	t.Parallel()
	rsaKey, other := signingKey(), mustRSA(t)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaDER, rsaPEM := certify(t, rsaKey)
	ecDER, ecPEM := certify(t, ecKey)
	f := start(t, func(c *emulator.Config) { c.Tenants[0].Apps[3].Certificates = []string{rsaPEM, ecPEM} })
	now := f.emu.Now()
	good := func(changes ...any) claims {
		c := claims{"aud": tokenURL, "iss": emulator.DaemonClientID, "sub": emulator.DaemonClientID, "jti": "j",
			"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
		for i := 0; i+1 < len(changes); i += 2 {
			if changes[i+1] == nil {
				delete(c, changes[i].(string))
			} else {
				c[changes[i].(string)] = changes[i+1]
			}
		}
		return c
	}
	sum1, sum2, ecSum := sha1.Sum(rsaDER), sha256.Sum256(rsaDER), sha256.Sum256(ecDER)
	url, std := base64.RawURLEncoding, base64.StdEncoding
	x5t := map[string]any{"x5t#S256": url.EncodeToString(sum2[:])}
	for _, c := range []struct {
		name   string
		method jwt.SigningMethod
		key    any
		header map[string]any
		claims claims
		code   int // 0: a token
	}{
		{"PS256, x5t#S256", jwt.SigningMethodPS256, rsaKey, x5t, good(), 0},
		{"RS256, x5t", jwt.SigningMethodRS256, rsaKey, map[string]any{"x5t": url.EncodeToString(sum1[:])}, good(), 0},
		{"RS256, padded x5t and fractions of seconds as MSAL Python", jwt.SigningMethodRS256, rsaKey, map[string]any{"x5t": std.EncodeToString(sum1[:])}, good("nbf", nil, "exp", float64(now.Unix())+600.25, "iat", float64(now.Unix())+0.5), 0},
		{"PS256, padded x5t#S256 as MSAL Go", jwt.SigningMethodPS256, rsaKey, map[string]any{"x5t#S256": std.EncodeToString(sum2[:])}, good(), 0},
		{"ES256", jwt.SigningMethodES256, ecKey, map[string]any{"x5t#S256": url.EncodeToString(ecSum[:])}, good(), 0},
		{"x5c alone", jwt.SigningMethodPS256, rsaKey, map[string]any{"x5c": []string{std.EncodeToString(rsaDER)}}, good(), 0},
		{"kid is the thumbprint", jwt.SigningMethodPS256, rsaKey, map[string]any{"kid": hexUpper(sum1[:])}, good(), 0},
		{"audience by domain", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", loginHost+"/contoso.test/oauth2/v2.0/token"), 0},
		{"audience under an alias", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", "https://login.windows.net/"+emulator.DefaultTenantID+"/oauth2/token"), 0},
		{"audience is the issuer", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", authority+"/v2.0"), 0},
		{"audience is a list of one", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", []string{tokenURL}), 0},

		{"audience elsewhere", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", "https://example.com/token"), 700023},
		{"audience of another tenant", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", loginHost+"/other.example/oauth2/v2.0/token"), 700023},
		{"audience of another cloud", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", "https://login.microsoftonline.us/contoso.test/oauth2/v2.0/token"), 700023},
		{"audience is another endpoint", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", authority+"/oauth2/v2.0/authorize"), 700023},
		{"audience over http", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", strings.Replace(tokenURL, "https", "http", 1)), 700023},
		{"no audience", jwt.SigningMethodPS256, rsaKey, x5t, good("aud", nil), 700023},
		{"expired", jwt.SigningMethodPS256, rsaKey, x5t, good("exp", now.Add(-time.Second).Unix()), 700024},
		{"not yet valid", jwt.SigningMethodPS256, rsaKey, x5t, good("nbf", now.Add(time.Minute).Unix()), 700024},
		{"no exp", jwt.SigningMethodPS256, rsaKey, x5t, good("exp", nil), 50027},
		{"exp is text", jwt.SigningMethodPS256, rsaKey, x5t, good("exp", "tomorrow"), 50027},
		{"another issuer", jwt.SigningMethodPS256, rsaKey, x5t, good("iss", emulator.WebClientID), 700021},
		{"another subject", jwt.SigningMethodPS256, rsaKey, x5t, good("sub", emulator.WebClientID), 700021},
		{"another key", jwt.SigningMethodPS256, other, x5t, good(), 700027},
		{"an unregistered thumbprint", jwt.SigningMethodPS256, rsaKey, map[string]any{"x5t": url.EncodeToString(ecSum[:20])}, good(), 700027},
		{"no thumbprint", jwt.SigningMethodPS256, rsaKey, nil, good(), 700027},
		{"HS256 with the certificate as key", jwt.SigningMethodHS256, []byte(rsaPEM), x5t, good(), 700027},
		{"none", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, x5t, good(), 700027},
	} {
		token := jwt.NewWithClaims(c.method, c.claims)
		for name, value := range c.header {
			token.Header[name] = value
		}
		signed, err := token.SignedString(c.key)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		a := f.post(tokenURL, daemon("client_secret", "-", "client_assertion", signed, "client_assertion_type", jwtBearer))
		if c.code != 0 {
			refused(t, c.name, a, 401, "invalid_client", c.code)
			continue
		}
		if a.Status != 200 {
			t.Errorf("%s: %s %q", c.name, a.summary(), a.text("error_description"))
			continue
		}
		if got, _ := f.verify(a.text("access_token")); got["azpacr"] != "2" {
			t.Errorf("%s: azpacr %v, want 2", c.name, got["azpacr"])
		}
	}
	refused(t, "not a JWT", f.post(tokenURL, daemon("client_secret", "-", "client_assertion", "x", "client_assertion_type", jwtBearer)), 401, "invalid_client", 50027)
	refused(t, "odd type", f.post(tokenURL, daemon("client_secret", "-", "client_assertion", "x", "client_assertion_type", "saml")), 400, "invalid_request", 90013)
	refused(t, "no type", f.post(tokenURL, daemon("client_secret", "-", "client_assertion", "x")), 400, "invalid_request", 900144)
}

func mustRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func hexUpper(b []byte) string {
	const digits = "0123456789ABCDEF"
	var s strings.Builder
	for _, x := range b {
		s.WriteByte(digits[x>>4])
		s.WriteByte(digits[x&15])
	}
	return s.String()
}
