package demo

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal"
	platform "github.com/msal-go/msal/emulator"

	"github.com/msal-go/msal/cmd/msal/internal/exit"
	"github.com/msal-go/msal/cmd/msal/internal/invocation"
	"github.com/msal-go/msal/cmd/msal/internal/output"
	"github.com/msal-go/msal/cmd/msal/internal/terminal"
)

func testInvocation(out *strings.Builder) *invocation.Invocation {
	return &invocation.Invocation{
		Streams: terminal.Streams{In: strings.NewReader(""), Out: out, Err: new(strings.Builder), Width: 80},
		Getenv:  func(string) string { return "" }, Environ: os.Environ, Now: time.Now,
		CacheDir: func() (string, error) { return "", errors.New("the demo keeps nothing") },
	}
}

// A demo that always succeeds would show nothing: each of these has one thing
// wrong, and the step that meets it must say so.
func TestTheDemoNoticesWhatGoesWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault platform.Fault
		step  string
	}{
		{"the secret is refused", platform.Fault{Match: platform.Match{Grant: grantApp}, AADSTS: 7000215}, "A daemon with a secret"},
		{"the assertion is refused", platform.Fault{Match: platform.Match{Grant: grantApp}, Skip: 1, AADSTS: 700027}, "A daemon with a certificate"},
		{"the device code is declined", platform.Fault{Match: platform.Match{Grant: grantDevice}, AADSTS: 70020}, "Device code"},
		{"the ID token is forged", platform.Fault{Match: platform.Match{Grant: grantCode}, Tamper: platform.Tamper{BadSignature: true}}, "Browser"},
		{"the nonce is another's", platform.Fault{Match: platform.Match{Grant: grantCode}, Tamper: platform.Tamper{Nonce: "x"}}, "Browser"},
		{"the refresh token is revoked", platform.Fault{Match: platform.Match{Grant: grantRefresh}, AADSTS: 50173}, "Silent, token about to expire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			inv := testInvocation(&out)
			s, err := open(t.Context(), inv, false)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			s.emu.Inject(c.fault)
			r := &report{inv: inv}
			for _, st := range s.steps() {
				if _, err = take(t.Context(), s, r, st); err != nil {
					if st.name != c.step {
						t.Errorf("the step %q failed, want %q: %v", st.name, c.step, err)
					}
					break
				}
			}
			if err == nil {
				t.Fatal("nothing was noticed")
			}
			if !strings.Contains(out.String(), "✗ "+c.step) {
				t.Errorf("the report does not show the failed step:\n%s", out.String())
			}
		})
	}
}

// A step whose token came from elsewhere than it says has failed too.
func TestTheDemoDoesNotTakeAStepAtItsWord(t *testing.T) {
	t.Parallel()
	token := msal.Result{AccessToken: "x", Source: msal.FromCache}
	for _, c := range []struct {
		name  string
		step  step
		got   msal.Result
		grant string
	}{
		{"cache, but there was a request", step{from: msal.FromCache}, token, grantApp},
		{"service, but there was none", step{from: msal.FromIdentityProvider, grant: grantApp}, token, ""},
		{"service, but it was the cache", step{from: msal.FromIdentityProvider, grant: grantApp}, token, grantApp},
		{"no token", step{from: msal.FromCache}, msal.Result{Source: msal.FromCache}, ""},
		{"signed out, but there is a token", step{}, token, ""},
	} {
		if err := c.step.check(c.got, c.grant); err == nil {
			t.Errorf("%s: not noticed", c.name)
		}
	}
	if err := (step{from: msal.FromCache}).check(token, ""); err != nil {
		t.Errorf("a good step: %v", err)
	}
}

func TestAFailedDemoExitsWith1AndSaysSoInJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := &report{inv: testInvocation(&out), json: true, steps: []outcome{{Name: "x", Error: "no"}}}
	err := r.failed(&StepError{"x", msal.ErrInteractionRequired})
	if code := exit.Code(err); code != exit.Failure {
		t.Errorf("exit code %d", code)
	}
	var d document
	if json.Unmarshal([]byte(out.String()), &d) != nil || d.OK || d.Steps[0].Error != "no" {
		t.Errorf("got %s", out.String())
	}
}

// visitor is standard error with a person who opens the address that is shown.
type visitor struct {
	open func(address string)
	once sync.Once
}

func (v *visitor) Write(p []byte) (int, error) {
	if _, address, ok := strings.Cut(string(p), "\n\n  "); ok {
		v.once.Do(func() { v.open(strings.TrimSpace(address)) })
	}
	return len(p), nil
}

// Not parallel: it keeps the browser of whoever runs the tests closed.
func TestAPersonCanSignInInTheirBrowser(t *testing.T) {
	t.Setenv("BROWSER", "go version") // a program that is there and ends well
	var out strings.Builder
	inv := testInvocation(&out)
	s, err := open(t.Context(), inv, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var shown string
	var visit sync.WaitGroup
	defer visit.Wait()
	inv.Err = &visitor{open: func(address string) {
		shown = address
		// Bob, because a person signs in as whom they like.
		bob := s.server.UserAgent(platform.SecondUser, platform.DefaultPassword)
		visit.Go(func() {
			if err := bob.Open(t.Context(), address); err != nil {
				t.Error(err)
			}
		})
	}}
	r := &report{inv: inv}
	for _, st := range s.steps() {
		if _, err := take(t.Context(), s, r, st); err != nil {
			t.Fatalf("%s: %v", st.name, err)
		}
	}
	if !strings.HasPrefix(shown, s.server.PlainURL()+"/") {
		t.Errorf("the browser was sent to %.40s..., which it does not trust", shown)
	}
	if s.desktopUser.Username != platform.SecondUser {
		t.Errorf("signed in as %s", s.desktopUser.Username)
	}
}

func TestTheDemoEndsWithItsContext(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	ctx, cancel := context.WithCancelCause(t.Context())
	inv := testInvocation(&out)
	s, err := open(t.Context(), inv, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	cancel(exit.ErrInterrupted)
	if _, err := take(ctx, s, &report{inv: inv}, s.steps()[0]); !errors.Is(err, exit.ErrInterrupted) {
		t.Errorf("got %v", err)
	}
}

func TestReportsFitATerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := &report{inv: testInvocation(&out)}
	s := &stage{}
	for _, st := range s.steps() {
		o := outcome{Name: st.name, Did: st.did, Source: string(st.from), Grant: st.grant, Requests: 12, took: 12345 * time.Microsecond}
		if err := r.step(o); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), output.Span(12345*time.Microsecond)) {
		t.Error("no time in the report")
	}
}
