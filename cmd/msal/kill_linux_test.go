package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/emulator"
)

// killsVariable says how many commands to run, half of which are killed.
const killsVariable = "MSAL_KILLS"

// crowd is many commands at once that sign people in and refresh their tokens.
type crowd struct {
	t   *testing.T
	env []string
	tty *os.File // so that sign-ins may ask

	mu     sync.Mutex
	signed []string // who was told to be signed in
	killed int
}

// run runs a command, and kills it after patience unless that is zero. It
// reports what the command wrote, and whether it came to its end.
func (c *crowd) run(patience time.Duration, user string, args ...string) (out string, ended bool) {
	cmd := exec.Command("msal", args...)
	cmd.Env = append(slices.Clone(c.env), "TEST_USER="+user)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.tty, &stdout, &stderr
	cmd.WaitDelay = 10 * time.Second // the browser may outlive it
	if err := cmd.Start(); err != nil {
		c.t.Error(err)
		return "", false
	}
	if patience > 0 {
		killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer killer.Stop()
	}
	err := cmd.Wait()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == -1 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.killed++
		return stdout.String(), false
	}
	if err != nil || strings.Contains(stderr.String(), "warning") {
		c.t.Errorf("msal %s: %v, %s", strings.Join(args, " "), err, anyJWT.ReplaceAllString(stderr.String(), "[token]"))
	}
	return stdout.String(), err == nil
}

// live signs in one person after the other, and uses the sign-ins of all.
func (c *crowd) live(random *rand.Rand, people []string) {
	for _, user := range people {
		patience := time.Duration(0)
		if random.IntN(2) == 0 {
			patience = 20*time.Millisecond + time.Duration(random.Int64N(int64(150*time.Millisecond)))
		}
		out, ended := c.run(patience, user, "login", "--scope", "api://tasks/Tasks.Read", "--select-account", "-o", "json")
		c.mu.Lock()
		if ended || strings.HasSuffix(out, "}\n") {
			c.signed = append(c.signed, user)
		}
		other := ""
		if len(c.signed) > 0 {
			other = c.signed[random.IntN(len(c.signed))]
		}
		c.mu.Unlock()
		if other != "" {
			c.run(patience/2, other, "token", "--scope", "api://tasks/Tasks.Read", "--account", other, "--force-refresh", "--no-input", "-o", "none")
		}
	}
}

func TestKilledCommandsLoseNoSignIn(t *testing.T) {
	t.Parallel()
	runs := 80
	if os.Getenv("CI") == "true" {
		runs = 400
	}
	if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
		runs = n
	}
	if testing.Short() {
		runs = 16
	}
	seed := uint64(time.Now().UnixNano())
	const atOnce = 4
	cfg := emulator.Defaults()
	people := make([][]string, atOnce)
	for i := range people {
		for j := range runs / atOnce / 2 {
			name := fmt.Sprintf("u%d-%d@contoso.test", i, j)
			people[i] = append(people[i], name)
			cfg.Tenants[0].Users = append(cfg.Tenants[0].Users, emulator.User{UPN: name})
		}
	}
	env, server := environmentOf(t, cfg)
	helpers := httptest.NewServer(person{server})
	t.Cleanup(helpers.Close)
	_, tty := openTerminal(t)
	c := &crowd{t: t, tty: tty, env: append(env, "BROWSER=browse", "TEST_PEOPLE="+helpers.URL)}
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() { c.live(rand.New(rand.NewPCG(seed, uint64(i))), people[i]) })
	}
	wg.Wait()
	t.Logf("%d people were told that they are signed in, %d commands were killed, seed %d", len(c.signed), c.killed, seed)
	if len(c.signed) == 0 {
		t.Fatal("nobody got to sign in")
	}
	c.check(filepath.Join(strings.TrimPrefix(env[1], "HOME="), "msal", "emulator"))
}

// check has a new process find everybody who was told to be signed in, and use
// their refresh tokens.
func (c *crowd) check(folder string) {
	out, _ := c.run(0, "", "accounts", "-o", "json")
	var list []struct {
		Username string `json:"username"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		c.t.Fatal(err)
	}
	there := map[string]bool{}
	for _, a := range list {
		there[a.Username] = true
	}
	for i, user := range c.signed {
		if !there[user] {
			c.t.Errorf("%s was told to be signed in, and is not", user)
		} else if i%8 == 0 {
			c.run(0, user, "token", "--scope", "api://tasks/Tasks.Read", "--account", user, "--force-refresh", "--no-input", "-o", "none")
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), "damaged") {
			c.t.Errorf("%s was damaged", e.Name())
		}
	}
}
