package output

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/msal-go/msal"
)

// TokenFormats are the formats in which a token can be written.
func TokenFormats() []Format {
	return []Format{Text, JSON, Token, Header, Env, ExecCredential, AZ, AZD, Curl, None}
}

// Shell is a value of --shell: whose syntax the env format has.
type Shell string

// The shells.
const (
	POSIX      Shell = "sh"
	Fish       Shell = "fish"
	PowerShell Shell = "pwsh"
)

// ParseShell reads a value of --shell; empty means the usual one of goos.
func ParseShell(given, goos string) (Shell, error) {
	switch strings.ToLower(given) {
	case "":
		if goos == "windows" {
			return PowerShell, nil
		}
		return POSIX, nil
	case "sh", "bash", "zsh", "dash", "ksh":
		return POSIX, nil
	case "fish":
		return Fish, nil
	case "pwsh", "powershell":
		return PowerShell, nil
	}
	return "", fmt.Errorf("there is no shell %q here; use sh, bash, zsh, fish or pwsh", given)
}

// ShowsToken reports whether a format writes the token itself.
func (f Format) ShowsToken() bool { return f != Text && f != None }

// TokenWriter writes an acquired token.
type TokenWriter struct {
	Format Format
	Shell  Shell
	Now    time.Time
	Tenant string // for the az format
}

type tokenJSON struct {
	AccessToken   string       `json:"accessToken"`
	TokenType     string       `json:"tokenType"`
	ExpiresOn     string       `json:"expiresOn"`
	ExpiresLocal  string       `json:"expiresOnLocal"`
	ExpiresEpoch  int64        `json:"expiresOnEpoch"`
	ExpiresIn     int64        `json:"expiresIn"`
	Scope         string       `json:"scope"`
	Source        string       `json:"source"`
	Account       *AccountJSON `json:"account,omitempty"`
	CorrelationID string       `json:"correlationId,omitempty"`
}

// AccountJSON is an account in JSON.
type AccountJSON struct {
	Username      string `json:"username"`
	Tenant        string `json:"tenant"`
	Environment   string `json:"environment"`
	HomeAccountID string `json:"homeAccountId"`
}

// NewAccountJSON describes an account; nil for none.
func NewAccountJSON(a msal.Account) *AccountJSON {
	if a.IsZero() {
		return nil
	}
	return &AccountJSON{Username: a.Username, Tenant: a.Realm, Environment: a.Environment, HomeAccountID: a.HomeAccountID}
}

// Write writes r in every format but Text, which is the command's own.
func (t TokenWriter) Write(w io.Writer, r msal.Result) error {
	var err error
	switch t.Format {
	case JSON:
		err = WriteJSON(w, t.json(r))
	case Token:
		_, err = fmt.Fprintln(w, r.AccessToken)
	case Header:
		_, err = fmt.Fprintln(w, "Authorization: "+r.Authorization())
	case Env:
		_, err = fmt.Fprintln(w, Assign(t.Shell, "ACCESS_TOKEN", r.AccessToken))
	case Curl:
		_, err = fmt.Fprintln(w, "header = "+curlQuote("Authorization: "+r.Authorization()))
	case ExecCredential:
		err = WriteJSON(w, execCredential(r))
	case AZ:
		err = WriteJSON(w, t.az(r))
	case AZD:
		err = WriteJSON(w, map[string]string{"token": r.AccessToken, "expiresOn": r.ExpiresOn.UTC().Format(time.RFC3339)})
	}
	return err
}

func (t TokenWriter) json(r msal.Result) tokenJSON {
	at := NewInstant(r.ExpiresOn, t.Now)
	return tokenJSON{
		AccessToken: r.AccessToken, TokenType: r.TokenType,
		ExpiresOn: at.UTC, ExpiresLocal: at.Local, ExpiresEpoch: at.Epoch,
		ExpiresIn: int64(r.ExpiresOn.Sub(t.Now) / time.Second),
		Scope:     r.Scope, Source: string(r.Source),
		Account: NewAccountJSON(r.Account), CorrelationID: r.CorrelationID,
	}
}

// az has the members that programs parse who ask az for tokens.
func (t TokenWriter) az(r msal.Result) any {
	return struct {
		AccessToken string `json:"accessToken"`
		ExpiresOn   string `json:"expiresOn"` // local time, as az has it
		Epoch       int64  `json:"expires_on"`
		Tenant      string `json:"tenant"`
		TokenType   string `json:"tokenType"`
	}{r.AccessToken, r.ExpiresOn.In(t.Now.Location()).Format("2006-01-02 15:04:05.000000"), r.ExpiresOn.Unix(), t.Tenant, r.TokenType}
}

// execCredential is client.authentication.k8s.io/v1 of Kubernetes.
func execCredential(r msal.Result) any {
	type status struct {
		ExpirationTimestamp string `json:"expirationTimestamp"`
		Token               string `json:"token"`
	}
	type spec struct {
		Interactive bool `json:"interactive"`
	}
	return struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
		Spec       spec   `json:"spec"`
		Status     status `json:"status"`
	}{"ExecCredential", "client.authentication.k8s.io/v1", spec{}, status{r.ExpiresOn.UTC().Format(time.RFC3339), r.AccessToken}}
}

// Assign is the statement of a shell that sets an environment variable.
func Assign(s Shell, name, value string) string {
	switch s {
	case Fish:
		return "set -gx " + name + " '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
	case PowerShell:
		return "$env:" + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

func curlQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
