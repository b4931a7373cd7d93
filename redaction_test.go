package msal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
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
	values := map[string]any{
		"secret":      Secret(planted),
		"result":      Result{AccessToken: planted, IDToken: planted, TokenType: "Bearer", ExpiresOn: time.Now()},
		"flow":        AuthCodeFlow{State: planted, Nonce: planted, CodeVerifier: planted, URL: "https://host/?state=" + planted},
		"device flow": DeviceFlow{DeviceCode: planted, UserCode: planted, Message: "Go there."},
		"certificate": Certificate{Key: key},
		"pointer":     &Result{AccessToken: planted},
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

func TestMarshallingShowsNoSecretOutsideFlows(t *testing.T) {
	for _, v := range []any{Secret(planted), Result{AccessToken: planted, IDToken: planted}} {
		data, err := json.Marshal(v)
		if err != nil || bytes.Contains(data, []byte(planted)) {
			t.Errorf("%T as JSON: %v, shows the secret: %v", v, err, bytes.Contains(data, []byte(planted)))
		}
	}
}

func TestFlowsSurviveJSON(t *testing.T) {
	flow := AuthCodeFlow{State: "s", Nonce: "n", CodeVerifier: "v", Scopes: []string{"a"}, MaxAge: time.Minute, ExpiresAt: time.Unix(1, 0).UTC()}
	data, err := json.Marshal(flow)
	if err != nil {
		t.Fatal(err)
	}
	var back AuthCodeFlow
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(back.Scopes, back.State, back.Nonce, back.CodeVerifier, back.MaxAge, back.ExpiresAt) !=
		fmt.Sprint(flow.Scopes, flow.State, flow.Nonce, flow.CodeVerifier, flow.MaxAge, flow.ExpiresAt) {
		t.Errorf("the flow changed on its way through JSON")
	}
}
