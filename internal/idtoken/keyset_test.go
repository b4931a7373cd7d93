package idtoken

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/msal-go/msal/internal/httpx"
)

// Keys take long to make: they are made once for all tests.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaOther = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	ecKey384 = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

const issuer = "https://id.example"

// sign makes a token with another JWT library than the one under test.
func sign(t *testing.T, method jwt.SigningMethod, k any, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims{"iss": issuer, "sub": "planted-subject", "aud": "cid"})
	for name, value := range header {
		token.Header[name] = value
	}
	raw, err := token.SignedString(k)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func b64(n []byte) string { return base64.RawURLEncoding.EncodeToString(n) }

// jwk writes a public key by hand; more are further members.
func jwk(kid string, public crypto.PublicKey, more ...string) map[string]any {
	m := map[string]any{"kid": kid, "use": "sig"}
	switch k := public.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		point := must(k.Bytes())[1:]
		m["kty"], m["crv"] = "EC", k.Curve.Params().Name
		m["x"], m["y"] = b64(point[:len(point)/2]), b64(point[len(point)/2:])
	}
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

func jwks(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

// issuerKeys serves a key set in memory.
type issuerKeys struct {
	mu     sync.Mutex
	status int
	body   string
	delay  time.Duration
	asked  int
}

func (s *issuerKeys) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asked++
	status, body, delay := s.status, s.body, s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if status == 0 {
		return nil, errors.New("no connection")
	}
	w := httptest.NewRecorder()
	w.WriteHeader(status)
	fmt.Fprint(w, body)
	return w.Result(), nil
}

func (s *issuerKeys) serve(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

func (s *issuerKeys) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *issuerKeys) keySet() *KeySet {
	return NewKeySet(httpx.New(httpx.Config{HTTP: &http.Client{Transport: s}}), "https://id.example/keys")
}

