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
	files     []string         // that are there besides, and empty
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
			if slices.Contains(m.files, name) {
				return nil, nil
			}
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
		{"Edge on Linux", machine{goos: "linux", env: display, installed: []string{"/usr/bin/microsoft-edge", "xdg-open"}}, []string{"/usr/bin/microsoft-edge " + page}},
		{"Edge that does not start", machine{goos: "linux", env: display, installed: []string{"/usr/bin/microsoft-edge", "xdg-open"}, fails: map[string]error{"/usr/bin/microsoft-edge": exitError(1)}},
			[]string{"/usr/bin/microsoft-edge " + page, "xdg-open " + page}},
		{"Edge elsewhere is the system's business", machine{goos: "linux", env: display, installed: []string{"microsoft-edge", "xdg-open"}}, []string{"xdg-open " + page}},
		{"Edge in WSL", machine{goos: "linux", version: wslVersion, env: display, installed: []string{"/usr/bin/microsoft-edge", "wslview"}}, []string{"/usr/bin/microsoft-edge " + page}},
		{"Edge without a display", machine{goos: "linux", version: wslVersion, installed: []string{"/usr/bin/microsoft-edge", "wslview"}}, []string{"wslview " + page}},
		{"Edge by $BROWSER", machine{goos: "linux", env: map[string]string{"DISPLAY": ":0", "BROWSER": "microsoft-edge"}, installed: []string{"/usr/bin/microsoft-edge", "microsoft-edge"}}, []string{"/usr/bin/microsoft-edge " + page}},
		{"another $BROWSER than Edge", machine{goos: "linux", env: map[string]string{"DISPLAY": ":0", "BROWSER": "firefox"}, installed: []string{"/usr/bin/microsoft-edge", "firefox"}}, []string{"firefox " + page}},
		{"Edge on macOS is the system's business", machine{goos: "darwin", env: display, installed: []string{"/usr/bin/microsoft-edge", "/usr/bin/open"}}, []string{"/usr/bin/open " + page}},
		{"codespace", machine{goos: "linux", env: map[string]string{"CODESPACES": "true", "BROWSER": "/vscode/bin/helpers/browser.sh"}, installed: []string{"/vscode/bin/helpers/browser.sh", "xdg-open"}},
			[]string{"/vscode/bin/helpers/browser.sh " + page}},
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

// What the address holds reaches every launcher of every system in one argument,
// and nothing of it is a command to a shell that the launcher may use.
func TestAddressIsOneHarmlessArgumentEverywhere(t *testing.T) {
	t.Parallel()
	const attack = "https://login.example.test/a?login_hint=$(calc.exe)';calc;'&x=&calc&y=--new-window#%0acalc"
	programs := []string{"/usr/bin/open", `C:\Windows\System32\rundll32.exe`, "wslview", "explorer.exe", "/usr/bin/microsoft-edge", "xdg-open", "b"}
	for _, m := range []machine{
		{goos: "darwin"}, {goos: "windows", env: map[string]string{"SystemRoot": `C:\Windows`}},
		{goos: "linux", env: map[string]string{"DISPLAY": ":0"}}, {goos: "linux", version: wslVersion}, {goos: "freebsd", env: map[string]string{"DISPLAY": ":0"}},
		{goos: "linux", env: map[string]string{"BROWSER": "b --url=%s -x"}}, {goos: "windows", env: map[string]string{"BROWSER": "b"}},
	} {
		for only := range programs {
			m.installed = programs[only : only+1]
			var seen []string
			o := m.opener()
			o.Start = func(_ context.Context, _ string, args ...string) error { seen = args; return nil }
			if o.Open(t.Context(), attack) != nil {
				continue // that program is not of this system
			}
			carry := 0
			for _, arg := range seen {
				if !strings.Contains(arg, "login.example.test") {
					continue
				}
				carry++
				if strings.ContainsAny(arg, " $();'\"`|<>\n") || strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--url=") {
					t.Errorf("%s hands %q to %s", m.goos, arg, programs[only])
				}
			}
			if carry != 1 {
				t.Errorf("%s: %d arguments of %s have the address: %q", m.goos, carry, programs[only], seen)
			}
		}
	}
}

func TestPlacesWhoseLocalhostIsNotTheBrowsers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		m    machine
		want string
	}{
		{machine{goos: "linux"}, ""},
		{machine{goos: "linux", env: map[string]string{"DISPLAY": ":0", "SSH_CONNECTION": "a"}}, ""},
		{machine{goos: "linux", env: map[string]string{"SSH_CONNECTION": "a"}}, "SSH"},
		{machine{goos: "linux", env: map[string]string{"CODESPACES": "true"}}, "codespace"},
		{machine{goos: "linux", env: map[string]string{"CODESPACES": "false"}}, ""},
		{machine{goos: "linux", env: map[string]string{"REMOTE_CONTAINERS": "true"}, files: []string{"/.dockerenv"}}, "development container"},
		{machine{goos: "linux", files: []string{"/.dockerenv"}}, "a container"},
		{machine{goos: "linux", files: []string{"/run/.containerenv"}}, "a container"},
		{machine{goos: "windows", files: []string{"/.dockerenv"}}, ""},
		{machine{goos: "linux", version: wslVersion}, ""}, // Windows forwards localhost
	} {
		if got := tc.m.opener().Elsewhere(); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%+v is %q, want %q", tc.m, got, tc.want)
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
