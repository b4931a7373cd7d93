//go:build linux || windows

package keyring_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/msal-go/msal/cache"
	"github.com/msal-go/msal/keyring"
)

// Processes open one store, add lines to its partitions and say so, and are
// killed whenever it pleases, also while the first of them makes the key. What
// they said must be there.

const (
	childVariable = "MSAL_TEST_KEYRING" // the kind of store; says that this process is one of them
	placeVariable = "MSAL_TEST_PLACE"
	nameVariable  = "MSAL_TEST_NAME"
	cacheVariable = "MSAL_TEST_CACHE" // its name, for azidentity
	killsVariable = "MSAL_KILLS"      // how many; the default is for every day
)

// testCache is a name that nobody else's cache has: the kernel's keys are for
// all programs of the person.
var testCache = "msal-test-" + strconv.Itoa(os.Getpid())

func TestMain(m *testing.M) {
	if kind := os.Getenv(childVariable); kind != "" {
		addForever(kind, os.Getenv(nameVariable))
	}
	os.Exit(m.Run())
}

// openKind opens a store where the processes of a test do.
func openKind(kind string) (cache.Store, error) {
	place := os.Getenv(placeVariable)
	switch kind {
	case "open":
		return keyring.Open(context.Background(), keyring.Options{Name: "test-app", Dir: place, RequireKeyring: true})
	case "azidentity":
		return keyring.Azidentity(keyring.AzidentityOptions{Name: os.Getenv(cacheVariable), Dir: place})
	default:
		return keyring.MSALExtensions(keyring.ExtensionsOptions{Flavor: keyring.DotNet, Path: place + "/cache", Schema: "s", Attributes: map[string]string{"a": "1", "b": "2"}})
	}
}

// ready is the first word of a process. From then on it may be killed, also
// while it opens its store.
const ready = "ready"

// addForever is the life of one of the processes.
func addForever(kind, name string) {
	fmt.Println(ready)
	s, err := openKind(kind)
	for i := 0; err == nil; i++ {
		line := name + "." + strconv.Itoa(i)
		_, err = s.Update(context.Background(), "msal", func(old []byte) ([]byte, time.Time, error) {
			return append(old, line+"\n"...), time.Time{}, nil
		})
		if err == nil {
			fmt.Println(line)
		}
	}
	fmt.Println("error:", err)
	os.Exit(1)
}

func TestKilledProcessesLoseNothingTheyAcknowledged(t *testing.T) {
	for kind, share := range map[string]int{"open": 1, "extensions": 4, "azidentity": 4} {
		t.Run(kind, func(t *testing.T) {
			kills := 60
			if os.Getenv("CI") == "true" {
				kills = 500
			}
			if n, err := strconv.Atoi(os.Getenv(killsVariable)); err == nil {
				kills = n
			}
			if testing.Short() {
				kills = 12
			}
			t.Setenv(placeVariable, personOf(t))
			t.Setenv(cacheVariable, testCache)
			killMany(t, kind, max(kills/share, 12))
		})
	}
}

func killMany(t *testing.T, kind string, kills int) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("%d kills, seed %d", kills, seed)
	const atOnce = 3
	var wg sync.WaitGroup
	lines := make([][]string, atOnce)
	for i := range atOnce {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() {
			for j := range kills / atOnce {
				patience := time.Duration(random.Int64N(int64(longestLife)))
				lines[i] = append(lines[i], liveAndDie(t, kind, fmt.Sprintf("%d-%d", i, j), patience)...)
			}
		})
	}
	wg.Wait()
	s, err := openKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(read(t, s)) {
		if there[line] || strings.Count(line, ".") != 1 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("the line %q is garbled or there twice", line)
		}
		there[line] = true
	}
	count := 0
	for _, l := range lines {
		for _, line := range l {
			count++
			if !there[line+"\n"] {
				t.Errorf("%q was acknowledged and is lost", line)
			}
		}
	}
	t.Logf("%d acknowledged lines, %d in the store", count, len(there))
	if count == 0 {
		t.Error("no process got to write anything")
	}
}

// liveAndDie runs a process for a while after its first word, kills it, and returns what it said.
func liveAndDie(t *testing.T, kind, name string, patience time.Duration) []string {
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
		return nil
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childVariable+"="+kind, nameVariable+"="+name)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	scan := bufio.NewScanner(out)
	if !scan.Scan() || strings.TrimSpace(scan.Text()) != ready {
		t.Errorf("process %s did not start: %q", name, scan.Text())
	}
	killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	var said []string
	for scan.Scan() {
		if strings.HasPrefix(scan.Text(), "error:") {
			t.Errorf("process %s: %s", name, scan.Text())
		}
		said = append(said, scan.Text())
	}
	_ = cmd.Wait() // it was killed
	return said
}
