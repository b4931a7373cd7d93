package msal_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msal-go/msal"
	"github.com/msal-go/msal/emulator"
)

// The environment decides in these tests, so that they do not run in parallel.

func noRegion(t *testing.T) {
	t.Helper()
	t.Setenv("MSAL_FORCE_REGION", "")
	t.Setenv("REGION_NAME", "")
}

const (
	tokenPath       = "/" + emulator.DefaultTenantID + "/oauth2/v2.0/token"
	globalEndpoint  = "POST login.microsoftonline.com" + tokenPath
	westEndpoint    = "POST westus2.login.microsoft.com" + tokenPath
	machineDocument = "GET 169.254.169.254/metadata/instance/compute"
)

func TestRegionOfApplicationTokens(t *testing.T) {
	for _, c := range []struct {
		name, region, force, variable string
		want                          []string
	}{
		{"none", "", "", "", []string{globalEndpoint}},
		{"REGION_NAME alone means nothing", "", "", "westus2", []string{globalEndpoint}},
		{"fixed", "westus2", "", "", []string{westEndpoint}},
		{"fixed wins", "westus2", "eastus", "northeurope", []string{westEndpoint}},
		{"forced", "", "westus2", "", []string{westEndpoint}},
		{"forced but off", msal.RegionOff, "westus2", "", []string{globalEndpoint}},
		{"forced to something else", "", "west us/2", "", []string{globalEndpoint}},
		{"forced to be found", "", msal.RegionAuto, "westus2", []string{westEndpoint}},
		{"found in the environment", msal.RegionAuto, "", "westus2", []string{westEndpoint}},
		{"found nonsense in the environment", msal.RegionAuto, "", "West US 2", []string{globalEndpoint}},
		{"found by the machine", msal.RegionAuto, "", "", []string{machineDocument, westEndpoint}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("MSAL_FORCE_REGION", c.force)
			t.Setenv("REGION_NAME", c.variable)
			w := newWorld(t)
			client := w.daemon(t, func(o *msal.Options) { o.Region = c.region })
			for range 2 {
				if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.asked(); !slices.Equal(got, c.want) {
				t.Errorf("requests %q, want %q", got, c.want)
			}
		})
	}
}

func TestRegionalTokensServeClientsEverywhere(t *testing.T) {
	noRegion(t)
	w := newWorld(t)
	shared := msal.NewTokenCache(msal.CacheOptions{})
	with := func(region string) *msal.ConfidentialClient {
		return w.daemon(t, func(o *msal.Options) { o.Region, o.Cache = region, shared })
	}
	first, err := with("westus2").AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"", "eastus"} {
		res, err := with(region).AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}})
		if err != nil || res.Source != msal.FromCache || res.AccessToken != first.AccessToken {
			t.Errorf("in %q: %v, %v", region, res, err)
		}
	}
	text, err := shared.Marshal()
	if err != nil || strings.Contains(string(text), "westus2") || !strings.Contains(string(text), `"login.microsoftonline.com"`) {
		t.Errorf("the cache names the region: %v", err)
	}
}

func TestNationalCloudsHaveRegionsOfTheirOwn(t *testing.T) {
	noRegion(t)
	w := newWorld(t)
	client := w.daemon(t, at(msal.AuthorityURL(msal.AzureUSGovernment, emulator.DefaultTenantID)), func(o *msal.Options) { o.Region = "usgovva" })
	if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.asked(), []string{"POST usgovva.login.microsoftonline.us" + tokenPath}; !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
}

func TestOnlyApplicationTokensAreRegional(t *testing.T) {
	noRegion(t)
	w := newWorld(t)
	client := w.web(t, func(o *msal.Options) { o.Region = "westus2" })
	account := w.signIn(t, client, alice).Account
	if _, err := client.AcquireTokenSilent(t.Context(), msal.SilentRequest{Scopes: []string{emulator.TasksReadScope}, Account: account, ForceRefresh: true}); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.asked() {
		if strings.Contains(r, "westus2") {
			t.Errorf("request %s", r)
		}
	}
}

