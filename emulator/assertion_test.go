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
	"encoding/hex"
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

// assertions is an emulator whose daemon has two certificates, and what is
// needed to sign with them.
type assertions struct {
	*fixture
	rsaKey       *rsa.PrivateKey
	ecKey        *ecdsa.PrivateKey
	rsaDER       []byte
	rsaPEM       string
	sha1, sha256 []byte // of the RSA certificate
	ecSHA256     []byte
	now          time.Time
}

func startAssertions(t *testing.T) assertions {
	t.Helper()
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := assertions{rsaKey: signingKey(), ecKey: ecKey}
	var ecPEM string
	var ecDER []byte
	a.rsaDER, a.rsaPEM = certify(t, a.rsaKey)
	ecDER, ecPEM = certify(t, ecKey)
	one, two, three := sha1.Sum(a.rsaDER), sha256.Sum256(a.rsaDER), sha256.Sum256(ecDER)
	a.sha1, a.sha256, a.ecSHA256 = one[:], two[:], three[:]
	a.fixture = start(t, func(c *emulator.Config) { c.Tenants[0].Apps[3].Certificates = []string{a.rsaPEM, ecPEM} })
	a.now = a.emu.Now()
	return a
}

// claims are good ones; changes override, nil removes.
func (a assertions) claims(changes ...any) jwt.MapClaims {
	c := jwt.MapClaims{"aud": tokenURL, "iss": emulator.DaemonClientID, "sub": emulator.DaemonClientID, "jti": "j",
		"nbf": a.now.Unix(), "exp": a.now.Add(10 * time.Minute).Unix()}
	for i := 0; i+1 < len(changes); i += 2 {
		if name, _ := changes[i].(string); changes[i+1] == nil {
			delete(c, name)
		} else {
			c[name] = changes[i+1]
		}
	}
	return c
}

func (a assertions) present(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) answer {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		token.Header[name] = value
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return a.post(tokenURL, daemon("client_secret", "-", "client_assertion", signed, "client_assertion_type", jwtBearer))
}

func TestClientAssertionsAreAccepted(t *testing.T) {
	t.Parallel()
	a := startAssertions(t)
	raw, std := base64.RawURLEncoding, base64.StdEncoding
	seconds := float64(a.now.Unix())
	for _, c := range []struct {
		name   string
		method jwt.SigningMethod
		key    any
		header map[string]any
		change []any
	}{
		{"PS256, x5t#S256", jwt.SigningMethodPS256, a.rsaKey, map[string]any{"x5t#S256": raw.EncodeToString(a.sha256)}, nil},
		{"RS256, x5t", jwt.SigningMethodRS256, a.rsaKey, map[string]any{"x5t": raw.EncodeToString(a.sha1)}, nil},
		{"RS256, padded x5t and fractions of seconds as MSAL Python", jwt.SigningMethodRS256, a.rsaKey, map[string]any{"x5t": std.EncodeToString(a.sha1)},
			[]any{"nbf", nil, "exp", seconds + 600.25, "iat", seconds - 0.5}},
		{"PS256, padded x5t#S256 as MSAL Go", jwt.SigningMethodPS256, a.rsaKey, map[string]any{"x5t#S256": std.EncodeToString(a.sha256)}, nil},
		{"nbf and iat rounded up as MSAL Node", jwt.SigningMethodES256, a.ecKey, nil, []any{"nbf", a.now.Unix() + 1, "iat", a.now.Unix() + 1}},
		{"ES256", jwt.SigningMethodES256, a.ecKey, map[string]any{"x5t#S256": raw.EncodeToString(a.ecSHA256)}, nil},
		{"x5c alone", jwt.SigningMethodPS256, a.rsaKey, map[string]any{"x5c": []string{std.EncodeToString(a.rsaDER)}}, nil},
		{"kid is the thumbprint", jwt.SigningMethodPS256, a.rsaKey, map[string]any{"kid": strings.ToUpper(hex.EncodeToString(a.sha1))}, nil},
		{"audience by domain", jwt.SigningMethodES256, a.ecKey, nil, []any{"aud", loginHost + "/contoso.test/oauth2/v2.0/token"}},
		{"audience under an alias", jwt.SigningMethodES256, a.ecKey, nil, []any{"aud", "https://login.windows.net/" + emulator.DefaultTenantID + "/oauth2/token"}},
		{"audience is the issuer", jwt.SigningMethodES256, a.ecKey, nil, []any{"aud", authority + "/v2.0"}},
		{"audience is a list of one", jwt.SigningMethodES256, a.ecKey, nil, []any{"aud", []string{tokenURL}}},
	} {
		if c.header == nil {
			c.header = map[string]any{"x5t#S256": raw.EncodeToString(a.ecSHA256)}
		}
		got := a.present(t, c.method, c.key, c.header, a.claims(c.change...))
		if got.Status != 200 {
			t.Errorf("%s: %s %q", c.name, got.summary(), got.text("error_description"))
			continue
		}
		if access, _ := a.verify(got.text("access_token")); access["azpacr"] != "2" {
			t.Errorf("%s: azpacr %v, want 2", c.name, access["azpacr"])
		}
	}
}

