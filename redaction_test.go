package msal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// planted is a secret that must not show up anywhere.
const planted = "pl4nted-s3cret"

func TestSecretsDoNotPrintThemselves(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	confidential, err := NewConfidentialClient("id", Secret(planted), Options{})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{
		"secret":      Secret(planted),
		"result":      Result{AccessToken: planted, IDToken: planted, SPACode: planted, TokenType: "Bearer", ExpiresOn: time.Now()},
		"flow":        AuthCodeFlow{State: planted, Nonce: planted, CodeVerifier: planted, URL: "https://host/?state=" + planted},
		"device flow": DeviceFlow{DeviceCode: planted, UserCode: planted, Message: "Go there."},
		"certificate": Certificate{Key: key},
		"assertion":   UserFederatedIdentityCredentialRequest{Assertion: planted},
		"pointer":     &Result{AccessToken: planted},
		"error":       Error{Code: "x", Extra: ErrorMembers{"a": json.RawMessage(`"` + planted + `"`)}},
		"members":     ErrorMembers{"a": json.RawMessage(`"` + planted + `"`)},
		"client":      confidential,
		"redemption":  AuthCodeRedemption{Flow: AuthCodeFlow{CodeVerifier: planted}, Response: url.Values{"code": {planted}}},
		"cache entry": CacheEntry{Type: CacheRefreshToken, Secret: planted, HomeAccountID: planted, Username: planted},
		"token event": TokenEvent{Response: []byte(planted), Data: map[string]string{"password": planted}, Username: planted},
		"own request": AuthorizationURLRequest{State: planted, Nonce: planted, CodeVerifier: planted},
		"own code":    AuthorizationCodeRequest{Code: planted, Nonce: planted, CodeVerifier: planted},
		"migration":   RefreshTokenRequest{RefreshToken: planted},
		"on behalf":   OnBehalfOfRequest{UserAssertion: planted, LongRunningKey: planted},
		"paste":       PastePrompt{SignInURL: planted},
		"device code": DeviceFlowRedemption{Flow: DeviceFlow{DeviceCode: planted}},
	}
	for name, v := range values {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		for how, text := range map[string]string{
			"%v": fmt.Sprintf("%v", v), "%+v": fmt.Sprintf("%+v", v), "%#v": fmt.Sprintf("%#v", v),
			"%s": fmt.Sprintf("%s", v), "in a struct": fmt.Sprintf("%+v", struct{ V any }{v}), "slog": log.String(),
		} {
			if strings.Contains(text, planted) || strings.Contains(text, key.D.String()) {
				t.Errorf("%s printed as %s shows a secret", name, how)
			}
		}
	}
}

func TestSecretIsHiddenWhateverTheVerb(t *testing.T) {
	for _, verb := range []string{"%v", "%s", "%q", "%d", "%x", "%t", "%#v", "%10.3s"} {
		if text := fmt.Sprintf(verb, Secret(planted)); text != redacted {
			t.Errorf("%s prints %q", verb, text)
		}
	}
}

func TestMarshallingShowsNoSecretOutsideFlows(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{Secret(planted), Result{AccessToken: planted, IDToken: planted, SPACode: planted}, Certificate{Key: key},
		CacheEntry{Secret: planted, Username: planted}, TokenEvent{Response: []byte(planted)},
		AuthorizationURLRequest{State: planted, CodeVerifier: planted}, AuthorizationCodeRequest{Code: planted}, PastePrompt{SignInURL: planted},
		AuthCodeRedemption{Response: url.Values{"code": {planted}}}, DeviceFlowRedemption{Flow: DeviceFlow{DeviceCode: planted}},
		RefreshTokenRequest{RefreshToken: planted}, OnBehalfOfRequest{UserAssertion: planted}} {
		data, err := json.Marshal(v)
		if err != nil || bytes.Contains(data, []byte(planted)) || bytes.Contains(data, []byte(key.D.String())) {
			t.Errorf("%T as JSON: %v, shows the secret: %v", v, err, bytes.Contains(data, []byte(planted)))
		}
	}
}

func TestFlowsSurviveJSON(t *testing.T) {
	flow := AuthCodeFlow{URL: "u", State: "s", Nonce: "n", CodeVerifier: "v", RedirectURI: "r", Scopes: []string{"a"}, ClientID: "i",
		Authority: "a", Claims: "c", MaxAge: time.Minute, ExpiresAt: time.Unix(1, 0).UTC(), CorrelationID: "x"}
	data, err := json.Marshal(flow)
	if err != nil {
		t.Fatal(err)
	}
	var back AuthCodeFlow
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, flow) {
		t.Errorf("the flow changed on its way through JSON")
	}
}