func TestRelativesOfEntraHaveNoRegions(t *testing.T) {
	noRegion(t)
	w := newWorld(t, relatives())
	for _, authority := range []string{"https://adfs.contoso.test/adfs", "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in", "https://contoso.ciamlogin.com"} {
		client := w.daemon(t, at(authority), func(o *msal.Options) { o.Region = "westus2" })
		if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
			t.Error(err)
		}
	}
}

func TestRegionalAssertionIsMadeForTheGlobalEndpoint(t *testing.T) {
	noRegion(t)
	cert := newCertificate(t, testKey(), time.Hour)
	cfg := emulator.Defaults()
	for i, app := range cfg.Tenants[0].Apps {
		if app.ClientID == emulator.DaemonClientID {
			cfg.Tenants[0].Apps[i].Certificates = []string{pemCertificate(cert)}
		}
	}
	w := newWorld(t, cfg)
	var audience string
	spy := &http.Client{Transport: spyTransport{w.wire, func(r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		parts := strings.Split(r.PostForm.Get("client_assertion"), ".")
		if len(parts) != 3 {
			return
		}
		var claims struct {
			Audience string `json:"aud"`
		}
		text, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || json.Unmarshal(text, &claims) != nil {
			t.Error("the assertion cannot be read")
		}
		audience = claims.Audience
	}}}
	o := w.options(func(o *msal.Options) { o.Region, o.HTTPClient = "westus2", spy })
	client, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Certificate{Key: testKey(), Chain: []*x509.Certificate{cert}}, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
		t.Fatal(err)
	}
	if want := "https://login.microsoftonline.com" + tokenPath; audience != want {
		t.Errorf("the audience is %q, want %q", audience, want)
	}
}

// spyTransport shows a copy of each request.
type spyTransport struct {
	next http.RoundTripper
	look func(*http.Request)
}

func (s spyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	seen := r.Clone(r.Context())
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		seen.Body = body
	}
	s.look(seen)
	return s.next.RoundTrip(r)
}

// outsideAzure has nobody at the address of the metadata service.
type outsideAzure struct{ next http.RoundTripper }

func (o outsideAzure) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "169.254.169.254" {
		<-r.Context().Done()
		return nil, context.Cause(r.Context())
	}
	return o.next.RoundTrip(r)
}

func TestSilentMachineCostsTwoSecondsOnce(t *testing.T) {
	noRegion(t)
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		deaf := outsideAzure{w.Emulator().Transport()}
		o := w.options(func(o *msal.Options) { o.Region, o.HTTPClient = msal.RegionAuto, &http.Client{Transport: deaf} })
		client, err := msal.NewConfidentialClient(emulator.DaemonClientID, msal.Secret(emulator.DaemonSecret), o)
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		for _, claims := range []string{"", `{"access_token":{"nbf":{"essential":true}}}`} { // both go to the network
			if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}, Claims: claims}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(started); took != 2*time.Second {
			t.Errorf("two tokens took %v, want 2s", took)
		}
	})
}

func TestMachineCannotChooseTheHost(t *testing.T) {
	noRegion(t)
	for _, location := range []string{"evil.example/", "a@b", "West US 2", "", "x.y"} {
		body, err := json.Marshal(map[string]string{"location": location})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.Emulator().Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointInstanceMetadata}, Body: string(body), ContentType: "application/json"})
		client := w.daemon(t, func(o *msal.Options) { o.Region = msal.RegionAuto })
		if _, err := client.AcquireTokenForClient(t.Context(), msal.ForClientRequest{Scopes: []string{tasksScope}}); err != nil {
			t.Fatal(err)
		}
		if got, want := w.asked(), []string{machineDocument, globalEndpoint}; !slices.Equal(got, want) {
			t.Errorf("%q: requests %q, want %q", location, got, want)
		}
	}
}

func TestPublicClientsIgnoreRegions(t *testing.T) {
	t.Setenv("MSAL_FORCE_REGION", "westus2")
	w := newWorld(t)
	if _, err := msal.NewPublicClient(emulator.DesktopClientID, w.options(func(o *msal.Options) { o.Region = msal.RegionAuto })); err != nil {
		t.Error(err)
	}
}