func TestClientAssertionsAreRefusedForTheirClaims(t *testing.T) {
	t.Parallel()
	a := startAssertions(t)
	header := map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(a.ecSHA256)}
	for _, c := range []struct {
		name   string
		change []any
		code   int
	}{
		{"audience elsewhere", []any{"aud", "https://example.com/token"}, 700023},
		{"audience of another tenant", []any{"aud", loginHost + "/other.example/oauth2/v2.0/token"}, 700023},
		{"audience of another cloud", []any{"aud", "https://login.microsoftonline.us/contoso.test/oauth2/v2.0/token"}, 700023},
		{"audience is another endpoint", []any{"aud", authority + "/oauth2/v2.0/authorize"}, 700023},
		{"audience over http", []any{"aud", strings.Replace(tokenURL, "https", "http", 1)}, 700023},
		{"two audiences", []any{"aud", []string{tokenURL, "https://example.com"}}, 700023},
		{"no audience", []any{"aud", nil}, 700023},
		{"expired", []any{"exp", a.now.Add(-time.Second).Unix()}, 700024},
		{"not yet valid", []any{"nbf", a.now.Add(time.Minute).Unix()}, 700024},
		{"no exp", []any{"exp", nil}, 50027},
		{"exp is text", []any{"exp", "tomorrow"}, 50027},
		{"another issuer", []any{"iss", emulator.WebClientID}, 700021},
		{"another subject", []any{"sub", emulator.WebClientID}, 700021},
		{"no issuer", []any{"iss", nil}, 700021},
	} {
		refused(t, c.name, a.present(t, jwt.SigningMethodES256, a.ecKey, header, a.claims(c.change...)), 401, "invalid_client", c.code)
	}
}

func TestClientAssertionsAreRefusedForTheirSignature(t *testing.T) {
	t.Parallel()
	a := startAssertions(t)
	raw := base64.RawURLEncoding
	header := map[string]any{"x5t#S256": raw.EncodeToString(a.sha256)}
	for _, c := range []struct {
		name   string
		method jwt.SigningMethod
		key    any
		header map[string]any
	}{
		{"another key", jwt.SigningMethodPS256, mustRSA(t), header},
		{"the other certificate's thumbprint", jwt.SigningMethodPS256, a.rsaKey, map[string]any{"x5t#S256": raw.EncodeToString(a.ecSHA256)}},
		{"an unregistered thumbprint", jwt.SigningMethodPS256, a.rsaKey, map[string]any{"x5t": raw.EncodeToString(a.ecSHA256[:20])}},
		{"no thumbprint", jwt.SigningMethodPS256, a.rsaKey, nil},
		{"HS256 with the certificate as key", jwt.SigningMethodHS256, []byte(a.rsaPEM), header},
		{"none", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, header},
	} {
		refused(t, c.name, a.present(t, c.method, c.key, c.header, a.claims()), 401, "invalid_client", 700027)
	}
	for name, c := range map[string]struct {
		changes []string
		status  int
		kind    string
		code    int
	}{
		"not a JWT": {[]string{"client_assertion_type", jwtBearer}, 401, "invalid_client", 50027},
		"odd type":  {[]string{"client_assertion_type", "saml"}, 400, "invalid_request", 90013},
		"no type":   {nil, 400, "invalid_request", 900144},
	} {
		form := with(daemon("client_secret", "-", "client_assertion", "x"), c.changes...)
		refused(t, name, a.post(tokenURL, form), c.status, c.kind, c.code)
	}
}

func mustRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
