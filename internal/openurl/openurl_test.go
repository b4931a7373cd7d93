package openurl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const page = "https://login.example.test/authorize?client_id=1&state=2"

// machine is a computer on paper.
type machine struct {
	goos      string
	env       map[string]string
	installed []string
	fails     map[string]error // how the launchers fail
	version   string           // /proc/version
	started   []string         // "program arg arg", by path
}

type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
func (e exitError) ExitCode() int { return int(e) }

func (m *machine) opener() Opener {
	return Opener{
		GOOS:   m.goos,
		Getenv: func(name string) string { return m.env[name] },
		LookPath: func(file string) (string, error) {
			if slices.Contains(m.installed, file) {
				return file, nil
			}
			return "", &exec.Error{Name: file, Err: exec.ErrNotFound}
		},
		Start: func(_ context.Context, name string, args ...string) error {
			m.started = append(m.started, strings.Join(append([]string{name}, args...), " "))
			return m.fails[name]
		},
		ReadFile: func(name string) ([]byte, error) {
			if name != "/proc/version" || m.version == "" {
				return nil, fs.ErrNotExist
			}
			return []byte(m.version), nil
		},
	}
}

const wslVersion = "Linux version 5.15.90.1-microsoft-standard-WSL2 (gcc)"

func TestLauncherOfEachSystem(t *testing.T) {
	t.Parallel()
	display := map[string]string{"DISPLAY": ":0"}
	for _, tc := range []struct {
		name string
		m    machine
		want []string // what is started; the last one opens the page
	}{
		{"macOS", machine{goos: "darwin", installed: []string{"/usr/bin/open"}}, []string{"/usr/bin/open " + page}},
		{"Windows", machine{goos: "windows", env: map[string]string{"SystemRoot": `C:\Windows`}, installed: []string{`C:\Windows\System32\rundll32.exe`, "rundll32.exe"}},
			[]string{`C:\Windows\System32\rundll32.exe url.dll,FileProtocolHandler ` + page}},
		{"Windows without SystemRoot", machine{goos: "windows", installed: []string{"rundll32.exe"}}, []string{"rundll32.exe url.dll,FileProtocolHandler " + page}},
		{"X11", machine{goos: "linux", env: display, installed: []string{"xdg-open", "firefox"}}, []string{"xdg-open " + page}},
		{"Wayland", machine{goos: "linux", env: map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, installed: []string{"xdg-open"}}, []string{"xdg-open " + page}},
		{"BSD", machine{goos: "freebsd", env: display, installed: []string{"firefox"}}, []string{"firefox " + page}},
		{"xdg-open fails", machine{goos: "linux", env: display, installed: []string{"xdg-open", "x-www-browser"}, fails: map[string]error{"xdg-open": exitError(3)}},
			[]string{"xdg-open " + page, "x-www-browser " + page}},
		{"WSL", machine{goos: "linux", version: wslVersion, env: display, installed: []string{"wslview", "explorer.exe", "xdg-open"}}, []string{"wslview " + page}},
		{"WSL without wslview", machine{goos: "linux", version: wslVersion, installed: []string{"explorer.exe"}, fails: map[string]error{"explorer.exe": exitError(1)}},
			[]string{"explorer.exe " + page}},
		{"WSL without the Windows PATH", machine{goos: "linux", version: wslVersion, installed: []string{"/mnt/c/Windows/explorer.exe"}}, []string{"/mnt/c/Windows/explorer.exe " + page}},
		{"WSL, Explorer fails", machine{goos: "linux", version: wslVersion, env: display, installed: []string{"explorer.exe", "xdg-open"}, fails: map[string]error{"explorer.exe": exitError(2)}},
			[]string{"explorer.exe " + page, "xdg-open " + page}},
		{"not WSL", machine{goos: "linux", version: "Linux version 6.1.0-debian", env: display, installed: []string{"wslview", "explorer.exe", "xdg-open"}}, []string{"xdg-open " + page}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if err := tc.m.opener().Open(t.Context(), page); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tc.m.started, tc.want) {
				t.Errorf("started %q, want %q", tc.m.started, tc.want)
			}
		})
	}
}

func TestBrowserVariableComesFirst(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, goos, browser string
		installed           []string
		fails               map[string]error
		want                []string
	}{
		{"plain", "linux", "lynx", []string{"lynx"}, nil, []string{"lynx " + page}},
		{"place of the address", "linux", "b --url=%s --new", []string{"b"}, nil, []string{"b --url=" + page + " --new"}},
		{"percent sign", "linux", "b --zoom=50%% %s", []string{"b"}, nil, []string{"b --zoom=50% " + page}},
		{"percent sign only", "linux", "b 100%%s", []string{"b"}, nil, []string{"b 100%s " + page}},
		{"ampersand", "linux", "b %s &", []string{"b"}, nil, []string{"b " + page}},
		{"list", "linux", "missing:bad:good", []string{"bad", "good"}, map[string]error{"bad": exitError(1)}, []string{"bad " + page, "good " + page}},
		{"empty entries", "linux", ": :b:", []string{"b"}, nil, []string{"b " + page}},
		{"path with spaces", "darwin", "/Applications/My Browser", []string{"/Applications/My Browser"}, nil, []string{"/Applications/My Browser " + page}},
		{"Windows drive", "windows", `C:\My Browser.exe;D:\b.exe`, []string{`D:\b.exe`}, nil, []string{`D:\b.exe ` + page}},
		{"falls back", "darwin", "missing", []string{"/usr/bin/open"}, nil, []string{"/usr/bin/open " + page}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := machine{goos: tc.goos, env: map[string]string{"BROWSER": tc.browser}, installed: tc.installed, fails: tc.fails}
			if err := m.opener().Open(t.Context(), page); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(m.started, tc.want) {
				t.Errorf("started %q, want %q", m.started, tc.want)
			}
		})
	}
}

