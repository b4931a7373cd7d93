package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/msal-go/msal/emulator"
)

func TestNoSecretShowsInTheJournalLogsOrViolations(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	f := start(t, func(c *emulator.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Lenient = true
	})
	code := f.code(request(emulator.DesktopClientID, loopback))
	signedIn := f.token(desktopCode(code))
	refreshed := f.token(refreshWith(signedIn.text("refresh_token")))
	f.token(daemon())
	f.post(tokenURL, daemon("client_secret", "planted-wrong-secret"))
	f.post(tokenURL, desktopCode(code))
	d := f.device()
	f.post(tokenURL, poll(d))
	f.post(tokenURL, poll(d))
	f.submit(f.open(d.text("verification_uri")), "otc", d.text("user_code"))
	f.post(tokenURL+"?client_secret=planted-query-secret&unknown=planted-unknown", daemon("scope", "-", "odd", "planted-odd"))
	f.post(tokenURL, url.Values{"grant_type": {"password"}, "client_id": {emulator.DesktopClientID}, "username": {emulator.DefaultUser}, "password": {"planted-password"}, "scope": {"openid"}},
		"Authorization", "Bearer planted-bearer", "X-Planted", "planted-header")
	f.get(authority + "/oauth2/v2.0/logout?id_token_hint=" + signedIn.text("id_token"))

	var dump strings.Builder
	for _, x := range f.emu.Journal() {
		fmt.Fprintf(&dump, "%s\n%v\n%+v\n%#v\n", x, x, x, x)
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		dump.Write(text)
	}
	for _, v := range append(f.emu.Violations(), f.emu.Advice()...) {
		fmt.Fprintf(&dump, "%s %+v\n", v, v)
	}
	if !strings.Contains(dump.String(), emulator.DaemonClientID) || !strings.Contains(log.String(), "client_credentials") {
		t.Fatal("nothing was recorded")
	}
	for name, secret := range map[string]string{
		"code": code, "verifier": verifier, "refresh token": signedIn.text("refresh_token"), "second refresh token": refreshed.text("refresh_token"),
		"access token": signedIn.text("access_token"), "id token": signedIn.text("id_token"), "secret": emulator.DaemonSecret, "password": emulator.DefaultPassword,
		"device code": d.text("device_code"), "user code": d.text("user_code"), "planted": "planted",
	} {
		if strings.Contains(dump.String(), secret) {
			t.Errorf("the %s is in the journal", name)
		}
		if strings.Contains(log.String(), secret) {
			t.Errorf("the %s is in the log", name)
		}
	}
}

func TestJournalTellsWhatWasSent(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.token(daemon(), "x-client-SKU", "MSAL.Test", "X-AnchorMailbox", "Oid:x@y")
	f.get(authority + "/v2.0/.well-known/openid-configuration")
	all := f.emu.Requests(emulator.EndpointToken)
	if len(all) != 1 || len(f.emu.Journal()) != 2 {
		t.Fatalf("%d of %d exchanges", len(all), len(f.emu.Journal()))
	}
	x := all[0]
	if x.Method != http.MethodPost || x.Host != "login.microsoftonline.com" || !x.Secure || x.Grant != "client_credentials" || x.ClientID != emulator.DaemonClientID ||
		x.Status != 200 || x.Error != "" || x.CorrelationID != "5b3ff6a5-1f5e-4d2a-8a3f-000000000001" || x.TraceID == "" || x.Fault {
		t.Errorf("exchange: %v", x)
	}
	if x.Form.Get("scope") != "api://tasks/.default" || x.Form.Get("client_secret") != "[redacted]" || x.Header.Get("x-client-sku") != "MSAL.Test" || x.Header.Get("X-AnchorMailbox") != "Oid:x@y" {
		t.Errorf("form %v, header %v", x.Form, x.Header)
	}
	if !x.Sent("client_secret", emulator.DaemonSecret) || x.Sent("client_secret", "x") || x.Sent("nothing", "") {
		t.Error("Sent does not compare with what was sent")
	}
	if !strings.Contains(x.String(), `POST login.microsoftonline.com/`+emulator.DefaultTenantID+`/oauth2/v2.0/token grant="client_credentials"`) {
		t.Errorf("String: %s", x)
	}
	f.emu.ResetJournal()
	if len(f.emu.Journal()) != 0 {
		t.Error("the journal was not forgotten")
	}
}

func TestViolationsAndAdvice(t *testing.T) {
	t.Parallel()
	for rule, c := range map[string]struct {
		advice bool
		do     func(f *fixture)
	}{
		"tls":               {false, func(f *fixture) { f.get("http://login.microsoftonline.com/common/discovery/v2.0/keys") }},
		"secret-in-address": {false, func(f *fixture) { f.post(tokenURL+"?client_secret=x", daemon()) }},
		"pkce-downgrade": {false, func(f *fixture) {
			f.post(tokenURL, desktopCode(f.code(request(emulator.DesktopClientID, loopback, "code_challenge", "-", "code_challenge_method", "-"))))
		}},
		"correlation": {true, func(f *fixture) { f.post(tokenURL, daemon(), "client-request-id", "") }},
		"state":       {true, func(f *fixture) { f.open(request(emulator.DesktopClientID, loopback, "state", "-")) }},
		"pkce":        {true, func(f *fixture) { f.open(request(emulator.DesktopClientID, loopback, "code_challenge", "-")) }},
		"pkce-plain": {true, func(f *fixture) {
			f.open(request(emulator.DesktopClientID, loopback, "code_challenge_method", "plain"))
		}},
		"nonce":                    {true, func(f *fixture) { f.open(request(emulator.DesktopClientID, loopback, "nonce", "-")) }},
		"device-grant-name":        {true, func(f *fixture) { f.post(tokenURL, poll(f.device(), "grant_type", "device_code")) }},
		"client-credentials-scope": {true, func(f *fixture) { f.post(tokenURL, daemon("scope", "api://tasks/.default openid")) }},
	} {
		f := start(t)
		c.do(f)
		list, other := f.emu.Violations(), f.emu.Advice()
		if c.advice {
			list, other = other, list
		}
		if len(list) != 1 || list[0].Rule != rule || list[0].Detail == "" || list[0].Source == "" {
			t.Errorf("%s: %v", rule, list)
		}
		if len(other) != 0 && c.advice {
			t.Errorf("%s: also %v", rule, other)
		}
	}
	f := start(t)
	f.post(tokenURL+"?user_federated_identity_credential=x", daemon())
	if list := f.emu.Violations(); len(list) != 1 || list[0].Rule != "secret-in-address" {
		t.Errorf("a federated identity credential in the address: %v", list)
	}
	f = start(t)
	f.get("http://localhost:8080/common/discovery/v2.0/keys")
	if len(f.emu.Violations()) != 0 {
		t.Error("plain http on loopback is no violation")
	}
}