func TestVerifyAcceptsTheIssuersSignatures(t *testing.T) {
	t.Parallel()
	set := jwks(jwk("other", &rsaOther().PublicKey), jwk("rsa", &rsaKey().PublicKey, "x5t", "planted", "issuer", issuer+"/"),
		jwk("ec", &ecKey().PublicKey), jwk("ec384", &ecKey384().PublicKey, "alg", "ES384", "issuer", "https://login.example/{tenantid}/v2.0"))
	k := (&issuerKeys{status: 200, body: set}).keySet()
	for _, c := range []struct {
		method jwt.SigningMethod
		key    any
		kid    string
	}{
		{jwt.SigningMethodRS256, rsaKey(), "rsa"}, {jwt.SigningMethodRS384, rsaKey(), "rsa"}, {jwt.SigningMethodRS512, rsaKey(), "rsa"},
		{jwt.SigningMethodPS256, rsaKey(), "rsa"}, {jwt.SigningMethodPS384, rsaKey(), "rsa"}, {jwt.SigningMethodPS512, rsaKey(), "rsa"},
		{jwt.SigningMethodES256, ecKey(), "ec"}, {jwt.SigningMethodES384, ecKey384(), "ec384"},
	} {
		if err := k.Verify(t.Context(), sign(t, c.method, c.key, map[string]any{"kid": c.kid})); err != nil {
			t.Errorf("%s: %v", c.method.Alg(), err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	good := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa"})
	parts := strings.Split(good, ".")
	none := must(jwt.New(jwt.SigningMethodNone).SignedString(jwt.UnsafeAllowNoneSignatureType))
	// The classic confusion: the public key, which all know, as an HMAC secret.
	mac := hmac.New(sha256.New, rsaKey().N.Bytes())
	hs := b64([]byte(`{"alg":"HS256","kid":"rsa"}`)) + "." + parts[1]
	mac.Write([]byte(hs))
	own := must(json.Marshal(jwk("rsa", &rsaOther().PublicKey)))
	k := (&issuerKeys{status: 200, body: jwks(
		jwk("rsa", &rsaKey().PublicKey), jwk("ec", &ecKey().PublicKey), jwk("ec384", &ecKey384().PublicKey),
		jwk("ps", &rsaKey().PublicKey, "alg", "PS256"), jwk("bound", &rsaKey().PublicKey, "issuer", "https://other.example"),
		jwk("enc", &rsaKey().PublicKey, "use", "enc"),
	)}).keySet()
	for _, c := range []struct {
		name, raw string
		reason    Reason
		part      string
	}{
		{"empty", "", ReasonMalformed, ""},
		{"no JWT", "planted", ReasonMalformed, ""},
		{"none", none, ReasonAlgorithm, "header"},
		{"none, odd spelling", b64([]byte(`{"alg":"nOnE","kid":"rsa"}`)) + "." + parts[1] + ".", ReasonAlgorithm, "header"},
		{"HMAC with the public key", hs + "." + b64(mac.Sum(nil)), ReasonAlgorithm, "header"},
		{"no algorithm", b64([]byte(`{"kid":"rsa"}`)) + "." + parts[1] + "." + parts[2], ReasonAlgorithm, "header"},
		{"algorithm is a list", b64([]byte(`{"alg":["RS256"],"kid":"rsa"}`)) + "." + parts[1] + "." + parts[2], ReasonAlgorithm, "header"},
		{"key id is a number", b64([]byte(`{"alg":"RS256","kid":1}`)) + "." + parts[1] + "." + parts[2], ReasonMalformed, "header"},
		{"critical extension", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa", "crit": []string{"exp"}}), ReasonMalformed, "header"},
		{"unencoded payload", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa", "b64": false}), ReasonMalformed, "header"},
		{"embedded key that is none", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa", "jwk": "planted"}), ReasonMalformed, ""},
		{"unknown key", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "planted"}), ReasonKeyID, "header"},
		{"key id that is a path", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "../../rsa"}), ReasonKeyID, "header"},
		{"no key id, several keys", sign(t, jwt.SigningMethodRS256, rsaKey(), nil), ReasonKeyID, "header"},
		{"encryption key", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "enc"}), ReasonKeyID, "header"},
		{"another's signature", sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "rsa"}), ReasonSignature, "signature"},
		{"key in the header", sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "rsa", "jwk": json.RawMessage(own)}), ReasonSignature, "signature"},
		{"address of a key in the header", sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "rsa", "jku": "https://evil.example/keys"}), ReasonSignature, "signature"},
		{"changed payload", parts[0] + "." + b64([]byte(`{"iss":"https://id.example","sub":"evil"}`)) + "." + parts[2], ReasonSignature, "signature"},
		{"no signature", parts[0] + "." + parts[1] + ".", ReasonSignature, "signature"},
		{"cut signature", good[:len(good)-8], ReasonSignature, "signature"},
		{"RSA algorithm, EC key", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "ec"}), ReasonAlgorithm, "header"},
		{"EC algorithm, RSA key", sign(t, jwt.SigningMethodES256, ecKey(), map[string]any{"kid": "rsa"}), ReasonAlgorithm, "header"},
		{"P-256 algorithm, P-384 key", sign(t, jwt.SigningMethodES256, ecKey(), map[string]any{"kid": "ec384"}), ReasonAlgorithm, "header"},
		{"key for another algorithm", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "ps"}), ReasonAlgorithm, "header"},
		{"key of another issuer", sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "bound"}), ReasonIssuer, "iss"},
	} {
		wantReason(t, c.name, k.Verify(t.Context(), c.raw), c.reason, c.part)
	}
	if err := k.Verify(t.Context(), good); err != nil {
		t.Errorf("the good token: %v", err)
	}
}

func TestKeyIDMayBeLeftOutWhenThereIsNoChoice(t *testing.T) {
	t.Parallel()
	k := (&issuerKeys{status: 200, body: jwks(jwk("rsa", &rsaKey().PublicKey), jwk("ec", &ecKey().PublicKey))}).keySet()
	if err := k.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, rsaKey(), nil)); err != nil {
		t.Error(err)
	}
	wantReason(t, "another's", k.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, rsaOther(), nil)), ReasonSignature, "signature")
}

