package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/loginstate"
	"github.com/msal-go/msal/cmd/msal/internal/setting"
)

// Limits of what is read, in bytes.
const (
	maxSecret = 64 << 10
	maxCert   = 1 << 20
)

// credential is the application's; nil means that the token is for a person. A
// secret in the environment is used only for the client id that it belongs to.
func (o *options) credential(ctx context.Context, inv *invocation.Invocation) (msal.Credential, error) {
	cert := o.certFile
	given := 0
	for _, is := range []bool{o.secretStdin, o.secretFile != "", cert != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, &exit.UsageError{Problem: "there is more than one credential", Hint: "use one of --client-secret-stdin, --client-secret-file and --cert"}
	case given == 1 && o.account != "":
		return nil, &exit.UsageError{Problem: "--account asks for a person's token, the credential for an application's", Hint: "leave one of them out"}
	case o.secretStdin && inv.InTTY && inv.CannotAsk() != "":
		return nil, &exit.UsageError{Problem: "the client secret cannot be asked for: " + inv.CannotAsk(), Hint: "pipe it into standard input"}
	case o.secretStdin:
		secret, err := inv.ReadSecret(ctx, "Client secret: ", maxSecret)
		return secretFrom("standard input", secret, err)
	case o.secretFile != "":
		data, err := readFile(o.secretFile, maxSecret)
		return secretFrom(o.secretFile, strings.TrimRight(string(data), "\r\n"), err)
	case cert != "":
		return certificate(cert)
	case o.account != "":
		return nil, nil
	}
	return o.fromEnvironment(inv)
}

func (o *options) fromEnvironment(inv *invocation.Invocation) (msal.Credential, error) {
	id := o.flags.ClientID
	if id == "" {
		id = inv.Getenv("MSAL_CLIENT_ID")
	}
	azureID := inv.Getenv("AZURE_CLIENT_ID")
	switch {
	case inv.Getenv("MSAL_CERT") != "":
		inv.Say("Using the application's certificate of MSAL_CERT.")
		return certificate(inv.Getenv("MSAL_CERT"))
	case inv.Getenv("MSAL_CLIENT_SECRET") != "":
		inv.Say("Using the application's secret of MSAL_CLIENT_SECRET.")
		return msal.Secret(inv.Getenv("MSAL_CLIENT_SECRET")), nil
	case inv.Getenv("AZURE_CLIENT_SECRET") != "" && azureID != "" && (id == "" || strings.EqualFold(id, azureID)):
		inv.Say("Using the application's secret of AZURE_CLIENT_SECRET.")
		return msal.Secret(inv.Getenv("AZURE_CLIENT_SECRET")), nil
	}
	return nil, nil
}

func secretFrom(source, secret string, err error) (msal.Credential, error) {
	if err != nil {
		return nil, fmt.Errorf("read the client secret from %s: %w", source, err)
	}
	if secret == "" {
		return nil, &exit.UsageError{Problem: "there is no client secret in " + source}
	}
	return msal.Secret(secret), nil
}

func certificate(path string) (msal.Credential, error) {
	data, err := readFile(path, maxCert)
	if err != nil {
		return nil, fmt.Errorf("read the client certificate: %w", err)
	}
	cert, err := msal.ParseCertificate(data)
	if err != nil {
		return nil, err
	}
	return cert, nil
}

var errFileTooLarge = errors.New("the file is too large to be what it should be")

func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errFileTooLarge
	}
	return data, err
}

// forApp gets a token of the application itself. It is not kept: applications
// have their credential at hand, and a file of tokens would be one secret more.
func (o *options) forApp(ctx context.Context, inv *invocation.Invocation, credential msal.Credential, scopes []string) (outcome, error) {
	settings, err := o.flags.Resolve(inv.Getenv, loginstate.Login{})
	if err != nil {
		return outcome{}, err
	}
	tenant := setting.TenantOf(settings.Authority)
	if setting.AnyTenant(tenant) {
		return outcome{}, &exit.UsageError{Problem: "an application's token is for one tenant", Hint: "use --tenant with its id or one of its domains"}
	}
	options := settings.Options(nil, 0)
	options.Logger = inv.Logger()
	client, err := msal.NewConfidentialClient(settings.ClientID, credential, options)
	if err != nil {
		return outcome{}, &exit.UsageError{Err: err}
	}
	result, err := client.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: scopes, Claims: o.claims})
	return outcome{result: result, tenant: tenant, app: true}, err
}
