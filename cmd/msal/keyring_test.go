package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/keyring"
)

// condition knows [keyring]: this machine can give a script a session of its own
// with a keyring. With CI=true it must be able to.
func condition(name string) (bool, error) {
	if name != "keyring" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	if runtime.GOOS != "linux" {
		return false, nil
	}
	for _, part := range []string{"dbus-daemon", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(part); err != nil {
			if os.Getenv("CI") == "true" {
				return false, err
			}
			return false, nil
		}
	}
	return true, nil
}

// busConfig is of a bus that never starts anything by itself.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`

// session gives a script a desktop session: session unlocked, session locked, or
// session none for one without a bus. Those before it go on until the script
// ends, with the keyring of the home that they share.
func session(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: session unlocked|locked|none")
	}
	dir, err := os.MkdirTemp("", "run") // short: the path of a socket has 108 bytes
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	ts.Setenv("XDG_RUNTIME_DIR", dir)
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(dir, "bus"))
	if args[0] == "none" {
		return
	}
	config := filepath.Join(dir, "bus.conf")
	ts.Check(os.WriteFile(config, fmt.Appendf(nil, busConfig, dir), 0o600))
	address := background(ts, "", "dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile", "--print-address=1")
	if n, err := address.Read(make([]byte, 1)); n == 0 {
		ts.Fatalf("the bus did not start: %v", err)
	}
	daemon := []string{"--foreground", "--components=secrets", "--control-directory=" + filepath.Join(dir, "keyring")}
	if args[0] == "locked" {
		background(ts, "", "gnome-keyring-daemon", daemon...)
		awaitKeyring(ts, "is locked")
		return
	}
	background(ts, "password", "gnome-keyring-daemon", append(daemon, "--unlock")...)
	awaitKeyring(ts, "")
}

// background runs a program with the script's environment until the script ends.
func background(ts *testscript.TestScript, stdin, name string, args ...string) io.Reader {
	cmd := exec.Command(name, args...)
	cmd.Env = scriptEnvironment(ts)
	cmd.Stdin = strings.NewReader(stdin)
	reader, writer, err := os.Pipe()
	ts.Check(err)
	cmd.Stdout = writer
	err = cmd.Start()
	writer.Close()
	ts.Check(err)
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		reader.Close()
	})
	return reader
}

func scriptEnvironment(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, name := range []string{"HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "GORACE"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return append(env, "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "DISPLAY=", "WAYLAND_DISPLAY=")
}

// awaitKeyring waits until msal can use the keyring, in a folder that is not the
// script's, or cannot for a reason.
func awaitKeyring(ts *testscript.TestScript, reason string) {
	dir := ts.MkAbs("elsewhere")
	limit := time.Now().Add(20 * time.Second)
	for {
		cmd := exec.Command("msal", "cache", "import", "-", "--cache", "keyring")
		cmd.Env = append(scriptEnvironment(ts), "XDG_CACHE_HOME="+dir)
		cmd.Stdin = strings.NewReader(`{"RefreshToken":{"r":{"home_account_id":"u.t","environment":"e","client_id":"c","credential_type":"RefreshToken","secret":"s"}}}`)
		said, err := cmd.CombinedOutput()
		if reason == "" && err == nil || reason != "" && bytes.Contains(said, []byte(reason)) {
			return
		}
		if time.Now().After(limit) {
			ts.Fatalf("the keyring did not start: %v: %s", err, said)
		}
	}
}

// sealed checks that neither the files of a folder nor what the commands said,
// which is in other files, hold what is secret in the logins:
// sealed FOLDER [FILE...].
func sealed(ts *testscript.TestScript, neg bool, args []string) {
	var list []struct{ ID, Type string }
	ts.Check(ts.Exec("msal", "cache", "ls", "--cache", "keyring", "-o", "json"))
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &list))
	var secrets [][]byte
	for _, e := range list {
		if !strings.HasSuffix(e.Type, "Token") {
			continue
		}
		ts.Check(ts.Exec("msal", "cache", "show", e.ID, "--cache", "keyring", "-o", "token"))
		secrets = append(secrets, bytes.TrimSpace([]byte(ts.ReadFile("stdout"))))
	}
	if len(secrets) < 3 {
		ts.Fatalf("there are %d secrets; the check looks for nothing", len(secrets))
	}
	look := func(name string, data []byte, what ...[]byte) {
		for _, secret := range what {
			if bytes.Contains(data, secret) {
				ts.Fatalf("%s holds something secret", name)
			}
		}
	}
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		look(e.Name(), data, append(secrets, []byte(`"secret"`), []byte("alice"))...)
		files++
		return err
	}))
	if files == 0 {
		ts.Fatalf("%s is empty; the check looks at nothing", args[0])
	}
	for _, name := range args[1:] {
		look(name, []byte(ts.ReadFile(name)), secrets...)
	}
}

// sealedFiles checks that there are sealed files, or with ! none at all.
func sealedFiles(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(filepath.Join(ts.Getenv("XDG_CACHE_HOME"), "msal", "emulator", "keyring-*"))
	ts.Check(err)
	if neg == (len(found) > 0) {
		ts.Fatalf("there is %q", found)
	}
}

// plant puts something that is no token cache into the sealed logins of a
// folder: plant [-unsealed] FOLDER.
func plant() int {
	dir := os.Args[len(os.Args)-1]
	ctx := context.Background()
	junk := func([]byte) ([]byte, time.Time, error) { return []byte("planted"), time.Time{}, nil }
	store, err := keyring.Open(ctx, keyring.Options{Name: "msal", Dir: dir, RequireKeyring: true})
	if err == nil && os.Args[1] == "-unsealed" {
		var found []string
		found, err = filepath.Glob(filepath.Join(dir, "keyring-*"))
		if err == nil {
			store, err = cache.NewFile(cache.FileOptions{Dir: found[0]})
		}
	}
	if err == nil {
		_, err = store.Update(ctx, "msal", junk)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "plant:", err)
		return 1
	}
	return 0
}