func TestUnusableKeySets(t *testing.T) {
	t.Parallel()
	token := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa"})
	weak := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"no connection":    {0, ""},
		"not found":        {404, jwks(jwk("rsa", &rsaKey().PublicKey))},
		"server error":     {500, ""},
		"empty":            {200, ""},
		"HTML":             {200, "<html>planted"},
		"list":             {200, "[]"},
		"no keys":          {200, `{"keys":[]}`},
		"keys are numbers": {200, `{"keys":[1]}`},
		"symmetric":        {200, `{"keys":[{"kty":"oct","kid":"rsa","k":"cGxhbnRlZA"}]}`},
		"weak":             {200, jwks(jwk("rsa", weak))},
		"private":          {200, jwks(jwk("rsa", &rsaKey().PublicKey, "d", "planted"))},
		"no modulus":       {200, `{"keys":[{"kty":"RSA","kid":"rsa","e":"AQAB"}]}`},
		"off the curve":    {200, `{"keys":[{"kty":"EC","kid":"rsa","crv":"P-256","x":"AQ","y":"AQ"}]}`},
		"Edwards curve":    {200, `{"keys":[{"kty":"OKP","kid":"rsa","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`},
		"odd issuer":       {200, strings.Replace(jwks(jwk("rsa", &rsaKey().PublicKey, "issuer", "x")), `"x"`, "7", 1)},
		"too many":         {200, `{"keys":[` + strings.Repeat(`{},`, maxKeys) + `{}]}`},
	} {
		s := &issuerKeys{status: c.status, body: c.body}
		wantReason(t, name, s.keySet().Verify(t.Context(), token), ReasonKeys, "")
	}
	wantReason(t, "no address", NewKeySet(httpx.New(httpx.Config{}), "").Verify(t.Context(), token), ReasonKeys, "")
	err := NewKeySet(httpx.New(httpx.Config{}), "http://id.example/keys").Verify(t.Context(), token)
	wantReason(t, "http", err, ReasonKeys, "")
	var insecure *httpx.InsecureURLError
	if !errors.As(err, &insecure) {
		t.Errorf("http: %v, want an InsecureURLError inside", err)
	}
}

func TestOddKeysDoNotSpoilTheOthers(t *testing.T) {
	t.Parallel()
	body := jwks(map[string]any{}, map[string]any{"kty": "planted"}, jwk("x", &rsaOther().PublicKey, "d", "x"),
		jwk("rsa", &rsaKey().PublicKey, "x5u", "://"), map[string]any{"kty": "RSA", "n": 7})
	body = strings.Replace(body, `"x5u"`, `"x5c":["planted"],"x5u"`, 1)
	k := (&issuerKeys{status: 200, body: body}).keySet()
	if err := k.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa"})); err != nil {
		t.Error(err)
	}
}

func TestKeysOverTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/keys" {
			t.Errorf("request %s %s", r.Method, r.URL)
		}
		fmt.Fprint(w, jwks(jwk("rsa", &rsaKey().PublicKey)))
	}))
	defer srv.Close()
	k := NewKeySet(httpx.New(httpx.Config{HTTP: srv.Client()}), srv.URL+"/keys")
	if err := k.Verify(t.Context(), sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "rsa"})); err != nil {
		t.Error(err)
	}
}

// wantVerify verifies raw, and compares the outcome and how often the issuer was
// asked in all.
func wantVerify(t *testing.T, k *KeySet, s *issuerKeys, raw string, want Reason, asked int) {
	t.Helper()
	err := k.Verify(t.Context(), raw)
	var e *Error
	if want == "" && err != nil || want != "" && (!errors.As(err, &e) || e.Reason != want) || s.requests() != asked {
		t.Errorf("got %v after %d requests; want reason %q after %d", err, s.requests(), want, asked)
	}
}

