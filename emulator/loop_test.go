package emulator_test

import (
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

func TestClientsThatGoInCirclesAreStopped(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *emulator.Config) { c.LoopLimit = 3 })
	a := f.signedIn()
	for range 3 {
		f.token(refreshing(a))
	}
	refused(t, "the fourth", f.post(tokenURL, refreshing(a)), 400, "invalid_grant", 50196)
	f.token(refreshing(a, "scope", "api://tasks/Tasks.Read")) // another request
	f.token(daemon())
	f.emu.Advance(6 * time.Minute)
	f.token(refreshing(a))
	d := f.device()
	for range 5 {
		f.emu.Advance(5 * time.Second)
		refused(t, "polling", f.post(tokenURL, poll(d)), 400, "authorization_pending", 70016)
	}
	for _, path := range []string{"one", "two", "three", "four"} { // as many requests as agents
		f.token(blueprint("fmi_path", path))
	}
	if _, err := emulator.New(emulator.Config{LoopLimit: -1}); err == nil {
		t.Error("a negative limit was accepted")
	}
}

// Throttling can be aimed at one person or one application.
func TestThrottlingOfOnePersonLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	f := start(t)
	alice := f.signedIn()
	bob := f.post(tokenURL, with(refreshing(alice), "grant_type", "password", "refresh_token", "-", "username", emulator.SecondUser,
		"password", emulator.DefaultPassword, "scope", "openid offline_access User.Read"))
	f.emu.Inject(emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken, User: emulator.DefaultUser}, Times: -1, Status: 429, RetryAfter: 1500 * time.Millisecond},
		emulator.Fault{Match: emulator.Match{Endpoint: emulator.EndpointToken, ClientID: emulator.DaemonClientID}, Times: 1, Status: 503, RetryAfter: time.Minute})
	for range 2 {
		a := f.post(tokenURL, refreshing(alice))
		refused(t, "alice", a, 429, "temporarily_unavailable", 90055)
		if a.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
		f.token(refreshing(bob))
	}
	if a := f.post(tokenURL, daemon()); a.Status != 503 || a.Header.Get("Retry-After") != "60" {
		t.Errorf("the daemon: %s", a.summary())
	}
	f.token(daemon())
}
