package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

// TestManyClientsAtOnce is for the race detector: everything that can be done
// to an emulator is done at the same time.
func TestManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.Lenient = true })
	rt := f.signedIn().text("refresh_token")
	var wg sync.WaitGroup
	for range 4 {
		for _, act := range [...]func(){
			func() { f.post(tokenURL, daemon()) },
			func() { f.post(tokenURL, refreshWith(rt)) },
			func() { f.signIn(request(emulator.DesktopClientID, loopback)) },
			func() { f.get(loginHost + "/common/discovery/v2.0/keys") },
			func() { f.post(tokenURL, daemon("scope", "https://new.example/.default")) },
			func() {
				a := f.device()
				_ = f.emu.ApproveDevice(a.text("user_code"), emulator.DefaultUser)
				f.post(tokenURL, poll(a))
			},
			func() {
				f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointUserRealm}, Status: 503})
			},
			func() { f.emu.Advance(time.Second); _ = f.emu.SetLifetimes(emulator.Lifetimes{}) },
			func() { _ = f.emu.Revoke(emulator.SecondUser); f.emu.Journal(); f.emu.Violations() },
		} {
			wg.Go(act)
		}
	}
	wg.Go(func() { _ = f.emu.RotateKeys() })
	wg.Wait()
}

// For the race detector: a test approves the device whose code a person types.
func TestDeviceIsApprovedWhileItsPagesAreShown(t *testing.T) {
	t.Parallel()
	f := start(t)
	for range 20 {
		a := f.post(loginHost+"/common/oauth2/v2.0/devicecode", url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"User.Read"}})
		code, enter := a.text("user_code"), f.open(a.text("verification_uri"))
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { f.submit(enter, "otc", code) })
			wg.Go(func() { _ = f.emu.ApproveDevice(code, emulator.DefaultUser) })
		}
		wg.Wait()
		f.token(poll(a))
	}
}

func TestSessionCookieIsGuarded(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.signIn(request(emulator.DesktopClientID, loopback))
	cookie := s.Header.Get("Set-Cookie")
	for _, want := range [...]string{"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the session cookie lacks %s", want)
		}
	}
	plain := f.open(strings.Replace(request(emulator.DesktopClientID, loopback), loginHost, "http://localhost:8080", 1))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, plain.Action,
		strings.NewReader(with(plain.Fields, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword).Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if cookie := f.page(r).Header.Get("Set-Cookie"); cookie == "" || strings.Contains(cookie, "Secure") {
		t.Error("over plain loopback http the cookie must come without Secure")
	}
}