func TestNewKeyIsFetchedOnceAMinute(t *testing.T) {
	first := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"})
	second := sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "2"})
	third := sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "3"})
	synctest.Test(t, func(t *testing.T) {
		s := &issuerKeys{status: 200, body: jwks(jwk("1", &rsaKey().PublicKey))}
		k := s.keySet()
		wantVerify(t, k, s, first, "", 1)
		s.serve(200, jwks(jwk("2", &rsaOther().PublicKey)))
		time.Sleep(time.Second)
		wantVerify(t, k, s, second, ReasonKeyID, 1) // too soon to ask again
		time.Sleep(time.Minute)
		wantVerify(t, k, s, second, "", 2)
		wantVerify(t, k, s, first, ReasonKeyID, 2) // the issuer withdrew it
		time.Sleep(time.Minute)
		wantVerify(t, k, s, third, ReasonKeyID, 3)
		time.Sleep(time.Second)
		wantVerify(t, k, s, third, ReasonKeyID, 3)
		s.serve(503, "")
		time.Sleep(time.Minute)
		wantVerify(t, k, s, third, ReasonKeys, 5) // it may be there, who knows
		time.Sleep(time.Second)
		wantVerify(t, k, s, third, ReasonKeyID, 5)
		time.Sleep(time.Second)
		wantVerify(t, k, s, second, "", 5) // what is known stays
	})
}

// The code is spent when a new key is noticed: one failure must not be the end.
func TestFetchOfANewKeyIsTriedTwice(t *testing.T) {
	first := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"})
	second := sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "2"})
	for name, c := range map[string]struct {
		status, asked int
		want          Reason
	}{
		"server error":  {503, 3, ""},
		"throttled":     {429, 3, ""},
		"no connection": {0, 3, ""},
		"not found":     {404, 2, ReasonKeys},
		"no keys":       {200, 2, ReasonKeys},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &issuerKeys{status: 200, body: jwks(jwk("1", &rsaKey().PublicKey))}
			k := s.keySet()
			wantVerify(t, k, s, first, "", 1)
			time.Sleep(time.Hour)
			s.serve(c.status, "")
			time.AfterFunc(retryAfter/2, func() { s.serve(200, jwks(jwk("2", &rsaOther().PublicKey))) })
			t.Log(name)
			wantVerify(t, k, s, second, c.want, c.asked)
			time.Sleep(time.Minute)
		})
	}
}

func TestSecondTryEndsWithItsCallers(t *testing.T) {
	first := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"})
	second := sign(t, jwt.SigningMethodRS256, rsaOther(), map[string]any{"kid": "2"})
	synctest.Test(t, func(t *testing.T) {
		s := &issuerKeys{status: 200, body: jwks(jwk("1", &rsaKey().PublicKey))}
		k := s.keySet()
		wantVerify(t, k, s, first, "", 1)
		time.Sleep(time.Hour)
		s.serve(503, "")
		ctx, cancel := context.WithTimeout(t.Context(), retryAfter/2)
		defer cancel()
		if err := k.Verify(ctx, second); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's deadline", err)
		}
		time.Sleep(time.Minute)
		if s.requests() != 2 {
			t.Errorf("%d requests, want none after the caller left", s.requests()-1)
		}
	})
}

