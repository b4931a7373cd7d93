package emulator_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func (f *fixture) device(changes ...string) answer {
	f.tb.Helper()
	a := f.post(authority+"/oauth2/v2.0/devicecode", with(url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"openid profile offline_access User.Read"}}, changes...))
	if a.Status != 200 {
		f.tb.Fatalf("no device code: %s", a.summary())
	}
	return a
}

func poll(a answer, changes ...string) url.Values {
	return with(url.Values{"grant_type": {deviceGrant}, "client_id": {emulator.DeviceClientID}, "device_code": {a.text("device_code")}, "client_info": {"1"}}, changes...)
}

func TestDeviceFlowWithTheBrowser(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.device()
	if a.Body["interval"] != float64(5) || a.Body["expires_in"] != float64(900) || len(a.text("user_code")) != 9 ||
		!strings.Contains(a.text("message"), a.text("user_code")) || !strings.Contains(a.text("message"), a.text("verification_uri")) {
		t.Fatalf("interval %v, expires_in %v, message %q", a.Body["interval"], a.Body["expires_in"], a.text("message"))
	}
	refused(t, "at first", f.post(tokenURL, poll(a)), 400, "authorization_pending", 70016)

	page := f.open(a.text("verification_uri"))
	page = f.submit(page, "otc", "WRONG")
	if page.Title != "Error: Enter code" && !strings.Contains(page.Text, "did not work") {
		t.Errorf("wrong code: %q", page.Title)
	}
	page = f.submit(page, "otc", strings.ToLower(a.text("user_code")[:4]+"-"+a.text("user_code")[4:]))
	page = f.submit(page, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	if !page.Buttons.Has("confirm") {
		t.Fatalf("no confirmation: %q", page.Title)
	}
	page = f.submit(page, "confirm", "continue")
	if page.Status != 200 || page.Action != "" {
		t.Fatalf("not done: status %d, %q", page.Status, page.Title)
	}
	f.emu.Advance(5 * time.Second)
	got := f.token(poll(a, "code", a.text("device_code"))) // MSAL Python sends the code twice, under two names
	if got.text("id_token") == "" || got.text("refresh_token") == "" || got.text("scope") != "User.Read openid profile" {
		t.Error("a member is missing")
	}
	f.emu.Advance(5 * time.Second)
	refused(t, "afterwards", f.post(tokenURL, poll(a)), 400, "bad_verification_code", 70018)
	if page := f.submit(f.open(a.text("verification_uri")), "otc", a.text("user_code")); !strings.Contains(page.Text, "did not work") {
		t.Errorf("a used user code was accepted: %q", page.Title)
	}
	if v := f.emu.Violations(); len(v) != 0 {
		t.Errorf("violations: %v", v)
	}
}

func TestDeviceFlowDeclinedInTheBrowserAfterSingleSignOn(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.signIn(request(emulator.DesktopClientID, loopback))
	a := f.device()
	page := f.submit(f.open(a.text("verification_uri")+"?otc="+a.text("user_code")), "confirm", "") // prefilled
	if !page.Buttons.Has("confirm") {
		page = f.submit(f.open(a.text("verification_uri")), "otc", a.text("user_code"))
	}
	if !page.Buttons.Has("confirm") || !strings.Contains(page.Text, emulator.DefaultUser) {
		t.Fatalf("no confirmation for the signed-in person: %q", page.Title)
	}
	f.submit(page, "confirm", "cancel")
	refused(t, "declined", f.post(tokenURL, poll(a)), 400, "authorization_declined", 70020)
}

func TestDevicePollingTooFastIsSlowedDown(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.device()
	refused(t, "first", f.post(tokenURL, poll(a)), 400, "authorization_pending", 70016)
	f.emu.Advance(4 * time.Second)
	refused(t, "after 4 s", f.post(tokenURL, poll(a)), 400, "slow_down", 70016)
	if !violated(f, "device-poll") {
		t.Error("no violation")
	}
	f.emu.Advance(9 * time.Second)
	refused(t, "9 s after slow_down", f.post(tokenURL, poll(a)), 400, "slow_down", 70016)
	f.emu.Advance(15 * time.Second)
	refused(t, "15 s after two", f.post(tokenURL, poll(a)), 400, "authorization_pending", 70016)
}

func TestDeviceDecidedByTheTest(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.device()
	if err := f.emu.ApproveDevice(a.text("user_code"), "nobody@contoso.test"); err == nil || errors.Is(err, emulator.ErrUserCode) {
		t.Errorf("approved for nobody: %v", err)
	}
	if err := f.emu.ApproveDevice(a.text("user_code"), "carol@contoso.test"); err == nil {
		t.Error("approved for a disabled account")
	}
	if err := f.emu.ApproveDevice("NOTACODE", emulator.DefaultUser); !errors.Is(err, emulator.ErrUserCode) {
		t.Errorf("unknown code: %v", err)
	}
	if err := f.emu.ApproveDevice(a.text("user_code"), emulator.SecondUser); err != nil {
		t.Fatal(err)
	}
	if err := f.emu.DenyDevice(a.text("user_code")); !errors.Is(err, emulator.ErrUserCode) {
		t.Errorf("denied after the approval: %v", err)
	}
	id, _ := f.verify(f.token(poll(a, "grant_type", "device_code")).text("id_token"))
	if id["preferred_username"] != emulator.SecondUser {
		t.Errorf("signed in %v", id["preferred_username"])
	}
	b := f.device()
	if err := f.emu.DenyDevice(b.text("user_code")); err != nil {
		t.Fatal(err)
	}
	refused(t, "denied", f.post(tokenURL, poll(b)), 400, "authorization_declined", 70020)
}

func TestDeviceRefusals(t *testing.T) {
	t.Parallel()
	f := start(t)
	start := authority + "/oauth2/v2.0/devicecode"
	refused(t, "GET", f.get(start), 400, "invalid_request", 900561)
	refused(t, "no client", f.post(start, url.Values{"scope": {"openid"}}), 400, "invalid_request", 900144)
	refused(t, "no scope", f.post(start, url.Values{"client_id": {emulator.DeviceClientID}}), 400, "invalid_request", 900144)
	refused(t, "unknown client", f.post(start, url.Values{"client_id": {"x"}, "scope": {"openid"}}), 400, "unauthorized_client", 700016)
	refused(t, "unknown resource", f.post(start, url.Values{"client_id": {emulator.DeviceClientID}, "scope": {"api://x/y"}}), 400, "invalid_resource", 500011)
	a := f.device()
	refused(t, "no code", f.post(tokenURL, poll(a, "device_code", "-")), 400, "invalid_request", 900144)
	refused(t, "made up", f.post(tokenURL, poll(a, "device_code", "x")), 400, "bad_verification_code", 70018)
	refused(t, "another client", f.post(tokenURL, poll(a, "client_id", emulator.DesktopClientID)), 400, "bad_verification_code", 70018)
	c := f.post(start, url.Values{"client_id": {emulator.DaemonClientID}, "scope": {"User.Read"}})
	refused(t, "not a public client", f.post(tokenURL, poll(c, "client_id", emulator.DaemonClientID)), 401, "invalid_client", 7000218)
	f.emu.Advance(15*time.Minute + time.Second)
	refused(t, "expired", f.post(tokenURL, poll(a)), 400, "expired_token", 70019)
	if err := f.emu.ApproveDevice(a.text("user_code"), emulator.DefaultUser); !errors.Is(err, emulator.ErrUserCode) {
		t.Errorf("an expired code was approved: %v", err)
	}
}

func TestDeviceFlowAsksForConsent(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.device("client_id", emulator.ConsentClientID)
	page := f.submit(f.open(a.text("verification_uri")), "otc", a.text("user_code"))
	page = f.submit(page, "login", emulator.DefaultUser, "passwd", emulator.DefaultPassword)
	page = f.submit(page, "confirm", "continue")
	if !page.Buttons.Has("consent") {
		t.Fatalf("no consent page: %q", page.Title)
	}
	f.submit(page, "consent", "accept")
	f.token(poll(a, "client_id", emulator.ConsentClientID))
}

func TestApprovedDeviceIsServedEvenIfItPollsTooFast(t *testing.T) {
	t.Parallel()
	f := start(t)
	a := f.device()
	refused(t, "pending", f.post(tokenURL, poll(a)), 400, "authorization_pending", 70016)
	if err := f.emu.ApproveDevice(a.text("user_code"), emulator.DefaultUser); err != nil {
		t.Fatal(err)
	}
	f.token(poll(a))
	if !violated(f, "device-poll") {
		t.Error("the haste was not noted")
	}
}
