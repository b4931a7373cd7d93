package demo

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/msal-go/msal"
	platform "github.com/msal-go/msal/emulator"

	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/setting"
)

// The grants that the emulator must have seen.
const (
	grantApp     = "client_credentials"
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

// stage is the emulator and the clients of the demo.
type stage struct {
	inv     *invocation.Invocation
	browser bool // a person signs in

	emu     *platform.Emulator
	server  *platform.Server
	alice   *platform.UserAgent
	rewrite setting.Client // knows the address for browsers

	daemon, certified *msal.ConfidentialClient
	device, desktop   *msal.PublicClient

	deviceUser, desktopUser msal.Account // once signed in
}

// shortLife is below the margin in which a token counts as about to expire.
const shortLife = 4 * time.Minute

// lifetimes of the emulator: with access tokens of its usual life, or others.
func lifetimes(token time.Duration) platform.Lifetimes {
	return platform.Lifetimes{AccessToken: token, DeviceInterval: time.Second}
}

func open(ctx context.Context, inv *invocation.Invocation, browser bool) (*stage, error) {
	certificate, pem, err := makeCertificate(time.Now())
	if err != nil {
		return nil, err
	}
	cfg := platform.Defaults()
	cfg.Lifetimes = lifetimes(0)
	for i, a := range cfg.Tenants[0].Apps {
		if a.ClientID == platform.DaemonClientID {
			cfg.Tenants[0].Apps[i].Certificates = []string{string(pem)}
		}
	}
	s := &stage{inv: inv, browser: browser}
	if s.emu, err = platform.New(cfg); err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	if s.server, err = s.emu.Serve(ctx, platform.ServeOptions{}); err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	s.alice = s.server.UserAgent(platform.DefaultUser, platform.DefaultPassword)
	if s.rewrite.Emulator, err = url.Parse(s.server.URL()); err == nil {
		err = s.hire(certificate)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) close() { s.server.Close() }

// hire makes the clients. The people's share a cache, as the programs of one
// person do.
func (s *stage) hire(certificate msal.Certificate) (err error) {
	options := msal.Options{
		Authority: s.server.URL() + "/" + platform.DefaultTenantID, InstanceDiscovery: msal.InstanceDiscoveryOff,
		HTTPClient: s.server.Client(), AppName: "msal-demo", AppVersion: msal.Version, Logger: s.inv.Logger(),
	}
	if s.daemon, err = msal.NewConfidentialClient(platform.DaemonClientID, msal.Secret(platform.DaemonSecret), options); err != nil {
		return err
	}
	if s.certified, err = msal.NewConfidentialClient(platform.DaemonClientID, certificate, options); err != nil {
		return err
	}
	options.Cache = msal.NewTokenCache(msal.CacheOptions{})
	if s.device, err = msal.NewPublicClient(platform.DeviceClientID, options); err != nil {
		return err
	}
	s.desktop, err = msal.NewPublicClient(platform.DesktopClientID, options)
	return err
}

// since counts the requests that the clients made after a mark, and names the
// grant of the last token answer.
func (s *stage) since(mark int) (requests int, grant string) {
	for _, x := range s.emu.Journal()[mark:] {
		switch x.Endpoint {
		case platform.EndpointAuthorize, platform.EndpointSignIn, platform.EndpointConsent, platform.EndpointDevicePage, platform.EndpointOther:
			continue // the browser's
		case platform.EndpointToken:
			if x.Error == "" {
				grant = x.Grant
			}
		}
		requests++
	}
	return requests, grant
}

// clean asks the emulator whether the clients kept to the rules.
func (s *stage) clean() error {
	for _, v := range s.emu.Violations() {
		return fmt.Errorf("the client broke a rule: %s at %s: %s", v.Rule, v.Endpoint, v.Detail)
	}
	return nil
}
