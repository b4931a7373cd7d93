package msal_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestMalformedAuthoritiesAreRefusedWithoutNetwork(t *testing.T) {
	const entra, issuer, tenant = "use https://login.microsoftonline.com/{tenant}", "use the issuer's URL", "use the tenant's id"
	for _, tt := range []struct{ authority, oidc, hint string }{
		{authority: "login.microsoftonline.com/contoso", hint: entra},
		{authority: "http://login.microsoftonline.com/contoso", hint: entra},
		{authority: "https://login.microsoftonline.com", hint: tenant},
		{authority: "https://login.microsoftonline.com/", hint: tenant},
		{authority: "https:///contoso", hint: entra},
		{authority: "https://user:" + planted + "@login.microsoftonline.com/contoso", hint: "remove everything between"},
		{authority: "https://login.microsoftonline.com/../evil", hint: tenant},
		{authority: "https://login.microsoftonline.com/a%2fb", hint: tenant},
		{authority: "https://login.microsoftonline.com/a b", hint: entra},
		{authority: "https://login.microsoftonline.com\\@evil.example/contoso", hint: entra},
		{authority: "https://login.microsoftonline.com:99999/contoso", hint: "correct the port"},
		{authority: "https://login.microsoftonline.com/contoso\n", hint: entra},
		{authority: "ftp://host/t", hint: entra},
		{oidc: "http://issuer.example", hint: issuer},
		{oidc: "https://", hint: issuer},
		{oidc: "https://issuer.example/?a=b", hint: "remove everything from the first ?"},
		{authority: authority, oidc: "https://issuer.example", hint: "not both"},
	} {
		t.Run(tt.authority+"|"+tt.oidc, func(t *testing.T) {
			w := newWorld(t)
			_, err := msal.NewPublicClient("id", w.options(func(o *msal.Options) { o.Authority, o.OIDCAuthority = tt.authority, tt.oidc }))
			wantError(t, err, msal.ErrConfiguration)
			wantHint(t, err, tt.hint)
			if len(w.wire.requests) != 0 {
				t.Errorf("requests were sent: %q", w.wire.requests)
			}
		})
	}
}

const planted = "pl4nted-s3cret"

func TestBadClientIDsAreRefused(t *testing.T) {
	for _, id := range []string{"", " ", "a b", "a\n"} {
		_, err := msal.NewPublicClient(id, msal.Options{})
		wantError(t, err, msal.ErrConfiguration)
	}
}

func TestMalformedScopesAreRefusedByEveryFlow(t *testing.T) {
	w := newWorld(t)
	for _, scopes := range [][]string{{""}, {"a b"}, {"a\tb"}, {`a"b`}} {
		_, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: scopes})
		wantError(t, err, msal.ErrConfiguration)
		_, err = w.public(t).AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: scopes, Account: msal.Account{HomeAccountID: "a.b"}})
		wantError(t, err, msal.ErrConfiguration)
		_, err = w.public(t).InitiateDeviceFlow(t.Context(), msal.DeviceFlowRequest{Scopes: scopes})
		wantError(t, err, msal.ErrConfiguration)
		_, err = w.public(t).AcquireTokenInteractive(t.Context(), msal.InteractiveRequest{Scopes: scopes})
		wantError(t, err, msal.ErrConfiguration)
		_, err = w.web(t).InitiateAuthCodeFlow(t.Context(), msal.AuthCodeFlowRequest{Scopes: scopes, RedirectURI: callback})
		wantError(t, err, msal.ErrConfiguration)
	}
	if len(w.wire.requests) != 0 {
		t.Errorf("requests were sent: %q", w.wire.requests)
	}
}

func TestUnknownTenantIsAConfigurationError(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t, func(o *msal.Options) { o.Authority = "https://login.microsoftonline.com/nobody.example" })
	_, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrConfiguration)
}

func TestUnknownHostIsAskedAboutAndRefused(t *testing.T) {
	w := newWorld(t)
	c := w.daemon(t, func(o *msal.Options) { o.Authority = "https://login.evil.example/" + emulator.DefaultTenantID })
	_, err := c.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	wantError(t, err, msal.ErrConfiguration)
	if n := w.wire.tokens(); n != 0 {
		t.Error("the secret was sent to an unknown host")
	}
}