func TestNoBrowserIsATypedErrorWithEveryAttempt(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		m     machine
		tried []string
	}{
		{"server without a display", machine{goos: "linux", installed: []string{"xdg-open"}}, nil},
		{"display without a browser", machine{goos: "linux", env: map[string]string{"DISPLAY": ":0"}}, nil},
		{"missing $BROWSER", machine{goos: "linux", env: map[string]string{"BROWSER": "nope"}}, []string{"nope"}},
		{"everything fails", machine{goos: "linux", env: map[string]string{"BROWSER": "b", "DISPLAY": ":0"}, installed: []string{"b", "xdg-open"},
			fails: map[string]error{"b": exitError(2), "xdg-open": exitError(3)}}, []string{"b", "xdg-open"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.m.opener().Open(t.Context(), page)
			var none *NoBrowserError
			if !errors.As(err, &none) {
				t.Fatalf("error %T %v, want a *NoBrowserError", err, err)
			}
			var tried []string
			for _, a := range none.Tried {
				tried = append(tried, a.Program)
				if !errors.Is(err, a.Err) {
					t.Errorf("the error of %s is not in the chain", a.Program)
				}
			}
			if !slices.Equal(tried, tc.tried) {
				t.Errorf("tried %q, want %q", tried, tc.tried)
			}
			if text := err.Error(); !strings.Contains(text, "device code") || strings.Contains(text, "state=") {
				t.Errorf("the text lacks the way out, or repeats the address: %s", text)
			}
		})
	}
}

func TestOnlyWebAddressesAreOpened(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]error{
		"":                              ErrScheme,
		"login.example.test":            ErrScheme,
		"/etc/passwd":                   ErrScheme,
		"--help":                        ErrScheme,
		"file:///etc/passwd":            ErrScheme,
		"javascript:alert(1)":           ErrScheme,
		"ms-settings:":                  ErrScheme,
		"ftp://example.test/":           ErrScheme,
		"https:///path":                 ErrScheme,
		"https:example.test":            ErrScheme,
		"https://example.test:port/":    ErrScheme,
		"//example.test/":               ErrScheme,
		"https://example.test/\r\nx":    ErrCharacter,
		"https://example.test/\tx":      ErrCharacter,
		"https://example.test/\x00":     ErrCharacter,
		"https://example.test/\x7f":     ErrCharacter,
		"https://example.test/a b":      ErrCharacter,
		"https://example.test/?a=\"&b":  ErrCharacter,
		"https://example.test/?a=`id`":  ErrCharacter,
		"https://example.test/?a=|calc": ErrCharacter,
		`https://example.test/\\x`:      ErrCharacter,
		"https://example.test/?a=<b>":   ErrCharacter,
		"https://exämple.test/":         ErrCharacter,
		"https://$(id).test/":           ErrCharacter,
	} {
		m := machine{goos: "darwin", installed: []string{"/usr/bin/open"}}
		if err := m.opener().Open(t.Context(), address); !errors.Is(err, want) {
			t.Errorf("%q: error %v, want %v", address, err, want)
		}
		if len(m.started) != 0 {
			t.Errorf("%q was handed to %q", address, m.started)
		}
	}
}

func TestShellCharactersAreEncoded(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://example.test/?a=$(id);b='c'&d=e": "https://example.test/?a=%24%28id%29%3Bb=%27c%27&d=e",
		"http://[::1]:8400/a-b_c.d~e?f=%20+g#h":   "http://[::1]:8400/a-b_c.d~e?f=%20+g#h",
		"HTTPS://EXAMPLE.test/":                   "HTTPS://EXAMPLE.test/",
	} {
		m := machine{goos: "darwin", installed: []string{"/usr/bin/open"}}
		if err := m.opener().Open(t.Context(), address); err != nil {
			t.Errorf("%q: %v", address, err)
		} else if m.started[0] != "/usr/bin/open "+want {
			t.Errorf("%q was opened as %q", address, m.started[0])
		}
	}
}

func TestOpenObeysItsContext(t *testing.T) {
	t.Parallel()
	m := machine{goos: "darwin", installed: []string{"/usr/bin/open"}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.opener().Open(ctx, page); !errors.Is(err, context.Canceled) || len(m.started) != 0 {
		t.Errorf("error %v after starting %q", err, m.started)
	}
	m = machine{goos: "linux", env: map[string]string{"BROWSER": "a:b"}, installed: []string{"a", "b"}}
	o := m.opener()
	ctx, cancel = context.WithCancel(t.Context())
	o.Start = func(context.Context, string, ...string) error {
		cancel()
		m.started = append(m.started, "a")
		return ctx.Err()
	}
	if err := o.Open(ctx, page); !errors.Is(err, context.Canceled) || len(m.started) != 1 {
		t.Errorf("error %v after starting %d programs", err, len(m.started))
	}
}

// FuzzClean checks that nothing but a web address reaches a launcher, in one
// piece and without a character that shells care for.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{page, "http://localhost:1/", "https://a/$(b)", "https://a/\n", "javascript:x", "https://[::1]/%00", "-x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := clean(address)
		if err != nil {
			return
		}
		lower := strings.ToLower(got)
		if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
			t.Fatalf("%q became %q", address, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return forbidden(r) || strings.ContainsRune("$'();", r) }); i >= 0 {
			t.Fatalf("%q became %q, bad at %d", address, got, i)
		}
		if again, err := clean(got); err != nil || again != got {
			t.Fatalf("cleaning %q twice gives %q, %v", got, again, err)
		}
	})
}
