package output_test

import (
	"encoding/json"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

var berlin = time.FixedZone("CET", 3600)

// now is half past two in the afternoon.
func now() time.Time { return time.Date(2026, 11, 21, 14, 30, 0, 0, berlin) }

func result() msal.Result {
	return msal.Result{
		AccessToken: "the-token", TokenType: "Bearer", ExpiresOn: now().Add(58 * time.Minute), Scope: "a b",
		Source: msal.FromCache, CorrelationID: "c-1",
		Account: msal.Account{HomeAccountID: "u.t", Environment: "login.example", Realm: "t", Username: "alice@example.test"},
	}
}

func TestTokensInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format output.Format
		shell  output.Shell
		want   string
	}{
		{output.Token, "", "the-token\n"},
		{output.Header, "", "Authorization: Bearer the-token\n"},
		{output.Env, output.POSIX, "export ACCESS_TOKEN='the-token'\n"},
		{output.Env, output.Fish, "set -gx ACCESS_TOKEN 'the-token'\n"},
		{output.Env, output.PowerShell, "$env:ACCESS_TOKEN = 'the-token'\n"},
		{output.Curl, "", "header = \"Authorization: Bearer the-token\"\n"},
		{output.None, "", ""},
		{output.AZD, "", "{\n  \"expiresOn\": \"2026-11-21T14:28:00Z\",\n  \"token\": \"the-token\"\n}\n"},
		{output.AZ, "", `{
  "accessToken": "the-token",
  "expiresOn": "2026-11-21 15:28:00.000000",
  "expires_on": 1795271280,
  "tenant": "t",
  "tokenType": "Bearer"
}
`},
		{output.ExecCredential, "", `{
  "kind": "ExecCredential",
  "apiVersion": "client.authentication.k8s.io/v1",
  "spec": {
    "interactive": false
  },
  "status": {
    "expirationTimestamp": "2026-11-21T14:28:00Z",
    "token": "the-token"
  }
}
`},
		{output.JSON, "", `{
  "accessToken": "the-token",
  "tokenType": "Bearer",
  "expiresOn": "2026-11-21T14:28:00Z",
  "expiresOnLocal": "2026-11-21T15:28:00+01:00",
  "expiresOnEpoch": 1795271280,
  "expiresIn": 3480,
  "scope": "a b",
  "source": "cache",
  "account": {
    "username": "alice@example.test",
    "tenant": "t",
    "environment": "login.example",
    "homeAccountId": "u.t"
  },
  "correlationId": "c-1"
}
`},
	} {
		var b strings.Builder
		w := output.TokenWriter{Format: c.format, Shell: c.shell, Now: now(), Tenant: "t"}
		if err := w.Write(&b, result()); err != nil {
			t.Fatal(err)
		}
		if b.String() != c.want {
			t.Errorf("%s %s: got\n%s\nwant\n%s", c.format, c.shell, b.String(), c.want)
		}
	}
}

func TestAssignmentsSurviveTheShell(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	const nasty = `a'b"c$(echo x)` + "`echo y`" + `\ d`
	out, err := exec.Command("sh", "-c", output.Assign(output.POSIX, "V", nasty)+`; printf %s "$V"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != nasty {
		t.Errorf("got %q, want %q", out, nasty)
	}
	if got, want := output.Assign(output.Fish, "V", `a'b\`), `set -gx V 'a\'b\\'`; got != want {
		t.Errorf("fish: %s, want %s", got, want)
	}
	if got, want := output.Assign(output.PowerShell, "V", `a'b`), `$env:V = 'a''b'`; got != want {
		t.Errorf("PowerShell: %s, want %s", got, want)
	}
}

func TestShellsAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]output.Shell{"bash": output.POSIX, "ZSH": output.POSIX, "fish": output.Fish, "powershell": output.PowerShell, "": output.POSIX} {
		if got, err := output.ParseShell(given, "linux"); err != nil || got != want {
			t.Errorf("%q: %v, %v", given, got, err)
		}
	}
	if got, _ := output.ParseShell("", "windows"); got != output.PowerShell {
		t.Errorf("on Windows: %v", got)
	}
	if _, err := output.ParseShell("tcsh", "linux"); err == nil {
		t.Error("tcsh is known")
	}
}

func TestTimesAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	times := output.Times{Now: now()}
	for _, c := range []struct {
		in   time.Duration
		want string
	}{
		{58 * time.Minute, "expires 15:28 (in 58m)"},
		{90 * time.Second, "expires 14:31 (in 1m 30s)"},
		{12 * time.Hour, "expires 2026-11-22 02:30 (in 12h)"},
		{-3*time.Hour - 2*time.Minute, "expired 11:28 (3h 2m ago)"},
		{76 * time.Hour, "expires 2026-11-24 18:30 (in 3d 4h)"},
		{90 * 24 * time.Hour, "expires 2027-02-19 14:30 (in 90d)"},
		{0, "expires 14:30 (now)"},
	} {
		if got := times.Expiry(now().Add(c.in)); got != c.want {
			t.Errorf("%v: %q, want %q", c.in, got, c.want)
		}
	}
	if got := times.Full(now().UTC()); got != "2026-11-21 14:30:00 CET" {
		t.Errorf("Full: %q", got)
	}
	for d, want := range map[time.Duration]string{40 * time.Microsecond: "40µs", 2700 * time.Microsecond: "2.7ms", 123 * time.Millisecond: "123ms", 5 * time.Second: "5s", 15 * time.Minute: "15m"} {
		if got := output.Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestFormatsAreThoseOfTheCommand(t *testing.T) {
	t.Parallel()
	if f, err := output.ParseFormat("", output.Text, output.JSON); f != output.Text || err != nil {
		t.Errorf("default: %v, %v", f, err)
	}
	if f, err := output.ParseFormat("JSON", output.Text, output.JSON); f != output.JSON || err != nil {
		t.Errorf("JSON: %v, %v", f, err)
	}
	if _, err := output.ParseFormat("env", output.Text, output.JSON); err == nil {
		t.Error("env is taken where there is none")
	}
}

func TestTablesLineUp(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := output.WriteTable(&b, terminal.Style{}, []string{"A", "LONG"}, [][]string{{"wörd", "x"}, {"y", ""}}); err != nil {
		t.Fatal(err)
	}
	if want := "A     LONG\nwörd  x\ny     \n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestJSONKeepsURLsReadable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := output.WriteJSON(&b, map[string]string{"u": "a?b&c<d>"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "a?b&c<d>") || !json.Valid([]byte(b.String())) {
		t.Errorf("got %s", b.String())
	}
}