func TestUnreadableKeysAreRefused(t *testing.T) {
	cert := newCertificate(t, testKey(), time.Hour)
	key := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(testKey())}))
	legacy := "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" + "AAAA\n-----END RSA PRIVATE KEY-----\n"
	for _, tt := range []struct{ name, pem, hint string }{
		{"empty", "", "convert it with openssl"},
		{"no PEM", planted, "convert it with openssl"},
		{"no key", pemCertificate(cert), "give one"},
		{"no certificate", key, "give the one registered"},
		{"two keys", key + otherKey(t) + pemCertificate(cert), "leave only the one"},
		{"encrypted, PKCS#8", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n" + pemCertificate(cert), "decrypt it with"},
		{"encrypted, legacy", legacy + pemCertificate(cert), "decrypt it with"},
		{"garbage in the key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + pemCertificate(cert), "PEM block 1"},
		{"another's key", otherKey(t) + pemCertificate(cert), "give the two that belong together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := msal.ParseCertificate([]byte(tt.pem))
			wantError(t, err, msal.ErrConfiguration)
			wantHint(t, err, tt.hint)
		})
	}
	got, err := msal.ParseCertificate([]byte(key + pemCertificate(cert)))
	if err != nil || len(got.Chain) != 1 || !got.Chain[0].Equal(cert) {
		t.Errorf("a good file: %v, %v", got, err)
	}
}

func otherKey(t *testing.T) string {
	t.Helper()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(other)}))
}

func TestBadAnswersOfTheTokenEndpoint(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault emulator.Fault
		want  error
		hint  string
	}{
		{"HTML", emulator.Fault{Status: 200, ContentType: "text/html", Body: "<html>" + planted + "</html>"}, msal.ErrProtocol, "a proxy, a captive portal"},
		{"HTML with a server error", emulator.Fault{Status: 502, ContentType: "text/html", Body: "<html>" + planted}, msal.ErrTransient, "try again later"},
		{"empty", emulator.Fault{Status: 200, ContentType: "application/json", Body: " "}, msal.ErrProtocol, "it is empty"},
		{"an array", emulator.Fault{Status: 200, ContentType: "application/json", Body: "[]"}, msal.ErrProtocol, "not a JSON object"},
		{"no access token", emulator.Fault{Status: 200, ContentType: "application/json", Body: `{"refresh_token":"` + planted + `"}`}, msal.ErrProtocol, "neither an access_token"},
		{"an access token of the wrong type", emulator.Fault{Status: 200, ContentType: "application/json", Body: `{"access_token":["` + planted + `"]}`}, msal.ErrProtocol, "access_token"},
		{"truncated", emulator.Fault{Truncate: 20}, msal.ErrTransient, "closed before"},
		{"connection reset", emulator.Fault{Reset: true}, msal.ErrTransient, "reset"},
		{"oversized", emulator.Fault{Status: 200, ContentType: "application/json", Body: `{"access_token":"` + strings.Repeat("a", 2<<20) + `"}`}, msal.ErrProtocol, "not from a sign-in service"},
		{"a redirect", emulator.Fault{Status: 307, Redirect: "https://evil.example/token"}, msal.ErrProtocol, "look for a proxy"},
		{"a redirect to http", emulator.Fault{Status: 302, Redirect: "http://evil.example/token"}, msal.ErrProtocol, "look for a proxy"},
		{"unauthorized without a body", emulator.Fault{Status: 401, ContentType: "text/plain", Body: "no"}, msal.ErrProtocol, "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			cache, unchanged := newCache(t)
			tt.fault.Match, tt.fault.Times = emulator.Match{Endpoint: emulator.EndpointToken}, 1
			w.Emulator().Inject(tt.fault)
			res, err := w.daemon(t, func(o *msal.Options) { o.Cache = cache }).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
			wantError(t, err, tt.want)
			wantHint(t, err, tt.hint)
			if !res.IsZero() || strings.Contains(w.log.String(), planted) {
				t.Error("something of the answer got out")
			}
			unchanged()
			if w.wire.tokens() != 1 {
				t.Errorf("%d token requests, want 1 and no follow-up: %q", w.wire.tokens(), w.wire.requests)
			}
			if errors.Is(err, msal.ErrInteractionRequired) {
				t.Error("a broken answer asks for no person")
			}
		})
	}
}

// wantHint fails unless the error says what to do, and keeps what was planted.
func wantHint(t *testing.T, err error, hint string) {
	t.Helper()
	text := err.Error() // here the text is what is tested: people read it
	if !strings.Contains(text, hint) {
		t.Errorf("got %q, want the hint %q", text, hint)
	}
	if strings.Contains(text, planted) {
		t.Error("the error shows what was planted in the input")
	}
}
