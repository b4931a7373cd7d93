package msal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

func TestErrorsKeepWhatTheServiceAdds(t *testing.T) {
	w := newWorld(t)
	w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken}, Status: 400, ContentType: "application/json",
		Body: `{"error":"invalid_grant","error_codes":[50076],"resolution":"call 0123","attempts":{"left":2},"access_token":"pl4nted","note":"for ` + emulator.DaemonSecret + `"}`})
	_, err := w.daemon(t).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	var got *msal.Error
	if !errors.As(err, &got) {
		t.Fatalf("got %v", err)
	}
	if got.Extra.Text("resolution") != "call 0123" || string(got.Extra["attempts"]) != `{"left":2}` || got.Extra.Text("attempts") != "" || got.Extra.Text("none") != "" {
		t.Errorf("the members are lost: %s", got.Extra)
	}
	if _, there := got.Extra["access_token"]; there || got.Extra.Text("note") != "for [redacted]" {
		t.Errorf("a secret was kept; note is %q", got.Extra.Text("note"))
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "err", err, "extra", got.Extra)
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", *got), fmt.Sprintf("%#v", *got), fmt.Sprintf("%d", got.Extra), log.String()} {
		if strings.Contains(text, "0123") {
			t.Errorf("a value shows in %s", text)
		}
	}
	if text := fmt.Sprint(got.Extra); text != "[attempts note resolution]" {
		t.Errorf("printed as %s", text)
	}
}

func TestErrorsThroughTheBrowserKeepWhatTheServiceAdds(t *testing.T) {
	w := newWorld(t)
	app := w.web(t)
	flow, answer := w.begin(t, app, alice, msal.AuthCodeFlowRequest{})
	answer.Del("code")
	answer.Set("error", "access_denied")
	answer.Set("error_subcode", "cancel")
	answer.Set("reason", "bored")
	_, err := app.AcquireTokenByAuthCodeFlow(t.Context(), msal.AuthCodeRedemption{Flow: flow, Response: answer})
	var got *msal.Error
	if !errors.As(err, &got) || got.SubError != "cancel" || got.Extra.Text("reason") != "bored" || len(got.Extra) != 1 {
		t.Errorf("got %+v", got)
	}
}
