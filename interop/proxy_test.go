package interop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// children are programs that know nothing of the emulator: not an option is
// set. Each prints "ok" when it has its token.
var children = map[string]func(context.Context) error{
	"azidentity": func(ctx context.Context) error {
		cred, err := azidentity.NewEnvironmentCredential(nil)
		if err != nil {
			return err
		}
		_, err = cred.GetToken(ctx, ofTheDaemon)
		return err
	},
	"msal-go": func(ctx context.Context) error {
		cred, err := confidential.NewCredFromSecret(os.Getenv("AZURE_CLIENT_SECRET"))
		if err != nil {
			return err
		}
		c, err := confidential.New("https://login.microsoftonline.com/"+os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), cred)
		if err != nil {
			return err
		}
		_, err = c.AcquireTokenByCredential(ctx, []string{tasksScope})
		return err
	},
	"ours": func(ctx context.Context) error {
		c, err := msal.NewConfidentialClient(os.Getenv("AZURE_CLIENT_ID"), msal.Secret(os.Getenv("AZURE_CLIENT_SECRET")),
			msal.Options{Authority: "https://login.microsoftonline.com/" + os.Getenv("AZURE_TENANT_ID")})
		if err != nil {
			return err
		}
		_, err = c.AcquireTokenForClient(ctx, msal.ForClientRequest{Scopes: []string{tasksScope}})
		return err
	},
	// A host that is none of the platform's must stay out of reach.
	"outside": func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://www.example.com/", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil // refused
		}
		resp.Body.Close()
		return errors.New("the proxy let a request out")
	},
}

func runChild(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	work, ok := children[name]
	if !ok {
		return fmt.Errorf("there is no child %q", name)
	}
	if err := work(ctx); err != nil {
		return err
	}
	fmt.Println("ok")
	return nil
}

func TestUnmodifiedProgramsGetTokensThroughTheProxy(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("Go programs read the trust store of the system there, not SSL_CERT_FILE")
	}
	for name := range children {
		t.Run(name, func(t *testing.T) {
			who := msalGo
			if name == "ours" {
				who = ours
			}
			p := startPlatform(t, who)
			proxy, err := p.server.Proxy(t.Context(), emulator.ProxyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			env := append(proxy.Env(), emulator.AppEnv(emulator.DefaultTenantID, emulator.DaemonClientID, emulator.DaemonSecret)...)
			out := output(t, nil, child(t, ctx, name, env...))
			if got := strings.TrimSpace(string(out)); got != "ok" {
				t.Errorf("the program printed %q", got)
			}
			want := 1
			if name == "outside" {
				want = 0
			}
			if n := len(p.Requests(emulator.EndpointToken)); n != want {
				t.Errorf("%d token requests came in", n)
			}
		})
	}
}
