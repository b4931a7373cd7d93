package redisstore_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// issuer is a token server inside the process, so that processes that live for
// milliseconds spend them on the store. Its tokens say whose they are, for what,
// and how new; a code proves that not a letter of them has changed.
type issuer struct {
	key    *ecdsa.PrivateKey
	secret []byte // of the code
}

const (
	issuerHost   = "https://login.microsoftonline.com/"
	issuerTenant = "7c0f3f0a-1b7e-4f0c-9a53-0d3c6f5b0001"
	issuerClient = "7c0f3f0a-1b7e-4f0c-9a53-0d3c6f5b0002"
)

func newIssuerKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return base64.StdEncoding.EncodeToString(der), err
}

// newIssuer makes an issuer from what newIssuerKey made.
func newIssuer(text string) (*issuer, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	return &issuer{key.(*ecdsa.PrivateKey), der}, nil
}

// token makes an access token, or a refresh token with an empty scope.
func (is *issuer) token(user, scope string) string {
	text := user + "|" + scope + "|" + strconv.FormatInt(time.Now().UnixNano(), 10)
	return text + "|" + is.code(text)
}

func (is *issuer) code(text string) string {
	sum := hmac.New(sha256.New, is.secret)
	sum.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}

// read takes a token apart; ok is false for one that is not whole.
func (is *issuer) read(token string) (user, scope string, made int64, ok bool) {
	parts := strings.Split(token, "|")
	if len(parts) != 4 || is.code(strings.Join(parts[:3], "|")) != parts[3] {
		return "", "", 0, false
	}
	made, err := strconv.ParseInt(parts[2], 10, 64)
	return parts[0], parts[1], made, err == nil
}

func (is *issuer) openIDConfiguration() []byte {
	base := issuerHost + issuerTenant
	return marshal(map[string]any{
		"issuer": base + "/v2.0", "jwks_uri": base + "/keys",
		"authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
	})
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of a map of strings
	}
	return b
}

// RoundTrip is the server.
func (is *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := map[string]any{}
	switch {
	case strings.HasSuffix(r.URL.Path, "/keys"):
		public, err := is.key.PublicKey.Bytes() // 4, x, y (SEC 1 section 2.3.3)
		if err != nil {
			return nil, err
		}
		answer["keys"] = []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256", "x": raw64(public[1:33]), "y": raw64(public[33:])}}
	case strings.HasSuffix(r.URL.Path, "/token"):
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		user, _, _, ok := is.read(r.PostForm.Get("refresh_token"))
		if !ok {
			return nil, errors.New("a garbled refresh token was presented")
		}
		scope := ""
		for _, s := range strings.Fields(r.PostForm.Get("scope")) {
			if strings.HasPrefix(s, "api://") {
				scope = s
			}
		}
		answer = map[string]any{
			"token_type": "Bearer", "expires_in": 7200, "scope": scope,
			"access_token": is.token(user, scope), "refresh_token": is.token(user, ""), "id_token": is.idToken(user),
			"client_info": raw64(marshal(map[string]string{"uid": user, "utid": issuerTenant})),
		}
	default:
		return nil, fmt.Errorf("nobody should ask for %s", r.URL.Path)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(marshal(answer))), Request: r,
	}, nil
}

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (is *issuer) idToken(user string) string {
	now := time.Now().Unix()
	text := raw64(marshal(map[string]any{"alg": "ES256", "kid": "1", "typ": "JWT"})) + "." + raw64(marshal(map[string]any{
		"iss": issuerHost + issuerTenant + "/v2.0", "aud": issuerClient, "sub": user, "oid": user, "tid": issuerTenant,
		"preferred_username": user + "@contoso.test", "iat": now, "nbf": now, "exp": now + 3600,
	}))
	sum := sha256.Sum256([]byte(text))
	x, y, err := ecdsa.Sign(rand.Reader, is.key, sum[:])
	if err != nil {
		panic(err) // of a good key
	}
	return text + "." + raw64(append(x.FillBytes(make([]byte, 32)), y.FillBytes(make([]byte, 32))...))
}