func TestReadyFetchesOnceAndSaysWhatFailed(t *testing.T) {
	t.Parallel()
	s := &issuerKeys{status: 503}
	k := s.keySet()
	err := k.Ready(t.Context())
	wantReason(t, "outage", err, ReasonKeys, "")
	var e *Error
	if !errors.As(err, &e) || e.Status != 503 || s.requests() != 1 {
		t.Errorf("got %#v after %d requests, want HTTP 503 after one", err, s.requests())
	}
	s.serve(200, jwks(jwk("1", &rsaKey().PublicKey)))
	for range 2 {
		if err := k.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s.serve(503, "")
	wantVerify(t, k, s, sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"}), "", 2)
	wantReason(t, "no address", NewKeySet(httpx.New(httpx.Config{}), "").Ready(t.Context()), ReasonKeys, "")
}

func TestKeyWithoutIDIsFetchedAgain(t *testing.T) {
	raw := sign(t, jwt.SigningMethodRS256, rsaOther(), nil)
	synctest.Test(t, func(t *testing.T) {
		s := &issuerKeys{status: 200, body: jwks(jwk("", &rsaKey().PublicKey))}
		k := s.keySet()
		wantVerify(t, k, s, raw, ReasonSignature, 1)
		s.serve(200, jwks(jwk("", &rsaOther().PublicKey)))
		time.Sleep(2 * time.Minute)
		wantVerify(t, k, s, raw, "", 2)
	})
}

func TestKeysAreFetchedAgainAfterADay(t *testing.T) {
	raw := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"})
	synctest.Test(t, func(t *testing.T) {
		s := &issuerKeys{status: 200, body: jwks(jwk("1", &rsaKey().PublicKey))}
		k := s.keySet()
		wantVerify(t, k, s, raw, "", 1)
		time.Sleep(keepFor - time.Second)
		wantVerify(t, k, s, raw, "", 1)
		time.Sleep(time.Second)
		wantVerify(t, k, s, raw, "", 2)
		s.serve(0, "") // an outage
		time.Sleep(keepFor)
		wantVerify(t, k, s, raw, "", 3)
		time.Sleep(time.Second)
		wantVerify(t, k, s, raw, "", 3) // not asked again at once
		time.Sleep(time.Minute)
		wantVerify(t, k, s, raw, "", 4)
		time.Sleep(keepInOutage)
		wantVerify(t, k, s, raw, ReasonKeys, 5) // too old to trust
		s.serve(200, jwks(jwk("2", &rsaOther().PublicKey)))
		wantVerify(t, k, s, raw, ReasonKeyID, 6) // withdrawn meanwhile
	})
}

func TestOneFetchForManyCallers(t *testing.T) {
	raw := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"})
	strange := sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "planted"})
	synctest.Test(t, func(t *testing.T) {
		s := &issuerKeys{status: 200, body: jwks(jwk("1", &rsaKey().PublicKey)), delay: time.Second}
		k := s.keySet()
		hasty, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := k.Verify(hasty, raw); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hasty caller: %v, want its deadline", err)
			}
		})
		synctest.Wait() // the hasty caller started the fetch
		for range 20 {
			wg.Go(func() {
				if err := k.Verify(t.Context(), raw); err != nil {
					t.Errorf("patient caller: %v", err)
				}
			})
		}
		wg.Wait()
		if s.requests() != 1 {
			t.Errorf("%d requests for the first keys, want 1", s.requests())
		}
		time.Sleep(time.Hour)
		for range 20 {
			wg.Go(func() { wantReason(t, "strange key", k.Verify(t.Context(), strange), ReasonKeyID, "header") })
		}
		wg.Wait()
		if s.requests() != 2 {
			t.Errorf("%d requests after a strange key, want 2", s.requests())
		}
	})
}

func TestEndedContextAsksNobody(t *testing.T) {
	t.Parallel()
	s := &issuerKeys{status: 200, body: jwks(jwk("1", &rsaKey().PublicKey))}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.keySet().Verify(ctx, sign(t, jwt.SigningMethodRS256, rsaKey(), map[string]any{"kid": "1"}))
	if !errors.Is(err, context.Canceled) || s.requests() != 0 {
		t.Errorf("got %v after %d requests", err, s.requests())
	}
}

// Key sets come from strangers: reading one must end, and no key in it may be
// weak or symmetric.
func FuzzKeySet(f *testing.F) {
	f.Add([]byte(jwks(jwk("ec", &ecKey().PublicKey, "alg", "ES256", "issuer", "https://id.example/{tenantid}/v2.0"))))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, _ := parseKeys(body)
		for _, k := range keys {
			switch public := k.public.(type) {
			case *rsa.PublicKey:
				if public.N.BitLen() < 2048 {
					t.Fatalf("a weak key of %d bits", public.N.BitLen())
				}
			case *ecdsa.PublicKey:
				if _, err := public.ECDH(); err != nil {
					t.Fatalf("a point off the curve: %v", err)
				}
			default:
				t.Fatalf("a key of type %T", k.public)
			}
		}
	})
}
